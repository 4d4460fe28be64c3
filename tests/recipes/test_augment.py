"""Noise has the ratio that was asked for; clips that are not to be changed stay as they were."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import fft

from recipes.pretrain.augment import Augmenter, Draws, rooms, telephone_codec
from recipes.pretrain.learner import padded
from recipes.pretrain.rooms import SAMPLE_RATE_HZ, at_ratio, coloured_noise, with_noise
from tests.conftest import speechlike

QUIET = Augmenter(
    room_chance=0, tilt_chance=0, band_chance=0, noise_chance=0, codec_chance=0, clip_chance=0, level_range_db=(0, 0)
)


def draws(augmenter: Augmenter, n: int, *, changed: bool = True, seed: int = 0) -> Draws:
    return augmenter.draw(np.full(n, changed), np.random.default_rng(seed))


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


@pytest.mark.parametrize("babble_share", [0.0, 1.0])
def test_noise_in_a_batch_reaches_its_ratio_whatever_its_neighbours(babble_share: float) -> None:
    augmenter = replace(
        QUIET,
        noise_chance=1,
        babble_share=babble_share,
        snr_range_db=(10, 10),
        babble_snr_range_db=(10, 10),
        hum_chance=0,
    )
    sounds, n_samples = padded([speechlike(seconds, seed=i) for i, seconds in enumerate((2.0, 2.0, 2.0, 2.0, 2.0))])
    torch.manual_seed(0)
    noise = augmenter(sounds, n_samples, draws(augmenter, 5)) - sounds
    ratio = 10 * (sounds.square().sum(1) / noise.square().sum(1)).log10()
    assert ratio.numpy() == pytest.approx([10] * 5, abs=1.5)


def test_clips_that_are_not_to_be_changed_are_not() -> None:
    sounds, n_samples = padded([speechlike(1.0), speechlike(0.6, seed=1)])
    kept = Augmenter()(sounds, n_samples, draws(Augmenter(), 2, changed=False))
    assert torch.allclose(kept, sounds, atol=1e-5)


def test_changes_are_drawn_by_the_generator_and_stay_finite() -> None:
    sounds, n_samples = padded([speechlike(0.4 + 0.1 * i, seed=i) for i in range(8)])
    for seed in range(20):
        drawn = draws(Augmenter(), 8, seed=seed)
        assert torch.equal(drawn.tail, draws(Augmenter(), 8, seed=seed).tail)
        heard = Augmenter()(sounds, n_samples, drawn)
        assert heard.isfinite().all()
        for one, before, n in zip(heard, sounds, n_samples, strict=True):
            assert one[n:].abs().max() == 0 if n < len(one) else True
            assert not torch.allclose(one, before)


def test_the_rooms_of_a_batch_are_as_loud_and_as_long_as_drawn() -> None:
    drawn = draws(replace(QUIET, room_chance=1, direct_range_db=(6, 6), rt60_range_s=(0.3, 0.3)), 6)
    echoes = rooms(drawn, 2 * SAMPLE_RATE_HZ)
    assert echoes[:, 0].tolist() == [1.0] * 6
    assert 10 * echoes[:, 1:].square().sum(1).log10().numpy() == pytest.approx([-6] * 6, abs=0.1)
    assert echoes[:, int(0.3 * SAMPLE_RATE_HZ) :].abs().max() == 0
    assert (echoes[:, -4000:].abs().amax(1) < 0.05 * echoes[:, 1:].abs().amax(1)).all()
    assert (rooms(draws(QUIET, 2), 8000)[:, 1:] == 0).all()


def test_a_telephone_carries_nothing_above_4_khz() -> None:
    torch.manual_seed(0)
    white = torch.randn(2, SAMPLE_RATE_HZ)
    power = torch.fft.rfft(telephone_codec(white)).abs().square()
    assert (power[:, 4500:].sum(1) < 0.01 * power[:, :4000].sum(1)).all()


def test_a_telephone_keeps_the_voice_where_it_was() -> None:
    sound = torch.from_numpy(speechlike(1.001))[None]
    narrow = telephone_codec(sound)
    low = torch.fft.irfft(torch.fft.rfft(sound)[:, : sound.shape[1] // 4], sound.shape[1])
    assert torch.corrcoef(torch.cat([low, narrow]))[0, 1] > 0.98
