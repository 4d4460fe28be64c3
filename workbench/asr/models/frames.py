"""A padded batch on its way through a model, in which each clip knows its own length."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers.masking_utils import create_bidirectional_mask

T = TypeVar("T")


@dataclass(frozen=True)
class Frames:
    """A padded batch between two stages.

    Attributes:
        hidden: (batch, n_frames, width) float32; at the start (batch, n_samples) or (batch, n_frames, n_mels).
        lengths: (batch,) int64, each clip's own frames.
        shared: What the layers of one run share and need not compute again: masks, positions.
    """

    hidden: Tensor
    lengths: Tensor
    shared: dict[str, Any] = field(default_factory=dict)

    def then(self, hidden: Tensor) -> "Frames":
        """The next stage's frames, as many as these."""
        return Frames(hidden, self.lengths, self.shared)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made at the first call in a run of layers."""
        if name not in self.shared:
            self.shared[name] = make()
        made: T = self.shared[name]
        return made

    @property
    def mask(self) -> Tensor:
        """(batch, n_frames) bool, true where a frame is a clip's own."""
        return self.once("mask", lambda: frame_mask(self.lengths, self.hidden.shape[1]))

    @property
    def padding(self) -> Tensor | None:
        """As `mask`; None where nothing is padded, which is quicker for the layers."""
        return self.once("padding", lambda: None if bool(self.mask.all()) else self.mask)

    def attention(self, config: Any) -> Any:
        """The mask in the form that this model's attention takes."""
        return self.once("attention", lambda: create_bidirectional_mask(config, self.hidden, self.padding))

    def alone(self, step: Callable[[Tensor], Tensor]) -> Tensor:
        """Run a step that maps (1, n, …) to (1, m, …) on each clip without its padding, then pad; at once if equal."""
        if self.padding is None:
            return step(self.hidden)
        parts = [step(h[None, :n])[0] for h, n in zip(self.hidden, self.lengths.tolist(), strict=True)]
        return nn.utils.rnn.pad_sequence(parts, batch_first=True)


def frame_mask(lengths: Tensor, width: int) -> Tensor:
    """(batch, width) bool: true for each clip's own frames."""
    return torch.arange(width, device=lengths.device)[None] < lengths[:, None]
