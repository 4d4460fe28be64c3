"""Sounds and pictures small enough to travel inside a document: MP3, which every browser plays, and WebP."""

import io
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from workbench.core.types import SAMPLE_RATE

Samples = npt.NDArray[np.float32]

QUALITY: Final = 0.6  # libsndfile's scale, 0 best to 1 smallest; about 24 kbit/s for speech at 16 kHz
PICTURE_QUALITY: Final = 82  # percent; a spectrogram of 1,000 pixels has about 50 KB


def mp3(samples: Samples) -> bytes:
    """Mono speech as MP3 of variable bit rate.

    Args:
        samples: `(n_samples,)` float32 at 16 kHz.
    """
    file = io.BytesIO()
    soundfile.write(
        file,
        samples,
        SAMPLE_RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=QUALITY,
        bitrate_mode="VARIABLE",
    )
    return file.getvalue()


def webp(png: bytes) -> bytes:
    """A PNG as WebP on white, whatever lay behind it."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        layer = picture.convert("RGBA")
    flat = Image.new("RGB", layer.size, "white")
    flat.paste(layer, mask=layer.getchannel("A"))
    file = io.BytesIO()
    flat.save(file, "WEBP", quality=PICTURE_QUALITY)
    return file.getvalue()
