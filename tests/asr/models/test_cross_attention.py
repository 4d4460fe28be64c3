"""Whisper's attention to the sound in another order of products is the same attention."""

import copy
from typing import Any

import pytest
import torch
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperAttention

from workbench.asr.models.cross_attention import CrossAttention

WIDTH, HEADS = 32, 2


def pair(**more: Any) -> tuple[WhisperAttention, CrossAttention]:
    """Whisper's own and ours with the same weights."""
    torch.manual_seed(0)
    config = WhisperConfig(d_model=WIDTH, attn_implementation="sdpa")
    own = WhisperAttention(WIDTH, HEADS, is_decoder=True, layer_idx=0, config=config, **more).train()
    with torch.no_grad():
        for weight in own.parameters():
            weight.normal_(0, 0.5)
    other = copy.deepcopy(own)
    other.__class__ = CrossAttention
    return own, other


@pytest.mark.parametrize(("n_tokens", "learned_memory"), [(5, False), (5, True), (40, False)])
def test_output_and_gradients_are_whispers_own(n_tokens: int, learned_memory: bool) -> None:
    memory = torch.randn(3, 50, WIDTH, requires_grad=learned_memory)
    hidden = torch.randn(3, n_tokens, WIDTH, requires_grad=True)
    results = []
    for attention in pair():
        memory.grad = hidden.grad = None
        out = attention(hidden, key_value_states=memory)[0]
        (out * torch.linspace(-1, 1, WIDTH)).sum().backward()
        grads = {n: p.grad for n, p in attention.named_parameters()}
        results.append({"out": out, "hidden": hidden.grad, "memory": memory.grad, **grads})
    for name, value in results[0].items():
        torch.testing.assert_close(results[1][name], value, atol=2e-4, rtol=2e-4, msg=name)


def test_what_is_dropped_is_dropped_from_the_bias_too() -> None:
    """With dropout the mean over many draws is what it is without."""
    _, ours = pair(dropout=0.3)
    memory, hidden = torch.randn(1, 50, WIDTH), torch.randn(1, 4, WIDTH)
    with torch.no_grad():
        drawn = torch.stack([ours(hidden, key_value_states=memory)[0] for _ in range(3000)]).mean(0)
        ours.eval()
        expected = ours(hidden, key_value_states=memory)[0]
    torch.testing.assert_close(drawn, expected, atol=0.5, rtol=0.1)
