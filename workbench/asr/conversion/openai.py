"""OpenAI's own Whisper files (tiny.pt, base.en.pt …): sizes and weights under OpenAI's names, no tokenizer."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.asr.conversion.pickled import read_pickled, tensors_of
from workbench.asr.conversion.whisper_weights import MOST_LAYERS, WhisperShape, wanted_weights
from workbench.asr.weights.headers import FETCH_AGAIN
from workbench.asr.weights.limits import HEADS, MOST_TOKENS, POSITIONS, WIDTH
from workbench.files import FileProblem
from workbench.language.said import say

# OpenAI's names of the sizes, and transformers'.
SIZES = {
    "n_vocab": ("vocab_size", (1, MOST_TOKENS)),
    "n_audio_state": ("d_model", WIDTH),
    "n_text_state": ("d_model", WIDTH),
    "n_audio_layer": ("encoder_layers", (1, MOST_LAYERS)),
    "n_text_layer": ("decoder_layers", (1, MOST_LAYERS)),
    "n_audio_head": ("encoder_attention_heads", HEADS),
    "n_text_head": ("decoder_attention_heads", HEADS),
    "n_mels": ("num_mel_bins", WIDTH),
    "n_audio_ctx": ("max_source_positions", POSITIONS),
    "n_text_ctx": ("max_target_positions", POSITIONS),
}
INNER = 4  # times the width, in every Whisper
RENAMED = (
    (r"^(encoder|decoder)\.blocks\.", r"model.\1.layers."),
    (r"^(encoder|decoder)\.positional_embedding$", r"model.\1.embed_positions.weight"),
    (r"^decoder\.token_embedding\.", "model.decoder.embed_tokens."),
    (r"^encoder\.ln_post\.", "model.encoder.layer_norm."),
    (r"^decoder\.ln\.", "model.decoder.layer_norm."),
    (r"^encoder\.conv", "model.encoder.conv"),
    (r"\.cross_attn_ln\.", ".encoder_attn_layer_norm."),
    (r"\.attn_ln\.", ".self_attn_layer_norm."),
    (r"\.mlp_ln\.", ".final_layer_norm."),
    (r"\.cross_attn\.", ".encoder_attn."),
    (r"\.attn\.", ".self_attn."),
    (r"\.(query|key|value)\.", lambda found: f".{found[1][0]}_proj."),
    (r"_attn\.out\.", "_attn.out_proj."),
    (r"\.mlp\.0\.", ".fc1."),
    (r"\.mlp\.2\.", ".fc2."),
)


def openai_weights(path: Path) -> tuple[WhisperShape, dict[str, np.ndarray]]:
    """Sizes and weights, by transformers' names, of a file that OpenAI's whisper reads.

    Raises:
        FileProblem: Not such a file, or its weights are not those that its sizes ask for.
        ModelError: Too little memory.
    """
    document = read_pickled(path)
    if not isinstance(document, Mapping) or not isinstance(document.get("dims"), Mapping):
        raise FileProblem(
            path, say("is no Whisper file of OpenAI's (it says no dims)"), say("name a model as `add-model` says")
        )
    shape = sized(path, document["dims"])
    weights = tensors_of(path, document.get("model_state_dict"))
    return shape, whole(path, shape, {name: _numbers(weight) for name, weight in weights.items()})


def whole(path: Path, shape: WhisperShape, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights by transformers' names, once they are those that a Whisper of these sizes has.

    Args:
        path: Their file, for the message.
        weights: By OpenAI's names.

    Raises:
        FileProblem: One is missing, left over or of another shape.
    """
    found = {renamed(name): values for name, values in weights.items()}
    wanted = wanted_weights(shape)
    odd = sorted(name for name in wanted.keys() ^ found.keys() if name in wanted or not name.endswith("decoder.mask"))
    odd = odd or sorted(name for name, size in wanted.items() if tuple(found[name].shape) != size)
    if odd:
        raise FileProblem(
            path,
            say("does not hold the weights that it tells of (such as {weights})", weights=odd[0][:80]),
            FETCH_AGAIN,
        )
    return {name: np.ascontiguousarray(found[name]) for name in wanted}


def renamed(name: str) -> str:
    """transformers' name of a weight of OpenAI's."""
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return name


def _numbers(weight: Tensor) -> np.ndarray:
    half = weight.dtype == torch.float16
    return weight.detach().to(torch.float16 if half else torch.float32).contiguous().numpy()


def sized(path: Path, dims: Mapping[str, Any]) -> WhisperShape:
    """The sizes that OpenAI's names tell of.

    Args:
        path: Their file, for the message.

    Raises:
        FileProblem: One is none.
    """
    sizes: dict[str, int] = {}
    for theirs, (ours, (least, most)) in SIZES.items():
        value = dims.get(theirs)
        if type(value) is not int or not least <= value <= most or sizes.get(ours, value) != value:
            raise FileProblem(
                path,
                say("says of its size {setting} what no Whisper has ({value})", setting=theirs, value=str(value)[:40]),
                FETCH_AGAIN,
            )
        sizes[ours] = value
    inner = INNER * sizes["d_model"]
    return WhisperShape(**sizes, encoder_ffn_dim=inner, decoder_ffn_dim=inner, scale_embedding=False)
