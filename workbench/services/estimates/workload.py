"""What a run has to do, counted in seconds of sound, and what that costs by the model's shape."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Final

from workbench.asr.training.batch_plan import batch_sizes, planned_updates
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.learning_curve import sizes_for
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.services.estimates.hardware import machine_speed

MOST_CHECKS: Final = 25  # dev scorings in one training, as in asr/training/trainer.py
# Times a second that a block's weights are used while sound passes through: convolutions see many more frames than the
# encoder, a decoder sees words, besides its look at every frame.
USES_A_SECOND: Final = {"features": 600.0}
USES_OTHERWISE: Final = 50.0
USES_BEFORE_A_DECODER: Final = {"features": 75.0, "encoder": 50.0}
USES_IN_A_DECODER: Final = 12.0
LISTENING: Final = ("features", "encoder")
BACKWARD: Final = 3.0  # times the work of a forward pass: forward, gradients of activations, gradients of weights
UPDATE_S: Final[Seconds] = 0.012  # of every update, whatever its size
BLOCK_S: Final[Seconds] = 0.0015  # of every learning block in an update: many small operations
TRAINING_S: Final[Seconds] = 1.0  # of every training, to set it up and to take up its best state
LEARNING_SHARE: Final = 0.35  # of the speed of large products that a model of this kind reaches

Lengths = Sequence[Seconds]  # of clips


@dataclass(frozen=True)
class Effort:
    """What a run does, counted in seconds of sound, padding included, and in what its progress counts.

    Attributes:
        heard, heard_clips: What the frozen part listens to once.
        learned: In all updates together.
        checked: Written down at the checks on dev clips.
        tested: Written down by base and adapted.
        based: Written down by the base in its own window, where the run has a shorter one.
        tested_clips: Written down, and heard before where that is in the base's own window.
        healing: What goes through the encoder to heal it, learning counted several times.
    """

    heard: Seconds = 0.0
    heard_clips: int = 0
    learned: Seconds = 0.0
    updates: int = 0
    trainings: int = 0
    checked: Seconds = 0.0
    tested: Seconds = 0.0
    based: Seconds = 0.0
    tested_clips: int = 0
    healing: Seconds = 0.0

    def __add__(self, other: "Effort") -> "Effort":
        mine, theirs = asdict(self), asdict(other)
        return Effort(**{name: mine[name] + theirs[name] for name in mine})


@dataclass(frozen=True)
class Work:
    """The clips of a run, as far as they cost time.

    Attributes:
        model: The base model's name.
        parts: The split, or the folds, each with the ids under train, dev and test.
        durations: Clip id -> length.
        general: Lengths of the clips of general speech.
        padded_to: What every clip is padded to in the run; None where it costs its own length.
        own: What the base pads every clip to, where that is more; else None.
        healing: See `Effort`.
    """

    model: str
    parts: Sequence[Mapping[str, Sequence[int]]]
    durations: Mapping[int, Seconds]
    general: Lengths = ()
    padded_to: Seconds | None = None
    own: Seconds | None = None
    healing: Seconds = 0.0

    def effort(self, config: TrainingConfig, *, curve_draws: int = 0, dev_turns: int = 0) -> Effort:
        """What a run with these settings does at most.

        Args:
            curve_draws: Of each size of a learning curve, whose models are tested too; with folds each fold makes one.
            dev_turns: How often the dev clips are written down besides the checks.
        """
        trains, devs, tests = ([self.lengths(p[side]) for p in self.parts] for side in ("train", "dev", "test"))
        trainings = [self.training(train, dev, config) for train, dev in zip(trains, devs, strict=True)]
        everything = list(self.durations.values())
        if len(trains) > 1:  # the one that is delivered: as many updates as the folds' best, at most
            most = min(self.training(everything, (), config).updates, max(t.updates for t in trainings))
            trainings.append(self.training(everything, (), config, updates=most))
        if curve_draws:
            sizes = sizes_for(min(map(len, trains)))[:-1] * (1 if len(trains) > 1 else curve_draws)
            for train, dev, test in zip(trains, devs, tests, strict=True):
                mean = sum(train) / len(train)
                trainings += [self.training([mean] * n, dev, config) + self.written(test) for n in sizes]
        judging = [*chain(*tests), *self.general]
        steering = self.lengths({i for p in self.parts for i in p["dev"]}) if self.own else []
        copies = self.lengths({i for p in self.parts for i in p["train"]}) * config.augment_copies
        effort = sum(trainings, self.heard([*everything, *self.general, *copies]))
        effort += self.written([*judging, *[*chain(*devs)] * dev_turns], [*judging, *steering])
        return effort + Effort(healing=self.healing)

    def lengths(self, ids: Iterable[int]) -> list[Seconds]:
        return [self.durations[i] for i in ids if i in self.durations]

    def heard(self, clips: Lengths) -> Effort:
        """The frozen part listening to clips of these lengths."""
        return Effort(heard=self._padded(clips), heard_clips=len(clips))

    def training(
        self, train: Lengths, dev: Lengths, config: TrainingConfig, *, updates: int | None = None, checks: int = 0
    ) -> Effort:
        """A training that makes so many updates and checks; where nothing is said, all that it could make."""
        n_samples = [round(s * SAMPLE_RATE) for s in train]
        batches = max(1, len(batch_sizes(n_samples, config)))
        if updates is None:
            updates = planned_updates(n_samples, config)
            checks = 1 + min(math.ceil(updates / batches), MOST_CHECKS)
        learned, checked = updates * self._padded(train) / batches, checks * self._padded(dev)
        return Effort(learned=learned, updates=updates, trainings=1, checked=checked)

    def written(self, adapted: Lengths, base: Lengths = ()) -> Effort:
        """Adapted models and the base writing down clips of these lengths, the base in its own window."""
        tested = self._padded(adapted)
        if self.own is None:
            return Effort(tested=tested + self._padded(base), tested_clips=len(adapted) + len(base))
        return Effort(tested=tested, based=len(base) * self.own, tested_clips=len(adapted) + 2 * len(base))

    def _padded(self, clips: Lengths) -> Seconds:
        return len(clips) * self.padded_to if self.padded_to else sum(clips)


def prices(blocks: Sequence[tuple[str, int]], boundary: int, effort: Effort) -> dict[str, Seconds]:
    """The seconds of each stage of a run, by this machine's speed in large products.

    Args:
        blocks: Kind and number of weights of each block of the model.
        boundary: Number of leading blocks that are frozen and listen once.
    """
    decodes = any(kind == "decoder" for kind, _ in blocks)
    uses, otherwise = (USES_BEFORE_A_DECODER, USES_IN_A_DECODER) if decodes else (USES_A_SECOND, USES_OTHERWISE)

    def of_a_second(some: Sequence[tuple[str, int]]) -> Seconds:
        return 2e-9 / (LEARNING_SHARE * machine_speed()) * sum(n * uses.get(kind, otherwise) for kind, n in some)

    frozen, tail = of_a_second(blocks[:boundary]), of_a_second(blocks[boundary:])
    listening = of_a_second([block for block in blocks if block[0] in LISTENING])
    updates = effort.updates * (UPDATE_S + BLOCK_S * (len(blocks) - boundary)) + effort.trainings * TRAINING_S
    return {
        "prefix": effort.heard * frozen,
        "healing": effort.healing * listening,
        "training": (BACKWARD * effort.learned + effort.checked) * tail + updates,
        "evaluation": effort.tested * tail + effort.based * listening,
    }
