"""How long a run will take on this machine, before it starts and without torch.

What a run has to do is priced by the model's shape (workload.py). The last runs of the model that had the machine for
themselves tell how many times longer each stage takes here; before there are any, a short product of matrices does.
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

from sqlalchemy import select

from workbench.asr.catalog.catalog import local_folder
from workbench.asr.catalog.outline import outline, window
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.selection import rungs
from workbench.core.run_result import RunResult
from workbench.core.types import FreezePlan, ModelSpec, Seconds
from workbench.services.estimates.hardware import QUIET_SHARE, busy_lately
from workbench.services.estimates.workload import Effort, Work, prices
from workbench.store.database import Store
from workbench.store.models import RunRow, now
from workbench.store.runs import active_runs

RUNS_ASKED: Final = 60  # the newest
LEAST_MEASURED: Final[Seconds] = 0.3  # shorter spans say more about the clock than about the machine
LEAST_PRICED: Final[Seconds] = 0.1  # nor does what should take next to nothing
LARGE_UPDATE_S: Final[Seconds] = 0.04  # from this price on an update is large products more than small operations
START_S: Final[Seconds] = 12.0  # loading the libraries, where no run has told yet
REST_S: Final[Seconds] = 3.0  # loading the model, saving
OWN_WORK_S: Final[Seconds] = 120.0  # after a run, until its own work has left the machine's load


@dataclass(frozen=True)
class Expectation:
    """How long a run will take.

    Attributes:
        seconds: From the click to the verdict, at most: a training may stop early.
        measured_in: The runs on this machine that say so; empty for an estimate.
        disturbed: Whether other programs held the machine during those runs, which makes the time too long.
        parts: The seconds of listening once (prefix), healing, learning (training), testing (evaluation) and the rest.
        effort: What it is the time of.
    """

    seconds: Seconds
    measured_in: tuple[str, ...] = ()
    disturbed: bool = False
    parts: Mapping[str, Seconds] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True)
class _Measured:
    """How an earlier run on this machine went.

    Attributes:
        slower: How many times longer than priced each stage took; without those too short to tell.
        large: Whether its updates were large products more than small operations.
        quiet: Whether it had the machine for itself.
    """

    run: str
    model: str
    strategy: str
    slower: Mapping[str, float]
    large: bool
    rest: Seconds
    start: Seconds
    quiet: bool


class Expecting:
    """Foretells times from what the store knows of earlier runs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def of_run(self, work: Work, plan: FreezePlan, config: TrainingConfig, *, curve_draws: int = 0) -> Expectation:
        """The time of a run from the click to the verdict.

        Args:
            curve_draws: Of each size of a learning curve; 0 for none.
        """
        return self._of_plan(work.model, plan, work.effort(config, curve_draws=curve_draws))

    def of_sweep(self, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]) -> Expectation:
        """The time of a race of these arms at most: as if those that cost most came through every rung."""
        race = rungs(len(arms), 2**20)
        turns = 1 + sum(count for count, _ in race)  # the base, and each arm at the end of each rung
        alone = [self._of_plan(work.model, plan, work.effort(config, dev_turns=turns)) for plan, config in arms]
        alone.sort(key=lambda arm: arm.parts["training"], reverse=True)
        training, updates, before = 0.0, 0.0, 0
        for count, made in race:
            share, before = (made - before) / race[-1][1], made
            training += share * sum(arm.parts["training"] for arm in alone[:count])
            updates += share * sum(arm.effort.updates for arm in alone[:count])
        longest = {stage: max(arm.parts[stage] for arm in alone) for stage in alone[0].parts} | {"training": training}
        more = sum(longest.values()) - sum(alone[0].parts.values())
        effort = replace(max((arm.effort for arm in alone), key=lambda e: e.heard), updates=round(updates))
        return replace(alone[0], seconds=alone[0].seconds + more, parts=longest, effort=effort)

    def _of_plan(self, model: str, plan: FreezePlan, effort: Effort) -> Expectation:
        blocks = [(b.kind, b.parameters) for b in plan.blocks]
        return self.foretell(model, plan.strategy, prices(blocks, plan.boundary, effort), effort)

    def foretell(self, model: str, strategy: str, priced: Mapping[str, Seconds], effort: Effort) -> Expectation:
        """The time of a run of this model whose stages have these prices."""
        every = self.store.cached("measured runs", self._measured)
        own = [m for m in every if m.model == model]
        own.sort(key=lambda m: (not m.quiet, m.strategy != strategy))  # the newest first among equals
        parts, told = {}, list[_Measured]()
        for stage, seconds in priced.items():
            known = _slower(own, stage, strategy, _large(priced, effort)) if seconds else None
            parts[stage] = seconds * (known[1] if known else 1.0)
            told += [known[0]] if known else []
        parts["rest"] = next((m.rest for m in own or every), REST_S)
        start = min((m.start for m in every), default=START_S)
        told.sort(key=own.index)
        runs = tuple(dict.fromkeys(m.run for m in told))
        return Expectation(sum(parts.values()) + start, runs, any(not m.quiet for m in told), parts, effort)

    def of_a_minute(self, spec: ModelSpec) -> Expectation | None:
        """The time that a model takes to write down a minute of speech, in ten clips."""
        folder = local_folder(spec)
        if folder is None:
            return None
        effort = Effort(tested=10 * (window(folder) or 6.0))
        blocks = [(b.kind, b.parameters) for b in outline(folder)]
        found = self.foretell(spec.name, "", {"hearing": prices(blocks, 0, effort)["evaluation"]}, effort)
        return replace(found, seconds=found.parts["hearing"])

    def busy_now(self) -> bool:
        """Whether something else than a run of ours keeps this machine busy, as far as its load tells."""
        if not busy_lately():
            return False
        newest = select(RunRow.finished_at).where(RunRow.finished_at.is_not(None))
        with self.store.session() as session:
            ended = session.scalar(newest.order_by(RunRow.finished_at.desc()).limit(1))
            at_work = bool(active_runs(session))
        return not at_work and (ended is None or (now() - ended).total_seconds() > OWN_WORK_S)

    def _measured(self) -> list[_Measured]:
        """The runs that say how fast this machine is, newest first."""
        query = select(RunRow).where(RunRow.status == "done").order_by(RunRow.id.desc()).limit(RUNS_ASKED)
        with self.store.session() as session:
            return [m for row in session.scalars(query) if (m := _measure(row))]


def _slower(runs: Sequence[_Measured], stage: str, strategy: str, large: bool) -> tuple[_Measured, float] | None:
    """How many times longer than priced a stage takes, and the run that says so; None where none does.

    Another strategy's training tells only where its updates are as large: a head learns by many small operations and a
    whole encoder by large products. What no run tells of a stage, listening does.
    """
    asked = [(stage, m) for m in runs if stage != "training" or m.strategy == strategy]
    asked += [(stage, m) for m in runs if m.large == large]
    asked += [(listening, m) for listening in ("prefix", "evaluation") for m in runs]
    return next(((m, m.slower[name]) for name, m in asked if name in m.slower), None)


def _large(priced: Mapping[str, Seconds], effort: Effort) -> bool:
    return priced.get("training", 0.0) >= LARGE_UPDATE_S * effort.updates


def timing(effort: Effort, others: float) -> dict[str, Any]:
    """What a run's result keeps, so that later runs on this machine can be foretold.

    Args:
        others: Share of the machine's cores that other programs took meanwhile.
    """
    return {"machine": platform.node(), "effort": asdict(effort), "others": round(others, 3)}


def _measure(row: RunRow) -> _Measured | None:
    """A run as a measurement; None for one of another machine or another version."""
    result, plan = RunResult.from_json(row.result), row.plan
    found = result.timing if result else None
    if result is None or not found or found.get("machine") != platform.node():
        return None
    if not plan.get("blocks") or row.started_at is None:
        return None
    blocks = [(b["kind"], b["parameters"]) for b in plan["blocks"]]
    effort = Effort(**{f.name: found["effort"].get(f.name, 0) for f in fields(Effort)})  # of whatever version
    priced, took = prices(blocks, plan["boundary"], effort), result.seconds
    slower = {
        stage: took[stage] / seconds
        for stage, seconds in priced.items()
        if seconds >= LEAST_PRICED and took.get(stage, 0.0) >= LEAST_MEASURED
    }
    rest = max(0.0, took["total"] - sum(took.get(stage, 0.0) for stage in priced))
    start = (row.started_at - row.created_at).total_seconds()
    quiet = found.get("others", 0.0) <= QUIET_SHARE
    large = _large(priced, effort)
    return _Measured(row.name, row.model["name"], row.strategy, slower, large, rest, start, quiet)
