"""Writes a Whisper folder as CTranslate2 does: enough of its converter to make any file, right or wrong, on the spot.

`ctranslate2_int8/` beside this holds what the real converter made; both are read in the tests.
"""

import json
import shutil
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import GenerationConfig, WhisperForConditionalGeneration

KIND = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
Variables = dict[str, np.ndarray]


def convert_folder(source: Path, out: Path, dtype: str = "float32") -> Path:
    """model.bin, config.json and tokenizer.json of a Whisper folder of transformers."""
    out.mkdir(parents=True, exist_ok=True)
    model = WhisperForConditionalGeneration.from_pretrained(source)
    write_model(out / "model.bin", *variables_of(model, dtype))
    generation = GenerationConfig.from_pretrained(source)
    (out / "config.json").write_text(
        json.dumps(
            {
                "alignment_heads": [[1, 0], [1, 1]],
                "lang_ids": sorted((getattr(generation, "lang_to_id", None) or {}).values()),
                "suppress_ids": generation.suppress_tokens,
                "suppress_ids_begin": generation.begin_suppress_tokens,
            }
        )
    )
    shutil.copyfile(source / "tokenizer.json", out / "tokenizer.json")
    return out


def variables_of(model: Any, dtype: str) -> tuple[Variables, dict[str, str]]:
    """The variables and aliases of a Whisper model."""
    weights = {name: w.detach().numpy() for name, w in model.model.state_dict().items()}
    out: Variables = {"decoder/embeddings/weight": weights["decoder.embed_tokens.weight"]}
    for half, n_layers in (("encoder", model.config.encoder_layers), ("decoder", model.config.decoder_layers)):
        out[f"{half}/position_encodings/encodings"] = weights[f"{half}.embed_positions.weight"]
        _norm(out, f"{half}/layer_norm", weights, f"{half}.layer_norm")
        for i in range(n_layers):
            _layer(out, f"{half}/layer_{i}", weights, f"{half}.layers.{i}")
    for name in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            out[f"encoder/{name}/{part}"] = weights[f"encoder.{name}.{part}"]
    out = {name: values.astype(np.float16 if dtype == "float16" else np.float32) for name, values in out.items()}
    heads = {"encoder": model.config.encoder_attention_heads, "decoder": model.config.decoder_attention_heads}
    settings = {f"{half}/num_heads": np.int16(n) for half, n in heads.items()}
    settings |= {"decoder/activation": np.int8(3), "decoder/pre_norm": np.int8(1), "decoder/alibi": np.int8(0)}
    return out | settings, {"decoder/projection/weight": "decoder/embeddings/weight"}


def write_model(
    path: Path, variables: Mapping[str, Any], aliases: Mapping[str, str], *, version: int = 6, spec: str = "WhisperSpec"
) -> None:
    """A model.bin."""
    content = [struct.pack("<I", version), text(spec), struct.pack("<II", 3, len(variables))]
    content += [variable(name, np.asarray(values)) for name, values in variables.items()]
    content += [struct.pack("<I", len(aliases)), *(text(alias) + text(name) for alias, name in aliases.items())]
    path.write_bytes(b"".join(content))


def variable(name: str, values: np.ndarray) -> bytes:
    """One variable with its head."""
    head = struct.pack(f"<B{values.ndim}IBI", values.ndim, *values.shape, KIND[values.dtype.name], values.nbytes)
    return text(name) + head + values.tobytes()


def text(words: str) -> bytes:
    """A name as the file has them."""
    return struct.pack("<H", len(words) + 1) + words.encode() + b"\0"


def _layer(out: Variables, theirs: str, weights: Variables, ours: str) -> None:
    _attention(out, f"{theirs}/self_attention", weights, f"{ours}.self_attn", [["q", "k", "v"], ["out"]])
    _norm(out, f"{theirs}/self_attention/layer_norm", weights, f"{ours}.self_attn_layer_norm")
    if f"{ours}.encoder_attn.q_proj.weight" in weights:
        _attention(out, f"{theirs}/attention", weights, f"{ours}.encoder_attn", [["q"], ["k", "v"], ["out"]])
        _norm(out, f"{theirs}/attention/layer_norm", weights, f"{ours}.encoder_attn_layer_norm")
    _norm(out, f"{theirs}/ffn/layer_norm", weights, f"{ours}.final_layer_norm")
    for number in (0, 1):
        for part in ("weight", "bias"):
            out[f"{theirs}/ffn/linear_{number}/{part}"] = weights[f"{ours}.fc{number + 1}.{part}"]


def _attention(out: Variables, theirs: str, weights: Variables, ours: str, fused: Sequence[Sequence[str]]) -> None:
    for number, parts in enumerate(fused):
        matrices = [weights[f"{ours}.{p}_proj.weight"] for p in parts]
        biases = [weights.get(f"{ours}.{p}_proj.bias", np.zeros(len(m))) for p, m in zip(parts, matrices, strict=True)]
        out[f"{theirs}/linear_{number}/weight"] = np.concatenate(matrices)
        out[f"{theirs}/linear_{number}/bias"] = np.concatenate(biases)


def _norm(out: Variables, theirs: str, weights: Variables, ours: str) -> None:
    out[f"{theirs}/gamma"], out[f"{theirs}/beta"] = weights[f"{ours}.weight"], weights[f"{ours}.bias"]
