"""Which engine a file or folder is of, and a folder of ours made of it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from workbench.asr.catalog.model_folder import ADAPTER
from workbench.asr.conversion.adapter import from_adapter
from workbench.asr.conversion.ctranslate2 import MODEL_FILE
from workbench.asr.conversion.engines import ROUNDED_NOTE, Taken, from_ctranslate2
from workbench.asr.conversion.ggml import MAGIC, ggml_weights
from workbench.asr.conversion.openai import openai_weights
from workbench.asr.conversion.transformers_folder import from_transformers, holds_model
from workbench.asr.conversion.whisper_folder import WritingFacts, write_folder
from workbench.asr.conversion.whisper_tokenizer import TOKENIZER, no_speech_tokens, tokenizer_for
from workbench.asr.conversion.whisper_weights import WhisperShape
from workbench.files import FileProblem, open_regular
from workbench.language.said import say

KNOWN = say(
    "a folder of transformers' (model.safetensors or pytorch_model.bin), a folder of CTranslate2's (model.bin), a "
    "Whisper file of OpenAI's (.pt), one of whisper.cpp's (ggml), or a folder with an adapter of PEFT's"
)
# What a file begins with that is a model of an engine whose files are not taken in.
OTHERS = {b"GGUF": say("llama.cpp's (GGUF)"), b"\x08\x03\x12\x07": "ONNX"}


def take(path: Path, out: Path) -> Taken:
    """Write a folder of ours from a model of any engine that is known.

    Args:
        path: A file or a folder.
        out: An empty folder; what is in it after an error is of no use.

    Raises:
        FileProblem: It is of no known engine, or one of its files is unusable.
        ModelError: Too little memory.
    """
    return _engine_of(path)(path, out)


def _engine_of(path: Path) -> Callable[[Path, Path], Taken]:
    if not path.is_dir():
        with open_regular(path) as file:
            begins = file.read(4)
        if begins == MAGIC:
            return from_ggml
        other = OTHERS.get(begins)
        if other:
            raise FileProblem(
                path,
                say("is a model of {engine}, which cannot be taken in", engine=other),
                say("name {known_kinds}", known_kinds=KNOWN),
            )
        if path.name == MODEL_FILE:
            return lambda file, out: from_ctranslate2(file.parent, out)
        return from_openai
    if os.path.lexists(path / ADAPTER):
        return from_adapter
    if os.path.lexists(path / MODEL_FILE):
        return from_ctranslate2
    if holds_model(path):
        return from_transformers
    raise FileProblem(path, say("holds no model that is known"), say("name {known_kinds}", known_kinds=KNOWN))


def from_openai(source: Path, out: Path) -> Taken:
    """Write a folder of ours from a .pt of OpenAI's.

    Its tokenizer lies beside it, or in a kept model of the same vocabulary.

    Raises:
        FileProblem: Not such a file, or no tokenizer is here.
        ModelError: Too little memory.
    """
    shape, weights = openai_weights(source)
    return _bare(source, out, shape, weights, "OpenAI's .pt")


def from_ggml(source: Path, out: Path) -> Taken:
    """Write a folder of ours from a file of whisper.cpp's; tokenizer and errors as of `from_openai`."""
    shape, weights, rounded = ggml_weights(source)
    taken = _bare(source, out, shape, weights, "ggml")
    return replace(taken, note=ROUNDED_NOTE) if rounded else taken


def _bare(source: Path, out: Path, shape: WhisperShape, weights: dict[str, np.ndarray], kind: str) -> Taken:
    tokenizer = tokenizer_for(shape.vocab_size, source, source.parent / TOKENIZER)
    write_folder(out, shape, weights, tokenizer, WritingFacts(*no_speech_tokens(tokenizer), heads=()))
    return Taken(kind, sum(values.size for values in weights.values()))
