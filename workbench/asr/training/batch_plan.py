"""How clips are packed into updates and batches; without torch, as the page counts before anything is loaded."""

from collections.abc import Sequence
from typing import TypeVar

from workbench.core.config import TrainingConfig
from workbench.core.types import SAMPLE_RATE

T = TypeVar("T")


def padded_batches(items: Sequence[T], costs: Sequence[int], largest: float) -> list[list[T]]:
    """Cut a list into batches whose size, each item padded to the last one, stays within `largest`.

    Args:
        costs: Of each item, in growing order.
    """
    batches: list[list[T]] = []
    for item, cost in zip(items, costs, strict=True):
        if batches and (len(batches[-1]) + 1) * cost <= largest:
            batches[-1].append(item)
        else:
            batches.append([item])
    return batches


def batch_sizes(n_samples: Sequence[int], config: TrainingConfig) -> list[int]:
    """Clips in each batch when the clips, sorted by length, are packed up to the batch's limits."""
    sizes: list[int] = []
    filled = 0.0
    for n in sorted(n_samples):
        seconds = n / SAMPLE_RATE
        if not sizes or sizes[-1] >= config.batch_clips or filled + seconds > config.batch_seconds:
            sizes.append(0)
            filled = 0.0
        sizes[-1] += 1
        filled += seconds
    return sizes


def planned_updates(n_samples: Sequence[int], config: TrainingConfig) -> int:
    """Number of updates that a training with these clips will make."""
    return min(config.max_updates, config.epochs * len(batch_sizes(n_samples, config)))


def rehearsed_beside(n_clips: int, share: float) -> int:
    """Clips of general speech beside so many of the run's own, for about this share of the update."""
    return max(1, round(n_clips * share / (1 - share))) if share else 0
