"""Seeded variations of a clip: other speeds, rooms, noises and levels, so that few recordings stand for many.

Each augmentation is a frozen dataclass that is called with samples and a random generator, and that serialises by name
and arguments (after lhotse's `augmentation/`), so that a run can store exactly what it heard. `variant` makes the k-th
variation of a clip from nothing but the clip's hash, k and the chain, so that cached activations can be found again.
The moderate ranges follow Ko et al. 2015, "Audio augmentation for speech recognition".
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len
from scipy.signal import fftconvolve, resample_poly, sosfiltfilt

from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import DataError, UnknownNameError
from workbench.language.said import say

Samples = npt.NDArray[np.float32]

LONGEST: Final[Seconds] = 30.0  # a variant is cut here, like every clip
SPEED_STEPS: Final = 100  # speeds are multiples of 1/100, so that resampling stays a small ratio


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Base: applies with a probability, serialises by name.

    Attributes:
        probability: Share of the variants it touches, 0 … 1.
    """

    probability: float = 1.0
    _registry: ClassVar[dict[str, type["Augmentation"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Augmentation._registry[cls.__name__] = cls

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise DataError(
                say(
                    "{name}: probability {probability} is not between 0 and 1.",
                    name=type(self).__name__,
                    probability=self.probability,
                )
            )

    def __call__(self, samples: Samples, rng: np.random.Generator) -> Samples:
        """Vary `(n_samples,)` float32 at 16 kHz; the length may change."""
        if not len(samples) or rng.random() >= self.probability:
            return samples
        return self.apply(samples, rng).astype(np.float32)

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        """The variation itself, without the probability."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """Name and arguments, as JSON can hold them."""
        return {"name": type(self).__name__, **asdict(self)}


def from_json(document: dict[str, Any]) -> Augmentation:
    """The augmentation that `to_json` wrote.

    Raises:
        UnknownNameError: No augmentation has this name.
        DataError: Its arguments do not fit.
    """
    arguments = dict(document)
    name = str(arguments.pop("name", ""))
    kind = Augmentation._registry.get(name)
    if kind is None:
        raise UnknownNameError(say("augmentation"), name, sorted(Augmentation._registry))
    if kind is Chain:
        arguments["steps"] = tuple(from_json(step) for step in arguments.get("steps", ()))
    try:
        return kind(**arguments)
    except TypeError as e:
        raise DataError(
            say("The augmentation {name} does not take {arguments}.", name=name, arguments=sorted(arguments))
        ) from e


def _ordered(owner: object, low: float, high: float, least: float, most: float, unit: str) -> None:
    if not least <= low <= high <= most:
        raise DataError(
            say(
                "{name}: {low:g} … {high:g} {unit} is not a range within {least:g} … {most:g} {unit}.",
                name=type(owner).__name__,
                low=low,
                high=high,
                unit=unit,
                least=least,
                most=most,
            )
        )


@dataclass(frozen=True)
class Speed(Augmentation):
    """Faster or slower, with the pitch that goes with it; 1.1 is ten per cent faster."""

    low: float = 0.9
    high: float = 1.1

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, self.low, self.high, 0.5, 2.0, say("times the speed"))

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        speed = round(rng.uniform(self.low, self.high) * SPEED_STEPS)
        return samples if speed == SPEED_STEPS else resample_poly(samples, SPEED_STEPS, speed)


@dataclass(frozen=True)
class Pitch(Augmentation):
    """Another voice: the pitch and the formants move, the duration stays.

    Resampling moves both, a phase vocoder (Flanagan and Golden 1966) gives the duration back.
    """

    low_semitones: float = -2.0
    high_semitones: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, self.low_semitones, self.high_semitones, -12, 12, say("semitones"))

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        ratio = round(2 ** (rng.uniform(self.low_semitones, self.high_semitones) / 12) * SPEED_STEPS)
        if ratio == SPEED_STEPS:
            return samples
        moved = resample_poly(samples, SPEED_STEPS, ratio)
        stretched = _stretch(moved, len(samples))
        return stretched * (_rms(samples) / max(_rms(stretched), 1e-12))


@dataclass(frozen=True)
class Gain(Augmentation):
    """Louder or softer; never beyond full scale."""

    low_db: float = -10.0
    high_db: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, self.low_db, self.high_db, -60, 30, "dB")

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        return samples * 10 ** (rng.uniform(self.low_db, self.high_db) / 20)


@dataclass(frozen=True)
class Noise(Augmentation):
    """White, pink or brown noise at a signal-to-noise ratio over the whole clip."""

    snr_low_db: float = 10.0
    snr_high_db: float = 30.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, self.snr_low_db, self.snr_high_db, -20, 80, "dB")

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        noise = coloured_noise(len(samples), float(rng.choice([0.0, 1.0, 2.0])), rng)
        ratio = 10 ** (rng.uniform(self.snr_low_db, self.snr_high_db) / 20)
        return samples + noise * (_rms(samples) / (ratio * max(_rms(noise), 1e-12)))


@dataclass(frozen=True)
class Room(Augmentation):
    """A generated room: exponentially decaying noise after the direct sound (Polack's model).

    Attributes:
        rt60_low: Seconds in which the room's echo falls by 60 dB.
        rt60_high: The same, upper end.
        direct_db: Level of the direct sound over the echo; 0 is across the room, 12 is close to the microphone.
    """

    rt60_low: float = 0.1
    rt60_high: float = 0.5
    direct_db: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, self.rt60_low, self.rt60_high, 0.01, 5, "s")

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        rt60 = rng.uniform(self.rt60_low, self.rt60_high)
        times = np.arange(1, max(int(rt60 * SAMPLE_RATE), 2)) / SAMPLE_RATE
        echo = rng.standard_normal(len(times)) * 10 ** (-3 * times / rt60)
        echo[: rng.integers(16, 160)] = 0  # the first wall is 0.3 to 3 m away
        echo *= 10 ** (-self.direct_db / 20) / max(float(np.linalg.norm(echo)), 1e-12)
        response = np.concatenate([[1.0], echo]).astype(np.float32)
        wet: npt.NDArray[Any] = fftconvolve(samples, response)[: len(samples)]
        return wet * (_rms(samples) / max(_rms(wet), 1e-12))


@dataclass(frozen=True)
class Band(Augmentation):
    """Only the frequencies between a random low and high edge, as through a telephone or a cheap microphone.

    Attributes:
        low_hz: The lower edge is drawn between 20 Hz and this.
        high_hz: The upper edge is drawn between this and 7,800 Hz.
    """

    low_hz: float = 300.0
    high_hz: float = 3_400.0
    probability: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, self.low_hz, self.high_hz, 20, 7_800, "Hz")

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        from scipy.signal import butter

        edges = (rng.uniform(20, self.low_hz), rng.uniform(self.high_hz, 7_800))
        narrow: npt.NDArray[Any] = sosfiltfilt(
            butter(2, edges, "bandpass", fs=SAMPLE_RATE, output="sos"), samples, padlen=0
        )
        return narrow


@dataclass(frozen=True)
class Silence(Augmentation):
    """A random stretch of near-silence before and after, so that words do not start where the clip starts.

    Attributes:
        max_s: Longest stretch on each side, in seconds.
    """

    max_s: Seconds = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        _ordered(self, 0, self.max_s, 0, 10, "s")

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        before, after = (int(rng.uniform(0, self.max_s) * SAMPLE_RATE) for _ in range(2))
        floor = 1e-4  # digital zero exists in no recording
        return np.concatenate(
            [rng.standard_normal(before) * floor, samples, rng.standard_normal(after) * floor], dtype=np.float32
        )


@dataclass(frozen=True)
class Chain(Augmentation):
    """Several augmentations, one after the other."""

    steps: tuple[Augmentation, ...] = ()

    def apply(self, samples: Samples, rng: np.random.Generator) -> npt.NDArray[Any]:
        for step in self.steps:
            samples = step(samples, rng)
        return samples

    def to_json(self) -> dict[str, Any]:
        return {
            "name": "Chain",
            "probability": self.probability,
            "steps": [step.to_json() for step in self.steps],
        }


STANDARD: Final = Chain(
    steps=(
        Speed(0.9, 1.1),
        Room(0.1, 0.4, direct_db=6.0, probability=0.3),
        Noise(10.0, 30.0, probability=0.5),
        Gain(-10.0, 6.0),
        Silence(0.3),
    )
)


def variant(samples: Samples, chain: Augmentation, clip_sha256: str, k: int) -> Samples:
    """The k-th variation of a clip; the same for the same clip, chain and k on every machine.

    Every k from 0 on is varied; the sound as it is has no number.

    Args:
        samples: `(n_samples,)` float32 at 16 kHz.
        chain: What to draw from.
        clip_sha256: The clip's content hash.
        k: Number of the variation.

    Returns:
        `(m_samples,)` float32 within -1 … 1, at most 30 s.
    """
    seed = hashlib.sha256(f"{clip_sha256}:{k}:{json.dumps(chain.to_json(), sort_keys=True)}".encode()).digest()
    varied = chain(samples.astype(np.float32), np.random.default_rng(int.from_bytes(seed[:16], "little")))
    varied = varied[: int(LONGEST * SAMPLE_RATE)]
    peak = float(np.max(np.abs(varied), initial=0.0))
    return np.ascontiguousarray(varied / np.float32(peak) if peak > 1 else varied, dtype=np.float32)


def coloured_noise(n_samples: int, exponent: float, rng: np.random.Generator) -> Samples:
    """`(n_samples,)` float32 noise whose power falls with 1/f^exponent: 0 white, 1 pink, 2 brown; RMS about 1."""
    size = next_fast_len(n_samples, real=True)
    bins = size // 2 + 1
    spectrum = rng.standard_normal((2, bins), dtype=np.float32)
    lowest = 20 * size / SAMPLE_RATE  # flat below 20 Hz, or brown noise would be all rumble
    scale = np.maximum(np.arange(bins, dtype=np.float32), lowest) ** (-exponent / 2)
    noise: npt.NDArray[Any] = irfft((spectrum[0] + 1j * spectrum[1]) * scale, size)[:n_samples]
    return (noise / max(_rms(noise), 1e-12)).astype(np.float32)


def _rms(samples: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def _stretch(samples: npt.NDArray[Any], n_samples: int) -> npt.NDArray[Any]:
    """Change the duration to `n_samples` and keep the pitch: a phase vocoder with a 32 ms window."""
    window_size, hop = 512, 128
    window = np.hanning(window_size + 1)[:-1]
    padded = np.pad(samples, (window_size, 2 * window_size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_size)[::hop]
    spectrum = np.fft.rfft(frames * window)
    steps = np.arange(0, len(spectrum) - 1, len(samples) / max(n_samples, 1))
    left = steps.astype(int)
    share = (steps - left)[:, None]
    magnitude = (1 - share) * np.abs(spectrum[left]) + share * np.abs(spectrum[left + 1])
    advance = np.angle(spectrum[left + 1]) - np.angle(spectrum[left])
    phase = np.angle(spectrum[0]) + np.concatenate([np.zeros((1, advance.shape[1])), np.cumsum(advance[:-1], axis=0)])
    return _overlap_add(np.fft.irfft(magnitude * np.exp(1j * phase)) * window, hop)[window_size:][:n_samples]


def _overlap_add(frames: npt.NDArray[Any], hop: int) -> npt.NDArray[Any]:
    """Sum `(n_frames, size)` shifted by `hop`; a squared Hann window at a quarter overlap sums to 1.5."""
    n_frames, size = frames.shape
    parts = size // hop
    out = np.zeros((n_frames + parts - 1, hop))
    for i, part in enumerate(np.split(frames, parts, axis=1)):
        out[i : i + n_frames] += part
    return out.ravel() / 1.5
