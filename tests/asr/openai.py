"""Writes a Whisper model as OpenAI's program keeps it: sizes and weights under its names, in one file of torch's."""

from pathlib import Path
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration

LAYER = {
    "self_attn_layer_norm": "attn_ln",
    "encoder_attn_layer_norm": "cross_attn_ln",
    "final_layer_norm": "mlp_ln",
    "fc1": "mlp.0",
    "fc2": "mlp.2",
    **{f"self_attn.{ours}_proj": f"attn.{theirs}" for ours, theirs in (("q", "query"), ("k", "key"), ("v", "value"))},
    **{f"encoder_attn.{o}_proj": f"cross_attn.{t}" for o, t in (("q", "query"), ("k", "key"), ("v", "value"))},
    "self_attn.out_proj": "attn.out",
    "encoder_attn.out_proj": "cross_attn.out",
}
WHOLE = {
    "encoder.embed_positions.weight": "encoder.positional_embedding",
    "decoder.embed_positions.weight": "decoder.positional_embedding",
    "decoder.embed_tokens.weight": "decoder.token_embedding.weight",
    "encoder.layer_norm.weight": "encoder.ln_post.weight",
    "encoder.layer_norm.bias": "encoder.ln_post.bias",
    "decoder.layer_norm.weight": "decoder.ln.weight",
    "decoder.layer_norm.bias": "decoder.ln.bias",
}


def checkpoint_of(folder: Path, *, half: bool = False) -> dict[str, Any]:
    """The document that OpenAI's file holds, of a Whisper folder whose feed-forward layers are four times as wide."""
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    weights = {_name(name): w.half() if half else w for name, w in model.model.state_dict().items()}
    c = model.config
    dims = {
        "n_mels": c.num_mel_bins, "n_audio_ctx": c.max_source_positions, "n_audio_state": c.d_model,
        "n_audio_head": c.encoder_attention_heads, "n_audio_layer": c.encoder_layers, "n_vocab": c.vocab_size,
        "n_text_ctx": c.max_target_positions, "n_text_state": c.d_model, "n_text_head": c.decoder_attention_heads,
        "n_text_layer": c.decoder_layers,
    }  # fmt: skip
    return {"dims": dims, "model_state_dict": weights}


def save_checkpoint(folder: Path, path: Path, *, half: bool = False) -> Path:
    """Write the file."""
    torch.save(checkpoint_of(folder, half=half), path)
    return path


def _name(name: str) -> str:
    if name in WHOLE:
        return WHOLE[name]
    if ".layers." not in name:
        return name
    half, _, number, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    return f"{half}.blocks.{number}.{LAYER[part]}.{kind}"
