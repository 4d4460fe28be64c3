"""From a file's own rate to 16 kHz, as a stream: a clip and hours of a recording go the same way, sample for sample."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.audio.reading import Block, SoundReader
from workbench.core.types import SAMPLE_RATE, Seconds, clock
from workbench.errors import AudioError
from workbench.language.said import listing, say

Samples = npt.NDArray[np.float32]
Take = Callable[[Samples], None]  # `(n_samples, n_channels)` at 16 kHz

LOWEST_RATE_HZ: Final = 2_000  # below it no speech is left
MOST_CHANNELS: Final = 8
CANCELLED: Final = 0.2  # a mean this much weaker than its loudest channel has lost the sound to opposite phases
SILENT_PEAK: Final = 1e-4  # -80 dB of full scale; the dither of a muted 16-bit recording stays under it
FULL_SCALE: Final = 0.998  # samples from here on may be clipped
LARGEST_VALUE: Final = 1e10  # floats beyond are damage, and would overflow when they are mixed
FEWEST_TOPS: Final = 10  # flat tops before a sound is called clipped; and one sample in ten thousand

CUT_OFF: Final = say("cut off: the file ends before its sound does")
# What each remark has in it, in English, and what to do about it.
REMEDIES: Final[dict[str, str]] = {
    CUT_OFF: say("copy the file again if the end is missing"),
    "the file is damaged": say(
        "copy the file again from where it was recorded, or leave out what cannot be understood"
    ),
    "audio track": say("save the track that is wanted as a file of its own if it is another"),
    "left out": say("save each sound as a file of its own"),
}
_SEVERAL: Final = 3  # damaged places that are named one by one


class TooLongError(AudioError):
    """A sound that is whole and readable, but above the limit."""


def too_long(duration: Seconds, longest: Seconds) -> TooLongError:
    """The error for a sound above the limit."""
    if longest < 120:
        reason = say("longer than {longest:g} s (it lasts {seconds:.1f} s)", longest=longest, seconds=duration)
    else:
        minutes = longest / 60
        reason = say("longer than {minutes:g} min (it lasts {seconds:.1f} s)", minutes=minutes, seconds=duration)
    return TooLongError(reason, say("cut it into shorter clips"))


class Resampled:
    """Collects a sound's blocks at 16 kHz, and what is noticed on the way.

    Args:
        take: Gets the resampled samples, piece by piece.
        longest: Refuse beyond this length.

    Attributes:
        rate: Hz, of the first block.
        channels: Of the first block; later ones are mixed, or repeated, to as many.
        lowest, highest: Value at 16 kHz.
    """

    def __init__(self, take: Take, longest: Seconds) -> None:
        self._take, self._longest = take, longest
        self.rate = self.channels = 0
        self.lowest, self.highest = float("inf"), float("-inf")
        self._tops: list[npt.NDArray[np.float64]] = []
        self._stream: tuple[int, Any] = (0, None)
        self._seconds: Seconds = 0.0

    def read(self, reader: SoundReader) -> None:
        """Take all that a reader gives.

        Raises:
            AudioError: What the reader raises; the rate holds no speech; longer than allowed.
        """
        for block in reader.blocks():
            self.add(block, floats=reader.floats, announced=reader.announced)
        self.finish()
        self.check_taken()

    def check_taken(self) -> None:
        """Refuse a sound so short that no sample of it is left at 16 kHz.

        Raises:
            AudioError: It is.
        """
        if self.highest < self.lowest:
            raise AudioError(say("empty (it holds less than a sample at 16 kHz)"), say("record or copy it again"))

    def add(self, block: Block, *, floats: bool = False, announced: Seconds | None = None) -> None:
        """Take one block.

        Raises:
            AudioError: See `read`.
        """
        import soxr

        if block.rate < LOWEST_RATE_HZ:
            reason = say("unreadable (a sample rate of {rate} Hz holds no speech)", rate=block.rate)
            raise AudioError(reason, say("record it at 16 kHz or more"))
        if not self.rate:
            self.rate, self.channels = block.rate, min(block.array.shape[1], MOST_CHANNELS)
        duration = self._seconds + len(block.array) / block.rate
        if duration > self._longest:
            raise too_long(max(duration, announced or 0.0), self._longest)
        array = np.nan_to_num(block.array[:, :MOST_CHANNELS], nan=0.0, posinf=0.0, neginf=0.0)
        array = _with_channels(np.clip(array, -LARGEST_VALUE, LARGEST_VALUE), self.channels)
        tops = _flat_tops(array, floats=floats)
        if len(tops):
            self._tops.append(self._seconds + tops / block.rate)
        self._seconds = duration
        if block.rate != self._stream[0]:
            self.finish()
            self._stream = block.rate, soxr.ResampleStream(block.rate, SAMPLE_RATE, self.channels, dtype="float32")
        self._push(array, last=False)

    def finish(self) -> None:
        """Take what the resampler still holds back; afterwards a block may have any rate."""
        if self._stream[0]:
            self._push(np.zeros((0, self.channels), np.float32), last=True)
            self._stream = 0, None

    @property
    def tops(self) -> npt.NDArray[np.float64]:
        """Times in seconds, in order, at which the original was clipped."""
        return np.concatenate([np.zeros(0), *self._tops])

    @property
    def peak(self) -> float:
        return max(self.highest, -self.lowest)

    def _push(self, array: Samples, *, last: bool) -> None:
        if self._stream[0] != SAMPLE_RATE:
            array = self._stream[1].resample_chunk(np.ascontiguousarray(array), last=last)
        if len(array):
            self.lowest = min(self.lowest, float(array.min()))
            self.highest = max(self.highest, float(array.max()))
            self._take(array)


def read_audible(path: Path, begin: Callable[[], Take], longest: Seconds) -> tuple[SoundReader, Resampled]:
    """Read a file's first audio track, or the next one in which something is to be heard.

    Args:
        begin: Called before each track; gives what takes its samples.

    Raises:
        AudioError: See `Resampled.read`.
    """
    track = 0
    while True:
        reader, resampled = SoundReader(path, track), Resampled(begin(), longest)
        resampled.read(reader)
        track += 1
        if not is_silent(resampled.lowest, resampled.highest) or track >= reader.tracks:
            return reader, resampled


def remarks_on(reader: SoundReader) -> tuple[str, ...]:
    """What of a file was not read, or not where one expects it; one phrase each."""
    return (*_of_tracks(reader), *_of_places(reader), *_of_its_end(reader))


def _of_tracks(reader: SoundReader) -> Iterator[str]:
    n, read = reader.tracks, reader.track + 1
    if reader.track:
        yield say("its first audio track is silent: track {track} of {n} was read", track=read, n=n)
    elif n > 1:
        yield say("holds {n} audio tracks: the first was read", n=n)
    if reader.channels > MOST_CHANNELS:
        n, read = reader.channels, MOST_CHANNELS
        yield say("holds {n} channels: the first {read} were read, the others left out", n=n, read=read)


def _of_places(reader: SoundReader) -> Iterator[str]:
    if reader.skipped:
        yield damage(reader.skipped)
    if reader.gaps:
        yield say(
            "{seconds:.2f} s at {places} are missing: the file is damaged, or its recorder was paused",
            seconds=_length(reader.gaps),
            places=_places(reader.gaps),
        )
    if reader.late:
        yield say("its sound begins {seconds:.2f} s late: silence stands before it", seconds=reader.late)


def _of_its_end(reader: SoundReader) -> Iterator[str]:
    missing, left_out = reader.missing, reader.left_out
    if missing and (reader.skipped or reader.gaps):
        yield say("{seconds:.2f} s of what its header announces are missing: the file is damaged", seconds=missing)
    elif (reader.cut_off or missing) and left_out == 0:
        yield CUT_OFF
    if left_out is None:
        yield say("another sound stands behind the first in the same file and was left out")
    elif left_out:
        yield say("{seconds:.1f} s stand behind the end that its header states and were left out", seconds=left_out)


def damage(skipped: Sequence[tuple[Seconds, Seconds]]) -> str:
    """The phrase about stretches that could not be read."""
    return say(
        "{seconds:.2f} s at {places} could not be read and are silent now: the file is damaged",
        seconds=_length(skipped),
        places=_places(skipped),
    )


def _length(stretches: Sequence[tuple[Seconds, Seconds]]) -> Seconds:
    return max(0.01, sum(length for _, length in stretches))


def _places(stretches: Sequence[tuple[Seconds, Seconds]]) -> str:
    places = [clock(max(place, 0)) for place, _ in stretches]
    if len(places) <= _SEVERAL:
        return listing(places)
    return say("{place} and {n} more places", place=places[0], n=len(places) - 1)


def mix(array: Samples) -> Samples:
    """`(n_samples, n_channels)` to `(n_samples,)`: the mean, or the loudest channel where the mean cancels out."""
    if array.shape[1] == 1:
        return array[:, 0]
    mean: Samples = array.mean(axis=1, dtype=np.float32)
    power = np.mean(np.square(array, dtype=np.float64), axis=0)
    loudest = int(np.argmax(power))
    if np.mean(np.square(mean, dtype=np.float64)) < CANCELLED**2 * power[loudest]:
        return array[:, loudest]
    return mean


def is_silent(lowest: float, highest: float) -> bool:
    """Whether there is nothing to be heard between two values; a constant offset is no sound."""
    return (highest - lowest) / 2 < SILENT_PEAK


def is_clipped(n_tops: int, n_samples: int) -> bool:
    """Whether so many flat tops in so many samples are to be heard."""
    return n_tops >= max(FEWEST_TOPS, 1e-4 * n_samples)


def _with_channels(array: Samples, channels: int) -> Samples:
    if array.shape[1] == channels:
        return array
    return np.repeat(mix(array)[:, None], channels, axis=1)


def _flat_tops(array: Samples, *, floats: bool) -> npt.NDArray[np.intp]:
    """Where three samples in a row sit at full scale, in any channel.

    Floats may go beyond it and are clipped only where they stand still, as a program's limit leaves them.
    """
    at_top = np.abs(array) >= FULL_SCALE
    runs = at_top[:-2] & at_top[1:-1] & at_top[2:]
    if floats:
        runs &= (array[:-2] == array[1:-1]) & (array[1:-1] == array[2:])
    return np.flatnonzero(runs.any(axis=1))
