"""What a run has forgotten of general speech, as a bar with its interval against the red line."""

from workbench.core.evaluation.forgetting import Forgetting
from workbench.ui import text
from workbench.ui.kit.html import esc, percent, points

WIDTH, HEIGHT, MIDDLE = 420, 76, 34  # SVG units; about the pixels it is shown at


def forgetting(found: Forgetting | None) -> str:
    """The meter and the sentence; nothing for a run without a general set."""
    if found is None:
        return ""
    kind = found.standing.replace(" ", "-")
    c = found.comparison
    figures = "" if c is None else f"<span>{percent(c.base.wer)} → {percent(c.adapted.wer)} WER</span>"
    title, stands = esc(text.FORGETTING), f"{text.STANDING_SIGNS[found.standing]} {text.STANDINGS[found.standing]}"
    return (
        f"<section class='forgetting {kind}' aria-label='{title}'><header><h3>{title}</h3>"
        f"<b class='word'>{esc(stands)}</b>{figures}</header>"
        f"{meter(found)}<p>{esc(found.sentence())}</p></section>"
    )


def meter(found: Forgetting) -> str:
    """A bar from no change to the change that was measured, its interval as a whisker, the red line dashed."""
    if found.comparison is None:
        return ""
    interval, line = found.comparison.interval, found.red_line
    lowest, highest = min(interval.low, 0.0), max(interval.high, line, 0.01)
    margin = 0.12 * (highest - lowest)

    def x(change: float) -> float:
        return WIDTH * (change - lowest + margin) / (highest - lowest + 2 * margin)

    zero, end, low, high, red = x(0), x(interval.estimate), x(interval.low), x(interval.high), x(line)
    ends = f"M{low:.1f} {MIDDLE - 6}v12M{high:.1f} {MIDDLE - 6}v12"
    said = text.FORGETTING_SAID.format(
        change=points(interval.estimate), low=points(interval.low), high=points(interval.high), line=points(line)
    )
    # The two labels above and below never collide, however near the line is to zero.
    # Whichever side has more room says which way it goes.
    left = zero > WIDTH / 2
    way = (
        ("start", 2, f"◂ {esc(text.BETTER_THAN_BEFORE)}") if left else ("end", WIDTH - 2, f"{esc(text.FORGETS_MORE)} ▸")
    )
    below = "end" if left else "start" if zero < WIDTH * 0.2 else "middle"
    anchor = "end" if red > WIDTH * 0.8 else "start" if red < WIDTH * 0.2 else "middle"
    return (
        f"<svg class='meter' viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{esc(said)}'>"
        f"<line class='axis' x1='0' x2='{WIDTH}' y1='{MIDDLE}' y2='{MIDDLE}'/>"
        f"<rect x='{min(zero, end):.1f}' y='{MIDDLE - 8}' width='{max(abs(end - zero), 2):.1f}' height='16'/>"
        f"<path class='whisker' d='M{low:.1f} {MIDDLE}H{high:.1f}{ends}'/>"
        f"<line class='zero' x1='{zero:.1f}' x2='{zero:.1f}' y1='{MIDDLE - 16}' y2='{MIDDLE + 16}'/>"
        f"<line class='red' x1='{red:.1f}' x2='{red:.1f}' y1='14' y2='{MIDDLE + 20}'/>"
        f"<text class='red' x='{red:.1f}' y='10' text-anchor='{anchor}'>{esc(text.RED_LINE)} {points(line)}</text>"
        f"<text x='{zero:.1f}' y='{HEIGHT - 6}' text-anchor='{below}'>{esc(text.NO_CHANGE)}</text>"
        f"<text x='{way[1]}' y='{HEIGHT - 6}' text-anchor='{way[0]}'>{way[2]}</text></svg>"
    )
