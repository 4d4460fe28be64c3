"""A recording of any length, decoded piece by piece onto the disk, of which parts are then cut.

Hours of sound do not fit into a laptop's memory several times over, and each step of a decoder wants its own copy. So a
recording is read ten seconds at a time, resampled as a stream, and kept as plain 16 kHz samples in a temporary file per
channel that the system maps into memory as it is needed.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from workbench.audio.decode import Samples, Sound
from workbench.audio.reading import BLOCK
from workbench.audio.resampling import CANCELLED, Take, damage, is_clipped, read_audible, remarks_on
from workbench.core.types import SAMPLE_RATE, Seconds

LONGEST_RECORDING: Final[Seconds] = 6 * 3600.0  # takes 1.4 GB of disk per channel while it is cut


@dataclass(frozen=True, eq=False)
class Recording:
    """A decoded recording.

    Attributes:
        tracks: `(n_samples,)` float32 at 16 kHz each, mapped from disk: one for every channel, or one for all.
        original_format: For instance "wav".
        original_rate: Hz.
        channels: In the file.
        gain: What brings the loudest sample back within full scale; 1 for most.
        flat_tops: Times in seconds, in order, at which the original was clipped.
        remarks: What of the file was not read, or not as expected; one phrase each.
        skipped: Damage as (where, how long) in seconds; it is silent.
    """

    tracks: tuple[Samples, ...]
    original_format: str
    original_rate: int
    channels: int
    gain: float
    flat_tops: npt.NDArray[np.float64]
    remarks: tuple[str, ...] = ()
    skipped: tuple[tuple[Seconds, Seconds], ...] = ()

    @property
    def duration(self) -> Seconds:
        return len(self.tracks[0]) / SAMPLE_RATE

    def part(self, track: int, start: int, stop: int) -> Sound:
        """The samples from `start` to before `stop` as a sound of their own."""
        samples = np.array(self.tracks[track][start:stop], np.float32) * np.float32(self.gain)
        first, last = np.searchsorted(self.flat_tops, (start / SAMPLE_RATE, stop / SAMPLE_RATE))
        clipped = is_clipped(int(last - first), stop - start)
        here = [
            (at - start / SAMPLE_RATE, length)
            for at, length in self.skipped
            if at < stop / SAMPLE_RATE and at + length > start / SAMPLE_RATE
        ]
        remarks = (damage(here),) if here else ()
        return Sound(samples, self.original_format, self.original_rate, self.channels, clipped, remarks)


@contextmanager
def open_recording(
    path: Path, scratch: Path, *, by_channel: bool = False, longest: Seconds = LONGEST_RECORDING
) -> Iterator[Recording]:
    """Decode a recording of any format for as long as the block lasts.

    Args:
        scratch: A folder with room for it; emptied afterwards.
        by_channel: Keep the channels apart instead of mixing them.

    Raises:
        AudioError: It is empty, no sound, cannot be read, or is longer than `longest`.
        OSError: The disk is full.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix="recording-") as folder:
        tracks = _Tracks(Path(folder))
        try:
            reader, resampled = read_audible(path, tracks.begin, longest)
            gain = 1 / resampled.peak if resampled.peak > 1 else 1.0
            kept = tracks.mapped(by_channel)
            remarks, name = remarks_on(reader), reader.format[:40]
            yield Recording(
                kept, name, resampled.rate, resampled.channels, gain, resampled.tops, remarks, tuple(reader.skipped)
            )
        finally:
            tracks.close()


class _Tracks:
    """One file per channel, of samples as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[BinaryIO] = []

    def begin(self) -> Take:
        self.close()
        return self._write

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []

    def mapped(self, by_channel: bool) -> tuple[Samples, ...]:
        """The channels, or one for all of them."""
        for file in self._files:
            file.flush()
        tracks = tuple(self._mapped(n) for n in range(len(self._files)))
        return tracks if by_channel or len(tracks) == 1 else (self._mixed(tracks),)

    def _write(self, samples: Samples) -> None:
        if not self._files:
            self._files = [(self._folder / str(n)).open("w+b") for n in range(samples.shape[1])]
        for n, file in enumerate(self._files):
            np.ascontiguousarray(samples[:, n]).tofile(file)

    def _mapped(self, n: int | str) -> Samples:
        return np.memmap(self._folder / str(n), dtype=np.float32, mode="r")

    def _mixed(self, tracks: tuple[Samples, ...]) -> Samples:
        """The mean of the channels, or the loudest where the mean cancels out; as for a short sound."""
        size = round(BLOCK * SAMPLE_RATE)
        starts = range(0, len(tracks[0]), size)
        power, mean_power = np.zeros(len(tracks)), 0.0
        with (self._folder / "mixed").open("wb") as file:
            for start in starts:
                block = np.stack([track[start : start + size] for track in tracks])
                mean = block.mean(axis=0, dtype=np.float32)
                power += np.square(block, dtype=np.float64).sum(axis=1)
                mean_power += float(np.square(mean, dtype=np.float64).sum())
                mean.tofile(file)
        if mean_power < CANCELLED**2 * power.max():
            return tracks[int(power.argmax())]
        return self._mapped("mixed")
