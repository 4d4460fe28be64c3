"""Noise has the ratio that was asked for; a share of the clips stays as it was."""

import numpy as np
import pytest
from scipy import fft

from recipes.pretrain.augment import (
    SAMPLE_RATE_HZ,
    Augmenter,
    at_ratio,
    coloured_noise,
    room,
    telephone_codec,
    with_noise,
)
from tests.conftest import speechlike


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_noise_reaches_its_ratio(snr_db: float) -> None:
    sound = speechlike(2.0)
    noise = with_noise(sound, np.random.default_rng(0), snr_db) - sound
    assert 10 * np.log10((sound**2).mean() / (noise**2).mean()) == pytest.approx(snr_db, abs=0.3)


def test_noise_in_a_padded_spectrum_is_compared_with_the_clip_alone() -> None:
    sound, size = speechlike(1.0), 2 * SAMPLE_RATE_HZ
    octaves = np.zeros(size // 2 + 1, dtype=np.float32)
    spectrum = fft.rfft(sound, size)
    noise = fft.irfft(at_ratio(coloured_noise(octaves, np.random.default_rng(1)), spectrum, 10.0, 0.5), size)
    heard = noise[: len(sound)]
    assert 10 * np.log10((sound**2).mean() / (heard**2).mean()) == pytest.approx(10, abs=0.5)


def test_a_share_of_zero_changes_nothing() -> None:
    sound = speechlike(1.0)
    assert np.array_equal(Augmenter(share=0.0)(sound, np.random.default_rng(0)), sound)


def test_changes_are_drawn_by_the_generator_and_stay_finite() -> None:
    sound = speechlike(0.5)
    for seed in range(60):
        one, two = (Augmenter()(sound, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(one, two)
        assert np.isfinite(one).all()
        assert 0.5 * len(sound) < len(one) < len(sound) + 2 * SAMPLE_RATE_HZ
        assert one.dtype == np.float32


def test_a_room_starts_with_the_direct_sound_and_dies_away() -> None:
    echo = room(np.random.default_rng(0), 0.4)
    assert np.argmax(np.abs(echo)) == 0
    assert np.abs(echo[-100:]).max() < 0.01 * np.abs(echo[1:]).max()


def test_a_telephone_carries_nothing_above_4_khz() -> None:
    white = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    power = np.abs(fft.rfft(telephone_codec(white))) ** 2
    assert power[4500:].sum() < 0.01 * power[:4000].sum()
