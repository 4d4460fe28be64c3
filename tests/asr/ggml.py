"""Writes a Whisper model as whisper.cpp keeps it, its weights whole or rounded."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.asr.openai import checkpoint_of

KINDS = {"f32": 0, "f16": 1, "q5_0": 6, "q5_1": 7, "q8_0": 8}
SIZES = [
    *("n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer"),
    *("n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels"),
]
ROUNDED_FILES = {"f32": 0, "f16": 1, "q5_0": 2008, "q5_1": 2009, "q8_0": 2007}  # version 2 of the rounding, and which


def save_ggml(
    folder: Path, path: Path, kind: str, *, filters: np.ndarray | None = None, words: Sequence[bytes] = (b"a", b"bc")
) -> Path:
    """Write the file of a Whisper folder.

    Args:
        filters: The mel filters, (n_mels, n_bins); zeros do where nothing is heard with the file itself.
        words: Its word list; whisper.cpp needs the whole of it, the product none.
    """
    document = checkpoint_of(folder)
    dims = document["dims"]
    mel = np.zeros((dims["n_mels"], 201), np.float32) if filters is None else filters.astype(np.float32)
    content = [b"lmgg", *(struct.pack("<i", dims[name]) for name in SIZES), struct.pack("<i", ROUNDED_FILES[kind])]
    content += [struct.pack("<2i", *mel.shape), mel.tobytes(), struct.pack("<i", len(words))]
    content += [struct.pack("<i", len(word)) + word for word in words]
    for name, weight in document["model_state_dict"].items():
        content.append(weight_of(name, weight.detach().numpy(), kind))
    path.write_bytes(b"".join(content))
    return path


def weight_of(name: str, values: np.ndarray, kind: str) -> bytes:
    """One weight: matrices and convolutions in the file's kind, vectors and positions as float32."""
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        values = values[:, None]
    vector = values.ndim < 2 or name.endswith(("positional_embedding", "conv1.bias", "conv2.bias"))
    if vector:
        kind = "f32"
    elif kind not in ("f32", "f16") and values.ndim != 2:
        kind = "f16"
    shape = struct.pack(f"<{values.ndim}i", *values.shape[::-1])
    head = struct.pack("<3i", values.ndim, len(name), KINDS[kind]) + shape + name.encode()
    return head + encoded(values.astype(np.float32), kind)


def encoded(values: np.ndarray, kind: str) -> bytes:
    """The numbers of a weight; rounded ones in blocks of 32, with the scale that fits the largest."""
    if kind in ("f32", "f16"):
        return values.astype(np.float32 if kind == "f32" else np.float16).tobytes()
    blocks = values.reshape(-1, 32)
    if kind == "q8_0":
        scale = (np.abs(blocks).max(1) / 127).astype(np.float16)
        whole = np.round(blocks / _safe(scale)).clip(-127, 127).astype(np.int8)
        return b"".join(s.tobytes() + w.tobytes() for s, w in zip(scale, whole, strict=True))
    if kind == "q5_0":
        scale, least = (np.abs(blocks).max(1) / 15).astype(np.float16), None
        whole = np.round(blocks / _safe(scale) + 16).clip(0, 31).astype(np.uint32)
    else:
        least = blocks.min(1).astype(np.float16)
        scale = ((blocks.max(1) - blocks.min(1)) / 31).astype(np.float16)
        whole = np.round((blocks - least[:, None].astype(np.float32)) / _safe(scale)).clip(0, 31).astype(np.uint32)
    high = ((whole >> 4) << np.arange(32, dtype=np.uint32)).sum(1, dtype=np.uint32)
    low = ((whole[:, :16] & 15) | ((whole[:, 16:] & 15) << 4)).astype(np.uint8)
    out = []
    for i in range(len(blocks)):
        beginning = scale[i].tobytes() + (b"" if least is None else least[i].tobytes())
        out.append(beginning + high[i].tobytes() + low[i].tobytes())
    return b"".join(out)


def _safe(scale: np.ndarray) -> np.ndarray:
    return np.where(scale == 0, 1, scale).astype(np.float32)[:, None]
