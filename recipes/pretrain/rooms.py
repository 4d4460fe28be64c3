"""Noise made from random numbers, for single clips: the noisy test set's.

What training hears is altered by `augment`, many clips at once.
"""

import numpy as np
from scipy import fft

SAMPLE_RATE_HZ = 16_000


def coloured_noise(octaves: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The half spectrum of noise between white and brown, at times with the hum of mains and its overtones."""
    parts = rng.standard_normal((2, len(octaves)), dtype=np.float32)
    gain = np.exp2(octaves * np.float32(-rng.uniform(0.0, 1.0)))  # amplitude f^-a: white 0, pink 0.5, brown 1
    noise = (parts[0] + 1j * parts[1]) * gain
    if rng.random() < 0.1:
        bins_per_hz = len(octaves) / (SAMPLE_RATE_HZ / 2)
        hum = (rng.choice((50.0, 60.0)) * np.arange(1, 8) * bins_per_hz).astype(int)
        noise[hum] *= np.sqrt(len(octaves)) * rng.uniform(0.2, 1.0)
    return noise


def with_noise(sound: np.ndarray, rng: np.random.Generator, snr_db: float) -> np.ndarray:
    """The clip, `(n_samples,) float32`, with coloured noise at a given ratio over the whole of it."""
    octaves = np.log2(np.maximum(fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), 50.0) / 1000.0).astype(np.float32)
    spectrum = fft.rfft(sound)
    return fft.irfft(spectrum + at_ratio(coloured_noise(octaves, rng), spectrum, snr_db, 1.0), len(sound))


def at_ratio(noise: np.ndarray, spectrum: np.ndarray, snr_db: float, filled: float) -> np.ndarray:
    """The half spectrum of noise, scaled to lie `snr_db` below a clip that fills the share `filled` of its length."""
    return noise * np.sqrt(power(spectrum) / (power(noise) * 10 ** (snr_db / 10)) / filled)


def power(spectrum: np.ndarray) -> np.float32:
    """Sum of squares of a half spectrum, up to a factor that cancels in ratios."""
    return np.float32(np.vdot(spectrum, spectrum).real) + np.float32(1e-12)
