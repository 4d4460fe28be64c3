"""Where a long recording is cut: in its pauses, or where it is quietest.

A pause is judged against the recording itself: the noise floor is the level that a tenth of it stays under, and a pause
stays within a quarter of the way, in decibels, from there to the loud parts. That holds for a silent booth and for a
press shop, and it errs towards keeping: faint speech is louder than the room it is recorded in.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.core.types import SAMPLE_RATE, Seconds

Samples = npt.NDArray[np.float32]
Piece = tuple[int, int]  # first sample, and the one after the last

FRAME: Final = SAMPLE_RATE // 100  # samples; levels are measured and cuts are made every 10 ms
LONGEST: Final[Seconds] = 30.0
EARLIEST: Final = 0.4  # of the longest piece: no cut before this, so that pieces do not become crumbs
SHORTEST_PAUSE: Final[Seconds] = 0.2  # anything shorter may be the closure of a plosive
MARGIN: Final[Seconds] = 0.3  # of a pause that is left out, kept on either side: breath, and the fading of a vowel
LEAST_REST: Final[Seconds] = 1.0  # no piece at the end is shorter than this
FLOOR_DB: Final = -70.0  # of full scale; digital silence counts as this
PAUSE_SHARE: Final = 0.25
LEAST_RANGE_DB: Final = 15.0  # between floor and speech; below it nothing is sure enough to be left out


def split_at_silences(samples: Samples, *, longest: Seconds = LONGEST, leave_out: Seconds | None = None) -> list[Piece]:
    """Cut a recording into pieces of at most `longest`, in its longest pauses or else where it is quietest.

    Args:
        samples: `(n_samples,)` float32, mono at 16 kHz.
        longest: No piece lasts longer.
        leave_out: Pauses of at least this length are left out, but for a margin of 0.3 s on either side; None keeps
            every sample.

    Returns:
        Pieces in order. Without `leave_out` they follow each other without a gap from the first sample to the last;
        with it, only pauses lie between them. A recording without any sound above its own floor is kept whole.

    Raises:
        ValueError: `longest` is under half a second, or `leave_out` leaves no room for its margins.
    """
    if longest < 0.5:
        raise ValueError(f"pieces of {longest:g} s are too short for speech; choose at least 0.5 s")
    if leave_out is not None and leave_out <= 2 * MARGIN:
        raise ValueError(f"pauses of {leave_out:g} s cannot be left out; choose more than {2 * MARGIN:g} s")
    if len(samples) == 0:
        return []
    levels = frame_levels(samples)
    quiet = _quiet(levels)
    regions = _regions(quiet, levels, leave_out) if leave_out is not None else [(0, len(levels))]
    pieces = []
    for first, last in regions:
        stop = len(samples) if last == len(levels) else last * FRAME
        pieces += list(_cut(first * FRAME, stop, levels, quiet, longest))
    return pieces


def frame_levels(samples: Samples) -> npt.NDArray[np.float32]:
    """Level of each begun 10 ms: `(ceil(n_samples / 160),)` float32, dB of full scale, never under -70."""
    whole = len(samples) // FRAME
    frames = samples[: whole * FRAME].reshape(whole, FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / FRAME
    rest = samples[whole * FRAME :]
    if len(rest):
        power = np.append(power, np.mean(np.square(rest)))
    levels: npt.NDArray[np.floating] = np.maximum(10 * np.log10(power + 1e-12), FLOOR_DB)
    return levels.astype(np.float32)


def _quiet(levels: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    floor, loud = _range(levels)
    return np.asarray(levels <= floor + PAUSE_SHARE * (loud - floor))


def _range(levels: npt.NDArray[np.float32]) -> tuple[float, float]:
    floor, loud = np.percentile(levels, (10, 99))
    return float(floor), float(loud)


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where the flags are up: first frame, and the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _regions(
    quiet: npt.NDArray[np.bool_], levels: npt.NDArray[np.float32], leave_out: Seconds
) -> list[tuple[int, int]]:
    """What lies between long pauses, in frames, with its margins."""
    floor, loud = _range(levels)
    if loud - floor < LEAST_RANGE_DB:
        return [(0, len(levels))]
    margin = round(MARGIN * 100)
    regions, start = [], 0
    for first, last in _runs(quiet):
        if last - first < leave_out * 100:
            continue
        if first > 0:
            regions.append((start, first + margin))
        start = last - margin
    if start < len(levels) and not (start and bool(quiet[start:].all())):
        regions.append((start, len(levels)))
    return regions


def _cut(
    start: int, stop: int, levels: npt.NDArray[np.float32], quiet: npt.NDArray[np.bool_], longest: Seconds
) -> Iterator[Piece]:
    longest_frames = int(longest * 100)
    rest = round(min(LEAST_REST, longest / 4) * 100)
    while stop - start > longest * SAMPLE_RATE:
        first = start // FRAME
        lowest = first + int(EARLIEST * longest_frames)
        highest = min(first + longest_frames, stop // FRAME - rest)
        cut = _best_cut(levels[lowest : highest + 1], quiet[lowest : highest + 1]) + lowest
        yield start, cut * FRAME
        start = cut * FRAME
    yield start, stop


def _best_cut(levels: npt.NDArray[np.float32], quiet: npt.NDArray[np.bool_]) -> int:
    """The middle of the longest pause, of equal ones the last; else the quietest place."""
    pauses = [(last - first, first) for first, last in _runs(quiet) if last - first >= SHORTEST_PAUSE * 100]
    if pauses:
        length, first = max(pauses)
        return first + length // 2
    width = min(len(levels), round(SHORTEST_PAUSE * 100))
    smooth = np.convolve(levels, np.ones(width) / width, mode="same")
    half = width // 2  # at the edges the convolution sees too little
    inner = smooth[half : len(smooth) - half] if len(smooth) > 2 * half else smooth
    return int(np.argmin(inner)) + (half if len(smooth) > 2 * half else 0)
