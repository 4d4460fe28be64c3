"""Several copies of a run side by side, one a core, whose weights are averaged every few steps.

Two processes of one thread each hear 1.8 times as much as one, and one process of two threads 1.3 times (measured with
ctc-en, whose matrices are small). Local SGD: Stich 2019, https://arxiv.org/abs/1805.09767.

`torchrun` starts them (`python -m torch.distributed.run --nproc-per-node 2 -m recipes.pretrain ...`).
"""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

STEPS_APART = 20  # between two averages
PATIENCE = timedelta(days=1)  # while the first copy speaks, the others wait


@dataclass(frozen=True)
class Copies:
    """This process's place among the copies; alone where nothing else was started.

    Attributes:
        rank: Of this process; the first one, 0, writes checkpoint and log.
        total: How many there are.
    """

    rank: int = 0
    total: int = 1

    @classmethod
    def met(cls) -> "Copies":
        """The copies that `torchrun` started, once all of them are there."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("gloo", timeout=PATIENCE)
        return cls(distributed.get_rank(), distributed.get_world_size())

    def due(self, step: int) -> bool:
        """Whether the copies meet after so many steps; the same for all of them."""
        return self.total == 1 or step % STEPS_APART == 0

    def wait(self) -> None:
        """Until all copies are here."""
        if self.total > 1:
            distributed.barrier()

    def same_start(self, module: torch.nn.Module) -> None:
        """Give every copy the first one's weights."""
        if self.total > 1:
            for weight in module.parameters():
                distributed.broadcast(weight.data, src=0)

    def average(self, module: torch.nn.Module) -> None:
        """Give every copy the mean of all copies' weights."""
        if self.total == 1:
            return
        weights = [weight.data for weight in module.parameters()]
        flat = torch.cat([weight.flatten() for weight in weights])
        distributed.all_reduce(flat)
        for weight, mean in zip(weights, (flat / self.total).split([w.numel() for w in weights]), strict=True):
            weight.copy_(mean.view_as(weight))

    def longest(self, seconds: float) -> float:
        """The largest of all copies' values, so that all end at the same step."""
        return self._reduced(seconds, distributed.ReduceOp.MAX)

    def sum(self, seconds: float) -> float:
        """The sum of all copies' values."""
        return self._reduced(seconds, distributed.ReduceOp.SUM)

    def _reduced(self, value: float, how: distributed.ReduceOp) -> float:
        if self.total == 1:
            return value
        held = torch.tensor(value, dtype=torch.float64)
        distributed.all_reduce(held, how)
        return float(held)
