"""Looking words up in an embedding that is the output layer too (Press and Wolf 2017), when both learn.

Autograd makes one gradient of the whole vocabulary for each use and adds them: for Whisper's 51,865 tokens that is two
tables of 80 MB and more, of which the looked-up one is zero but in a few rows. Here those rows are added to the output
layer's gradient in place, once it is there.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def look_up(ids: Tensor, weight: Tensor, padding_id: int | None) -> Tensor:
    """Rows of a learning table, `functional.embedding` with its gradient added to `weight.grad` in place.

    Args:
        ids: (batch, n_tokens) int64.
        weight: (vocabulary, width), a leaf of the graph.
        padding_id: Id whose row gets no gradient, as in `nn.Embedding`.
    """
    if not torch.is_grad_enabled() or not weight.is_leaf:
        return functional.embedding(ids, weight, padding_id)
    # A scalar that needs a gradient, so that autograd comes by; the table itself must not be an input, or autograd
    # would wait for this use before it puts down the output layer's gradient.
    anchor = torch.zeros((), requires_grad=True, device=weight.device)
    rows: Tensor = _LookUp.apply(anchor, ids, _Table(weight, padding_id))  # type: ignore[no-untyped-call]  # torch's own
    return rows


@dataclass(frozen=True)
class _Table:
    weight: Tensor
    padding_id: int | None


class _LookUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, anchor: Tensor, ids: Tensor, table: _Table) -> Tensor:
        ctx.ids, ctx.table = ids, table
        return functional.embedding(ids, table.weight.detach())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, None]:
        ids, grad = ctx.ids.flatten(), grads[0].flatten(0, 1)
        weight, padding_id = ctx.table.weight, ctx.table.padding_id
        if padding_id is not None:
            grad = grad * (ids != padding_id)[:, None]
        if weight.grad is None:  # the output layer took no part in this loss
            weight.grad = torch.zeros_like(weight)
        weight.grad.index_add_(0, ids, grad.to(weight.grad.dtype))
        return None, None, None
