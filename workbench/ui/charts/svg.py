"""Small pictures drawn as SVG on the server: curves of a run, the bar of a change with its interval."""

from collections.abc import Sequence

from workbench.core.evaluation.intervals import Interval
from workbench.ui import text
from workbench.ui.kit.html import esc, number, points

WIDTH, HEIGHT = 176, 104  # of one curve, in SVG units; about the pixels it is shown at, so that text keeps its size
LEFT, RIGHT, TOP, BOTTOM = 26, 4, 8, 18  # margins around it


def curve(
    title: str, values: Sequence[tuple[float, float]], *, kind: str, last_step: float, percent: bool = False
) -> str:
    """One curve over the updates of a training; of error rates also the base's as a line and the best as a ring.

    Args:
        values: (step, value) in order.
        kind: CSS class: "loss" or "wer".
        last_step: Right end of the axis.
        percent: Whether values are rates to be shown in percent.
    """
    scale = 100 if percent else 1
    top = max([v * scale for _, v in values], default=1.0) * 1.08 or 1.0
    right = max([last_step, 1.0, *(s for s, _ in values)])

    def place(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / right
        return x, TOP + (HEIGHT - TOP - BOTTOM) * (1 - value * scale / top)

    grid = "".join(_gridline(share, top) for share in (0.0, 0.5, 1.0))
    ticks = "".join(
        f"<text x='{place(right * share, 0)[0]:.0f}' y='{HEIGHT - 5}' text-anchor='{anchor}'>{shown}</text>"
        for share, anchor, shown in (
            (0.0, "start", "0"),
            (0.5, "middle", text.UPDATES),
            (1.0, "end", number(right, ",.0f")),
        )
    )
    placed = [place(s, v) for s, v in values]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.4'/>" for x, y in placed[-60:])

    def words(value: float) -> str:
        return f"{number(value * scale, '.1f')} %" if percent else number(value, ".2f")

    shown = words(values[-1][1]) if values else "–"
    said = text.CURVE_NOW.format(title=title, now=shown)
    marks = ""
    if percent and values:
        best = min(range(len(values)), key=lambda i: (values[i][1], i))
        said += text.CURVE_BEST.format(best=words(values[best][1]), step=number(values[best][0], ",.0f"))
        marks = _landmarks(placed, best)
    return (
        f"<figure class='curve {kind}'><figcaption><span>{esc(title)}</span><b>{shown}</b></figcaption>"
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{esc(said)}'>{grid}{ticks}"
        f"<polyline points='{line}'/>{dots if kind == 'wer' else ''}{marks}</svg></figure>"
    )


def _landmarks(placed: Sequence[tuple[float, float]], best: int) -> str:
    """The base's rate, which was the first, as a dashed line with its name; the best as a ring."""
    start, (x, y) = placed[0][1], placed[best]
    above = start > TOP + 14  # else the name would leave the picture
    return (
        f"<line class='base' x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{start:.1f}' y2='{start:.1f}'/>"
        f"<text x='{WIDTH - RIGHT}' y='{start - 3 if above else start + 11:.1f}' text-anchor='end'>"
        f"{esc(text.BASE_LINE)}</text>"
        f"<circle class='best' cx='{x:.1f}' cy='{y:.1f}' r='4.5'/>"
    )


def _gridline(share: float, top: float) -> str:
    y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
    label = number(top * share, ".0f" if top >= 10 else ".1f")
    return (
        f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}'/>"
        f"<text x='{LEFT - 5}' y='{y + 3.5:.1f}' text-anchor='end'>{label}</text>"
    )


def interval_bar(interval: Interval, verdict: str) -> str:
    """The change in WER as a dot on its interval, around a line at zero; left is better."""
    width, height, middle = 420, 64, 26
    reach = max(abs(interval.low), abs(interval.high), abs(interval.estimate), 0.01) * 1.25

    def x(change: float) -> float:
        return width / 2 + change / reach * (width / 2 - 6)

    low, high = x(interval.low), x(interval.high)
    said = text.CHANGE_SAID.format(
        change=points(interval.estimate), low=points(interval.low), high=points(interval.high)
    )
    return (
        f"<svg class='interval {verdict.replace(' ', '-')}' viewBox='0 0 {width} {height}' role='img' "
        f"aria-label='{esc(said)}'>"
        f"<line class='axis' x1='0' x2='{width}' y1='{middle}' y2='{middle}'/>"
        f"<line class='zero' x1='{width / 2}' x2='{width / 2}' y1='4' y2='48'/>"
        f"<rect x='{low:.1f}' y='{middle - 7}' width='{max(high - low, 2):.1f}' height='14' rx='7'/>"
        f"<circle cx='{x(interval.estimate):.1f}' cy='{middle}' r='6'/>"
        f"<text x='2' y='{height - 4}'>◂ {esc(text.FEWER_ERRORS)}</text>"
        f"<text x='{width / 2}' y='{height - 4}' text-anchor='middle'>{esc(text.NO_CHANGE)}</text>"
        f"<text x='{width - 2}' y='{height - 4}' text-anchor='end'>{esc(text.MORE_ERRORS)} ▸</text></svg>"
    )
