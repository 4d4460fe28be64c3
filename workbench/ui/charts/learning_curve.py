"""A learning curve as escaped HTML: the sentence, and WER over the number of clips with its band."""

from collections.abc import Mapping
from math import log10
from typing import Any

from workbench.ui import text
from workbench.ui.kit.html import esc, percent, plural

WIDTH, HEIGHT = 420, 200  # in SVG units
LEFT, RIGHT, TOP, BOTTOM = 36, 12, 12, 34


def learning_curve(result: Mapping[str, Any] | None) -> str:
    """Nothing for a run without a curve."""
    if not result:
        return ""
    ahead = result["forecasts"]
    counts = [f["clips"] for f in ahead]
    left, right = log10(min(counts)), log10(max(counts))
    top = max([f["high"] for f in ahead] + list(result["means"])) * 1.05 or 1.0

    def x(clips: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((log10(clips) - left) / (right - left) if right > left else 0.5)

    def y(wer: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - wer / top)

    band = " ".join(f"{x(f['clips']):.1f},{y(f['high']):.1f}" for f in ahead)
    band += " " + " ".join(f"{x(f['clips']):.1f},{y(f['low']):.1f}" for f in reversed(ahead))
    line = " ".join(f"{x(f['clips']):.1f},{y(f['estimate']):.1f}" for f in ahead)
    dots = "".join(
        f"<circle cx='{x(n):.1f}' cy='{y(wer):.1f}' r='4'>"
        f"<title>{plural(n, text.CLIP)}: {percent(wer)}</title></circle>"
        for n, wer in zip(result["sizes"], result["means"], strict=True)
    )
    here = x(result["clips"])
    ticks = "".join(
        f"<text x='{LEFT - 5}' y='{y(share * top) + 4:.0f}' text-anchor='end'>{100 * share * top:.0f}</text>"
        for share in (0.0, 0.5, 1.0)
    )
    labels = "".join(
        f"<text x='{x(n):.0f}' y='{HEIGHT - BOTTOM + 16}' text-anchor='middle'>{n}</text>"
        for n in (*result["sizes"], max(counts))
    )
    said = "; ".join(
        f"{plural(n, text.CLIP)} {percent(w)}" for n, w in zip(result["sizes"], result["means"], strict=True)
    )
    return (
        f"<section class='learning' aria-label='{esc(text.CURVE_TITLE)}'><h3>{esc(text.CURVE_TITLE)}</h3>"
        f"<p>{esc(result['sentence'])}</p><figure class='curve ahead'><svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' "
        f"aria-label='{esc(text.CURVE_TITLE)}: {esc(said)}'><polygon points='{band}'/><polyline points='{line}'/>"
        f"<line x1='{here:.1f}' x2='{here:.1f}' y1='{TOP}' y2='{HEIGHT - BOTTOM}'/>{dots}{ticks}{labels}"
        f"<text x='{WIDTH - RIGHT}' y='{HEIGHT - 4}' text-anchor='end'>{esc(text.CURVE_AXIS)}</text></svg></figure>"
        f"<p class='hint'>{esc(text.CURVE_HINT.format(n=result['draws']))}</p></section>"
    )
