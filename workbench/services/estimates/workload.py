"""What a run has to do, stage by stage, and what it costs by the model's shape; what is in the cache costs nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from workbench.asr.training.batch_plan import batch_sizes, planned_updates, rehearsed_beside
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.blend import SHARES
from workbench.core.evaluation.learning_curve import sizes_for
from workbench.core.types import SAMPLE_RATE, Block, FreezePlan, Seconds
from workbench.core.windows import HEALING_UPDATES

MOST_CHECKS: Final = 25  # dev scorings in one training, as in asr/training/trainer.py
SAMPLES, FRAMES, WORDS = 600.0, 50.0, 12.0  # times a second that a block's weights are used, by what it sees
BACKWARD: Final = 3.0  # times the work of a forward pass: forward, gradients of activations, gradients of weights
UPDATE, TRAINING = 1.5, 87.0  # billion operations that take as long as the many small ones of an update, of a training
GENERAL: Final = "general"  # among what is kept: general speech to report on, all of it
REHEARSED: Final = "rehearsed"  # among what is kept: general speech to learn from

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
        uses = {"features": FRAMES if decodes else SAMPLES, "encoder": FRAMES}
        costs = [2e-9 * b.parameters * uses.get(b.kind, WORDS if decodes else FRAMES) for b in blocks]
        self.frozen, self.tail = sum(costs[:boundary]), sum(costs[boundary:])
        self.listening = sum(cost for b, cost in zip(blocks, costs, strict=True) if b.kind in uses)
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
        steer: Lengths of the clips of general speech that steer.
        rehearse: Lengths of the clips of general speech that are rehearsed.
    """

    model: str
    parts: Sequence[Mapping[str, Sequence[int]]]
    sounds: Mapping[int, Sound]
    general: Lengths = ()
    padded_to: Seconds | None = None
    own: Seconds | None = None
    healing: Seconds = 0.0
    steer: Lengths = ()
    rehearse: Lengths = ()

    def loads(
        self, plan: FreezePlan, config: TrainingConfig, kept: Sequence[Kept], *, draws: int = 0, dev_turns: int = 0
    ) -> dict[str, Load]:
        """What each stage of a run with these settings has to do, at most.

        Args:
            kept: What the base has heard in its own window, and what the run's frozen part has heard.
            draws: Of each size of a learning curve, whose models are tested too; with folds each fold makes one.
            dev_turns: How often the dev clips are written down besides the checks.
        """
        shape, folds = Shape(plan.blocks, plan.boundary), len(self.parts) > 1
        sides = [[self._lengths(part[side]) for side in ("train", "dev", "test")] for part in self.parts]
        sizes = sizes_for(min(len(train) for train, _, _ in sides))[:-1] * (min(draws, 1) if folds else draws)
        sides += [[train[:n], dev, test] for n in sizes for train, dev, test in sides]
        blends = len(SHARES) if config.blend is None and self.steer else 0
        chosen = [*self.steer] * blends * len(sides) + [s for _, dev, _ in sides for s in dev] * blends
        if folds:  # the one that is delivered makes as many updates as the folds' best, at most
            sides.append([max((train for train, _, _ in sides), key=len), [], []])
        learning = {i for part in self.parts for i in part["train"]}
        judging = {i for part in self.parts for i in (*part["test"], *(part["dev"] if self.own else ()))}
        heard = {i: 1 + (config.augment_copies if i in learning else 0) for i in self.sounds}
        by_base = self._heard(shape.listening, dict.fromkeys(judging, 1), kept[0], self.own) if self.own else Load()
        adapted = [length for _, dev, test in sides for length in (*test, *dev * dev_turns)] + chosen
        return {
            "prefix": self._heard(shape.frozen, heard, kept[1], self.padded_to),
            "healing": Load(HEALING_UPDATES if self.healing else 0, self.healing * shape.listening),
            "training": Load().plus(*(self.training(shape, train, dev, config) for train, dev, _ in sides)),
            "evaluation": self.written(shape, adapted, [*self._lengths(judging), *self.by_base(config)]).plus(by_base),
        }

    def training(
        self, shape: Shape, train: Lengths, dev: Lengths, config: TrainingConfig, made: tuple[int, int] | None = None
    ) -> Load:
        """A training of so many updates and checks; where nothing is said, of all that it could make."""
        n_samples = [round(s * SAMPLE_RATE) for s in train]
        batches, planned = max(1, len(batch_sizes(n_samples, config))), planned_updates(n_samples, config)
        updates, checks = made or (planned, 1 + min(math.ceil(planned / batches), MOST_CHECKS))
        update = padded(train, self.padded_to) / batches + self._beside(n_samples, config)
        sound = BACKWARD * updates * update + checks * padded(dev, self.padded_to)
        return Load(updates, sound * shape.tail + UPDATE * updates + TRAINING)

    def _beside(self, n_samples: Sequence[int], config: TrainingConfig) -> Seconds:
        """General speech in an update, on average."""
        if not self.rehearse or not config.rehearsal:
            return 0.0
        sizes = batch_sizes(n_samples, config)
        clips = sum(rehearsed_beside(n, config.rehearsal) for n in sizes) / max(1, len(sizes))
        return clips * padded(self.rehearse, self.padded_to) / len(self.rehearse)

    def by_base(self, config: TrainingConfig) -> Lengths:
        """General speech that the base writes down, so that it can be rehearsed."""
        return self.rehearse if config.rehearsal_texts == "base" else ()

    def written(self, shape: Shape, adapted: Lengths, base: Lengths) -> Load:
        """Adapted models and the base writing clips down, and general speech; not what the base hears for that."""
        adapted, base = [*adapted, *self.general], [*base, *self.general, *self.steer]
        by_base = padded(base, self.padded_to) * (shape.writing if self.own else shape.tail)
        return Load(len(adapted) + len(base), padded(adapted, self.padded_to) * shape.tail + by_base)

    def _heard(self, price: float, wanted: Mapping[int, int], kept: Kept, window: Seconds | None) -> Load:
        """Clips with their copies, and general speech, heard once; what is kept costs nothing."""
        sounds = [(self.sounds[i], n) for i, n in wanted.items() if i in self.sounds]
        missing = [sound.length for sound, n in sounds for _ in range(n - kept.get(sound.sha256, 0))]
        missing += () if GENERAL in kept else (*self.general, *self.steer)
        missing += () if REHEARSED in kept else self.rehearse
        units = sum(wanted.values()) + len(self.general) + len(self.steer) + len(self.rehearse)
        return Load(units, price * padded(missing, window))

    def _lengths(self, ids: Iterable[int]) -> list[Seconds]:
        return [self.sounds[i].length for i in ids if i in self.sounds]


def padded(clips: Lengths, window: Seconds | None) -> Seconds:
    """Seconds of sound that clips cost in a window."""
    return len(clips) * window if window else sum(clips)
