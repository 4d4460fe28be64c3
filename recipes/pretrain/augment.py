"""Makes studio-clean synthetic speech sound like people in rooms before cheap microphones.

A synthesiser never varies its vocal tract, room or channel; a model trained on it bare fails on the first real clip.
Everything linear (room, tilt, band) is multiplied in one Fourier transform and the noise is born in the spectrum, so a
clip costs about two milliseconds a second, a few percent of the training step.
The level hardly matters, because wav2vec2's input is scaled to unit variance and Whisper's to the loudest frame; it is
varied all the same, for the few places where it does (what lies under Whisper's floor of 1e-10).

Rooms: exponentially decaying noise (Polack 1988). Speed and pitch: Ko et al. 2015, "Audio augmentation for ASR".
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.signal import resample_poly

SAMPLE_RATE_HZ = 16_000
MU = 255.0  # of ITU-T G.711's companding


@dataclass(frozen=True)
class Augmenter:
    """The chances and ranges of each change; a call draws all of them anew from the generator."""

    share: float = 1.0  # of the clips, that are changed at all
    warp_chance: float = 0.8
    speed_range: tuple[float, float] = (0.8, 1.25)  # also shifts pitch and formants, as resampling does
    speed_wobble: float = 0.06  # standard deviation of the slow change of speed within a clip
    silence_chance: float = 0.5  # for either end
    silence_max_s: float = 0.6
    room_chance: float = 0.6
    rt60_range_s: tuple[float, float] = (0.1, 0.6)  # time until the echo is 60 dB down
    tilt_chance: float = 0.6
    tilt_db_per_octave: float = 3.0  # largest slope, either way
    band_chance: float = 0.35
    noise_chance: float = 0.7
    snr_range_db: tuple[float, float] = (0.0, 30.0)
    codec_chance: float = 0.07
    clip_chance: float = 0.04
    level_range_db: tuple[float, float] = (-30.0, 6.0)

    def __call__(self, sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change one clip, `(n_samples,) float32` at 16 kHz; the result has another length."""
        if rng.random() >= self.share:
            return sound
        if rng.random() < self.warp_chance:
            sound = warped(sound, rng, self.speed_range, self.speed_wobble)
        sound = self._padded(sound, rng)
        sound = self._channel(sound, rng)
        if rng.random() < self.codec_chance:
            sound = telephone_codec(sound)
        if rng.random() < self.clip_chance:
            top = np.abs(sound).max() * rng.uniform(0.3, 0.8)
            sound = np.clip(sound, -top, top)
        return sound * np.float32(10 ** (rng.uniform(*self.level_range_db) / 20))

    def _padded(self, sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        longest = int(self.silence_max_s * SAMPLE_RATE_HZ)
        ends = [int(rng.integers(longest)) if rng.random() < self.silence_chance else 0 for _ in range(2)]
        return np.pad(sound, ends) if any(ends) else sound

    def _channel(self, sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Room, microphone and noise in one pass through the spectrum."""
        n = len(sound)
        size = fft.next_fast_len(n + int(self.rt60_range_s[1] * SAMPLE_RATE_HZ), real=True)
        octaves = np.log2(np.maximum(fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ), 50.0) / 1000.0).astype(np.float32)
        microphone = np.ones_like(octaves)
        if rng.random() < self.tilt_chance:
            microphone *= tilt(octaves, rng, self.tilt_db_per_octave)
        if rng.random() < self.band_chance:
            microphone *= band(octaves, rng)
        spectrum = fft.rfft(sound, size) * microphone
        if rng.random() < self.room_chance:
            spectrum *= fft.rfft(room(rng, rng.uniform(*self.rt60_range_s)), size)
        if rng.random() < self.noise_chance:
            noise = coloured_noise(octaves, rng) * microphone
            spectrum += at_ratio(noise, spectrum, rng.uniform(*self.snr_range_db), n / size)
        return fft.irfft(spectrum, size)[:n]


def at_ratio(noise: np.ndarray, spectrum: np.ndarray, snr_db: float, filled: float) -> np.ndarray:
    """The half spectrum of noise, scaled to lie `snr_db` below a clip that fills the share `filled` of its length."""
    return noise * np.sqrt(power(spectrum) / (power(noise) * 10 ** (snr_db / 10)) / filled)


def with_noise(sound: np.ndarray, rng: np.random.Generator, snr_db: float) -> np.ndarray:
    """The clip, `(n_samples,) float32`, with coloured noise at a given ratio over the whole of it."""
    octaves = np.log2(np.maximum(fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), 50.0) / 1000.0).astype(np.float32)
    spectrum = fft.rfft(sound)
    return fft.irfft(spectrum + at_ratio(coloured_noise(octaves, rng), spectrum, snr_db, 1.0), len(sound))


def power(spectrum: np.ndarray) -> np.float32:
    """Sum of squares of a half spectrum, up to a factor that cancels in ratios."""
    return np.float32(np.vdot(spectrum, spectrum).real) + np.float32(1e-12)


def warped(sound: np.ndarray, rng: np.random.Generator, speed_range: tuple[float, float], wobble: float) -> np.ndarray:
    """Play faster or slower by a factor that also drifts within the clip, for rhythm and melody no voice was given."""
    low, high = np.log(speed_range)
    knots = np.arange(0, len(sound) + 4000, 4000)  # four to a second, about a syllable
    steps = np.exp(-rng.uniform(low, high) + wobble * rng.standard_normal(len(knots) - 1)) * 4000
    times = np.concatenate([[0.0], np.cumsum(steps)])  # where each knot lands in the result
    n = int(np.interp(len(sound), knots, times))
    source = np.interp(np.arange(n, dtype=np.float32), times, knots)
    at = source.astype(np.int32)
    part = (source - at).astype(np.float32)
    sound = np.append(sound, np.float32([0.0, 0.0]))
    return sound[at] * (1 - part) + sound[at + 1] * part


def room(rng: np.random.Generator, rt60_s: float) -> np.ndarray:
    """An impulse response, `(n_samples,) float32`: the direct sound, then noise decaying by 60 dB in `rt60_s`."""
    n = int(rt60_s * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(n, dtype=np.float32) * np.exp(-6.9 * np.arange(n, dtype=np.float32) / n)
    tail[: int(rng.uniform(0.001, 0.015) * SAMPLE_RATE_HZ)] = 0.0  # the first wall is 30 cm to 5 m of way off
    direct_to_tail_db = rng.uniform(0, 15)
    tail *= 10 ** (-direct_to_tail_db / 20) / (np.linalg.norm(tail) + 1e-9)
    tail[0] = 1.0
    return tail


def tilt(octaves: np.ndarray, rng: np.random.Generator, most_db: float) -> np.ndarray:
    """A gain that rises or falls steadily, with a shallow random wave on it; `octaves` count from 1 kHz."""
    slope, wave = rng.uniform(-most_db, most_db), rng.uniform(0, 4)
    decibels = slope * octaves + wave * np.sin(octaves * rng.uniform(1, 4) + rng.uniform(0, 6.3))
    return np.exp(np.float32(0.1151) * decibels.astype(np.float32))


def band(octaves: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The gain of a telephone, a low-pass or a high-pass with a soft edge of 40-60 dB an octave."""
    low_hz, high_hz = {
        0: (300.0, 3400.0),
        1: (50.0, rng.uniform(3000.0, 7000.0)),
        2: (rng.uniform(80.0, 400.0), 8000.0),
        3: (rng.uniform(80.0, 300.0), rng.uniform(3400.0, 4000.0)),
    }[int(rng.integers(4))]
    edge = rng.uniform(7.0, 10.0)
    low, high = np.log2(low_hz / 1000.0), np.log2(high_hz / 1000.0)
    return (1 / (1 + np.exp2(edge * (low - octaves))) / (1 + np.exp2(edge * (octaves - high)))).astype(np.float32)


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


def telephone_codec(sound: np.ndarray) -> np.ndarray:
    """Through 8 kHz and 8-bit mu-law and back, as on a telephone line (ITU-T G.711's curve)."""
    narrow = resample_poly(sound, 1, 2)
    narrow = narrow / (np.abs(narrow).max() + 1e-9)
    companded = np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU)
    companded = np.round(companded * 127) / 127
    narrow = np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(MU)) / MU
    return resample_poly(narrow, 2, 1)[: len(sound)].astype(np.float32)
