"""whisper.cpp's files (ggml): sizes, mel filters, a word list that is not enough to write with, then the weights.

Little endian, all numbers i32: magic, eleven sizes, rows and columns of the mel filters and their float32 numbers, the
number of words and of each its length and bytes; then to the end of the file each weight: number of dimensions, length
of the name, kind, sizes from the innermost, name, numbers. Source: whisper.cpp, `models/convert-pt-to-ggml.py`; the
blocks of rounded weights are those of `ggml-quants.c`: 32 weights share a scale, and in the `_1` kinds a least value.
"""

import math
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from workbench.asr.conversion.openai import sized, whole
from workbench.asr.conversion.whisper_weights import WhisperShape
from workbench.asr.weights.headers import FETCH_AGAIN, MOST_NAME
from workbench.asr.weights.limits import MOST_TOKENS
from workbench.files import FileProblem, open_regular
from workbench.language.said import say

MAGIC = b"lmgg"
SOUND_SIZES = ("n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer")
TEXT_SIZES = ("n_text_ctx", "n_text_state", "n_text_head", "n_text_layer")
SIZES = ("n_vocab", *SOUND_SIZES, *TEXT_SIZES, "n_mels", "ftype")
MOST_WEIGHTS = 20_000
MOST_DIMENSIONS = 4
CONVOLUTION_BIASES = {f"encoder.conv{i}.bias" for i in (1, 2)}
BLOCK = 32  # weights that share a scale
F32, F16, Q5_0, Q5_1, Q8_0 = 0, 1, 6, 7, 8
PLAIN: dict[int, np.dtype[Any]] = {F32: np.dtype("<f4"), F16: np.dtype("<f2")}
ROUNDED: dict[int, np.dtype[Any]] = {
    Q5_0: np.dtype([("scale", "<f2"), ("high", "<u4"), ("low", "u1", BLOCK // 2)]),
    Q5_1: np.dtype([("scale", "<f2"), ("least", "<f2"), ("high", "<u4"), ("low", "u1", BLOCK // 2)]),
    Q8_0: np.dtype([("scale", "<f2"), ("whole", "i1", BLOCK)]),
}


def ggml_weights(path: Path) -> tuple[WhisperShape, dict[str, np.ndarray], bool]:
    """Sizes and weights, by transformers' names, of a whisper.cpp file, and whether they had been rounded.

    Rounded weights become float16; others keep their precision.

    Raises:
        FileProblem: Not such a file, cut off, of another kind, or its weights are not those that its sizes ask for.
    """
    with open_regular(path) as file:
        reader = _Reader(path, file)
        shape = sized(path, reader.sizes())
        reader.skip_words()
        found: dict[str, np.ndarray] = {}
        rounded = False
        for name, kind, values in reader.weights():
            if name in found or len(found) >= MOST_WEIGHTS:
                raise reader.problem(say("holds {name} twice, or more weights than any model", name=name[:80]))
            found[name] = values
            rounded |= kind in ROUNDED
    for name in CONVOLUTION_BIASES & found.keys():  # columns here
        found[name] = found[name].ravel()
    return shape, whole(path, shape, found), rounded


class _Reader:
    """Reads in order, never beyond the end."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self.file = path, file
        self.size = os.fstat(file.fileno()).st_size

    def sizes(self) -> dict[str, int]:
        if self._take(4) != MAGIC:
            raise self.problem(say("is no file of whisper.cpp's"))
        return {name: self._number() for name in SIZES}

    def skip_words(self) -> None:
        """Pass over the mel filters and the words."""
        rows, columns = self._number(), self._number()
        self._skip(4 * rows * columns if rows >= 0 and columns >= 0 else -1)
        n_words = self._number()
        if not 0 <= n_words <= MOST_TOKENS:
            raise self.problem(say("tells of {words:,} words", words=n_words))
        for _ in range(n_words):
            self._skip(self._number())

    def weights(self) -> Iterator[tuple[str, int, np.ndarray]]:
        """Name, kind and numbers of each weight."""
        while self.file.tell() < self.size:
            n_dimensions, length, kind = self._number(), self._number(), self._number()
            if not 0 < n_dimensions <= MOST_DIMENSIONS or not 0 < length <= MOST_NAME:
                raise self.problem(say("is damaged within its list of weights"))
            shape = tuple(self._number() for _ in range(n_dimensions))[::-1]
            name = self._take(length).decode("utf-8", errors="replace")
            if min(shape) < 1:
                raise self.problem(say("has no numbers for {name}", name=name[:80]))
            yield name, kind, self._values(name, kind, shape)

    def _values(self, name: str, kind: int, shape: tuple[int, ...]) -> np.ndarray:
        n = math.prod(shape)
        if kind in PLAIN:
            return np.frombuffer(self._take(n * PLAIN[kind].itemsize), PLAIN[kind]).reshape(shape)
        if kind not in ROUNDED:
            reason = say("holds {name} rounded in a way ({kind}) that is not known here", name=name[:80], kind=kind)
            raise FileProblem(self.path, reason, say("take the file in f16, q8_0, q5_1 or q5_0"))
        if shape[-1] % BLOCK:
            raise self.problem(
                say("holds {name} in blocks that do not fit its shape {shape}", name=name[:80], shape=shape)
            )
        blocks = np.frombuffer(self._take(n // BLOCK * ROUNDED[kind].itemsize), ROUNDED[kind])
        return scaled_back(blocks).astype(np.float16).reshape(shape)

    def problem(self, reason: str) -> FileProblem:
        """This file is unusable for this reason."""
        return FileProblem(self.path, reason, FETCH_AGAIN)

    def _number(self) -> int:
        return int(struct.unpack("<i", self._take(4))[0])

    def _take(self, n: int) -> bytes:
        self._check(n)
        return self.file.read(n)

    def _skip(self, n: int) -> None:
        self._check(n)
        self.file.seek(n, os.SEEK_CUR)

    def _check(self, n: int) -> None:
        if not 0 <= n <= self.size - self.file.tell():
            raise self.problem(say("is cut off or damaged ({size:,} bytes)", size=self.size))


def scaled_back(blocks: np.ndarray) -> np.ndarray:
    """`(n_blocks, 32)` float32 of rounded weights.

    Args:
        blocks: `(n_blocks,)` of one of the types in `ROUNDED`.
    """
    names = blocks.dtype.names or ()
    scale = blocks["scale"].astype(np.float32)[:, None]
    if "whole" in names:
        weights: np.ndarray = blocks["whole"] * scale
        return weights
    low = np.concatenate([blocks["low"] & 15, blocks["low"] >> 4], axis=1)
    high = (blocks["high"][:, None] >> np.arange(BLOCK, dtype=np.uint32)) & 1
    numbers = (low | (high << 4)).astype(np.float32)
    if "least" in names:
        weights = numbers * scale + blocks["least"].astype(np.float32)[:, None]
    else:
        weights = (numbers - 16) * scale
    return weights
