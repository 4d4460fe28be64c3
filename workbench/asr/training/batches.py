"""What training hears, and in which order: labelled clips, their altered copies, and batches of similar length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Final, NamedTuple

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from workbench.asr.models.backend import Backend
from workbench.asr.training.batch_plan import batch_sizes, rehearsed_beside
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.core.config import TrainingConfig

KEPT_BYTES = 256e6  # of activations in memory: all of a small set's, some of a large one's
REHEARSED: Final = "rehearsed"  # in a batch: the batch of general speech beside it
REHEARSING = 1  # beside the seed: general speech is dealt by numbers of its own
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


class Heard(NamedTuple):
    """What an update hears of one clip, and the token ids that it is to write."""

    activations: dict[str, Tensor]
    label_ids: tuple[int, ...]
    rehearsed: bool


class LengthSampler(Sampler[list[int]]):
    """Batches of similar length, dealt anew each epoch from the seed; their number never changes.

    Args:
        n_rehearsed: Clips of general speech, numbered behind the others. Each batch gets its share of them; they come
            in rounds, so that none is heard twice before all were heard once.
    """

    def __init__(self, n_samples: Sequence[int], config: TrainingConfig, n_rehearsed: int = 0) -> None:
        self.n_samples = np.asarray(n_samples)
        self.sizes = batch_sizes(n_samples, config)
        self.seed, self.epoch = config.seed, 0
        self.n_rehearsed, self.share = n_rehearsed, config.rehearsal if n_rehearsed else 0.0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        order = np.argsort(self.n_samples * rng.uniform(1 - LENGTH_JITTER, 1 + LENGTH_JITTER, len(self.n_samples)))
        batches = np.split(order, np.cumsum(self.sizes)[:-1])
        rehearsed = self._rehearsed()
        for i in rng.permutation(len(batches)):
            yield [*batches[i].tolist(), *islice(rehearsed, self._beside(len(batches[i])))]

    def _beside(self, n_clips: int) -> int:
        return rehearsed_beside(n_clips, self.share)

    def _rehearsed(self) -> Iterator[int]:
        """General speech without end, from where the epochs before have stopped: a resumed training goes on there."""
        if not self.share:
            return
        rounds, heard = divmod(self.epoch * sum(self._beside(n) for n in self.sizes), self.n_rehearsed)
        for number in count(rounds):
            deal = np.random.default_rng([self.seed, REHEARSING, number]).permutation(self.n_rehearsed)
            yield from (len(self.n_samples) + deal[heard:]).tolist()
            heard = 0


class ExampleDataset(Dataset[Heard]):
    """Activations and labels, those of general speech behind the others.

    Each epoch hears another altered copy of a clip, where there are some.

    What was read once stays in memory, up to a limit that does not grow with the set.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        cache: FeatureCache,
        rehearsed: Sequence[Example] = (),
        *,
        kept_bytes: float = KEPT_BYTES,
    ) -> None:
        self.examples, self.n_own = [*examples, *rehearsed], len(examples)
        self.cache, self.epoch = cache, 0
        self.room, self.kept = kept_bytes, dict[tuple[int, int], dict[str, Tensor]]()

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Heard:
        example = self.examples[index]
        copy = (self.epoch + index) % len(example.items)
        found = self.kept.get((index, copy))
        if found is None:
            found = self.cache.fetch(example.items[copy])
            size = sum(value.nbytes for value in found.values())
            if size <= self.room:
                self.room -= size
                self.kept[index, copy] = found
        return Heard(found, example.label_ids, index >= self.n_own)


def loader(backend: Backend, dataset: ExampleDataset, sampler: LengthSampler) -> DataLoader[Any]:
    """Batches as `Backend.loss` takes them; general speech is a batch of its own within them, under REHEARSED."""

    def batch_of(heard: Sequence[Heard]) -> dict[str, Any]:
        return {**backend.collate([h.activations for h in heard], [h.label_ids for h in heard])}

    def collate(heard: Sequence[Heard]) -> dict[str, Any]:
        own, rehearsed = [h for h in heard if not h.rehearsed], [h for h in heard if h.rehearsed]
        return batch_of(own) | ({REHEARSED: batch_of(rehearsed)} if rehearsed else {})

    return DataLoader(dataset, batch_sampler=sampler, collate_fn=collate)
