"""Pictures of a sound for the page: its log-mel spectrogram with axes, and the peaks of a small waveform."""

import io
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from workbench.core.types import SAMPLE_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Samples = npt.NDArray[np.float32]
Scale = Literal["mel", "linear"]

N_MELS: Final = 80
WINDOW: Final = SAMPLE_RATE * 25 // 1000  # samples, 25 ms
HOP: Final = SAMPLE_RATE * 10 // 1000  # samples, 10 ms
FFT_SIZE: Final = 512  # the next power of two; 400 points leave the lowest mel bands without a bin
RANGE_DB: Final = 80.0  # below the loudest moment; fainter is drawn as background
TICKS_HZ: Final = (500, 1000, 2000, 4000, 8000)
DPI: Final = 100


def log_mel(samples: Samples) -> Samples:
    """Log-mel spectrogram, 80 bands, 25 ms windows every 10 ms.

    Args:
        samples: `(n_samples,)` float32 at 16 kHz.

    Returns:
        `(n_mels, n_frames)` float32, dB below the loudest value, from -80 to 0.
    """
    import librosa

    power = librosa.feature.melspectrogram(
        y=np.asarray(samples, dtype=np.float32),
        sr=SAMPLE_RATE,
        n_fft=FFT_SIZE,
        win_length=WINDOW,
        hop_length=HOP,
        n_mels=N_MELS,
    )
    decibels: Samples = librosa.power_to_db(power, ref=max(float(power.max()), 1e-10), top_db=RANGE_DB)
    return decibels.astype(np.float32)


def levels(samples: Samples, scale: Scale) -> npt.NDArray[np.uint8]:
    """The spectrogram for a canvas that chooses its colours itself.

    Args:
        samples: `(n_samples,)` float32 at 16 kHz.
        scale: "mel" (80 bands, narrow below as in the ear) or "linear" (128 bands of 62.5 Hz).

    Returns:
        `(n_bands, n_frames)` uint8, the lowest band first; 0 is 80 dB below the loudest moment, 255 the loudest.
    """
    decibels = log_mel(samples) if scale == "mel" else log_linear(samples)
    return np.round((decibels / RANGE_DB + 1.0) * 255.0).clip(0, 255).astype(np.uint8)


def log_linear(samples: Samples) -> Samples:
    """Log spectrogram in equal steps of frequency, windows as in `log_mel`.

    Returns:
        `(n_bands, n_frames)` float32, dB below the loudest value, from -80 to 0; the highest bin is left out.
    """
    import librosa

    spectrum = librosa.stft(np.asarray(samples, dtype=np.float32), n_fft=FFT_SIZE, win_length=WINDOW, hop_length=HOP)
    pairs = (np.abs(spectrum[:-1]) ** 2).reshape(FFT_SIZE // 4, 2, -1).mean(1)
    decibels: Samples = librosa.power_to_db(pairs, ref=max(float(pairs.max()), 1e-10), top_db=RANGE_DB)
    return decibels.astype(np.float32)


def spectrogram_png(
    samples: Samples, *, dark: bool = False, width_px: int = 1200, height_px: int | None = None, text_px: float = 26
) -> bytes:
    """The spectrogram as a PNG with a transparent background, seconds below and Hz at the side.

    matplotlib's figure is used without pyplot, whose global state is not safe in threads.

    Args:
        samples: `(n_samples,)` float32 at 16 kHz.
        dark: Whether the text has to be read on a dark page.
        width_px: Of the picture.
        height_px: Of the picture; a third of the width by default.
        text_px: Height of the text in the picture; a phone shows 1200 pixels as 390, a third of this.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = height_px or max(width_px // 3, 160)
    decibels = log_mel(samples)
    seconds = len(samples) / SAMPLE_RATE
    figure = Figure(figsize=(width_px / DPI, height / DPI), dpi=DPI, layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    # Frames are centred on their hop, so the picture spans exactly the sound.
    extent = (0.0, max(seconds, HOP / SAMPLE_RATE), 0.0, float(N_MELS))
    axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=extent,
        interpolation="nearest",
        vmin=-RANGE_DB,
        vmax=0,
    )
    _label(axes, "#e7e5e4" if dark else "#292524", size=text_px * 72 / DPI)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)  # type: ignore[no-untyped-call]  # matplotlib's own
    return picture.getvalue()


def preload() -> None:
    """Import what the first picture needs, which takes seconds; meant for a thread while the page starts."""
    log_mel(np.full(SAMPLE_RATE, 0.1, dtype=np.float32))
    _mel_places()
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401


def waveform_peaks(samples: Samples, n: int = 56) -> list[float]:
    """The loudest sample of each of `n` equal stretches, scaled so that the loudest of all is 1.

    Args:
        samples: `(n_samples,)` float32.
    """
    if not len(samples):
        return [0.0] * n
    edges = np.linspace(0, len(samples), n, endpoint=False).astype(int)
    peaks = np.maximum.reduceat(np.abs(samples), edges)
    return [round(float(peak), 3) for peak in peaks / max(float(peaks.max()), 1e-9)]


def _label(axes: "Axes", colour: str, size: float) -> None:
    axes.set_xlabel("seconds", color=colour, fontsize=size)
    axes.set_ylabel("Hz", color=colour, fontsize=size)
    axes.set_yticks(_mel_places(), [f"{hertz:,}" for hertz in TICKS_HZ])
    axes.tick_params(colors=colour, labelsize=size)
    for spine in axes.spines.values():
        spine.set_visible(False)


@cache
def _mel_places() -> tuple[float, ...]:
    """Where the ticks' frequencies lie on the axis of mel bands."""
    import librosa

    mels: Any = librosa.hz_to_mel(np.array([0.0, SAMPLE_RATE / 2, *TICKS_HZ]))
    return tuple(float(place) for place in (mels[2:] - mels[0]) / (mels[1] - mels[0]) * N_MELS)
