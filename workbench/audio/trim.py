"""The silence before and after what was said, taken off a take; and how loud the take was above its room.

Speech is what stands clearly above the take's own noise floor for longer than a click: a key or a switch that is heard
for a few hundredths of a second does not hold the silence before it. The floor and the threshold are those by which
long recordings are cut (`segment`), so that faint sounds at the edges of a word are kept rather than lost.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.audio.segment import FLOOR_DB, FRAME, LEAST_RANGE_DB, MARGIN, PAUSE_SHARE, frame_levels
from workbench.core.types import SAMPLE_RATE, Seconds

Samples = npt.NDArray[np.float32]

LONGEST_CLICK: Final = 6  # frames of 10 ms; the shortest spoken sound that stands alone, a vowel, takes longer
BRIDGED: Final = 12  # frames; closures inside a word are shorter
LOUD_PERCENT: Final = 99  # of the frames are no louder than the loud parts
AT_ONCE: Final = 2  # frames; speech that is there so early began before the take did


@dataclass(frozen=True, eq=False)
class Trimmed:
    """A take without the silence at its ends.

    Attributes:
        samples: `(n_samples,)` float32, mono at 16 kHz: what was said with up to `MARGIN` on either side.
        before: Seconds taken off in front.
        after: Seconds taken off at the end.
        speech: Seconds from the first spoken sound to the last; 0 where nothing stands out of the room.
        level_db: The loud parts' level, dB of full scale.
        floor_db: The room's, dB of full scale.
        cut_in: Something was being said when the take began.
        cut_off: Something was being said when it ended.
    """

    samples: Samples
    before: Seconds
    after: Seconds
    speech: Seconds
    level_db: float
    floor_db: float
    cut_in: bool = False
    cut_off: bool = False

    @property
    def stands_out(self) -> bool:
        """Whether speech is so much louder than the room that its ends are certain."""
        return self.level_db - self.floor_db >= LEAST_RANGE_DB


def trim(samples: Samples, *, margin: Seconds = MARGIN) -> Trimmed:
    """Take the silence off both ends of a take; one in which nothing stands out of the room stays whole.

    Args:
        samples: `(n_samples,)` float32, mono at 16 kHz.
        margin: Kept of the silence on either side: breath, and the fading of a vowel.
    """
    levels = frame_levels(samples)
    if not len(levels):
        return Trimmed(samples, 0.0, 0.0, 0.0, float("-inf"), float("-inf"))
    floor, loud = (float(level) for level in np.percentile(levels, (10, LOUD_PERCENT)))
    spoken = _spoken(levels > floor + PAUSE_SHARE * (loud - floor)) if loud - floor >= LEAST_RANGE_DB else []
    if not spoken:
        return Trimmed(samples, 0.0, 0.0, 0.0, loud, floor)
    first, last = spoken[0][0], spoken[-1][1]
    kept = round(margin * SAMPLE_RATE)
    start, stop = max(0, first * FRAME - kept), min(len(samples), last * FRAME + kept)
    return Trimmed(
        samples[start:stop],
        before=start / SAMPLE_RATE,
        after=(len(samples) - stop) / SAMPLE_RATE,
        speech=(last - first) * FRAME / SAMPLE_RATE,
        level_db=loud,
        floor_db=floor,
        cut_in=first < AT_ONCE,
        cut_off=last > len(levels) - AT_ONCE,
    )


def loudness(samples: Samples) -> float:
    """The level of the loud parts as `trim` tells it, dB of full scale from -70 to 0; -70 of no samples.

    Args:
        samples: `(n_samples,)` float32, mono at 16 kHz.
    """
    levels = frame_levels(samples)
    return float(np.percentile(levels, LOUD_PERCENT)) if len(levels) else FLOOR_DB


def _spoken(above: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of frames that are speech, first frame and the one after the last: short gaps bridged, clicks left out."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], above.view(np.int8), [0]))))
    runs: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and first - runs[-1][1] <= BRIDGED:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return [run for run in runs if run[1] - run[0] > LONGEST_CLICK]
