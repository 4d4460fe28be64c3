"""Starts, follows, stops and resumes fine-tunes. Nothing here loads a model; the worker process does."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.core.config import TrainingConfig
from workbench.core.types import ModelSpec, Seconds
from workbench.errors import WorkbenchError
from workbench.services.estimates.duration import Expectation
from workbench.services.jobs.workers import Jobs
from workbench.services.runs.command_line import command_line, export_command, sweep_command
from workbench.services.runs.delivery import kept_base
from workbench.services.runs.dev_samples import Watched, watched
from workbench.services.runs.plan import CURVE, SWEEP, SWEEP_FACTORS, Planning
from workbench.services.storage.reserve import told_when_full
from workbench.store.database import Store
from workbench.store.models import ClipSetRow, RunRow
from workbench.store.queries import find_set
from workbench.store.runs import ACTIVE, active_runs, find_run, list_runs
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Ahead:
    """A run that another one waits for.

    Attributes:
        seconds_left: Until it is done, as far as it is known.
    """

    id: str
    set_name: str
    seconds_left: Seconds | None


@dataclass(frozen=True)
class RunView:
    """A run as the page and the command line show it.

    Attributes:
        export: The command that writes its model for other programs, where there may be one.
        ahead: The runs that it waits for, the one at work first.
        stopping: Whether it was asked to stop and is still at it.
        kept_base: Why its model is the unchanged base, as a sentence, which is then its message too; else empty.
    """

    id: str
    set_name: str
    model: str
    strategy: str
    status: str
    message: str
    progress: dict[str, Any]
    config: TrainingConfig
    plan: dict[str, Any]
    result: dict[str, Any]
    created: datetime
    started: datetime | None
    finished: datetime | None
    train_clips: int
    test_clips: int
    seconds: dict[str, Seconds]
    command: str
    title: str = ""
    note: str = ""
    export: str = ""
    ahead: tuple[Ahead, ...] = ()
    stopping: bool = False
    kept_base: str = ""

    @property
    def active(self) -> bool:
        return self.status in ("queued", "running")


class Adaptation:
    """The use cases around a fine-tune."""

    def __init__(self, workspace: Workspace, store: Store, planning: Planning, jobs: Jobs) -> None:
        self.workspace, self.store, self.jobs = workspace, store, jobs
        self._planning = planning

    def start(
        self,
        set_name: str,
        model: str | ModelSpec,
        strategy: str,
        settings: dict[str, Any] | None = None,
        *,
        curve_draws: int = 0,
    ) -> str:
        """Store a run with everything it needs, and start its worker; returns the run's id.

        Args:
            curve_draws: Also train on parts of the clips, each size so many times, for a learning curve; 0 for none.

        Raises:
            WorkbenchError: As `preview`.
        """
        spec = self._planning.find(model)
        preview, config, split, labelled = self._planning.prepare(set_name, spec, strategy, settings or {})
        more = {CURVE: {"draws": curve_draws}} if curve_draws else {}
        plan = preview.plan
        work = self._planning.work(set_name, spec, config, split, labelled, to_heal=preview.window.to_heal)
        expected = (
            self._planning.expecting.of_run(work, plan, config, curve_draws=curve_draws) if plan and work else None
        )
        kept = asdict(plan) if plan else {}
        return self._launch(set_name, spec, strategy, config.to_json() | more, kept, split, labelled, expected)

    @told_when_full("The run was not started")
    def _launch(
        self,
        set_name: str,
        spec: ModelSpec,
        strategy: str,
        config: dict[str, Any],
        plan: dict[str, Any],
        split: dict[str, Any],
        labelled: Sequence[Any],
        expected: Expectation | None,
    ) -> str:
        with self.store.session() as session:
            clip_set = find_set(session, set_name)
            row = RunRow(
                set_id=clip_set.id,
                strategy=strategy,
                model=spec.to_json(),
                config=config,
                plan=plan,
                split=split,
                labels={str(c.clip_id): c.reference_id for c in labelled},
                words=list(clip_set.words),
                progress={
                    "phase": "queued",
                    "message": "Waiting for its turn",
                    "seconds_left": round(expected.seconds, 1) if expected else None,
                },
            )
            session.add(row)
            session.flush()
            name = row.name
            self.jobs.announce(name)
        self.jobs.launch(name)
        return name

    def start_sweep(
        self,
        set_name: str,
        model: str | ModelSpec,
        strategies: Sequence[str] = (),
        learning_rates: Sequence[float] = (),
        settings: dict[str, Any] | None = None,
    ) -> str:
        """Store a run that lets several strategies and learning rates race, and start its worker; returns its id.

        Args:
            strategies: By default a few that read one cache.
            learning_rates: For each of them; by default a third of, once and three times the suggested one.

        Raises:
            WorkbenchError: As `preview`, or fewer than two arms.
        """
        spec = self._planning.find(model)
        strategies = strategies or self._planning.facts.sweep_strategies(spec)
        arms, configs, planned = [], [], []
        for strategy in dict.fromkeys(strategies):
            preview, suggested, split, labelled = self._planning.prepare(set_name, spec, strategy, settings or {})
            own = [suggested.learning_rate] if (settings or {}).get("learning_rate") else None
            for rate in (
                dict.fromkeys(learning_rates) or own or [_rounded(suggested.learning_rate * f) for f in SWEEP_FACTORS]
            ):
                configs.append(replace(suggested, learning_rate=rate))
                arms.append({"strategy": strategy, "settings": configs[-1].to_json()})
                planned += [(preview.plan, configs[-1])] if preview.plan else []
        windows = {c.window for c in configs}
        if len(windows) > 1:  # the arms of a race hear alike: in the widest
            widest = {**(settings or {}), "window": max(w or 0.0 for w in windows)}
            return self.start_sweep(set_name, spec, strategies, learning_rates, widest)
        if len(arms) < 2:
            raise WorkbenchError("A sweep needs two arms to race; name more strategies or more learning rates.")
        config = {**configs[0].to_json(), SWEEP: {"arms": arms}}
        work = self._planning.work(set_name, spec, configs[0], split, labelled, to_heal=preview.window.to_heal)
        expected = self._planning.expecting.of_sweep(work, planned) if work and planned else None
        return self._launch(set_name, spec, SWEEP, config, {}, split, labelled, expected)

    def view(self, name: str) -> RunView:
        """One run as it stands now.

        Raises:
            UnknownNameError: No such run.
        """
        self.jobs.refresh()
        with self.store.session() as session:
            row = find_run(session, name)
            return run_view(row, _set_name(session, row), _ahead(session, row), self.workspace.root)

    def runs(self, set_name: str | None = None) -> list[RunView]:
        """All runs, newest first; of one set where it is named.

        Raises:
            UnknownNameError: No such set.
        """
        self.jobs.refresh()
        with self.store.session() as session:
            set_id = find_set(session, set_name).id if set_name else None
            return [
                run_view(row, _set_name(session, row), _ahead(session, row), self.workspace.root)
                for row in list_runs(session, set_id)
            ]

    def watched(self, name: str) -> list[Watched]:
        """The dev clips that a run is watched by, with what it wrote before and writes now."""
        return watched(self.store, name)

    def stop(self, name: str) -> None:
        """Ask a run to stop; it keeps the best state so far."""
        self.jobs.stop(name)

    def resume(self, name: str) -> None:
        """Go on with a run whose process ended."""
        self.jobs.resume(name)


def run_view(row: RunRow, set_name: str, ahead: Sequence[Ahead] = (), root: Path | None = None) -> RunView:
    """What the page and the command line show of a run."""
    parts = row.split.get("folds") or [row.split]
    config = TrainingConfig.from_json(row.config)
    unchanged = kept_base(row.result, row.status)
    return RunView(
        id=row.name,
        set_name=set_name,
        model=row.model["name"],
        strategy=row.strategy,
        status=row.status,
        message=unchanged or row.message,
        progress=row.progress,
        config=config,
        plan=row.plan,
        result=row.result,
        created=row.created_at,
        started=row.started_at,
        finished=row.finished_at,
        train_clips=len(row.labels) if row.split.get("folds") else len(row.split["train"]),
        test_clips=len({i for part in parts for i in part["test"]}),
        seconds=row.result.get("seconds", {}),
        command=sweep_command(set_name, ModelSpec.from_json(row.model), row.config[SWEEP]["arms"], root)
        if SWEEP in row.config
        else command_line(
            set_name,
            ModelSpec.from_json(row.model),
            row.strategy,
            config,
            curve_draws=row.config.get(CURVE, {}).get("draws", 0),
            root=root,
        ),
        export=export_command(row.name, root) if root and row.result else "",
        title=row.title,
        note=row.note,
        ahead=tuple(ahead),
        stopping=row.stop_requested and row.status in ACTIVE,
        kept_base=unchanged,
    )


def _rounded(rate: float) -> float:
    """To two digits, as people write rates."""
    return float(f"{rate:.1e}")


def _ahead(session: Any, row: RunRow) -> list[Ahead]:
    """The runs that a waiting one waits for: runs work one at a time, the oldest first."""
    if row.status != "queued":
        return []
    before = [r for r in active_runs(session) if r.id < row.id]
    before.sort(key=lambda r: r.status != "running")
    return [Ahead(r.name, _set_name(session, r), r.progress.get("seconds_left")) for r in before]


def _set_name(session: Any, row: RunRow) -> str:
    clip_set = session.get(ClipSetRow, row.set_id)
    return str(clip_set.name)
