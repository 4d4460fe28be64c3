"""How long a run will take on this machine, before it starts and without torch.

What a run has to do is counted (seconds of sound heard by the frozen part, learned from, written down) and priced by
the model's shape. How fast this machine is at it, earlier runs tell where there are some; a short product of matrices
does where there are none.
"""

import math
import os
import platform
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from sqlalchemy import select

from workbench.asr.catalog import local_folder
from workbench.asr.outline import outline, window
from workbench.asr.packing import batch_sizes, planned_updates
from workbench.core.config import TrainingConfig
from workbench.core.types import SAMPLE_RATE, Block, FreezePlan, ModelSpec, Seconds
from workbench.services.general import general_lengths
from workbench.store.database import Store
from workbench.store.models import ClipSetRow, RunRow

MOST_CHECKS: Final = 25  # dev scorings in one training, as in asr/training.py
RUNS_ASKED: Final = 60  # the newest
KEPT_RUNS: Final = 5  # of those that count
LEAST_MEASURED: Final[Seconds] = 0.3  # shorter spans say more about the clock than about the machine
# Times a second that a block's weights are used while sound passes through: convolutions see many more frames than the
# encoder, a decoder sees words, besides its look at every frame.
USES_A_SECOND: Final = {"features": 600.0}
USES_A_SECOND_SEQ2SEQ: Final = {"features": 75.0, "encoder": 50.0}
USES_OTHERWISE: Final = {"ctc": 50.0, "seq2seq": 12.0}
BACKWARD: Final = 3.0  # times the work of a forward pass: forward, gradients of activations, gradients of weights
UPDATE_S: Final[Seconds] = 0.012  # of every update, whatever its size
LAYER_S: Final[Seconds] = 0.0015  # of every learning block in an update: many small operations
WRITING_S: Final[Seconds] = 0.004  # of a decoder layer for a clip's words, one after the other
LEARNING_SHARE: Final = 0.35  # of the speed of large products that a model of this kind reaches
START_S: Final[Seconds] = 12.0  # loading the libraries, where no run has told yet
REST_S: Final[Seconds] = 3.0  # loading the model, saving


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
    """

    heard: Seconds = 0.0
    learned: Seconds = 0.0
    updates: int = 0
    checked: Seconds = 0.0
    tested: Seconds = 0.0
    checked_clips: int = 0
    tested_clips: int = 0


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


@dataclass(frozen=True)
class Expectation:
    """How long a run will take.

    Attributes:
        seconds: From the click to the verdict, at most: a training may stop early.
        measured_in: The runs on this machine that say so; empty for an estimate.
    """

    seconds: Seconds
    measured_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Measured:
    """How an earlier run on this machine went, against what its price list said."""

    run: str
    model: str
    strategy: str
    ratios: Mapping[str, float]
    rest: Seconds
    start: Seconds


class Expecting:
    """Foretells times from what the store knows of earlier runs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def of_run(
        self,
        set_name: str,
        plan: FreezePlan | None,
        spec: ModelSpec,
        config: TrainingConfig,
        parts: Sequence[Mapping[str, Sequence[int]]],
        durations: Mapping[int, Seconds],
    ) -> Expectation | None:
        """The time of a run from the click to the verdict; None while the model's files are not here.

        Args:
            parts: Its split, or its folds, each with the ids under train, dev and test.
            durations: Clip id -> length.
        """
        folder = local_folder(spec)
        if plan is None or folder is None:
            return None
        with self.store.session() as session:
            own = session.scalars(
                select(ClipSetRow.id).where(ClipSetRow.name == set_name, ClipSetRow.deleted_at.is_(None))
            ).one()
            general = general_lengths(session, config.general_set, own)
        effort = count_effort(parts, durations, config, general=general, padded_to=window(folder))
        return self.foretell(spec.name, plan.strategy, shape_of(plan.blocks, plan.boundary), effort)

    def foretell(self, model: str, strategy: str, shape: Shape, effort: Effort) -> Expectation:
        """The time of a run of this model and shape that does so much."""
        own, every = self._measured(model)
        alike = [m for m in own if m.strategy == strategy] or own
        ratios = {part: _ratio(part, alike, own) for part in ("prefix", "training", "evaluation")}
        expected = sum(seconds * ratios[part] for part, seconds in prices(shape, effort).items())
        known = alike or every
        expected += statistics.median(m.rest for m in known) if known else REST_S
        expected += min(m.start for m in known) if known else START_S
        return Expectation(expected, tuple(m.run for m in alike))

    def of_a_minute(self, spec: ModelSpec) -> Expectation | None:
        """The time that a model takes to write down a minute of speech, in ten clips."""
        folder = local_folder(spec)
        if folder is None:
            return None
        own, _ = self._measured(spec.name)
        effort = Effort(tested=10 * (window(folder) or 6.0), tested_clips=10)
        seconds = prices(shape_of(outline(folder)), effort)["evaluation"] * _ratio("evaluation", own)
        return Expectation(seconds, tuple(m.run for m in own if "evaluation" in m.ratios))

    def _measured(self, model: str) -> tuple[list[_Measured], list[_Measured]]:
        """The newest runs on this machine that tell: those of a model, and those of any."""
        query = select(RunRow).where(RunRow.status.in_(("done", "stopped"))).order_by(RunRow.id.desc())
        with self.store.session() as session:
            rows = session.scalars(query.limit(RUNS_ASKED)).all()
        every = [m for row in rows if (m := _measured(row)) is not None]
        return [m for m in every if m.model == model][:KEPT_RUNS], every[:KEPT_RUNS]


def shape_of(blocks: Sequence[Block], boundary: int = 0) -> Shape:
    return Shape(tuple((b.kind, b.parameters) for b in blocks), boundary)


def count_effort(
    parts: Sequence[Mapping[str, Sequence[int]]],
    durations: Mapping[int, Seconds],
    config: TrainingConfig,
    *,
    general: Sequence[Seconds] = (),
    padded_to: Seconds | None = None,
) -> Effort:
    """What a run with these settings does at most.

    Args:
        parts: Its split, or its folds, each with the ids under train, dev and test.
        durations: Clip id -> length.
        general: Lengths of the clips of general speech.
        padded_to: What the model pads every clip to; None where it does not.
    """

    def lengths(ids: Iterable[int]) -> list[Seconds]:
        return [durations[i] for i in ids if i in durations]

    trainings = []
    for part in parts:
        train, dev = lengths(part["train"]), lengths(part["dev"])
        updates, batches = _planned(train, config), _batches(train, config)
        passes = math.ceil(updates / max(1, batches))
        trainings.append(Training(updates, train, dev, 1 + min(passes, MOST_CHECKS) if dev else 0))
    if len(parts) > 1:  # the one that is delivered: as many updates as the folds' best, at most
        everything = list(durations.values())
        most = min(_planned(everything, config), max(t.updates for t in trainings))
        trainings.append(Training(most, everything, [], 0))
    learning = lengths({i for part in parts for i in part["train"]})
    tested = [*lengths(i for part in parts for i in part["test"]), *general]
    heard = [*durations.values(), *general, *learning * config.augment_copies]
    return sum_effort(trainings, config, heard=heard, tested=tested, padded_to=padded_to)


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

    def sound(clips: Sequence[Seconds]) -> Seconds:
        return len(clips) * padded_to if padded_to else sum(clips)

    return Effort(
        heard=sound(heard),
        learned=sum(t.updates * sound(t.train) / max(1, _batches(t.train, config)) for t in trainings),
        updates=sum(t.updates for t in trainings),
        checked=sum(t.checks * sound(t.dev) for t in trainings),
        tested=2 * sound(tested),
        checked_clips=sum(t.checks * len(t.dev) for t in trainings),
        tested_clips=2 * len(tested),
    )


def _samples(clips: Sequence[Seconds]) -> list[int]:
    return [round(s * SAMPLE_RATE) for s in clips]


def _batches(clips: Sequence[Seconds], config: TrainingConfig) -> int:
    return len(batch_sizes(_samples(clips), config))


def _planned(clips: Sequence[Seconds], config: TrainingConfig) -> int:
    return planned_updates(_samples(clips), config)


def prices(shape: Shape, effort: Effort) -> dict[str, Seconds]:
    """The seconds of each part of a run, by the model's shape and this machine's speed at large products."""
    frozen, tail = shape.blocks[: shape.boundary], shape.blocks[shape.boundary :]
    speed = LEARNING_SHARE * machine_speed()
    layers = sum(kind == "decoder" for kind, _ in shape.blocks)
    updates = effort.updates * (UPDATE_S + LAYER_S * len(tail))
    return {
        "prefix": effort.heard * shape.work(frozen) / speed,
        "training": (BACKWARD * effort.learned + effort.checked) * shape.work(tail) / speed
        + updates
        + effort.checked_clips * layers * WRITING_S,
        "evaluation": effort.tested * shape.work(tail) / speed + effort.tested_clips * layers * WRITING_S,
    }


def timing(effort: Effort) -> dict[str, Any]:
    """What a run's result keeps, so that later runs on this machine can be foretold."""
    return {"machine": platform.node(), "effort": asdict(effort)}


@cache
def machine_speed() -> float:
    """Billions of operations a second in a product of matrices, measured once a process, in about 0.1 s."""
    a = np.ones((512, 512), dtype=np.float32)
    a @ a  # the first product starts the threads
    best, ends = 0.0, time.monotonic() + 0.1
    while time.monotonic() < ends:
        began = time.perf_counter()
        a @ a
        best = max(best, 2e-9 * 512**3 / max(1e-9, time.perf_counter() - began))
    return best or 10.0 * (os.cpu_count() or 1)


def _measured(row: RunRow) -> _Measured | None:
    """A run as a measurement; None for one of another machine or another version."""
    found, plan = row.result.get("timing"), row.plan
    if not found or found.get("machine") != platform.node() or not plan.get("blocks") or row.started_at is None:
        return None
    took = row.result["seconds"]
    shape = Shape(tuple((b["kind"], b["parameters"]) for b in plan["blocks"]), plan["boundary"])
    priced = prices(shape, Effort(**found["effort"]))
    ratios = {
        part: took[part] / seconds
        for part, seconds in priced.items()
        if seconds > 0 and took.get(part, 0.0) >= LEAST_MEASURED
    }
    rest = took["total"] - sum(took[part] for part in priced)
    start = (row.started_at - row.created_at).total_seconds()
    return _Measured(row.name, row.model["name"], row.strategy, ratios, max(0.0, rest), start)


def _ratio(part: str, *groups: Sequence[_Measured]) -> float:
    """How much slower than priced this machine was, in the first group that knows; 1 where none does.

    Another model's runs do not count: what slows a head down (many small operations) is nothing to a whole encoder.
    """
    for group in groups:
        known = [m.ratios[part] for m in group if part in m.ratios]
        if known:
            return statistics.median(known)
    return 1.0
