"""How long a run will take on this machine, before it starts and without torch.

What a run has to do is counted by the model's shape (workload.py). What a billion operations take here, the last run of
the model tells for each stage; before there is one, a short product of matrices does.
"""

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from workbench.asr.catalog.catalog import local_folder
from workbench.asr.catalog.outline import outline, window
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.selection import rungs
from workbench.core.types import FreezePlan, ModelSpec, Seconds
from workbench.services.estimates.hardware import busy_lately, machine_speed
from workbench.services.estimates.workload import GENERAL, REHEARSED, Kept, Load, Shape, Work
from workbench.store.database import Store
from workbench.store.models import RunRow, now
from workbench.store.runs import active_runs

RUNS_ASKED: Final = 60  # the newest
HASH_DIGITS: Final = 64  # with which the name of a file in the cache begins
LEAST_COST: Final = 9.0  # billion operations; a smaller stage says more about the clock than about the machine
QUIET_SHARE: Final = 0.25  # of the cores that others may take while a measured time still counts as undisturbed
LEARNING_SHARE: Final = 0.35  # of the speed of large products that a model of this kind reaches
REST_S: Final[Seconds] = 15.0  # loading the libraries and the model, saving
OWN_WORK_S: Final[Seconds] = 120.0  # after a run, until its own work has left the machine's load


@dataclass(frozen=True)
class Expectation:
    """How long a run will take, from the click to the verdict, at most: a training may stop early.

    Attributes:
        parts: Seconds of listening once (prefix), healing, learning (training), testing (evaluation) and the rest.
        loads: What they are the times of.
        measured_in: The runs on this machine that say so; empty for an estimate.
        disturbed: Whether other programs held the machine during those runs, which makes the time too long.
    """

    parts: Mapping[str, Seconds]
    loads: Mapping[str, Load] = field(default_factory=dict)
    measured_in: tuple[str, ...] = ()
    disturbed: bool = False

    @property
    def seconds(self) -> Seconds:
        return sum(self.parts.values())


class Expecting:
    """Foretells times from what the store knows of earlier runs, and from what these left in the cache.

    Args:
        cache: The workspace's folder of features.
    """

    def __init__(self, store: Store, cache: Path) -> None:
        self._store, self._cache = store, cache

    def of_run(
        self, work: Work, plan: FreezePlan, config: TrainingConfig, *, draws: int = 0, dev_turns: int = 0
    ) -> Expectation:
        """The time of a run; see `Work.loads`."""
        kept = [self._kept(hearing, config.general_set) for hearing in hearings(work.model, plan.boundary, config)]
        loads = work.loads(plan, config, kept, draws=draws, dev_turns=dev_turns)
        return self.foretell(work.model, plan.strategy, loads)

    def of_sweep(self, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]) -> Expectation:
        """The time of a race of these arms at most: as if those that cost most came through every rung."""
        race = rungs(len(arms), 2**20)
        turns = 1 + sum(count for count, _ in race)  # the base, and each arm at the end of each rung
        alone = [self.of_run(work, plan, config, dev_turns=turns) for plan, config in arms]
        alone.sort(key=lambda arm: arm.parts["training"], reverse=True)
        made = [max(made for count, made in race if i < count) / race[-1][1] for i in range(len(arms))]
        parts = {stage: max(arm.parts[stage] for arm in alone) for stage in alone[0].parts}
        parts["training"] = sum(share * arm.parts["training"] for share, arm in zip(made, alone, strict=True))
        updates = sum(share * arm.loads["training"].units for share, arm in zip(made, alone, strict=True))
        return replace(alone[0], parts=parts, loads={**alone[0].loads, "training": Load(round(updates))})

    def foretell(self, model: str, strategy: str, loads: Mapping[str, Load]) -> Expectation:
        """The time of a run of this model whose stages have to do this.

        A stage takes as long as it took last; a training that no run of this strategy tells of, and any other stage
        that none does, is as fast as listening.
        """
        runs = self._store.cached("timed", self._runs)
        own = sorted((run for run in runs if run.model["name"] == model), key=lambda run: run.strategy != strategy)
        told = {
            stage: (rate, run)
            for run in reversed(own)
            for stage, rate in run.result["timing"]["rates"].items()
            if stage != "training" or run.strategy == strategy
        }
        listening = told.get("prefix") or told.get("evaluation") or (1 / (LEARNING_SHARE * machine_speed()), None)
        asked = {stage: told.get(stage, listening) for stage, load in loads.items() if load.cost}
        parts = dict.fromkeys(loads, 0.0) | {stage: loads[stage].cost * rate for stage, (rate, _) in asked.items()}
        # A run that took longer around its stages than others waited for its turn.
        parts["rest"] = min(_around(own) or _around(runs) or [REST_S])
        tellers = [run for run in own if any(run is teller for _, teller in asked.values())]
        disturbed = any(run.result["timing"]["others"] > QUIET_SHARE for run in tellers)
        return Expectation(parts, loads, tuple(run.name for run in tellers), disturbed)

    def of_a_minute(self, spec: ModelSpec) -> Expectation | None:
        """The time that a model takes to write down a minute of speech, in ten clips."""
        folder = local_folder(spec)
        if folder is None:
            return None
        cost = 10 * (window(folder) or 6.0) * Shape(outline(folder), 0).tail
        found = self.foretell(spec.name, "", {"hearing": Load(cost=cost)})
        return replace(found, parts={"hearing": found.parts["hearing"]})

    def busy_now(self) -> bool:
        """Whether something else than a run of ours keeps this machine busy, as far as its load tells."""
        with self._store.session() as session:
            ended, at_work = session.scalar(select(func.max(RunRow.finished_at))), bool(active_runs(session))
        own = at_work or (ended is not None and (now() - ended).total_seconds() <= OWN_WORK_S)
        return busy_lately() and not own

    def _kept(self, hearing: str, general: str | None) -> Kept:
        """What the cache holds of what earlier runs heard in this way."""
        runs = [run for run in self._store.cached("timed", self._runs) if hearing in run.result["timing"]["caches"]]
        files = (self._cache / runs[0].result["timing"]["caches"][hearing]).glob("*.safetensors") if runs else ()
        kept = Counter(file.name[:HASH_DIGITS] for file in files)
        checked = [run for run in runs if kept and run.config.get("general_set") == general]
        rehearsed = any(run.config.get("rehearsal") for run in checked)
        return {**kept, **({GENERAL: 1} if checked else {}), **({REHEARSED: 1} if rehearsed else {})}

    def _runs(self) -> list[RunRow]:
        """The runs that say how fast this machine is, newest first."""
        done = select(RunRow).where(RunRow.status == "done").order_by(RunRow.id.desc()).limit(RUNS_ASKED)
        with self._store.session() as session:
            told = [(run, run.result.get("timing") or {}) for run in session.scalars(done)]
        return [run for run, timing in told if "rates" in timing and timing["machine"] == platform.node()]


def hearings(model: str, boundary: int, config: TrainingConfig) -> tuple[str, str]:
    """What tells features apart: of what the base hears in its own window, and of what a run's frozen part hears."""
    base = f"{model}, {config.language}"
    return base, f"{base}, {boundary} blocks, window {config.window}"


def timing(
    loads: Mapping[str, Load], seconds: Mapping[str, Seconds], waited: Seconds, others: float, caches: Mapping[str, str]
) -> dict[str, Any]:
    """What a run's result keeps, so that later runs on this machine can be foretold.

    Args:
        loads: What was done; none where the seconds are of something else.
        seconds: That each stage took, and the whole.
        waited: Seconds from the click until the worker began.
        others: Share of the machine's cores that other programs took meanwhile.
        caches: One of `hearings` -> the cache's folder of it.
    """
    rates = {stage: seconds[stage] / load.cost for stage, load in loads.items() if load.cost >= LEAST_COST}
    rest = 2 * seconds["total"] - sum(seconds.values())  # the total is among them
    told = {"rates": rates, "rest": rest, "start": waited, "others": round(others, 3), "caches": dict(caches)}
    return {"machine": platform.node(), **told}


def _around(runs: Iterable[RunRow]) -> list[Seconds]:
    """What runs took besides their stages; not one that was resumed, or one of several trainings: it has no rates."""
    timings = [run.result["timing"] for run in runs]
    return [timing["rest"] + timing["start"] for timing in timings if timing["rates"]]
