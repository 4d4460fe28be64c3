"""Small pictures drawn as SVG on the server: curves of a run, the bar of a change with its interval."""

from collections.abc import Sequence

from workbench.core.statistics import Interval
from workbench.ui.render import esc, points

WIDTH, HEIGHT = 176, 104  # of one curve, in SVG units; about the pixels it is shown at, so that text keeps its size
LEFT, RIGHT, TOP, BOTTOM = 26, 4, 8, 18  # margins around it


def curve(
    title: str, values: Sequence[tuple[float, float]], *, kind: str, last_step: float, percent: bool = False
) -> str:
    """One curve over the updates of a training.

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
        f"<text x='{place(right * share, 0)[0]:.0f}' y='{HEIGHT - 5}' text-anchor='{anchor}'>{right * share:.0f}</text>"
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(s, v) for s, v in values))
    dots = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.4'/>" for x, y in (place(s, v) for s, v in values[-60:]))
    shown = (
        f"{values[-1][1] * scale:.2f}"
        if not percent and values
        else f"{values[-1][1] * scale:.1f} %"
        if values
        else "–"
    )
    said = f"{title} by update; now {shown}"
    return (
        f"<figure class='curve {kind}'><figcaption><span>{esc(title)}</span><b>{shown}</b></figcaption>"
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{esc(said)}'>{grid}{ticks}"
        f"<polyline points='{line}'/>{dots if kind == 'wer' else ''}</svg></figure>"
    )


def _gridline(share: float, top: float) -> str:
    y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
    label = f"{top * share:.0f}" if top >= 10 else f"{top * share:.1f}"
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
    said = (
        f"Change in word error rate {points(interval.estimate)} points, 95 % interval from {points(interval.low)} to "
        f"{points(interval.high)}"
    )
    return (
        f"<svg class='interval {verdict.replace(' ', '-')}' viewBox='0 0 {width} {height}' role='img' "
        f"aria-label='{esc(said)}'>"
        f"<line class='axis' x1='0' x2='{width}' y1='{middle}' y2='{middle}'/>"
        f"<line class='zero' x1='{width / 2}' x2='{width / 2}' y1='4' y2='48'/>"
        f"<rect x='{low:.1f}' y='{middle - 7}' width='{max(high - low, 2):.1f}' height='14' rx='7'/>"
        f"<circle cx='{x(interval.estimate):.1f}' cy='{middle}' r='6'/>"
        f"<text x='2' y='{height - 4}'>◂ fewer errors</text>"
        f"<text x='{width / 2}' y='{height - 4}' text-anchor='middle'>no change</text>"
        f"<text x='{width - 2}' y='{height - 4}' text-anchor='end'>more errors ▸</text></svg>"
    )
