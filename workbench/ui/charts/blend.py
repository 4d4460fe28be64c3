"""How much of what was learned was kept: domain against general error rate, from the base to what was learned."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.ui import text
from workbench.ui.kit.html import esc, number, percent, plural, whole_percent

WIDTH, HEIGHT = 420, 220  # in SVG units; about the pixels it is shown at
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 24, 36
NEAR = 14  # points that are no farther apart share a label

Place = Callable[[float], float]  # from a rate to SVG units


def blend(curve: Mapping[str, Any] | None, kept: float | None) -> str:
    """The sentence and the picture; nothing for a run in which nothing had to be chosen.

    Args:
        kept: The share that the delivered model keeps.
    """
    if not curve or kept is None:
        return ""
    title = esc(text.BLEND_TITLE)
    folds = f"<p class='hint'>{esc(_folds(curve))}</p>" if curve.get("folds") else ""
    drawn = f"{picture(curve, kept)}<p class='hint'>{esc(_hint(curve))}</p>" if curve["dev_clips"] else ""
    return (
        f"<section class='learning blended' aria-label='{title}'><h3>{title}</h3><p>{esc(_sentence(curve, kept))}</p>"
        f"{drawn}{folds}</section>"
    )


def kept(share: float | None) -> str:
    """How much of what was learned a model keeps, in words; nothing where that is all of it, or none."""
    return "" if share in (None, 0, 1) else text.BLEND_SHORT.format(share=whole_percent(float(share or 0)))


def picture(curve: Mapping[str, Any], kept: float) -> str:
    """The points with their intervals, the one that was kept as a ring, what may be forgotten as a dashed line."""
    points, base = curve["points"], curve["base"]
    limit = base["general_wer"] + curve["allowed"]
    right = max([limit, *(p["general_wer"]["high"] for p in points)]) * 1.08 or 1.0
    top = max([base["wer"], *(p["wer"]["high"] for p in points)]) * 1.08 or 1.0

    def x(rate: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * rate / right

    def y(rate: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / top)

    line = " ".join(f"{x(p['general_wer']['value']):.1f},{y(p['wer']['value']):.1f}" for p in points)
    label = esc(said(curve, kept))
    return (
        f"<figure class='curve blend'><svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{label}'>"
        f"{_axes(x, y, right, top)}"
        f"<line class='limit' x1='{x(limit):.1f}' x2='{x(limit):.1f}' y1='{TOP}' y2='{HEIGHT - BOTTOM}'/>"
        f"<polyline points='{line}'/>{''.join(_point(p, x, y, kept) for p in points)}{_labels(points, x, y)}"
        "</svg></figure>"
    )


def said(curve: Mapping[str, Any], kept: float) -> str:
    """The picture in words."""
    told = (
        text.BLEND_POINT.format(
            share=whole_percent(p["blend"]), wer=percent(p["wer"]["value"]), general=percent(p["general_wer"]["value"])
        )
        for p in curve["points"]
    )
    return f"{text.BLEND_KEPT.format(share=whole_percent(kept))} {'; '.join(told)}"


def _axes(x: Place, y: Place, right: float, top: float) -> str:
    ticks = "".join(
        f"<text x='{LEFT - 5}' y='{y(share * top) + 4:.0f}' text-anchor='end'>{number(100 * share * top, '.0f')}</text>"
        f"<text x='{x(share * right):.0f}' y='{HEIGHT - BOTTOM + 14}' text-anchor='middle'>"
        f"{number(100 * share * right, '.1f')}</text>"
        for share in (0.0, 0.5, 0.9)
    )
    return (
        f"<path class='axes' d='M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}'/>{ticks}"
        f"<text x='2' y='12'>{esc(text.BLEND_DOMAIN)}</text>"
        f"<text x='{WIDTH - RIGHT}' y='{HEIGHT - 4}' text-anchor='end'>{esc(text.BLEND_GENERAL)}</text>"
    )


def _point(point: Mapping[str, Any], x: Place, y: Place, kept: float) -> str:
    domain, general = point["wer"], point["general_wer"]
    across, down = x(general["value"]), y(domain["value"])
    whiskers = (
        f"M{x(general['low']):.1f} {down:.1f}H{x(general['high']):.1f}"
        f"M{across:.1f} {y(domain['low']):.1f}V{y(domain['high']):.1f}"
    )
    ring = f"<circle class='best' cx='{across:.1f}' cy='{down:.1f}' r='7'/>" if point["blend"] == kept else ""
    return (
        f"<path class='whisker' d='{whiskers}'/><circle cx='{across:.1f}' cy='{down:.1f}' r='4'>"
        f"<title>{esc(whole_percent(point['blend']))}</title></circle>{ring}"
    )


def _labels(points: Sequence[Mapping[str, Any]], x: Place, y: Place) -> str:
    """The shares beside their points; those of points that lie on one another beside the first of them."""
    placed: dict[tuple[float, float], list[float]] = {}
    for point in points:
        here = x(point["general_wer"]["value"]), y(point["wer"]["value"])
        near = (there for there in placed if max(abs(there[0] - here[0]), abs(there[1] - here[1])) < NEAR)
        placed.setdefault(next(near, here), []).append(point["blend"])
    return "".join(
        f"<text x='{across + 9:.1f}' y='{down - 7:.1f}'>{esc(', '.join(map(whole_percent, shares)))}</text>"
        for (across, down), shares in placed.items()
    )


def _sentence(curve: Mapping[str, Any], kept: float) -> str:
    point = next((p for p in curve["points"] if p["blend"] == kept), None)
    if point is None:
        return text.BLEND_KEPT.format(share=whole_percent(kept))
    said = text.BLEND_SENTENCE if curve["dev_clips"] else text.BLEND_WITHOUT_DEV
    return said.format(
        share=whole_percent(kept),
        base=percent(curve["base"]["wer"]),
        wer=percent(point["wer"]["value"]),
        before=percent(curve["base"]["general_wer"]),
        after=percent(point["general_wer"]["value"]),
    )


def _hint(curve: Mapping[str, Any]) -> str:
    return text.BLEND_HINT.format(
        clips=plural(curve["dev_clips"], text.CLIP),
        general=plural(curve["general_clips"], text.CLIP),
        points=number(100 * curve["allowed"], ".1f"),
    )


def _folds(curve: Mapping[str, Any]) -> str:
    return text.BLEND_FOLDS.format(shares=", ".join(whole_percent(share) for share in curve["folds"]))
