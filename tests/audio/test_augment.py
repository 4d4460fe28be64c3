"""Augmentations: the same seed gives the same sound, sizes and levels stay within bounds, JSON says it all."""

import json

import numpy as np
import pytest

from workbench.audio import augment
from workbench.audio.augment import STANDARD, Band, Chain, Gain, Noise, Pitch, Room, Silence, Speed, from_json, variant
from workbench.errors import DataError, UnknownNameError

SHA = "ab" * 32
EVERY = [Speed(), Pitch(), Gain(), Noise(), Room(), Band(probability=1.0), Silence(), STANDARD]


@pytest.fixture
def tone() -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("step", EVERY, ids=lambda s: type(s).__name__)
def test_json_round_trip_and_determinism(step, tone) -> None:
    again = from_json(json.loads(json.dumps(step.to_json())))
    assert again == step
    first, second = variant(tone, step, SHA, 3), variant(tone, again, SHA, 3)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, variant(tone, step, SHA, 4))
    assert not np.array_equal(first, variant(tone, step, "cd" * 32, 3))
    assert np.all(np.abs(first) <= 1)


@pytest.mark.parametrize("step", EVERY, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("n_samples", [0, 1, 100, 3_200])
def test_tiny_inputs(step, n_samples) -> None:
    out = variant(np.full(n_samples, 0.1, np.float32), step, SHA, 0)
    assert out.ndim == 1
    assert np.all(np.isfinite(out))


def test_never_longer_than_30_seconds() -> None:
    out = variant(np.zeros(30 * 16_000, np.float32), Chain(steps=(Speed(0.5, 0.5), Silence(1.0))), SHA, 0)
    assert len(out) == 30 * 16_000


def test_noise_has_the_asked_ratio(tone) -> None:
    for exponent in (0.0, 1.0, 2.0):
        noise = augment.coloured_noise(len(tone), exponent, np.random.default_rng(0))
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, rel=0.01)
    noisy = Noise(20, 20).apply(tone, np.random.default_rng(0))
    ratio_db = 10 * np.log10(np.mean(tone**2) / np.mean((noisy - tone) ** 2))
    assert ratio_db == pytest.approx(20, abs=0.1)


def test_pitch_moves_the_tone_and_keeps_length_and_level(tone) -> None:
    out = Pitch(4, 4)(tone, np.random.default_rng(0))
    assert len(out) == len(tone)
    peak_hz = np.argmax(np.abs(np.fft.rfft(out))) * 16_000 / len(out)
    assert peak_hz == pytest.approx(440 * 2 ** (4 / 12), rel=0.01)
    assert np.mean(out**2) == pytest.approx(np.mean(tone**2), rel=0.02)


def test_speed_changes_the_length(tone) -> None:
    assert len(Speed(1.1, 1.1)(tone, np.random.default_rng(0))) == pytest.approx(16_000 / 1.1, abs=2)


def test_probability_zero_touches_nothing(tone) -> None:
    np.testing.assert_array_equal(Gain(6, 6, probability=0.0)(tone, np.random.default_rng(0)), tone)


def test_impossible_values_are_refused_in_words() -> None:
    with pytest.raises(DataError, match="not a range"):
        Speed(1.2, 0.8)
    with pytest.raises(DataError, match="probability"):
        Gain(probability=1.5)
    with pytest.raises(UnknownNameError, match="Speed"):
        from_json({"name": "Reverse"})
    with pytest.raises(DataError, match="does not take"):
        from_json({"name": "Speed", "fast": 2})
