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
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from workbench.audio.decode import (
    CANCELLED,
    CONTAINERS,
    EMPTY,
    LOWEST_RATE_HZ,
    UNREADABLE,
    Samples,
    Sound,
    check_file,
    too_long,
)
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError

LONGEST_RECORDING: Final[Seconds] = 6 * 3600.0  # takes 1.4 GB of disk per channel while it is cut
MOST_CHANNELS: Final = 8
BLOCK: Final[Seconds] = 10.0
FULL_SCALE: Final = 0.998  # samples from here on count as clipped
LEAST_CLIPPED: Final = 10  # flat tops in a part before it is called clipped


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
        cut_off: The file holds less sound than its header announces.
    """

    tracks: tuple[Samples, ...]
    original_format: str
    original_rate: int
    channels: int
    gain: float
    flat_tops: npt.NDArray[np.float64]
    cut_off: bool

    @property
    def duration(self) -> Seconds:
        return len(self.tracks[0]) / SAMPLE_RATE

    def part(self, track: int, start: int, stop: int) -> Sound:
        """The samples from `start` to before `stop` as a sound of their own."""
        samples = np.array(self.tracks[track][start:stop], np.float32) * np.float32(self.gain)
        first, last = np.searchsorted(self.flat_tops, (start / SAMPLE_RATE, stop / SAMPLE_RATE))
        clipped = last - first >= max(LEAST_CLIPPED, 1e-4 * (stop - start))
        return Sound(samples, self.original_format, self.original_rate, self.channels, bool(clipped), self.cut_off)


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
        decoder = _Decoder(Path(folder), longest)
        try:
            decoder.read(path)
            yield decoder.recording(by_channel)
        finally:
            decoder.close()


class _Decoder:
    """Collects one recording's blocks."""

    def __init__(self, folder: Path, longest: Seconds) -> None:
        self.folder, self.longest = folder, longest
        self.files: list[Any] = []
        self.rate = self.n_read = 0
        self.format = ""
        self.peak = 0.0
        self.cut_off = False
        self.tops: list[npt.NDArray[np.float64]] = []
        self.stream: Any = None

    def read(self, path: Path) -> None:
        check_file(path)
        try:
            path.open("rb").close()
        except OSError as e:
            raise AudioError(f"{UNREADABLE} ({e.strerror})", "check that the file exists and may be read") from e
        blocks = self._soundfile_blocks(path)
        if blocks is None:
            blocks = self._av_blocks(path)
        for block in blocks:
            self._add(block)
        if not self.n_read:
            raise AudioError(f"{EMPTY} (no sound could be read)", "record or copy it again")
        self._write(self.stream.resample_chunk(np.zeros((0, len(self.files)), np.float32), last=True))

    def recording(self, by_channel: bool) -> Recording:
        for file in self.files:
            file.flush()
        tracks = tuple(self._mapped(n) for n in range(len(self.files)))
        if not by_channel and len(tracks) > 1:
            tracks = (self._mixed(tracks),)
        gain = 1 / self.peak if self.peak > 1 else 1.0
        tops = np.concatenate([np.zeros(0), *self.tops])
        return Recording(tracks, self.format[:40], self.rate, len(self.files), gain, tops, self.cut_off)

    def close(self) -> None:
        for file in self.files:
            file.close()

    def _add(self, block: Samples) -> None:
        """Take `(n_samples, n_channels)` at the file's own rate."""
        import soxr

        if not self.files:
            if self.rate < LOWEST_RATE_HZ:
                reason = f"{UNREADABLE} (a sample rate of {self.rate} Hz holds no speech)"
                raise AudioError(reason, "record it at 16 kHz or more")
            n_channels = min(block.shape[1], MOST_CHANNELS)
            self.files = [(self.folder / str(n)).open("w+b") for n in range(n_channels)]
            self.stream = soxr.ResampleStream(self.rate, SAMPLE_RATE, n_channels, dtype="float32")
        if (self.n_read + len(block)) / self.rate > self.longest:
            raise too_long((self.n_read + len(block)) / self.rate, self.longest)
        block = np.nan_to_num(block[:, :MOST_CHANNELS], nan=0.0, posinf=0.0, neginf=0.0)
        block = np.clip(block, -1e6, 1e6)  # floats that huge are damage, and would overflow when they are mixed
        self._note_flat_tops(block)
        self._write(self.stream.resample_chunk(np.ascontiguousarray(block)))
        self.n_read += len(block)

    def _note_flat_tops(self, block: Samples) -> None:
        at_top: npt.NDArray[np.bool_] = np.max(np.abs(block), axis=1) >= FULL_SCALE
        runs = np.logical_and.reduce([at_top[:-2], at_top[1:-1], at_top[2:]]) if len(at_top) > 2 else at_top[:0]
        if runs.any():
            self.tops.append((self.n_read + np.flatnonzero(runs)) / self.rate)

    def _write(self, resampled: Samples) -> None:
        if len(resampled):
            self.peak = max(self.peak, float(np.abs(resampled).max()))
            for n, file in enumerate(self.files):
                np.ascontiguousarray(resampled[:, n]).tofile(file)

    def _mapped(self, n: int | str) -> Samples:
        return np.memmap(self.folder / str(n), dtype=np.float32, mode="r")

    def _mixed(self, tracks: tuple[Samples, ...]) -> Samples:
        """The mean of the channels, or the loudest where the mean cancels out; as for a short sound."""
        size = round(BLOCK * SAMPLE_RATE)
        starts = range(0, len(tracks[0]), size)
        power, mean_power = np.zeros(len(tracks)), 0.0
        with (self.folder / "mixed").open("wb") as file:
            for start in starts:
                block = np.stack([track[start : start + size] for track in tracks])
                mean = block.mean(axis=0, dtype=np.float32)
                power += np.square(block, dtype=np.float64).sum(axis=1)
                mean_power += float(np.square(mean, dtype=np.float64).sum())
                mean.tofile(file)
        if mean_power < CANCELLED**2 * power.max():
            return tracks[int(power.argmax())]
        return self._mapped("mixed")

    def _soundfile_blocks(self, path: Path) -> Iterator[Samples] | None:
        """None where libsndfile does not know the format."""
        try:
            file = soundfile.SoundFile(path)
            if file.subtype == "OPUS":
                file.seek(0)  # as in decode: else the lead-in stays and the end is cut
        except (soundfile.LibsndfileError, TypeError, RuntimeError):
            return None
        self.rate = file.samplerate
        self.format = "opus" if file.subtype == "OPUS" else file.format.lower()
        return self._blocks_of(file)

    def _blocks_of(self, file: Any) -> Iterator[Samples]:
        announced = file.frames
        with file:
            while True:
                try:
                    block = file.read(round(BLOCK * self.rate), dtype="float32", always_2d=True)
                except (soundfile.LibsndfileError, RuntimeError):
                    self.cut_off = True  # keep what was read before the damage
                    break
                if not len(block):
                    break
                yield block
        self.cut_off |= announced < 2**62 and self.n_read < 0.98 * announced

    def _av_blocks(self, path: Path) -> Iterator[Samples]:
        import av

        options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
        try:
            # A file object, not a path: a name such as "http:x" or "concat:x" is then only a name.
            with path.open("rb") as file, av.open(file, options=options, metadata_errors="replace") as container:
                if not container.streams.audio:
                    raise AudioError(f"{UNREADABLE} (it holds no sound)", "choose a file with sound in it")
                self.format = container.format.name.split(",")[0]
                suffix = path.suffix.lower().lstrip(".")
                self.format = suffix if suffix in container.format.name.split(",") else self.format
                yield from self._frames(container, container.streams.audio[0])
        except (av.FFmpegError, ValueError, EOFError) as e:
            reason = f"{UNREADABLE} (not a sound file, or damaged)"
            raise AudioError(reason, "convert it to WAV or FLAC, or record it again") from e

    def _frames(self, container: Any, stream: Any) -> Iterator[Samples]:
        import av

        resampler = av.AudioResampler(format="fltp")  # rate and channels stay the file's
        waiting: list[Samples] = []
        frames = container.decode(stream)
        while True:
            try:
                frame = next(frames)
            except StopIteration:
                break
            except av.InvalidDataError:
                self.cut_off = True
                break
            for part in resampler.resample(frame):
                self.rate = part.sample_rate
                waiting.append(part.to_ndarray().astype(np.float32, copy=False))
            if sum(chunk.shape[1] for chunk in waiting) >= BLOCK * max(self.rate, 1):
                yield np.concatenate(waiting, axis=1).T
                waiting = []
        if waiting:
            yield np.concatenate(waiting, axis=1).T
