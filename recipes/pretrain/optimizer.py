"""Muon for the matrices of the transformer layers, AdamW for everything else, behind one learning rate.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) makes every direction of an update about equally
large; scaled so, it takes AdamW's rate and decay (Liu et al. 2025, "Muon is scalable for LLM training").
`torch.optim.Muon` orthogonalises in bfloat16, which on a CPU without matrix units takes twice as long as float32.
"""

from collections.abc import Iterable
from typing import Any

import torch

WEIGHT_DECAY = 0.01
MOMENTUM = 0.95
RMS_OF_ADAM = 0.2  # typical size of an entry of AdamW's update, which Muon's is scaled to
QUINTIC = (3.4445, -4.7750, 2.0315)  # of the Newton-Schulz step, from Jordan et al.
STEPS = 4  # a fifth moves little and costs a quarter more


def orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Matrices `(..., rows, columns)` with their singular values moved to between about 0.5 and 1.3."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = QUINTIC
    for _ in range(STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose every update is orthogonalised; for matrices, and convolutions that look at one frame.

    Matrices of one shape are orthogonalised together, since a GPU computes thirty small products as quickly as one.
    """

    def __init__(self, weights: Iterable[torch.nn.Parameter], *, weight_decay: float = WEIGHT_DECAY) -> None:
        super().__init__(weights, {"lr": 1e-3, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update every weight that has a gradient."""
        for group in self.param_groups:
            learning = [weight for weight in group["params"] if weight.grad is not None]
            for shape in dict.fromkeys(weight.shape for weight in learning):
                alike = [weight for weight in learning if weight.shape == shape]
                self._update(alike, rate=group["lr"], decay=group["weight_decay"])

    def _update(self, weights: list[torch.nn.Parameter], *, rate: float, decay: float) -> None:
        """One step of weights of one shape."""
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        momenta, gradients = [self.state[weight]["momentum"] for weight in weights], [weight.grad for weight in weights]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        wanted = torch.stack(torch._foreach_lerp(gradients, momenta, MOMENTUM)).flatten(2)
        updates = orthogonalised(wanted).view(len(weights), *weights[0].shape).unbind()
        torch._foreach_mul_(weights, 1 - rate * decay)
        torch._foreach_add_(weights, updates, alpha=-rate * RMS_OF_ADAM * max(weights[0].shape) ** 0.5)


def is_hidden_matrix(name: str, weight: torch.Tensor) -> bool:
    """Whether a parameter is a matrix within a layer, neither embedding nor head nor convolution over frames."""
    of_one_frame = weight.ndim == 3 and weight.shape[2] == 1
    return (weight.ndim == 2 or of_one_frame) and ".layers." in name and "distance_embedding" not in name


class Optimizer:
    """Two optimisers that look like one."""

    def __init__(self, module: torch.nn.Module) -> None:
        named = [(name, weight) for name, weight in module.named_parameters() if weight.requires_grad]
        hidden = [weight for name, weight in named if is_hidden_matrix(name, weight)]
        rest = [weight for name, weight in named if not is_hidden_matrix(name, weight)]
        self.parts = (
            Muon(hidden),
            torch.optim.AdamW(rest, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, fused=True),
        )

    @property
    def rate(self) -> float:
        """The learning rate, the same for all."""
        return self.parts[0].param_groups[0]["lr"]

    @rate.setter
    def rate(self, value: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = value

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self.parts:
            part.zero_grad()

    def step(self) -> None:
        """Update all weights."""
        for part in self.parts:
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """What a checkpoint needs."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Take up what `state_dict` gave."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)
