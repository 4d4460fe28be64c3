"""Weights that a Whisper begins with, which bring it to listen within minutes instead of hours."""

import math

import torch
from transformers import Wav2Vec2ForCTC, WhisperForConditionalGeneration

NEARBY = (-3, -1, 1, 3)  # frames that the encoder's heads look at before they have learned anything
NEARBY_LOUDNESS = 4.0  # of the fastest sinusoids against Whisper's
NEARBY_GAIN = 1.3  # of the first queries and keys


def take_over(model: WhisperForConditionalGeneration, ctc: Wav2Vec2ForCTC) -> None:
    """Start the encoder from a CTC model's transformer; a key's bias is left out, because softmax cancels it."""
    for into, layer in zip(model.model.encoder.layers, ctc.wav2vec2.encoder.layers, strict=True):
        for name in ("q_proj", "v_proj", "out_proj"):
            getattr(into.self_attn, name).load_state_dict(getattr(layer.attention, name).state_dict())
        into.self_attn.k_proj.load_state_dict({"weight": layer.attention.k_proj.weight})
        into.self_attn_layer_norm.load_state_dict(layer.layer_norm.state_dict())
        into.fc1.load_state_dict(layer.feed_forward.intermediate_dense.state_dict())
        into.fc2.load_state_dict(layer.feed_forward.output_dense.state_dict())
        into.final_layer_norm.load_state_dict(layer.final_layer_norm.state_dict())
    model.model.encoder.layer_norm.load_state_dict(ctc.wav2vec2.encoder.layer_norm.state_dict())


def listen_nearby(model: WhisperForConditionalGeneration, letters: torch.nn.Linear) -> None:
    """Let every encoder head begin by looking a few frames before or behind, as a convolution would.

    Left alone, the sound drowns the sinusoids, and after 2,000 steps every head still weighed all frames alike, so that
    a letter was judged by the 0.1 s that the convolutions see. Here the fastest sinusoids, as many as a head has
    dimensions, get their dimensions to themselves and louder. A query and a key that pick them, the key turned by the
    offset, score highest there. All of it can be unlearned.
    """
    encoder, d_model = model.model.encoder, model.config.d_model
    n_pairs = d_model // model.config.encoder_attention_heads // 2
    sine, cosine = slice(0, n_pairs), slice(d_model // 2, d_model // 2 + n_pairs)  # as `sinusoids` lays them out
    turns = torch.exp(-math.log(10_000) / (d_model // 2 - 1) * torch.arange(n_pairs))  # radians a frame
    eye = torch.eye(d_model)
    writers = [encoder.conv2, *(part for layer in encoder.layers for part in (layer.self_attn.out_proj, layer.fc2))]
    readers = [letters, *(part for layer in encoder.layers for part in (layer.self_attn.v_proj, layer.fc1))]
    with torch.no_grad():
        for convolution in (
            encoder.conv1,
            encoder.conv2,
        ):  # the library's make the sound 25 times fainter
            torch.nn.init.kaiming_normal_(convolution.weight)
        for fast in (sine, cosine):
            encoder.embed_positions.weight[:, fast] *= NEARBY_LOUDNESS
            for writer in writers:
                writer.weight[fast], writer.bias[fast] = 0, 0
            for reader in readers:
                reader.weight[:, fast] = 0
        for layer in encoder.layers:
            queries, keys = [], []
            for offset in NEARBY:
                cos, sin = (turns * offset).cos()[:, None], (turns * offset).sin()[:, None]
                queries += [eye[sine], eye[cosine]]
                keys += [cos * eye[sine] - sin * eye[cosine], cos * eye[cosine] + sin * eye[sine]]
            layer.self_attn.q_proj.weight.mul_(0.1).add_(torch.cat(queries), alpha=NEARBY_GAIN)
            layer.self_attn.k_proj.weight.mul_(0.1).add_(torch.cat(keys), alpha=NEARBY_GAIN)
