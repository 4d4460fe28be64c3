"""Every container and codec that PyAV can write, and what ffmpeg hears in it; for the table of lengths."""

import subprocess
from pathlib import Path
from typing import Final

import av
import numpy as np

from tests.conftest import speechlike

WRITABLE: Final[dict[str, tuple[str, ...]]] = {
    "wav": ("pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_u8", "adpcm_ms", "adpcm_ima_wav", "pcm_alaw", "pcm_mulaw"),
    "w64": ("pcm_s16le",),
    "aiff": ("pcm_s16be",),
    "au": ("pcm_s16be",),
    "caf": ("pcm_s16le", "alac"),
    "flac": ("flac",),
    "ogg": ("libopus",),
    "opus": ("libopus",),
    "mp3": ("libmp3lame",),
    "mp2": ("mp2",),
    "m4a": ("aac", "alac"),
    "mp4": ("aac", "libmp3lame", "ac3", "libopus"),
    "mov": ("pcm_s16le", "aac"),
    "3gp": ("aac", "libopencore_amrnb"),
    "webm": ("libopus",),
    "mkv": ("aac", "pcm_s16le", "libopus", "libmp3lame", "ac3", "eac3", "tta", "wavpack"),
    "aac": ("aac",),
    "ac3": ("ac3",),
    "eac3": ("eac3",),
    "wma": ("wmav2", "wmav1"),
    "avi": ("libmp3lame", "pcm_s16le", "ac3"),
    "flv": ("aac", "libmp3lame"),
    "ts": ("aac", "mp2", "ac3"),
    "mpg": ("mp2",),
    "wv": ("wavpack",),
    "tta": ("tta",),
    "voc": ("pcm_s16le",),
    "amr": ("libopencore_amrnb",),
    "rm": ("ac3",),
    "g722": ("g722",),
    "sox": ("pcm_s32le",),
    "latm": ("aac",),
}
KINDS: Final = [(ending, codec) for ending, codecs in WRITABLE.items() for codec in codecs]
_RATES: Final = {"libopencore_amrnb": 8_000, "libopus": 48_000, "g722": 16_000}


def write(path: Path, codec: str, seconds: float, *, seed: int = 0, rate: int | None = None) -> bytes:
    """Encode a sound; returns the file's bytes."""
    rate = rate or _RATES.get(codec, 44_100)
    bits = {} if codec.startswith(("pcm", "adpcm")) else {"bit_rate": 12_200 if "amr" in codec else 64_000}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono", **bits)
        frame = av.AudioFrame.from_ndarray(
            speechlike(seconds, rate=rate, seed=seed)[None], format="fltp", layout="mono"
        )
        frame.sample_rate = rate
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate, frame_size=size)
        for part in resampler.resample(frame) + resampler.resample(None):
            part.pts = None
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path.read_bytes()


def damaged(data: bytes, place: float, length: int = 400) -> bytes:
    """Random bytes instead of some, from a share of the file on."""
    start = round(len(data) * place)
    noise = np.random.default_rng(0).integers(0, 256, length, dtype=np.uint8).tobytes()
    return data[:start] + noise + data[start + length :]


def ffmpeg_seconds(path: Path) -> float:
    """How long the first audio track is for ffmpeg's own program, which stops at nothing it can pass over."""
    command = [
        "ffmpeg",
        "-v",
        "quiet",
        "-i",
        str(path),
        "-map",
        "0:a:0",
        "-f",
        "s16le",
        "-ac",
        "1",
        "-ar",
        "16000",
        "-",
    ]
    return len(subprocess.run(command, capture_output=True, check=False).stdout) / 2 / 16_000
