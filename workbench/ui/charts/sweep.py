"""A sweep's result as escaped HTML: the recommendation, a picture of every arm, and the table behind it."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from workbench.ui import text
from workbench.ui.kit.html import count, esc, number, percent, points, span

WIDTH, HEIGHT = 300, 170  # of one picture, in SVG units
LEFT, RIGHT, TOP, BOTTOM = 34, 10, 10, 34


def sweep(result: Mapping[str, Any] | None) -> str:
    """Nothing for a run that was no sweep."""
    if not result:
        return ""
    arms, base = result["arms"], float(result["base_wer"])
    pictures = "".join(
        _picture(arms, base, result["chosen"], key, title)
        for key, title in (("trainable_parameters", text.SWEEP_BY_WEIGHTS), ("seconds", text.SWEEP_BY_SECONDS))
    )
    rows = "".join(_row(arm, result["chosen"]) for arm in arms)
    head = "".join(f"<th scope='col'>{esc(name)}</th>" for name in text.SWEEP_COLUMNS)
    return (
        f"<section class='sweep' aria-label='{esc(text.SWEEP_TITLE)}'><h3>{esc(text.SWEEP_TITLE)}</h3>"
        f"<p>{esc(result['recommendation'])}</p><div class='curves'>{pictures}</div>"
        f"<details><summary>{esc(text.SWEEP_TABLE.format(n=len(arms)))}</summary><div class='scroll' tabindex='0' "
        f"role='region' aria-label='{esc(text.SWEEP_TITLE)}'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        f"</table></div><p class='hint'>{esc(text.SWEEP_HINT.format(n=result['dev_clips']))}</p></details></section>"
    )


def _row(arm: Mapping[str, Any], chosen: str) -> str:
    change = arm["change"]
    taken = f" <b>({esc(text.SWEEP_CHOSEN)})</b>" if arm["arm"] == chosen else ""
    cells = (
        count(arm["trainable_parameters"]),
        number(arm["updates"]) + ("" if arm["full"] else f", {text.SWEEP_DROPPED}"),
        span(arm["seconds"]),
        percent(arm["wer"]),
        f"{points(change['low'])} … {points(change['high'])}",
    )
    return f"<tr><th scope='row'>{esc(arm['arm'])}{taken}</th>{''.join(f'<td>{esc(c)}</td>' for c in cells)}</tr>"


def _picture(arms: Sequence[Mapping[str, Any]], base: float, chosen: str, key: str, title: str) -> str:
    """WER with its interval over a cost, on a logarithmic axis; the base as a line."""
    costs = [max(1.0, float(arm[key])) for arm in arms]
    left, right = log10(min(costs)), log10(max(costs))
    spans = [[max(0.0, base + float(arm["change"][end])) for end in ("low", "high")] for arm in arms]
    ends = [base, *(float(arm["wer"]) for arm in arms), *(end for pair in spans for end in pair)]
    top, bottom = max(ends) * 1.05, min(ends) * 0.95

    def x(cost: float) -> float:
        share = (log10(max(1.0, cost)) - left) / (right - left) if right > left else 0.5
        return LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * share

    def y(wer: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - wer) / max(1e-9, top - bottom)

    marks = "".join(
        f"<g class='arm{' chosen' if arm['arm'] == chosen else ''}'><title>{esc(arm['arm'])}: {percent(arm['wer'])}"
        f"</title><line x1='{x(arm[key]):.1f}' x2='{x(arm[key]):.1f}' y1='{y(low):.1f}' "
        f"y2='{y(high):.1f}'/><circle cx='{x(arm[key]):.1f}' cy='{y(arm['wer']):.1f}' "
        f"r='{6 if arm['arm'] == chosen else 4}'/></g>"
        for arm, (low, high) in zip(arms, spans, strict=True)
    )
    ticks = "".join(
        f"<text x='{LEFT - 5}' y='{y(wer) + 4:.0f}' text-anchor='end'>{100 * wer:.0f}</text>"
        for wer in (top, (top + bottom) / 2, bottom)
    )
    shown = (lambda cost: count(int(cost))) if key == "trainable_parameters" else span
    reach = "".join(
        f"<text x='{x(cost):.0f}' y='{HEIGHT - BOTTOM + 16}' text-anchor='{anchor}'>{esc(shown(cost))}</text>"
        for cost, anchor in ((min(costs), "start"), (max(costs), "end"))
    )
    said = "; ".join(f"{arm['arm']} {percent(arm['wer'])}" for arm in arms)
    return (
        f"<figure class='curve arms'><figcaption><span>{esc(title)}</span></figcaption><svg viewBox='0 0 {WIDTH} "
        f"{HEIGHT}' role='img' aria-label='{esc(title)}: {esc(said)}'><line class='base' x1='{LEFT}' "
        f"x2='{WIDTH - RIGHT}' y1='{y(base):.1f}' y2='{y(base):.1f}'/><text x='{WIDTH - RIGHT}' "
        f"y='{y(base) - 4:.1f}' text-anchor='end'>{esc(text.BASE)}</text>{ticks}{reach}{marks}</svg></figure>"
    )
