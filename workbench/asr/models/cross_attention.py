"""Whisper's attention to what the encoder heard, without keys and values of every position while it learns.

A label has some 20 tokens, the memory 1,500 positions. Keys are the memory times a matrix, and a query times that
product is the query times the matrix, times the memory: in this order the matrix meets the few tokens instead of the
many positions, forwards and backwards. The same numbers up to rounding, at a fraction of the products. ("Absorbed"
projections: DeepSeek-V2, arXiv 2405.04434, section 2.1.2, there for the same reason in inference.)
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.whisper.modeling_whisper import WhisperAttention


class CrossAttention(WhisperAttention):
    """Whisper's own, in another order where that is less work; weights and their names are the same."""

    def forward(  # type: ignore[override]
        self, hidden_states: Tensor, key_value_states: Tensor | None = None, **more: Any
    ) -> Any:
        n_tokens, memory = hidden_states.shape[1], key_value_states
        plain = all(type(m) is nn.Linear for m in (self.k_proj, self.v_proj))  # low-rank adapters wrap them
        reading = more.get("past_key_values") is not None  # token by token, for which keys and values are kept
        fewer = n_tokens < self.head_dim  # n_heads · n_tokens rows against width rows
        if memory is None or memory.requires_grad or reading or not plain or not fewer:
            return super().forward(hidden_states, key_value_states, **more)
        return self._absorbed(hidden_states, memory), None

    def _absorbed(self, hidden: Tensor, memory: Tensor) -> Tensor:
        """(batch, n_tokens, width) from hidden of that shape and memory (batch, n_positions, width)."""
        n_clips, n_tokens, width = hidden.shape
        heads, size = self.num_heads, self.head_dim
        keys, values = (m.weight.view(heads, size, width) for m in (self.k_proj, self.v_proj))
        query = (self.q_proj(hidden) * self.scaling).view(n_clips * n_tokens, heads, size).transpose(0, 1)
        wanted = torch.bmm(query, keys).view(heads, n_clips, n_tokens, width).transpose(0, 1)
        scores = torch.bmm(wanted.reshape(n_clips, heads * n_tokens, width), memory.transpose(1, 2))
        shares = functional.dropout(scores.softmax(-1), p=self.dropout, training=self.training)
        heard = torch.bmm(shares, memory).view(n_clips, heads, n_tokens, width).transpose(0, 1)
        out = torch.bmm(heard.reshape(heads, n_clips * n_tokens, width), values.transpose(1, 2))
        out = out.transpose(0, 1).reshape(n_clips, n_tokens, width)
        if self.v_proj.bias is not None:
            # The shares sum to one, so that the bias passes through; with dropout they do not.
            total = shares.sum(-1).view(n_clips, heads, n_tokens).transpose(1, 2)[..., None] if self.dropout else 1.0
            bias = self.v_proj.bias.view(heads, size) * total
            out = (out.view(n_clips, n_tokens, heads, size) + bias).reshape(n_clips, n_tokens, width)
        projected: Tensor = self.out_proj(out)
        return projected


def use_cross_attention(decoder_layers: list[nn.Module]) -> None:
    """Let layers with Whisper's attention use it; others, such as Moonshine's, stay as they are."""
    for layer in decoder_layers:
        attention = getattr(layer, "encoder_attn", None)
        if type(attention) is WhisperAttention:
            attention.__class__ = CrossAttention


@contextmanager
def watched_attention(
    decoder_layers: Sequence[Any], heads: Sequence[Sequence[int]], n_positions: int
) -> Iterator[Callable[[], Tensor]]:
    """See where heads look while a decoder reads one text.

    Args:
        heads: Layer and head of each.
        n_positions: Of the memory, from its beginning; what lies behind is silence that was added to fill the window.

    Yields:
        What gives, afterwards, (n_heads, n_tokens, n_positions) of attention that sums to one over the positions.
    """
    seen: dict[int, Tensor] = {}

    def keep(layer: int, attention: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        hidden = given[0] if given else named["hidden_states"]
        memory = named["key_value_states"][:, :n_positions]
        size = (1, -1, attention.num_heads, attention.head_dim)
        query = (attention.q_proj(hidden) * attention.scaling).view(size).transpose(1, 2)
        key = attention.k_proj(memory).view(size).transpose(1, 2)
        seen[layer] = (query @ key.transpose(2, 3)).softmax(-1)[0]

    hooks = [
        decoder_layers[layer].encoder_attn.register_forward_pre_hook(partial(keep, layer), with_kwargs=True)
        for layer in sorted({layer for layer, _ in heads})
    ]
    try:
        yield lambda: torch.stack([seen[layer][head] for layer, head in heads])
    finally:
        for hook in hooks:
            hook.remove()
