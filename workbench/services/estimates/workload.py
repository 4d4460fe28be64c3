"""What a run has to do, stage by stage, and what it costs by the model's shape; what is in the cache costs nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from workbench.asr.training.batch_plan import batch_sizes, planned_updates
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.learning_curve import sizes_for
from workbench.core.types import SAMPLE_RATE, Block, FreezePlan, Seconds
from workbench.core.windows import HEALING_UPDATES

MOST_CHECKS: Final = 25  # dev scorings in one training, as in asr/training/trainer.py
# Times a second that a block's weights are used while sound passes through: convolutions see many more frames than the
# encoder, a decoder sees words, besides its look at every frame.
USES: Final = {"features": 600.0}
USES_OTHERWISE: Final = 50.0
USES_BEFORE_A_DECODER: Final = {"features": 75.0, "encoder": 50.0}
USES_IN_A_DECODER: Final = 12.0
BACKWARD: Final = 3.0  # times the work of a forward pass: forward, gradients of activations, gradients of weights
# Billion operations that take as long as the many small ones of an update, of a learning block in it, of a training.
UPDATE, BLOCK, TRAINING = 1.0, 0.13, 87.0
GENERAL: Final = "general"  # among what is kept: general speech, all of it

Lengths = Sequence[Seconds]  # of clips
Kept = Mapping[str, int]  # hash of a sound -> how many of it and its altered copies lie in a cache


class Sound(NamedTuple):
    """A clip's sound: the hash of its content, and its length."""

    sha256: str
    length: Seconds


class Load(NamedTuple):
    """What a stage has to do: the clips or updates that its progress counts, and billion operations."""

    units: int = 0
    cost: float = 0.0

    def plus(self, *others: "Load") -> "Load":
        return Load(self.units + sum(o.units for o in others), self.cost + sum(o.cost for o in others))


class Shape:
    """Billion operations for a second of sound: before a plan's boundary, after it, to listen, to write."""

    def __init__(self, blocks: Sequence[Block], boundary: int) -> None:
        decodes = any(b.kind == "decoder" for b in blocks)
        uses, otherwise = (USES_BEFORE_A_DECODER, USES_IN_A_DECODER) if decodes else (USES, USES_OTHERWISE)
        costs = [2e-9 * b.parameters * uses.get(b.kind, otherwise) for b in blocks]
        self.frozen, self.tail, self.learning = sum(costs[:boundary]), sum(costs[boundary:]), len(costs) - boundary
        self.listening = sum(cost for b, cost in zip(blocks, costs, strict=True) if b.kind in ("features", "encoder"))
        self.writing = sum(costs) - self.listening


@dataclass(frozen=True)
class Work:
    """The clips of a run, as far as they cost time.

    Attributes:
        model: The base model's name.
        parts: The split, or the folds, each with the ids under train, dev and test.
        sounds: By clip id.
        general: Lengths of the clips of general speech.
        padded_to: What every clip is padded to in the run; None where it costs its own length.
        own: What the base pads every clip to, where that is more; else None.
        healing: Seconds of sound that go through the encoder to heal it, learning counted several times.
    """

    model: str
    parts: Sequence[Mapping[str, Sequence[int]]]
    sounds: Mapping[int, Sound]
    general: Lengths = ()
    padded_to: Seconds | None = None
    own: Seconds | None = None
    healing: Seconds = 0.0

    def loads(
        self, plan: FreezePlan, config: TrainingConfig, kept: Sequence[Kept], *, draws: int = 0, dev_turns: int = 0
    ) -> dict[str, Load]:
        """What each stage of a run with these settings has to do, at most.

        Args:
            kept: What the base has heard in its own window, and what the run's frozen part has heard.
            draws: Of each size of a learning curve, whose models are tested too; with folds each fold makes one.
            dev_turns: How often the dev clips are written down besides the checks.
        """
        shape, everything, folds = Shape(plan.blocks, plan.boundary), self._lengths(self.sounds), len(self.parts) > 1
        sides = [[self._lengths(part[side]) for side in ("train", "dev", "test")] for part in self.parts]
        sizes = sizes_for(min(len(train) for train, _, _ in sides))[:-1] * (min(draws, 1) if folds else draws)
        trainings, adapted, base = list[Load](), [*self.general], [*self.general]
        for train, dev, test in sides:
            trainings += [self.training(shape, part, dev, config) for part in (train, *(train[:n] for n in sizes))]
            adapted += test * (1 + len(sizes)) + dev * dev_turns
            base += test + (dev if self.own else [])
        if folds:  # the one that is delivered: as many updates as the folds' best, at most
            updates = max(load.units for load in trainings)
            trainings.append(self.training(shape, everything, (), config, (updates, 0)))
        copies = {i: config.augment_copies for part in self.parts for i in part["train"]}
        listened = {i: 1 + copies.get(i, 0) for i in self.sounds}
        judging = {i: 1 for part in self.parts for i in (*part["dev"], *part["test"]) if self.own}
        by_base = self._heard(shape.listening, judging, kept[0], self.own) if self.own else Load()
        return {
            "prefix": self._heard(shape.frozen, listened, kept[1], self.padded_to),
            "healing": Load(HEALING_UPDATES if self.healing else 0, self.healing * shape.listening),
            "training": Load().plus(*trainings),
            "evaluation": self.written(shape, adapted, base).plus(by_base),
        }

    def training(
        self, shape: Shape, train: Lengths, dev: Lengths, config: TrainingConfig, made: tuple[int, int] | None = None
    ) -> Load:
        """A training of so many updates and checks; where nothing is said, of all that it could make."""
        n_samples = [round(s * SAMPLE_RATE) for s in train]
        batches, planned = max(1, len(batch_sizes(n_samples, config))), planned_updates(n_samples, config)
        updates, checks = made or (planned, 1 + min(math.ceil(planned / batches), MOST_CHECKS))
        sound = BACKWARD * updates * padded(train, self.padded_to) / batches + checks * padded(dev, self.padded_to)
        return Load(updates, sound * shape.tail + updates * (UPDATE + BLOCK * shape.learning) + TRAINING)

    def written(self, shape: Shape, adapted: Lengths, base: Lengths) -> Load:
        """Adapted models and the base writing clips down; not what the base hears in a window of its own."""
        by_base = padded(base, self.padded_to) * (shape.writing if self.own else shape.tail)
        return Load(len(adapted) + len(base), padded(adapted, self.padded_to) * shape.tail + by_base)

    def _heard(self, price: float, wanted: Mapping[int, int], kept: Kept, window: Seconds | None) -> Load:
        """Clips with their copies, and general speech, heard once; what is kept costs nothing."""
        missing = [(s.length, n - kept.get(s.sha256, 0)) for i, n in wanted.items() if (s := self.sounds.get(i))]
        lengths = [length for length, n in missing for _ in range(n)]
        lengths += () if GENERAL in kept else self.general
        return Load(sum(wanted.values()) + len(self.general), price * padded(lengths, window))

    def _lengths(self, ids: Iterable[int]) -> list[Seconds]:
        return [self.sounds[i].length for i in ids if i in self.sounds]


def padded(clips: Lengths, window: Seconds | None) -> Seconds:
    """Seconds of sound that clips cost in a window."""
    return len(clips) * window if window else sum(clips)
