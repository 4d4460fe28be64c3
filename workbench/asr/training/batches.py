"""What training hears, and in which order: labelled clips, their altered copies, and batches of similar length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from workbench.asr.training.batch_plan import batch_sizes
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.core.config import TrainingConfig

KEPT_BYTES = 256e6  # of activations in memory: all of a small set's, some of a large one's
LENGTH_JITTER = 0.25  # clips within this share of each other's length may meet in a batch


@dataclass(frozen=True)
class Example:
    """One labelled clip: its sound, then its altered copies, and the token ids of its label."""

    clip_id: int
    items: tuple[CacheItem, ...]
    label_ids: tuple[int, ...]

    @property
    def n_samples(self) -> int:
        return self.items[0].n_samples


class LengthSampler(Sampler[list[int]]):
    """Batches of similar length, dealt anew each epoch from the seed; their number never changes."""

    def __init__(self, n_samples: Sequence[int], config: TrainingConfig) -> None:
        self.n_samples = np.asarray(n_samples)
        self.sizes = batch_sizes(n_samples, config)
        self.seed, self.epoch = config.seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        order = np.argsort(self.n_samples * rng.uniform(1 - LENGTH_JITTER, 1 + LENGTH_JITTER, len(self.n_samples)))
        batches = np.split(order, np.cumsum(self.sizes)[:-1])
        for i in rng.permutation(len(batches)):
            yield batches[i].tolist()


class ExampleDataset(Dataset[tuple[dict[str, Tensor], tuple[int, ...]]]):
    """Activations and labels; each epoch hears another altered copy of a clip, where there are some.

    What was read once stays in memory, up to a limit that does not grow with the set.
    """

    def __init__(self, examples: Sequence[Example], cache: FeatureCache, kept_bytes: float = KEPT_BYTES) -> None:
        self.examples, self.cache, self.epoch = examples, cache, 0
        self.room, self.kept = kept_bytes, dict[tuple[int, int], dict[str, Tensor]]()

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[dict[str, Tensor], tuple[int, ...]]:
        example = self.examples[index]
        copy = (self.epoch + index) % len(example.items)
        found = self.kept.get((index, copy))
        if found is None:
            found = self.cache.fetch(example.items[copy])
            size = sum(value.nbytes for value in found.values())
            if size <= self.room:
                self.room -= size
                self.kept[index, copy] = found
        return found, example.label_ids
