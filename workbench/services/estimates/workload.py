"""What a run has to do, counted, and what it costs by the model's shape: seconds heard, learned from, written down."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from workbench.asr.training.batch_plan import batch_sizes, planned_updates
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.learning_curve import sizes_for
from workbench.core.types import SAMPLE_RATE, Block, Seconds
from workbench.services.estimates.hardware import machine_speed

MOST_CHECKS: Final = 25  # dev scorings in one training, as in asr/training/trainer.py
# Times a second that a block's weights are used while sound passes through: convolutions see many more frames than the
# encoder, a decoder sees words, besides its look at every frame.
USES_A_SECOND: Final = {"features": 600.0}
USES_A_SECOND_SEQ2SEQ: Final = {"features": 75.0, "encoder": 50.0}
USES_OTHERWISE: Final = {"ctc": 50.0, "seq2seq": 12.0}
LISTENING: Final = ("features", "encoder")
BACKWARD: Final = 3.0  # times the work of a forward pass: forward, gradients of activations, gradients of weights
UPDATE_S: Final[Seconds] = 0.012  # of every update, whatever its size
TRAINING_S: Final[Seconds] = 1.0  # of every training, to set it up and to take up its best state
LAYER_S: Final[Seconds] = 0.0015  # of every learning block in an update: many small operations
WRITING_S: Final[Seconds] = 0.004  # of a decoder layer for a clip's words, one after the other
LEARNING_SHARE: Final = 0.35  # of the speed of large products that a model of this kind reaches


@dataclass(frozen=True)
class Effort:
    """What a run does, counted.

    Attributes:
        heard: Seconds of sound that the frozen part listens to once.
        learned: Seconds of sound in all updates together.
        updates: Number of updates.
        checked: Seconds of sound written down at the checks on dev clips.
        tested: Seconds of sound written down by base and adapted.
        checked_clips, tested_clips: Clips written down.
        heard_clips: Clips that the frozen part listens to, altered copies included.
        trainings: Number of trainings.
        based: Seconds of sound that the base writes down in its own window, where the run has a shorter one.
        based_clips: Clips of them.
        healing: Seconds of sound that go through the encoder to heal it, learning counted several times.
    """

    heard: Seconds = 0.0
    learned: Seconds = 0.0
    updates: int = 0
    checked: Seconds = 0.0
    tested: Seconds = 0.0
    checked_clips: int = 0
    tested_clips: int = 0
    heard_clips: int = 0
    trainings: int = 0
    based: Seconds = 0.0
    based_clips: int = 0
    healing: Seconds = 0.0

    def __add__(self, other: "Effort") -> "Effort":
        mine, theirs = asdict(self), asdict(other)
        return Effort(**{name: mine[name] + theirs[name] for name in mine})


@dataclass(frozen=True)
class Training:
    """One training of a run: its updates, the lengths of its clips, how often its dev clips are written down."""

    updates: int
    train: Sequence[Seconds]
    dev: Sequence[Seconds]
    checks: int


@dataclass(frozen=True)
class Shape:
    """A model as far as its speed is concerned.

    Attributes:
        blocks: Kind and number of weights of each block.
        boundary: Number of leading blocks that are frozen and listen once.
    """

    blocks: tuple[tuple[str, int], ...]
    boundary: int = 0

    @property
    def family(self) -> str:
        return "seq2seq" if any(kind == "decoder" for kind, _ in self.blocks) else "ctc"

    def work(self, blocks: Sequence[tuple[str, int]]) -> float:
        """Billions of operations for a second of sound through some of the blocks."""
        uses = USES_A_SECOND_SEQ2SEQ if self.family == "seq2seq" else USES_A_SECOND
        return 2e-9 * sum(n * uses.get(kind, USES_OTHERWISE[self.family]) for kind, n in blocks)


def shape_of(blocks: Sequence[Block], boundary: int = 0) -> Shape:
    return Shape(tuple((b.kind, b.parameters) for b in blocks), boundary)


def count_effort(
    parts: Sequence[Mapping[str, Sequence[int]]],
    durations: Mapping[int, Seconds],
    config: TrainingConfig,
    *,
    general: Sequence[Seconds] = (),
    padded_to: Seconds | None = None,
    own: Seconds | None = None,
    healing: Seconds = 0.0,
) -> Effort:
    """What a run with these settings does at most.

    Args:
        parts: Its split, or its folds, each with the ids under train, dev and test.
        durations: Clip id -> length.
        general: Lengths of the clips of general speech.
        padded_to: What every clip is padded to in this run; None where it costs its own length.
        own: What the base pads every clip to, where that is more.
        healing: See `Effort`.
    """

    def lengths(ids: Iterable[int]) -> list[Seconds]:
        return [durations[i] for i in ids if i in durations]

    trainings = [_training(lengths(part["train"]), lengths(part["dev"]), config) for part in parts]
    if len(parts) > 1:  # the one that is delivered: as many updates as the folds' best, at most
        everything = list(durations.values())
        most = min(_planned(everything, config), max(t.updates for t in trainings))
        trainings.append(Training(most, everything, [], 0))
    learning = lengths({i for part in parts for i in part["train"]})
    tested = [*lengths(i for part in parts for i in part["test"]), *general]
    heard = [*durations.values(), *general, *learning * config.augment_copies]
    effort = sum_effort(trainings, config, heard=heard, tested=tested, padded_to=padded_to)
    steering = lengths({i for part in parts for i in part["dev"]})
    return replace(in_own_window(effort, [*tested, *steering], len(tested), padded_to, own), healing=healing)


def in_own_window(
    effort: Effort, based: Sequence[Seconds], n_tested: int, padded_to: Seconds | None, own: Seconds | None
) -> Effort:
    """The effort of a run in a shorter window, whose base hears in its own.

    Args:
        based: Lengths of what the base writes down: the test clips, those of general speech, the dev clips.
        n_tested: Clips that base and adapted write down, each.
    """
    if own is None or padded_to is None or padded_to >= own:
        return effort
    return replace(
        effort,
        tested=effort.tested / 2,
        tested_clips=n_tested,
        based=padded(based, own),
        based_clips=len(based),
    )


def curve_effort(
    parts: Sequence[Mapping[str, Sequence[int]]],
    durations: Mapping[int, Seconds],
    config: TrainingConfig,
    draws: int,
    *,
    padded_to: Seconds | None = None,
) -> Effort:
    """What a learning curve does besides the run itself: trainings on parts of the clips, each tested once.

    Args:
        draws: Of each size; with folds each fold makes one.
    """

    def lengths(ids: Iterable[int]) -> list[Seconds]:
        return [durations[i] for i in ids if i in durations]

    sizes = sizes_for(min(len(lengths(part["train"])) for part in parts))[:-1]
    trainings, written = [], Effort()
    for part in parts:
        train, dev, test = (lengths(part[name]) for name in ("train", "dev", "test"))
        for size in sizes * (1 if len(parts) > 1 else draws):
            mean = sum(train) / len(train)
            trainings.append(_training([mean] * size, dev, config))
            written += Effort(tested=padded(test, padded_to), tested_clips=len(test))
    return written + sum_effort(trainings, config, heard=(), tested=(), padded_to=padded_to)


def _training(train: Sequence[Seconds], dev: Sequence[Seconds], config: TrainingConfig) -> Training:
    """A training to its end, with every check that it could make."""
    updates, batches = _planned(train, config), _batches(train, config)
    passes = math.ceil(updates / max(1, batches))
    return Training(updates, train, dev, 1 + min(passes, MOST_CHECKS) if dev else 0)


def sum_effort(
    trainings: Sequence[Training],
    config: TrainingConfig,
    *,
    heard: Sequence[Seconds],
    tested: Sequence[Seconds],
    padded_to: Seconds | None,
) -> Effort:
    """The effort of these trainings.

    Args:
        heard: Lengths of what the frozen part listens to.
        tested: Lengths of what base and adapted write down, each.
    """

    return Effort(
        heard=padded(heard, padded_to),
        learned=sum(t.updates * padded(t.train, padded_to) / max(1, _batches(t.train, config)) for t in trainings),
        updates=sum(t.updates for t in trainings),
        checked=sum(t.checks * padded(t.dev, padded_to) for t in trainings),
        tested=2 * padded(tested, padded_to),
        checked_clips=sum(t.checks * len(t.dev) for t in trainings),
        tested_clips=2 * len(tested),
        heard_clips=len(heard),
        trainings=len(trainings),
    )


def padded(clips: Sequence[Seconds], padded_to: Seconds | None) -> Seconds:
    """The sound that these clips cost."""
    return len(clips) * padded_to if padded_to else sum(clips)


def _samples(clips: Sequence[Seconds]) -> list[int]:
    return [round(s * SAMPLE_RATE) for s in clips]


def _batches(clips: Sequence[Seconds], config: TrainingConfig) -> int:
    return len(batch_sizes(_samples(clips), config))


def _planned(clips: Sequence[Seconds], config: TrainingConfig) -> int:
    return planned_updates(_samples(clips), config)


def prices(shape: Shape, effort: Effort) -> dict[str, Seconds]:
    """The seconds of each part of a run, by the model's shape and this machine's speed at large products."""
    frozen, tail = shape.blocks[: shape.boundary], shape.blocks[shape.boundary :]
    listening = [(kind, n) for kind, n in shape.blocks if kind in LISTENING]
    speed, layers = LEARNING_SHARE * machine_speed(), _decoder_layers(shape)
    written = (effort.tested_clips + effort.based_clips) * layers * WRITING_S
    heard = effort.tested * shape.work(tail) + effort.based * shape.work(listening)
    return {
        "prefix": effort.heard * shape.work(frozen) / speed,
        "training": sum(training_prices(shape, effort)),
        "evaluation": heard / speed + written,
        "healing": effort.healing * shape.work(listening) / speed,
    }


def training_prices(shape: Shape, effort: Effort) -> tuple[Seconds, Seconds]:
    """The seconds of learning in large products, and those in everything that costs the same whatever the size."""
    tail = shape.blocks[shape.boundary :]
    products = (BACKWARD * effort.learned + effort.checked) * shape.work(tail) / (LEARNING_SHARE * machine_speed())
    updates = effort.updates * (UPDATE_S + LAYER_S * len(tail)) + effort.trainings * TRAINING_S
    return products, updates + effort.checked_clips * _decoder_layers(shape) * WRITING_S


def _decoder_layers(shape: Shape) -> int:
    return sum(kind == "decoder" for kind, _ in shape.blocks)
