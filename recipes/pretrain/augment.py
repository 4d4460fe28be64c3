"""Makes studio-clean synthetic speech sound like people in rooms before cheap microphones, a batch of clips at a time.

A synthesiser never varies its room or channel; a model trained on it bare fails on the first real clip. (Speed and
silence are changed where clips are cut from the bank.)
Everything linear (room, tilt, band) is multiplied in one Fourier transform and the noise is born in the spectrum. What
is drawn for a clip is drawn beforehand where the batch is put together, so that the device waits for nothing.
The level hardly matters, because wav2vec2's input is scaled to unit variance and Whisper's to the loudest frame; it is
varied all the same, for the few places where it does (what lies under Whisper's floor of 1e-10).

Rooms: exponentially decaying noise (Polack 1988).
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import fft as sizes

from recipes.pretrain.clips import SAMPLE_RATE_HZ
from recipes.pretrain.learner import on_device

MU = 255.0  # of ITU-T G.711's companding
DECIBEL = float(np.log(10) / 20)  # natural logarithm of an amplitude
DECAY = 6.9  # natural logarithms in 60 dB
WALL_MS = (1.0, 15.0)  # the first wall is 30 cm to 5 m of way off
HUM_HZ = (50.0, 60.0)
OVERTONES = 7
LONGEST_ECHO_S = 0.6


@dataclass(frozen=True)
class Draws:
    """What was drawn for each of `n` clips; every field is `(n, 1) float32` but for the lists of rows."""

    slope: torch.Tensor  # dB an octave
    wave: torch.Tensor  # dB, how deep the wave on the slope is
    wave_rate: torch.Tensor  # radians an octave
    wave_phase: torch.Tensor  # radians
    low: torch.Tensor  # octaves from 1 kHz, the band's edges
    high: torch.Tensor
    edge: torch.Tensor  # how steep
    rt60: torch.Tensor  # samples until the echo is 60 dB down
    wall: torch.Tensor  # samples until the first echo
    tail: torch.Tensor  # amplitude of all echoes together, 0 without a room
    colour: torch.Tensor  # of the noise: amplitude f^-a, white 0, pink 0.5, brown 1
    noise: torch.Tensor  # amplitude against the clip, 0 without noise
    hum: torch.Tensor  # amplitude of the mains' overtones, 0 without
    hum_hz: torch.Tensor
    babble: torch.Tensor  # 1 where the noise is other clips of the batch, else 0
    level: torch.Tensor  # amplitude
    telephones: torch.Tensor  # (any,) int64, rows that go through a telephone line
    clipped: torch.Tensor  # (any,) int64, rows that are clipped
    tops: torch.Tensor  # (any, 1) float32, at which share of their loudest sample

    def to(self, device: torch.device) -> "Draws":
        """The same on another device."""
        return on_device(self, device)


@dataclass(frozen=True)
class Augmenter:
    """The chances and ranges of each change."""

    room_chance: float = 0.6
    rt60_range_s: tuple[float, float] = (0.1, LONGEST_ECHO_S)  # time until the echo is 60 dB down
    direct_range_db: tuple[float, float] = (0.0, 15.0)  # the direct sound above all echoes together
    tilt_chance: float = 0.6
    tilt_db_per_octave: float = 3.0  # largest slope, either way
    band_chance: float = 0.35
    noise_chance: float = 0.7
    babble_share: float = 0.15  # of the noise, that is other people
    snr_range_db: tuple[float, float] = (0.0, 30.0)
    babble_snr_range_db: tuple[float, float] = (8.0, 30.0)
    hum_chance: float = 0.1
    codec_chance: float = 0.07
    clip_chance: float = 0.04
    level_range_db: tuple[float, float] = (-30.0, 6.0)

    def draw(self, changed: np.ndarray, rng: np.random.Generator) -> Draws:
        """Draw for each clip; those where `changed (n,) bool` does not hold are left alone."""
        n = len(changed)

        def happens(chance: float) -> np.ndarray:
            return changed & (rng.random(n) < chance)

        def between(low: float, high: float) -> np.ndarray:
            return rng.uniform(low, high, n)

        tilted, banded, echoes, noisy = map(
            happens, (self.tilt_chance, self.band_chance, self.room_chance, self.noise_chance)
        )
        low_hz, high_hz = self._bands(rng, n)
        babble = noisy & (rng.random(n) < self.babble_share)
        snr_db = np.where(babble, between(*self.babble_snr_range_db), between(*self.snr_range_db))
        columns = {
            "slope": tilted * between(-self.tilt_db_per_octave, self.tilt_db_per_octave),
            "wave": tilted * between(0, 4),
            "wave_rate": between(1, 4),
            "wave_phase": between(0, 2 * np.pi),
            "low": np.where(banded, np.log2(low_hz / 1000), -20.0),
            "high": np.where(banded, np.log2(high_hz / 1000), 20.0),
            "edge": between(7, 10),
            "rt60": between(*self.rt60_range_s) * SAMPLE_RATE_HZ,
            "wall": between(*WALL_MS) * SAMPLE_RATE_HZ / 1000,
            "tail": echoes * np.exp(-DECIBEL * between(*self.direct_range_db)),
            "colour": between(0, 1),
            "noise": noisy * np.exp(-DECIBEL * snr_db),
            "hum": (rng.random(n) < self.hum_chance) * between(0.2, 1.0),
            "hum_hz": rng.choice(HUM_HZ, n),
            "babble": babble,
            "level": np.where(changed, np.exp(DECIBEL * between(*self.level_range_db)), 1.0),
        }
        telephones, clipped = np.flatnonzero(happens(self.codec_chance)), np.flatnonzero(happens(self.clip_chance))
        return Draws(
            **{name: torch.from_numpy(column.astype(np.float32))[:, None] for name, column in columns.items()},
            telephones=torch.from_numpy(telephones),
            clipped=torch.from_numpy(clipped),
            tops=torch.from_numpy(rng.uniform(0.3, 0.8, (len(clipped), 1)).astype(np.float32)),
        )

    @staticmethod
    def _bands(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper edge, Hz, of a telephone, a low-pass, a high-pass or a narrow band."""
        kind = rng.integers(4, size=n)
        low = np.choose(kind, (300.0, 50.0, rng.uniform(80, 400, n), rng.uniform(80, 300, n)))
        high = np.choose(kind, (3400.0, rng.uniform(3000, 7000, n), 8000.0, rng.uniform(3400, 4000, n)))
        return low, high

    def __call__(self, sounds: torch.Tensor, n_samples: torch.Tensor, draws: Draws) -> torch.Tensor:
        """Change the clips, `(n, width) float32` at 16 kHz of which `n_samples (n,)` count; the rest is silent."""
        width = sounds.shape[1]
        inside = torch.arange(width, device=sounds.device) < n_samples[:, None]
        size = sizes.next_fast_len(width + int(LONGEST_ECHO_S * SAMPLE_RATE_HZ), real=True)
        octaves = torch.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ, device=sounds.device).clamp(min=50).div(1000).log2()
        dry = torch.fft.rfft(sounds, size)
        microphone = tilt(octaves, draws) * band(octaves, draws)
        spectrum = dry * torch.fft.rfft(rooms(draws, size), size) * microphone
        noise = self._noise(dry, octaves, draws) * microphone
        filled = n_samples[:, None] / size
        ratio = draws.noise * (power(spectrum) / (power(noise) * filled)).sqrt()
        changed = torch.fft.irfft(spectrum + ratio * noise, size)[:, :width] * inside
        if len(draws.telephones):
            changed[draws.telephones] = telephone_codec(changed[draws.telephones])
        if len(draws.clipped):
            loud = changed[draws.clipped]
            top = draws.tops * loud.abs().amax(1, keepdim=True)
            changed[draws.clipped] = loud.clamp(-top, top)
        return changed * inside * draws.level

    @staticmethod
    def _noise(dry: torch.Tensor, octaves: torch.Tensor, draws: Draws) -> torch.Tensor:
        """Half spectra of noise between white and brown, at times with the hum of mains, or of four other clips."""
        n, bins = dry.shape
        noise = torch.view_as_complex(torch.randn(n, bins, 2, device=dry.device)) * torch.exp2(-draws.colour * octaves)
        hums = (draws.hum_hz * torch.arange(1, OVERTONES + 1, device=dry.device) * bins * 2 / SAMPLE_RATE_HZ).long()
        gain = 1 + draws.hum * (bins**0.5 - 1) * (draws.hum > 0)
        noise.scatter_(1, hums, noise.gather(1, hums) * gain)
        others = torch.stack([dry.roll(shift, 0) / power(dry.roll(shift, 0)).sqrt() for shift in range(1, 5)]).sum(0)
        return torch.where(draws.babble > 0, others, noise)


def power(spectra: torch.Tensor) -> torch.Tensor:
    """Sum of squares of half spectra `(n, bins)`, `(n, 1)`, up to a factor that cancels in ratios."""
    return torch.view_as_real(spectra).square().sum((1, 2))[:, None] + 1e-9


def tilt(octaves: torch.Tensor, draws: Draws) -> torch.Tensor:
    """A gain that rises or falls steadily, with a shallow wave on it; `octaves` count from 1 kHz."""
    wave = draws.wave * torch.sin(octaves * draws.wave_rate + draws.wave_phase)
    return torch.exp(DECIBEL * (draws.slope * octaves + wave))


def band(octaves: torch.Tensor, draws: Draws) -> torch.Tensor:
    """The gain of a band with soft edges of 40-60 dB an octave."""
    low, high = draws.edge * (octaves - draws.low), draws.edge * (draws.high - octaves)
    return (low * 0.6931).sigmoid() * (high * 0.6931).sigmoid()  # 2^x against 1


def rooms(draws: Draws, size: int) -> torch.Tensor:
    """Impulse responses `(n, n_samples)`: the direct sound, then noise decaying by 60 dB in `rt60`."""
    device = draws.rt60.device
    at = torch.arange(min(size, int(LONGEST_ECHO_S * SAMPLE_RATE_HZ)), device=device)
    tail = torch.randn(len(draws.rt60), len(at), device=device) * torch.exp(-DECAY * at / draws.rt60)
    tail = tail * ((at >= draws.wall) & (at < draws.rt60))
    tail = tail * draws.tail / (tail.norm(dim=1, keepdim=True) + 1e-9)
    tail[:, 0] = 1.0
    return tail


def telephone_codec(sounds: torch.Tensor) -> torch.Tensor:
    """Through 8 kHz and 8-bit mu-law and back, as on a telephone line (ITU-T G.711's curve); `(n, n_samples)`."""
    n_samples = sounds.shape[1]
    size = sizes.next_fast_len(n_samples + n_samples % 2, real=True)
    size += size % 2
    narrow = torch.fft.irfft(torch.fft.rfft(sounds, size)[:, : size // 4 + 1], size // 2)
    narrow = narrow / (narrow.abs().amax(1, keepdim=True) + 1e-9)
    companded = narrow.sign() * torch.log1p(MU * narrow.abs()) / np.log1p(MU)
    companded = (companded * 127).round() / 127
    narrow = companded.sign() * torch.expm1(companded.abs() * np.log1p(MU)) / MU
    return torch.fft.irfft(torch.fft.rfft(narrow), size)[:, :n_samples] * 2
