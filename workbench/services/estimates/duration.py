"""How long a run will take on this machine, before it starts and without torch.

What a run has to do is counted and priced by the model's shape (workload.py). How fast this machine is at it, earlier
runs tell where there are some, those first that had the machine for themselves; a short product of matrices does where
there are none.
"""

import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from sqlalchemy import select

from workbench.asr.catalog.catalog import local_folder
from workbench.asr.catalog.outline import outline, window
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.selection import rungs
from workbench.core.run_result import RunResult
from workbench.core.types import FreezePlan, ModelSpec, Seconds
from workbench.services.estimates.hardware import QUIET_SHARE, busy_lately
from workbench.services.estimates.window import healing_seconds, learn_count
from workbench.services.estimates.workload import (
    Effort,
    Shape,
    count_effort,
    curve_effort,
    padded,
    prices,
    shape_of,
    training_prices,
)
from workbench.store.database import Store
from workbench.store.models import RunRow, now
from workbench.store.runs import active_runs

RUNS_ASKED: Final = 60  # the newest
KEPT_RUNS: Final = 5  # of those that count
LEAST_MEASURED: Final[Seconds] = 0.3  # shorter spans say more about the clock than about the machine
LEAST_PRICED: Final[Seconds] = 0.1  # nor does what should take next to nothing
START_S: Final[Seconds] = 12.0  # loading the libraries, where no run has told yet
REST_S: Final[Seconds] = 3.0  # loading the model, saving
OWN_WORK_S: Final[Seconds] = 120.0  # after a run, until its own work has left the machine's load
PARTS: Final = ("prefix", "training", "evaluation")


@dataclass(frozen=True)
class Expectation:
    """How long a run will take.

    Attributes:
        seconds: From the click to the verdict, at most: a training may stop early.
        measured_in: The runs on this machine that say so; empty for an estimate.
        disturbed: Whether other programs held the machine during those runs, which makes the time too long.
        parts: The seconds of listening once (prefix), learning (training), testing (evaluation) and the rest.
        effort: What it is the time of.
    """

    seconds: Seconds
    measured_in: tuple[str, ...] = ()
    disturbed: bool = False
    parts: Mapping[str, Seconds] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True)
class Times:
    """What a start would take, by what is started.

    Attributes:
        run: A fine-tune.
        curve: One with a learning curve.
        sweep: A race of strategies and rates; None where the model offers fewer than two arms.
        busy: Whether this machine is busy with something else now, so that everything takes longer.
        efforts: A fine-tune of each effort; empty where that cannot be told.
    """

    run: Expectation
    curve: Expectation
    sweep: Expectation | None = None
    busy: bool = False
    efforts: Mapping[str, Expectation] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """The clips of a run, as far as they cost time.

    Attributes:
        model: The base model's name.
        parts: The split, or the folds, each with the ids under train, dev and test.
        durations: Clip id -> length.
        general: Lengths of the clips of general speech.
        padded_to: What every clip is padded to in the run; None where it costs its own length.
        own: What the base pads every clip to.
        healing: Seconds of sound that go through the encoder to heal it for the window; see `Effort`.
    """

    model: str
    parts: Sequence[Mapping[str, Sequence[int]]]
    durations: Mapping[int, Seconds]
    general: Sequence[Seconds] = ()
    padded_to: Seconds | None = None
    own: Seconds | None = None
    healing: Seconds = 0.0


@dataclass(frozen=True)
class _Measured:
    """How an earlier run on this machine went, against what its price list said.

    Attributes:
        quiet: Whether it had the machine for itself.
        small: Whether its learning was small operations more than large products.
    """

    run: str
    model: str
    strategy: str
    ratios: Mapping[str, float]
    rest: Seconds
    start: Seconds
    quiet: bool
    small: bool


@dataclass(frozen=True)
class _Known:
    """What earlier runs say: those of a model, and those of any, newest first."""

    own: Sequence[_Measured]
    every: Sequence[_Measured]

    def alike(self, strategy: str) -> list[_Measured]:
        """The runs that say most: the same strategy on a quiet machine, else any strategy on one, else the others."""
        groups = (
            [m for m in self.own if m.strategy == strategy and m.quiet],
            [m for m in self.own if m.quiet],
            [m for m in self.own if m.strategy == strategy],
            list(self.own),
        )
        return next((group for group in groups if group), [])

    def priced(self, strategy: str, shape: Shape, effort: Effort) -> dict[str, Seconds]:
        """The seconds of each part of so much work."""
        alike = self.alike(strategy)
        priced = {part: s * _ratio(part, alike, self.own) for part, s in prices(shape, effort).items()}
        if alike and alike[0].strategy != strategy:
            # What slows a head down, many small operations, says little of a whole encoder, and the other way round.
            products, rest = training_prices(shape, effort)
            large, small = ([m for m in alike if m.small is which] for which in (False, True))
            hearing = [m.ratios[part] for part in ("prefix", "evaluation") for m in alike if part in m.ratios]
            ratio = _ratio("training", large) if large else statistics.median(hearing or [1.0])
            priced["training"] = products * ratio + rest * _ratio("training", small)
        return priced

    def expectation(self, strategy: str, parts: Mapping[str, Seconds], effort: Effort) -> Expectation:
        """With what comes before and after."""
        alike = self.alike(strategy)
        known = alike or self.every
        rest = statistics.median(m.rest for m in known) if known else REST_S
        start = min(m.start for m in known) if known else START_S
        disturbed = bool(alike) and not alike[0].quiet
        whole = {**parts, "rest": rest}
        names = tuple(m.run for m in alike)
        return Expectation(sum(whole.values()) + start, names, disturbed, whole, effort)


class Expecting:
    """Foretells times from what the store knows of earlier runs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def of_run(self, work: Work, plan: FreezePlan, config: TrainingConfig, *, curve_draws: int = 0) -> Expectation:
        """The time of a run from the click to the verdict.

        Args:
            curve_draws: Of each size of a learning curve; 0 for none.
        """
        effort = _effort(work, config)
        if curve_draws:
            effort += curve_effort(work.parts, work.durations, config, curve_draws, padded_to=work.padded_to)
        return self.foretell(work.model, plan.strategy, shape_of(plan.blocks, plan.boundary), effort)

    def of_sweep(self, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]) -> Expectation:
        """The time of a race of these arms at most: as if those that cost most came through every rung."""
        known = self._known(work.model)
        deepest = max((plan for plan, _ in arms), key=lambda plan: plan.boundary)
        widest = min((plan for plan, _ in arms), key=lambda plan: plan.boundary)
        alone = [_effort(work, config) for _, config in arms]
        most = max(range(len(arms)), key=lambda i: alone[i].heard)
        trained = [
            known.priced(plan.strategy, shape_of(plan.blocks, plan.boundary), effort)["training"]
            for (plan, _), effort in zip(arms, alone, strict=True)
        ]
        share = [(count, made / 2**20) for count, made in rungs(len(arms), 2**20)]
        dearest, updates = sorted(trained, reverse=True), sorted((e.updates for e in alone), reverse=True)
        training = float(max(trained)) if len(work.parts) > 1 else 0.0  # of the model that is delivered
        made, before = max(updates) if len(work.parts) > 1 else 0, 0.0
        for count, until in share:
            training += (until - before) * sum(dearest[:count])
            made += round((until - before) * sum(updates[:count]))
            before = until
        heard = replace(alone[most], learned=0.0, updates=0, checked=0.0, checked_clips=0)
        dev = [work.durations[i] for part in work.parts for i in part["dev"] if i in work.durations]
        turns = 1 + sum(count for count, _ in share)  # the base, and each arm at the end of each rung
        heard = replace(
            heard,
            tested=heard.tested + turns * padded(dev, work.padded_to),
            tested_clips=heard.tested_clips + turns * len(dev),
        )
        parts = {
            "prefix": known.priced(deepest.strategy, shape_of(deepest.blocks, deepest.boundary), heard)["prefix"],
            "training": training,
            "evaluation": known.priced(widest.strategy, shape_of(widest.blocks, widest.boundary), heard)["evaluation"],
            "healing": known.priced(widest.strategy, shape_of(widest.blocks, widest.boundary), heard)["healing"],
        }
        return known.expectation(widest.strategy, parts, replace(heard, updates=made))

    def foretell(self, model: str, strategy: str, shape: Shape, effort: Effort) -> Expectation:
        """The time of a run of this model and shape that does so much."""
        known = self._known(model)
        return known.expectation(strategy, known.priced(strategy, shape, effort), effort)

    def of_a_minute(self, spec: ModelSpec) -> Expectation | None:
        """The time that a model takes to write down a minute of speech, in ten clips."""
        folder = local_folder(spec)
        if folder is None:
            return None
        own = self._known(spec.name).own
        told = [m for m in own if m.ratios.keys() & {"prefix", "evaluation"}]
        told = [m for m in told if m.quiet] or told
        # Listening takes most of it, and goes through large products as the frozen part's listening does.
        slower = statistics.median(m.ratios.get("prefix", m.ratios.get("evaluation", 1.0)) for m in told) if told else 1
        effort = Effort(tested=10 * (window(folder) or 6.0), tested_clips=10)
        seconds = prices(shape_of(outline(folder)), effort)["evaluation"] * slower
        return Expectation(seconds, tuple(m.run for m in told), bool(told) and not told[0].quiet)

    def busy_now(self) -> bool:
        """Whether something else than a run of ours keeps this machine busy, as far as its load tells."""
        if not busy_lately():
            return False
        newest = select(RunRow.finished_at).where(RunRow.finished_at.is_not(None))
        with self.store.session() as session:
            ended = session.scalar(newest.order_by(RunRow.finished_at.desc()).limit(1))
            at_work = bool(active_runs(session))
        return not at_work and (ended is None or (now() - ended).total_seconds() > OWN_WORK_S)

    def _known(self, model: str) -> _Known:
        query = select(RunRow).where(RunRow.status.in_(("done", "stopped"))).order_by(RunRow.id.desc())
        with self.store.session() as session:
            rows = session.scalars(query.limit(RUNS_ASKED)).all()
        every = [m for row in rows if (m := _measured(row)) is not None]
        return _Known([m for m in every if m.model == model and m.ratios][:KEPT_RUNS], every[:KEPT_RUNS])


def work_of(
    spec: ModelSpec,
    config: TrainingConfig,
    parts: Sequence[Mapping[str, Sequence[int]]],
    durations: Mapping[int, Seconds],
    general: Sequence[Seconds],
    *,
    to_heal: bool = False,
) -> Work | None:
    """What a run has to do with these clips; None while the model's files are not here.

    Args:
        general: Lengths of the clips of general speech.
    """
    folder = local_folder(spec)
    if folder is None:
        return None
    own = window(folder)
    padded_to = min(own, config.window or own) if own else None
    healing = healing_seconds(own, padded_to, learn_count()) if to_heal and own and padded_to else 0.0
    return Work(spec.name, parts, durations, general, padded_to, own, healing)


def timing(effort: Effort, others: float) -> dict[str, Any]:
    """What a run's result keeps, so that later runs on this machine can be foretold.

    Args:
        others: Share of the machine's cores that other programs took meanwhile.
    """
    return {"machine": platform.node(), "effort": asdict(effort), "others": round(others, 3)}


def _effort(work: Work, config: TrainingConfig) -> Effort:
    return count_effort(
        work.parts,
        work.durations,
        config,
        general=work.general,
        padded_to=work.padded_to,
        own=work.own,
        healing=work.healing,
    )


def _measured(row: RunRow) -> _Measured | None:
    """A run as a measurement; None for one of another machine or another version."""
    result, plan = RunResult.from_json(row.result), row.plan
    found = result.timing if result else None
    if result is None or not found or found.get("machine") != platform.node():
        return None
    if not plan.get("blocks") or row.started_at is None:
        return None
    took = result.seconds
    shape = Shape(tuple((b["kind"], b["parameters"]) for b in plan["blocks"]), plan["boundary"])
    priced = prices(shape, Effort(**found["effort"]))
    ratios = {
        part: took[part] / seconds
        for part, seconds in priced.items()
        if seconds >= LEAST_PRICED and took.get(part, 0.0) >= LEAST_MEASURED
    }
    rest = took["total"] - sum(took.get(part, 0.0) for part in priced)
    start = (row.started_at - row.created_at).total_seconds()
    quiet = found.get("others", 0.0) <= QUIET_SHARE
    products, others = training_prices(shape, Effort(**found["effort"]))
    strategy, small = row.strategy, others > products
    return _Measured(row.name, row.model["name"], strategy, ratios, max(0.0, rest), start, quiet, small)


def _ratio(part: str, *groups: Sequence[_Measured]) -> float:
    """How much slower than priced this machine was, in the first group that knows; 1 where none does.

    Another model's runs do not count: what slows a head down (many small operations) is nothing to a whole encoder.
    """
    for group in groups:
        known = [m.ratios[part] for m in group if part in m.ratios]
        if known:
            return statistics.median(known)
    return 1.0
