"""How clips are packed into updates; without torch, so that the page can count them before anything is loaded."""

from collections.abc import Sequence

from workbench.core.config import TrainingConfig
from workbench.core.types import SAMPLE_RATE


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
