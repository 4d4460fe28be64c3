"""Any sound, from a file or a microphone, as float32 mono at 16 kHz; and the FLAC files the workspace keeps.

soundfile reads what libsndfile knows (WAV, FLAC, MP3, OGG …) and is fast; PyAV reads the rest (m4a, mp4, webm, aac …).
Both ship their own libraries, so nothing has to be installed beside them. The hash is taken over the 16-bit samples
that are stored, not over the file, so that the same sound under another name or in another lossless format is found
again.
"""

import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError

if TYPE_CHECKING:
    import torch

Samples = npt.NDArray[np.float32]

SHORTEST: Final[Seconds] = 0.2
LONGEST: Final[Seconds] = 30.0
DECODE_LIMIT: Final[Seconds] = 30 * 60.0  # nothing longer is read into memory
LOWEST_RATE_HZ: Final = 2_000  # below it no speech is left
SILENT_PEAK: Final = 1e-4  # -80 dB of full scale; the dither of a muted 16-bit recording stays under it
QUIET_PEAK: Final = 0.01  # -40 dB of full scale
CANCELLED: Final = 0.2  # a mean this much weaker than its loudest channel has lost the sound to opposite phases
LARGEST_FILE: Final = 32 * 2**30  # bytes; a day in stereo at 48 kHz and 16 bit takes 16 GB
LARGEST_KERNEL: Final = 4_000_000  # weights of torchaudio's resampling kernel; 44,100 Hz needs 75 thousand

UNREADABLE: Final = "unreadable"
EMPTY: Final = "empty"
SILENT: Final = "silent"
TOO_SHORT: Final = "shorter than 0.2 s"
CLIPPED: Final = "clipped: the recording was too loud and is distorted"
QUIET: Final = "very quiet"
CUT_OFF: Final = "cut off: the file ends before its header says"

# Containers that hold sound themselves. Playlists (HLS, DASH, concat) are left out on purpose: a playlist uploaded as a
# sound would make the program open other files and addresses.
CONTAINERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,mp3,ogg,wav,w64,flac,amr,amrnb,amrwb,asf,avi,flv,mpegts,mpeg,aiff,au,caf,"
    "ac3,eac3,dts,ape,wv,tta,tak,xwma,rm,voc,sox,loas,gsm,g722"
)


@dataclass(frozen=True, eq=False)
class Sound:
    """A decoded sound.

    Attributes:
        samples: `(n_samples,)` float32, mono at 16 kHz, within -1 … 1.
        original_format: For instance "wav" or "m4a".
        original_rate: Hz, before resampling.
        channels: Before mixing to one.
        clipped: Flat tops were found in the original, before anything was resampled.
        cut_off: The file holds less sound than its header announces.
    """

    samples: Samples
    original_format: str
    original_rate: int
    channels: int
    clipped: bool = False
    cut_off: bool = False

    @property
    def duration(self) -> Seconds:
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class _Raw:
    """What a decoder gives: `(n_samples, n_channels)` float32 at the file's own rate."""

    array: Samples
    rate: int
    format: str
    cut_off: bool = False


class TooLongError(AudioError):
    """A sound that is whole and readable, but above the limit."""


def too_long(duration: Seconds, longest: Seconds = LONGEST) -> TooLongError:
    """The error for a sound above the limit."""
    limit = f"{longest:g} s" if longest < 120 else f"{longest / 60:g} min"
    return TooLongError(f"longer than {limit} (it lasts {duration:.1f} s)", "cut it into shorter clips")


def decode_file(path: str | os.PathLike[str], *, longest: Seconds = DECODE_LIMIT) -> Sound:
    """Read any sound file as mono 16 kHz.

    Args:
        path: The file.
        longest: Stop reading, and refuse, beyond this length.

    Raises:
        AudioError: The file is empty, is no sound, cannot be read, or is longer than `longest`.
    """
    file = Path(path)
    check_file(file)
    raw = _read_soundfile(file, longest)
    if raw is None:
        raw = _read_av(file, longest)
    return _to_sound(raw)


def check_file(path: Path) -> None:
    """Refuse what is no regular file of a bounded size before anything is opened: a pipe waits, a device never ends.

    Raises:
        AudioError: It is missing, empty, too large, a pipe or a device.
    """
    try:
        state = path.stat()
    except OSError as e:
        raise AudioError(f"{UNREADABLE} ({e.strerror})", "check that the file exists and may be read") from e
    if not stat.S_ISREG(state.st_mode):
        raise AudioError(f"{UNREADABLE} (a pipe, device or folder, not a file)", "put the sound itself in its place")
    if state.st_size == 0:
        raise AudioError(f"{EMPTY} (the file has no bytes)", "record or copy it again")
    if state.st_size > LARGEST_FILE:
        raise AudioError(f"larger than {LARGEST_FILE // 2**30} GB", "cut it into several files")


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
        raise AudioError(f"{UNREADABLE} (the microphone sent no samples)", "record again")
    if data.dtype == np.uint8:
        data = (data.astype(np.float32) - 128) / 128
    elif np.issubdtype(data.dtype, np.integer):
        data = data.astype(np.float64) / (float(np.iinfo(data.dtype).max) + 1)
    array_2d = data[:, None] if data.ndim == 1 else data
    return _to_sound(_Raw(array_2d.astype(np.float32), int(rate), "microphone"))


def decode_wav(data: bytes, *, longest: Seconds = DECODE_LIMIT) -> Sound:
    """A WAV in memory, as a browser's recorder sends it, as mono 16 kHz.

    It is resampled without torch, which nobody who records a first clip should wait for: a microphone's sound comes
    once, so its samples need not equal those of a file that comes again.

    Raises:
        AudioError: It is empty, no WAV, or longer than `longest`.
    """
    if not data:
        raise AudioError(f"{EMPTY} (nothing was recorded)", "record it again")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format not in ("WAV", "WAVEX") or file.samplerate < LOWEST_RATE_HZ:
                raise AudioError(f"{UNREADABLE} (the recorder sent {file.format})", "record it again")
            if file.frames > longest * file.samplerate:
                raise too_long(file.frames / file.samplerate, longest)
            raw = _Raw(file.read(dtype="float32", always_2d=True), file.samplerate, "microphone")
    except (soundfile.LibsndfileError, TypeError, RuntimeError) as e:
        raise AudioError(f"{UNREADABLE} (what the recorder sent is no sound)", "record it again") from e
    return _to_sound(raw, _resample_poly)


def check(sound: Sound, *, longest: Seconds = LONGEST) -> tuple[str, ...]:
    """Refuse a sound that cannot be a clip; say what is doubtful about one that can.

    Returns:
        Warnings, one phrase each.

    Raises:
        AudioError: Silent, shorter than 0.2 s, or longer than `longest`.
    """
    if sound.duration < SHORTEST:
        raise AudioError(f"{TOO_SHORT} (it lasts {sound.duration:.3f} s)", "record it again with a pause on each side")
    if sound.duration > longest:
        raise too_long(sound.duration, longest)
    peak = _peak(sound.samples)
    if is_silent(sound.samples):
        raise AudioError(SILENT, "check the microphone and record it again")
    found = []
    if sound.clipped:
        found.append(CLIPPED)
    if peak < QUIET_PEAK:
        found.append(QUIET)
    if sound.cut_off:
        found.append(CUT_OFF)
    return tuple(found)


def is_silent(samples: Samples) -> bool:
    """Whether there is nothing to be heard in `(n_samples,)` float32."""
    return _peak(samples) < SILENT_PEAK


def _peak(samples: Samples) -> float:
    return float(np.ptp(samples)) / 2 if len(samples) else 0.0  # a constant offset is no sound


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
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            file.write(_flac(samples))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_clip(path: Path) -> Samples:
    """The samples of a stored clip, `(n_samples,)` float32 at 16 kHz.

    Raises:
        AudioError: The file is missing or damaged.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32")
    except (soundfile.LibsndfileError, OSError) as e:
        raise AudioError(f"the stored sound {path.name} cannot be read", "add the original file again") from e
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise AudioError(f"the stored sound {path.name} is not 16 kHz mono", "add the original file again")
    return samples


def _flac(samples: Samples) -> bytes:
    """Encoded in memory, since libsndfile does not tell why a disk refuses its bytes."""
    file = io.BytesIO()
    try:
        soundfile.write(file, to_int16(samples), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    except soundfile.LibsndfileError as e:
        raise OSError(f"writing FLAC failed: {e}") from e
    return file.getvalue()


def _read_soundfile(path: Path, longest: Seconds) -> _Raw | None:
    """None where libsndfile does not know the format, so that PyAV gets its turn."""
    try:
        with soundfile.SoundFile(path) as file:
            rate, announced = file.samplerate, file.frames
            name = "opus" if file.subtype == "OPUS" else file.format.lower()
            if name == "opus":
                file.seek(0)  # else libsndfile keeps the lead-in of ffmpeg's files and cuts their end instead
            # One frame more than allowed tells "too long" apart; the header's count may be wrong for MP3.
            array = file.read(int(longest * rate) + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, TypeError, RuntimeError):  # TypeError: a headerless .raw file
        return None
    if len(array) > longest * rate:
        raise too_long(max(announced, len(array)) / rate, longest)
    cut_off = announced < 2**62 and len(array) < 0.98 * announced
    return _Raw(array, rate, name, cut_off)


def _read_av(path: Path, longest: Seconds) -> _Raw:
    import av

    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        # A file object, not a path: a name such as "http:x" or "concat:x" is then only a name.
        with path.open("rb") as file, av.open(file, options=options, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise AudioError(f"{UNREADABLE} (it holds no sound)", "choose a file with sound in it")
            return _read_stream(container, path, longest)
    except (av.FFmpegError, ValueError, OSError, EOFError) as e:
        raise AudioError(
            f"{UNREADABLE} (not a sound file, or damaged)", "convert it to WAV or FLAC, or record it again"
        ) from e


def _read_stream(container: Any, path: Path, longest: Seconds) -> _Raw:
    import av

    stream = container.streams.audio[0]
    stream.thread_type = "NONE"  # several files are decoded side by side already
    resampler = av.AudioResampler(format="fltp")  # rate and channels stay the file's
    chunks: list[Samples] = []
    rate = total = 0
    cut_off = False
    frames = container.decode(stream)
    while True:
        try:
            frame = next(frames)
        except StopIteration:
            break
        except av.InvalidDataError:
            cut_off = True  # keep what was read before the damage
            break
        for part in resampler.resample(frame):
            rate = part.sample_rate
            total += part.samples
            chunks.append(part.to_ndarray().astype(np.float32, copy=False))
        if total > longest * max(rate, 1):
            announced = container.duration / av.time_base if container.duration else 0.0
            raise too_long(max(announced, total / rate), longest)
    if not chunks:
        raise AudioError(f"{EMPTY} (no sound could be read)", "record or copy it again")
    suffix = path.suffix.lower().lstrip(".")
    names = container.format.name.split(",")
    return _Raw(np.concatenate(chunks, axis=1).T, rate, suffix if suffix in names else names[0], cut_off)


def _to_sound(raw: _Raw, resample: Callable[[Samples, int], Samples] | None = None) -> Sound:
    if raw.array.size == 0:
        raise AudioError(f"{EMPTY} (it holds no samples)", "record or copy it again")
    if raw.rate < LOWEST_RATE_HZ:
        reason = f"{UNREADABLE} (a sample rate of {raw.rate} Hz holds no speech)"
        raise AudioError(reason, "record it at 16 kHz or more")
    array = np.nan_to_num(raw.array, nan=0.0, posinf=0.0, neginf=0.0)
    clipped = _is_clipped(array)
    array = _within_full_scale(array)  # before mixing, so that huge values cannot overflow
    mono = _within_full_scale((resample or _resample)(_mix(array), raw.rate))
    return Sound(np.ascontiguousarray(mono), raw.format[:40], raw.rate, raw.array.shape[1], clipped, raw.cut_off)


def _is_clipped(array: Samples) -> bool:
    """Whether at least ten samples, and one in ten thousand, sit in flat tops of three or more at full scale."""
    at_top = (np.abs(array) >= 0.998).astype(np.int8)
    if len(at_top) < 3:
        return False
    runs = at_top[:-2] + at_top[1:-1] + at_top[2:] == 3
    return int(runs.sum()) >= max(10, 1e-4 * len(array))


def _within_full_scale(array: Samples) -> Samples:
    peak = float(np.max(np.abs(array), initial=0.0))
    return array if peak <= 1 else (array / np.float32(peak)).astype(np.float32)


def _mix(array: Samples) -> Samples:
    """`(n_samples, n_channels)` to `(n_samples,)`: the mean, or the loudest channel where the mean cancels out."""
    if array.shape[1] == 1:
        return array[:, 0]
    mean = array.mean(axis=1, dtype=np.float32)
    power = np.mean(np.square(array, dtype=np.float64), axis=0)
    loudest = int(np.argmax(power))
    if np.mean(np.square(mean, dtype=np.float64)) < CANCELLED**2 * power[loudest]:
        return array[:, loudest]
    return mean


def _resample(samples: Samples, rate: int) -> Samples:
    if rate == SAMPLE_RATE:
        return samples
    common = gcd(rate, SAMPLE_RATE)
    up, down = SAMPLE_RATE // common, rate // common
    if up * down > LARGEST_KERNEL:
        # torchaudio's kernel has about 2 · up · down weights: gigabytes at an odd rate such as 44,101 Hz.
        return _resample_poly(samples, rate)
    import torch

    with torch.inference_mode():
        return _resampler(rate)(torch.from_numpy(np.ascontiguousarray(samples))).numpy()


def _resample_poly(samples: Samples, rate: int) -> Samples:
    if rate == SAMPLE_RATE:
        return samples
    from scipy.signal import resample_poly

    common = gcd(rate, SAMPLE_RATE)
    return resample_poly(samples.astype(np.float64), SAMPLE_RATE // common, rate // common).astype(np.float32)


@cache
def _resampler(rate: int) -> "torch.nn.Module":
    """Built once per rate: the kernel costs more than resampling a short clip."""
    from torchaudio.transforms import Resample

    return Resample(rate, SAMPLE_RATE)
