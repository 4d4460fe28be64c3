"""Pulls what learns back towards the base after every update: L2-SP (Li, Grandvalet and Davoine 2018), decoupled.

As with AdamW's weight decay the pull does not go through Adam's scaling, which would make it as strong for weights that
the clips hardly move as for those that they need; it follows the learning rate, so that its unit depends on no model.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback

from workbench.asr.models.backend import Backend
from workbench.asr.training.freezing import trainable_state


class Pull(TrainerCallback):
    """Takes back a share of what has been learned, at the peak of the learning rate; of less, less.

    Args:
        backend: As the base, what learns being set.
        share: Of the way back, 0 to 0.5.
    """

    def __init__(self, backend: Backend, share: float) -> None:
        self.share, self.weights = share, trainable_state(backend)
        self.base: dict[str, Tensor] = {n: p.detach().clone() for n, p in self.weights.items()} if share else {}

    @torch.no_grad()
    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        rate = kwargs["optimizer"].param_groups[0]["lr"] / args.learning_rate
        for name, base in self.base.items():
            self.weights[name].lerp_(base, self.share * rate)
