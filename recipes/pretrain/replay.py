"""Replays a model's forward and backward on a GPU, one recording (CUDA graph) for each shape of batch.

Models this small have some thousand kernels a step that each take microseconds; to start them one by one from Python
takes a busy core four times as long as the GPU needs for all of them (measured: 170 against 45 ms).
The weights are kept in float32 and computed with in bfloat16.
"""

from collections.abc import Callable, Sequence

import torch

WIDTHS_S = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0)

Computed = Callable[..., tuple[torch.Tensor, ...]]


class Halved(torch.nn.Module):
    """A module computed with weights in bfloat16; its parameters, and so their gradients, stay in float32."""

    def __init__(self, core: torch.nn.Module) -> None:
        super().__init__()
        self.core = core

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the module gives."""
        halves = {name: weight.bfloat16() for name, weight in self.core.named_parameters()}
        return torch.func.functional_call(self.core, halves, given)


class Replay:
    """A module that is recorded once for each shape of what it is given.

    Args:
        core: Takes tensors without gradients, of a few shapes, and gives a tuple of tensors.
        examples: What it is given, one for each shape; recorded at once, while nothing else runs on the GPU.
    """

    def __init__(self, core: torch.nn.Module, examples: Sequence[tuple[torch.Tensor, ...]]) -> None:
        self.pool = torch.cuda.graph_pool_handle()  # shared: a batch goes forward and back before another begins
        self.recorded = {shapes(given): self._record(core, given) for given in examples}

    def _record(self, core: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> Computed:
        # A module of its own each time, because recording puts another forward into it.
        return torch.cuda.make_graphed_callables(Halved(core), given, allow_unused_input=True, pool=self.pool)

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the core gives."""
        return self.recorded[shapes(given)](*given)


def shapes(given: tuple[torch.Tensor, ...]) -> tuple[torch.Size, ...]:
    """The shapes of some tensors."""
    return tuple(tensor.shape for tensor in given)


def agreement(core: torch.nn.Module, replay: Computed, given: tuple[torch.Tensor, ...]) -> float:
    """The cosine between the gradients of what a core gives, computed anew in bfloat16 and replayed."""
    weights = [weight for weight in core.parameters() if weight.requires_grad]
    found = []
    for computed in (Halved(core), replay):
        torch.manual_seed(0)  # masks are drawn within
        said = computed(*given)[-1].float()
        pull = torch.linspace(-1, 1, said.numel(), device=said.device).view_as(said)
        gradients = torch.autograd.grad((said.log_softmax(-1) * pull).mean(), weights, allow_unused=True)
        whole = zip(gradients, weights, strict=True)  # a recording gives zeros for weights that took no part
        found.append(torch.cat([(torch.zeros_like(w) if g is None else g).flatten() for g, w in whole]))
    return torch.nn.functional.cosine_similarity(*found, dim=0).item()
