"""Pictures: shapes and ranges, a PNG of the asked size, the same bytes from several threads."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.image import imread

from tests.conftest import speechlike
from workbench.audio.spectrogram import log_mel, spectrogram_png, waveform_peaks


def test_log_mel_shape_and_range() -> None:
    decibels = log_mel(speechlike(1.0))
    assert decibels.shape == (80, 101)
    assert decibels.dtype == np.float32
    assert decibels.max() == pytest.approx(0, abs=1e-4)
    assert decibels.min() >= -80


@pytest.mark.parametrize("samples", [np.zeros(3_200, np.float32), speechlike(0.2)], ids=["silence", "short"])
def test_log_mel_of_little(samples) -> None:
    assert np.all(np.isfinite(log_mel(samples)))


def test_png_has_the_size_and_a_transparent_background() -> None:
    picture = imread(io.BytesIO(spectrogram_png(speechlike(1), width_px=600, height_px=200, text_px=14)))
    assert picture.shape == (200, 600, 4)
    assert picture[0, 0, 3] == 0


def test_png_from_threads() -> None:
    sound = speechlike(0.5)
    with ThreadPoolExecutor(4) as pool:
        pictures = set(pool.map(lambda _: spectrogram_png(sound, dark=True, width_px=400), range(8)))
    assert len(pictures) == 1


def test_peaks() -> None:
    peaks = waveform_peaks(speechlike(1), n=40)
    assert len(peaks) == 40
    assert max(peaks) == 1
    assert waveform_peaks(np.zeros(0, np.float32), n=5) == [0.0] * 5
    assert waveform_peaks(np.zeros(100, np.float32), n=5) == [0.0] * 5
    assert len(waveform_peaks(np.ones(3, np.float32), n=5)) == 5
