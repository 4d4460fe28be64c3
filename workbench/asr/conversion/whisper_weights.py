"""Whisper's weights under CTranslate2's names, taken apart and named as transformers names them.

CTranslate2 keeps query, key and value of self-attention in one matrix, key and value of cross-attention in another, and
gives the key a bias of zeros, which Whisper does not have. Every name and shape that the number of layers asks for must
be there, and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.asr.conversion.ctranslate2 import SCALE, ModelFile
from workbench.language.said import say

GELU = 3  # among CTranslate2's activations
MOST_LAYERS = 200
EMBEDDING, POSITIONS = "decoder/embeddings/weight", "position_encodings/encodings"
OUTPUT = "decoder/projection/weight"  # an alias of the embedding
# What must have this value for the model to be Whisper as transformers builds it.
SETTINGS = {
    "decoder/activation": GELU,
    "decoder/pre_norm": 1,
    "decoder/alibi": 0,
    "decoder/start_from_zero_embedding": 0,
}
Parts = tuple[str | None, ...]  # transformers' names of equal parts, from above; None has no counterpart


@dataclass(frozen=True)
class WhisperShape:
    """The sizes of a Whisper model; names as in transformers' configuration."""

    vocab_size: int
    d_model: int
    encoder_layers: int
    decoder_layers: int
    encoder_attention_heads: int
    decoder_attention_heads: int
    encoder_ffn_dim: int
    decoder_ffn_dim: int
    num_mel_bins: int
    max_source_positions: int
    max_target_positions: int
    scale_embedding: bool


def whisper_weights(file: ModelFile) -> tuple[WhisperShape, dict[str, np.ndarray]]:
    """The sizes of the model, and its weights by transformers' names, float16 or float32.

    Raises:
        FileProblem: A variable is missing, left over or of another shape, or the model is built differently.
    """
    for name, value in SETTINGS.items():
        found = file.setting(name, value)
        if found != value:
            raise file.problem(
                say("has {name} = {found}, where Whisper has {wanted}", name=name, found=found, wanted=value)
            )
    shape = _shape(file)
    wanted = dict(_names(shape))
    _check_complete(file, wanted)
    weights: dict[str, np.ndarray] = {}
    for name, (size, parts) in wanted.items():
        weights |= _parts(file, name, size, parts)
    return shape, weights


def wanted_weights(shape: WhisperShape) -> dict[str, tuple[int, ...]]:
    """transformers' names of all weights of a Whisper model of these sizes, each with its shape."""
    wanted: dict[str, tuple[int, ...]] = {}
    for (first, *others), parts in dict(_names(shape)).values():
        wanted |= {part: (first // len(parts), *others) for part in parts if part}
    return wanted


def _shape(file: ModelFile) -> WhisperShape:
    vocab_size, d_model = _size(file, EMBEDDING, 2)
    layers = {half: _layers(file, half) for half in ("encoder", "decoder")}
    heads = {half: file.setting(f"{half}/num_heads", 0) for half in layers}
    for half, number in heads.items():
        if number < 1 or d_model % number:
            raise file.problem(
                say(
                    "has {heads} heads in its {half}, where {numbers} numbers are shared out among them",
                    heads=number,
                    half=half,
                    numbers=d_model,
                )
            )
    return WhisperShape(
        vocab_size=vocab_size,
        d_model=d_model,
        encoder_layers=layers["encoder"],
        decoder_layers=layers["decoder"],
        encoder_attention_heads=heads["encoder"],
        decoder_attention_heads=heads["decoder"],
        encoder_ffn_dim=_size(file, "encoder/layer_0/ffn/linear_0/weight", 2)[0],
        decoder_ffn_dim=_size(file, "decoder/layer_0/ffn/linear_0/weight", 2)[0],
        num_mel_bins=_size(file, "encoder/conv1/weight", 3)[1],
        max_source_positions=_size(file, f"encoder/{POSITIONS}", 2)[0],
        max_target_positions=_size(file, f"decoder/{POSITIONS}", 2)[0],
        scale_embedding=bool(file.setting("decoder/scale_embeddings", 0)),
    )


def _size(file: ModelFile, name: str, rank: int) -> tuple[int, ...]:
    found = file.variables.get(name)
    if found is None or len(found.shape) != rank or not all(found.shape):
        raise file.problem(say("lacks {name}, or has it in another shape", name=name))
    return found.shape


def _layers(file: ModelFile, half: str) -> int:
    number = 0
    while f"{half}/layer_{number}/ffn/linear_0/weight" in file.variables and number <= MOST_LAYERS:
        number += 1
    if not 0 < number <= MOST_LAYERS:
        raise file.problem(say("has {layers} layers in its {half}", layers=number, half=half))
    return number


def _names(s: WhisperShape) -> Iterator[tuple[str, tuple[tuple[int, ...], Parts]]]:
    """CTranslate2's names, each with its shape and transformers' names of its parts."""
    width = s.d_model
    yield EMBEDDING, ((s.vocab_size, width), ("model.decoder.embed_tokens.weight",))
    for half, positions in (("encoder", s.max_source_positions), ("decoder", s.max_target_positions)):
        yield f"{half}/{POSITIONS}", ((positions, width), (f"model.{half}.embed_positions.weight",))
        yield from _norm(f"{half}/layer_norm", f"model.{half}.layer_norm", width)
    for name, inputs in (("conv1", s.num_mel_bins), ("conv2", width)):
        yield f"encoder/{name}/weight", ((width, inputs, 3), (f"model.encoder.{name}.weight",))
        yield f"encoder/{name}/bias", ((width,), (f"model.encoder.{name}.bias",))
    for i in range(s.encoder_layers):
        yield from _layer(f"encoder/layer_{i}", f"model.encoder.layers.{i}", width, s.encoder_ffn_dim)
    for i in range(s.decoder_layers):
        theirs, ours = f"decoder/layer_{i}", f"model.decoder.layers.{i}"
        yield from _layer(theirs, ours, width, s.decoder_ffn_dim)
        yield from _norm(f"{theirs}/attention/layer_norm", f"{ours}.encoder_attn_layer_norm", width)
        for number, parts in enumerate((("q",), ("k", "v"), ("out",))):
            yield from _linear(f"{theirs}/attention/linear_{number}", f"{ours}.encoder_attn", parts, width, width)


def _layer(theirs: str, ours: str, width: int, inner: int) -> Iterator[tuple[str, tuple[tuple[int, ...], Parts]]]:
    yield from _norm(f"{theirs}/self_attention/layer_norm", f"{ours}.self_attn_layer_norm", width)
    for number, parts in enumerate((("q", "k", "v"), ("out",))):
        yield from _linear(f"{theirs}/self_attention/linear_{number}", f"{ours}.self_attn", parts, width, width)
    yield from _norm(f"{theirs}/ffn/layer_norm", f"{ours}.final_layer_norm", width)
    for number, (outputs, inputs) in enumerate(((inner, width), (width, inner))):
        name = f"{theirs}/ffn/linear_{number}"
        yield f"{name}/weight", ((outputs, inputs), (f"{ours}.fc{number + 1}.weight",))
        yield f"{name}/bias", ((outputs,), (f"{ours}.fc{number + 1}.bias",))


def _norm(theirs: str, ours: str, width: int) -> Iterator[tuple[str, tuple[tuple[int, ...], Parts]]]:
    yield f"{theirs}/gamma", ((width,), (f"{ours}.weight",))
    yield f"{theirs}/beta", ((width,), (f"{ours}.bias",))


def _linear(
    theirs: str, ours: str, parts: tuple[str, ...], outputs: int, inputs: int
) -> Iterator[tuple[str, tuple[tuple[int, ...], Parts]]]:
    yield f"{theirs}/weight", ((len(parts) * outputs, inputs), tuple(f"{ours}.{p}_proj.weight" for p in parts))
    biases = tuple(None if p == "k" else f"{ours}.{p}_proj.bias" for p in parts)
    yield f"{theirs}/bias", ((len(parts) * outputs,), biases)


def _check_complete(file: ModelFile, wanted: dict[str, tuple[tuple[int, ...], Parts]]) -> None:
    lacking = sorted(wanted.keys() - file.variables.keys())
    if lacking:
        raise file.problem(f"lacks {len(lacking)} of Whisper's weights, such as {lacking[0]}")
    known = {*wanted, *(name + SCALE for name in wanted), OUTPUT, OUTPUT + SCALE}
    extra = sorted(name for name, v in file.variables.items() if name not in known and v.shape)
    if extra:
        raise file.problem(f"holds {len(extra)} weights that Whisper does not have, such as {extra[0]}")
    if file.variables.get(OUTPUT, file.variables[EMBEDDING]) != file.variables[EMBEDDING]:
        raise file.problem(f"has an output layer of its own ({OUTPUT}), where Whisper writes with its embedding")


def _parts(file: ModelFile, name: str, size: tuple[int, ...], parts: Parts) -> dict[str, np.ndarray]:
    found = file.variables[name].shape
    if found != size:
        raise file.problem(f"has {name} in the shape {found}, where {size} belongs")
    split = np.split(file.numbers(name), len(parts))
    for part, values in zip(parts, split, strict=True):
        if part is None and values.any():
            raise file.problem(f"has a bias for the keys in {name}, which Whisper does not have")
    return {part: np.ascontiguousarray(values) for part, values in zip(parts, split, strict=True) if part}
