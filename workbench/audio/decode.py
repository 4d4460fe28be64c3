"""Any sound, from a file or a microphone, as float32 mono at 16 kHz; and the FLAC files the workspace keeps.

The hash is taken over the 16-bit samples that are stored, not over the file, so that the same sound under another name
or in another lossless format is found again. Whatever changes how samples come about raises `DECODING`.
"""

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from workbench.atomic import replacing
from workbench.audio import resampling
from workbench.audio.reading import Block
from workbench.audio.resampling import (
    LOWEST_RATE_HZ,
    REMEDIES,
    Resampled,
    is_clipped,
    mix,
    read_audible,
    remarks_on,
    too_long,
)
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError
from workbench.language.said import say

Samples = npt.NDArray[np.float32]

SHORTEST: Final[Seconds] = 0.2
LONGEST: Final[Seconds] = 30.0
DECODE_LIMIT: Final[Seconds] = 30 * 60.0  # nothing longer is read into memory
QUIET_PEAK: Final = 0.01  # -40 dB of full scale
DECODING: Final = 2  # 1: other resamplers, and libsndfile for MP3 and Ogg

SILENT: Final = say("silent")
CLIPPED: Final = say("clipped: the recording was too loud and is distorted")
QUIET: Final = say("very quiet")
_REMEDIES: Final = REMEDIES | {
    CLIPPED: say("record it again more softly if you can"),
    QUIET: say("record it again closer to the microphone if you can"),
}


@dataclass(frozen=True, eq=False)
class Sound:
    """A decoded sound.

    Attributes:
        samples: `(n_samples,)` float32, mono at 16 kHz, within -1 … 1.
        original_format: For instance "wav" or "m4a".
        original_rate: Hz, before resampling.
        channels: Before mixing to one.
        clipped: Flat tops were found in the original, before anything was resampled.
        remarks: What of the file was not read, or not as expected; one phrase each.
    """

    samples: Samples
    original_format: str
    original_rate: int
    channels: int
    clipped: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def duration(self) -> Seconds:
        return len(self.samples) / SAMPLE_RATE


def decode_file(path: str | os.PathLike[str], *, longest: Seconds = DECODE_LIMIT) -> Sound:
    """Read any sound file as mono 16 kHz.

    Args:
        path: The file.
        longest: Stop reading, and refuse, beyond this length.

    Raises:
        AudioError: The file is empty, is no sound, cannot be read, or is longer than `longest`.
    """
    parts: list[Samples] = []

    def begin() -> resampling.Take:
        parts.clear()
        return parts.append

    reader, resampled = read_audible(Path(path), begin, longest)
    return _sound(parts, resampled, reader.format, remarks_on(reader))


def from_array(rate: int, array: npt.ArrayLike) -> Sound:
    """A microphone's array as mono 16 kHz.

    Args:
        rate: Hz.
        array: `(n_samples,)` or `(n_samples, n_channels)`; integers of any width, or floats within -1 … 1.

    Raises:
        AudioError: There are no samples, or the rate or shape makes no sense.
    """
    data = np.asarray(array)
    if data.dtype == object or data.ndim not in (1, 2):
        raise AudioError(say("unreadable (the microphone sent no samples)"), say("record again"))
    if data.dtype == np.uint8:
        data = (data.astype(np.float32) - 128) / 128
    elif np.issubdtype(data.dtype, np.integer):
        data = data.astype(np.float64) / (float(np.iinfo(data.dtype).max) + 1)
    array_2d = data[:, None] if data.ndim == 1 else data
    return _recorded(Block(array_2d.astype(np.float32), int(rate)))


def decode_wav(data: bytes, *, longest: Seconds = DECODE_LIMIT) -> Sound:
    """A WAV in memory, as a browser's recorder sends it, as mono 16 kHz.

    Raises:
        AudioError: It is empty, no WAV, or longer than `longest`.
    """
    if not data:
        raise AudioError(say("empty (nothing was recorded)"), say("record it again"))
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format not in ("WAV", "WAVEX") or file.samplerate < LOWEST_RATE_HZ:
                raise AudioError(
                    say("unreadable (the recorder sent {format})", format=file.format),
                    say("record it again"),
                )
            if file.frames > longest * file.samplerate:
                raise too_long(file.frames / file.samplerate, longest)
            block = Block(file.read(dtype="float32", always_2d=True), file.samplerate)
    except (soundfile.LibsndfileError, TypeError, RuntimeError) as e:
        raise AudioError(say("unreadable (what the recorder sent is no sound)"), say("record it again")) from e
    return _recorded(block)


def check(sound: Sound, *, longest: Seconds = LONGEST) -> tuple[str, ...]:
    """Refuse a sound that cannot be a clip; say what is doubtful about one that can.

    Returns:
        Warnings, one phrase each.

    Raises:
        AudioError: Silent, shorter than 0.2 s, or longer than `longest`.
    """
    if sound.duration < SHORTEST:
        raise AudioError(
            say("shorter than {shortest:g} s (it lasts {seconds:.3f} s)", shortest=SHORTEST, seconds=sound.duration),
            say("record it again with a pause on each side"),
        )
    if sound.duration > longest:
        raise too_long(sound.duration, longest)
    if is_silent(sound.samples):
        raise AudioError(SILENT, say("check the microphone and record it again"))
    found = []
    if sound.clipped:
        found.append(CLIPPED)
    if float(np.ptp(sound.samples)) / 2 < QUIET_PEAK:
        found.append(QUIET)
    return (*found, *sound.remarks)


def remedy_for(remark: str) -> str:
    """What to do about one of the phrases of `check`."""
    return next((remedy for part, remedy in _REMEDIES.items() if part in remark), say("listen to it"))


def is_silent(samples: Samples) -> bool:
    """Whether there is nothing to be heard in `(n_samples,)` float32."""
    return not len(samples) or resampling.is_silent(float(samples.min()), float(samples.max()))


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """`(n_samples,)` float32 within -1 … 1 as the 16-bit values that are stored; inverse of `read_clip`."""
    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype("<i2")


def content_hash(samples: Samples) -> str:
    """SHA-256 of the 16-bit samples, in hexadecimal."""
    return hashlib.sha256(to_int16(samples).tobytes()).hexdigest()


def write_flac(path: Path, samples: Samples) -> None:
    """Write 16 kHz mono FLAC so that the file is either whole or absent, even after a power cut.

    Args:
        path: Its folder is made where it is missing.
        samples: `(n_samples,)` float32 within -1 … 1.

    Raises:
        OSError: The disk is full or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, lasting=True, private=True) as temporary:
        temporary.write_bytes(_flac(samples))


def read_clip(path: Path) -> Samples:
    """The samples of a stored clip, `(n_samples,)` float32 at 16 kHz.

    Raises:
        AudioError: The file is missing or damaged.
    """
    try:
        read: tuple[Samples, int] = soundfile.read(path, dtype="float32")
    except (soundfile.LibsndfileError, OSError) as e:
        raise AudioError(
            say("the stored sound {name} cannot be read", name=path.name), say("add the original file again")
        ) from e
    samples, rate = read
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise AudioError(
            say("the stored sound {name} is not 16 kHz mono", name=path.name), say("add the original file again")
        )
    return samples


def _flac(samples: Samples) -> bytes:
    """Encoded in memory, since libsndfile does not tell why a disk refuses its bytes."""
    file = io.BytesIO()
    try:
        soundfile.write(file, to_int16(samples), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    except soundfile.LibsndfileError as e:
        raise OSError(say("writing FLAC failed: {why}", why=e)) from e
    return file.getvalue()


def _recorded(block: Block) -> Sound:
    """What a microphone gave, all at once."""
    if block.array.size == 0:
        raise AudioError(say("empty (it holds no samples)"), say("record it again"))
    parts: list[Samples] = []
    resampled = Resampled(parts.append, float("inf"))
    resampled.add(block)
    resampled.finish()
    resampled.check_taken()
    return _sound(parts, resampled, "microphone")


def _sound(parts: list[Samples], resampled: Resampled, name: str, remarks: tuple[str, ...] = ()) -> Sound:
    array = np.concatenate(parts)
    parts.clear()  # half an hour in stereo takes 230 MB
    n = round(resampled.rate * len(array) / SAMPLE_RATE)
    mono = np.ascontiguousarray(mix(_within_full_scale(array)))
    clipped = is_clipped(len(resampled.tops), n)
    return Sound(mono, name[:40], resampled.rate, resampled.channels, clipped, remarks)


def _within_full_scale(array: Samples) -> Samples:
    peak = float(np.max(np.abs(array), initial=0.0))
    return array if peak <= 1 else (array / np.float32(peak)).astype(np.float32)
