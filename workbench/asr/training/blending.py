"""Weights between those that training began with and those that it ended with, as one model.

A matrix with a low-rank adapter is scaled by the adapter's second half alone: the first half begins at random and the
second at zero, so that their product grows with the share. Rows of characters that are new in an output layer keep what
they learned: the base has nothing to say of them.
"""

from collections.abc import Mapping
from typing import Final

from torch import Tensor

FIRST_HALF: Final = ".lora_A."
OUTPUT: Final = ("lm_head.weight", "lm_head.bias")  # which grow with the alphabet

State = Mapping[str, Tensor]  # what learns, by name


def blended(start: State, adapted: State, share: float, *, new_rows: int = 0) -> dict[str, Tensor]:
    """The weights at a share of the way from `start` (0) to `adapted` (1), which themselves come out exactly.

    Args:
        new_rows: Characters by which the alphabet has grown; their rows are the last ones of the output layer.
    """
    if share in (0, 1):
        return dict(adapted if share else start)
    return {
        name: _kept_as_learned(name, begun + share * (adapted[name] - begun), adapted[name], new_rows)
        for name, begun in start.items()
    }


def _kept_as_learned(name: str, between: Tensor, learned: Tensor, new_rows: int) -> Tensor:
    if FIRST_HALF in name:
        return learned.clone()
    if new_rows and name in OUTPUT:
        between[-new_rows:] = learned[-new_rows:]
    return between
