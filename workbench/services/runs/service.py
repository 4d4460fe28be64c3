"""Starts, follows, stops and resumes fine-tunes. Nothing here loads a model; the worker process does."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.core.config import TrainingConfig
from workbench.core.run_result import RunResult
from workbench.core.text.word_list import term_of
from workbench.core.types import ModelSpec, Seconds
from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.services.estimates.duration import Expectation
from workbench.services.jobs.workers import FINAL, RESUMABLE, Jobs
from workbench.services.runs.command_line import command_line, export_command, sweep_command
from workbench.services.runs.delivery import kept_base
from workbench.services.runs.dev_samples import Watched, watched
from workbench.services.runs.other_blend import take_trainings, with_blend
from workbench.services.runs.plan import PlannedRun, Planning, learning
from workbench.services.storage.reserve import told_when_full
from workbench.store.database import Store
from workbench.store.models import CURVE, FINE_TUNE, SWEEP, ClipSetRow, RunRow
from workbench.store.queries import find_set, refuse_archived
from workbench.store.runs import ACTIVE, active_runs, find_run, list_runs
from workbench.store.sounds import cuts_of
from workbench.workspace import Workspace


@dataclass(frozen=True)
class QueuedRun:
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
        starred: Whether its user said that its set goes by it.
        best: Whether its set goes by it, starred or not; known where `BestRuns` was asked.
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
    result: RunResult | None
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
    ahead: tuple[QueuedRun, ...] = ()
    stopping: bool = False
    kept_base: str = ""
    kind: str = FINE_TUNE
    starred: bool = False
    best: bool = False

    @property
    def learned_clips(self) -> int:
        """How many clips its model has learned from; what was planned where its result does not say."""
        said = self.result.train_clips if self.result else None
        return self.train_clips if said is None else said

    @property
    def active(self) -> bool:
        return self.status in ("queued", "running")

    @property
    def resumable(self) -> bool:
        """Whether going on with it may end otherwise than it has."""
        return self.status in RESUMABLE and not self.progress.get(FINAL)


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
        planned = self._planning.plan(set_name, self._planning.find(model), strategy, settings or {})
        plan, expected = planned.choice.plan, None
        if plan and planned.work:
            expected = self._planning.expecting.of_run(planned.work, plan, planned.config, draws=curve_draws)
        kind = CURVE if curve_draws else FINE_TUNE
        more = {CURVE: {"draws": curve_draws}} if curve_draws else {}
        return self._launch(set_name, kind, strategy, planned, more, expected)

    @told_when_full(say("The run was not started"))
    def _launch(
        self,
        set_name: str,
        kind: str,
        strategy: str,
        planned: PlannedRun,
        more: dict[str, Any],
        expected: Expectation | None,
    ) -> str:
        """Store the run and start its worker.

        Args:
            more: What its settings hold besides those of a fine-tune: "sweep" or "curve".
        """
        plan = planned.choice.plan if kind != SWEEP else None
        with self.store.session() as session:
            clip_set = refuse_archived(find_set(session, set_name))
            row = RunRow(
                set_id=clip_set.id,
                kind=kind,
                strategy=strategy,
                model=planned.choice.spec.to_json(),
                config=planned.config.to_json() | more,
                plan=asdict(plan) if plan else {},
                split=planned.split,
                labels={str(c.clip_id): c.reference_id for c in planned.labelled},
                cuts=cuts_of((c.clip_id, c.trim_id) for c in planned.labelled),
                words=list(dict.fromkeys(term_of(line).text for line in clip_set.words)),
                progress={
                    "phase": "queued",
                    "message": say("Waiting for its turn"),
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
        arms = self._planning.plan_sweep(set_name, spec, strategies, learning_rates, settings or {})
        if len(arms) < 2:
            raise WorkbenchError(say("A sweep needs two arms to race; name more strategies or more learning rates."))
        wanted = [{"strategy": arm.choice.strategy, "settings": arm.config.to_json()} for arm in arms]
        planned = arms[-1]._replace(suggestion=arms[0].suggestion)
        plans = learning(arms)
        expected = self._planning.expecting.of_sweep(planned.work, plans) if planned.work and plans else None
        return self._launch(set_name, SWEEP, SWEEP, planned, {SWEEP: {"arms": wanted}}, expected)

    @told_when_full(say("The run was not started"))
    def blend(self, name: str, share: float) -> str:
        """Store a run that is a finished one with another share of what that learned, and start it; returns its id.

        Raises:
            WorkbenchError: No such run, it has not finished or learned nothing, its set is archived, or there is no
                such share.
        """
        with self.store.session() as session:
            source = find_run(session, name)
            refuse_archived(session.get_one(ClipSetRow, source.set_id))
            row = with_blend(source, share)
            session.add(row)
            session.flush()
            new = row.name
            take_trainings(self.workspace.run_folder(name), self.workspace.run_folder(new))
            self.jobs.announce(new)
        self.jobs.launch(new)
        return new

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
        """Go on with a run whose process ended.

        Raises:
            WorkbenchError: No such run, it is done, waiting or at work, or its set is archived.
        """
        with self.store.session() as session:
            refuse_archived(session.get_one(ClipSetRow, find_run(session, name).set_id))
        self.jobs.resume(name)


def run_view(row: RunRow, set_name: str, ahead: Sequence[QueuedRun] = (), root: Path | None = None) -> RunView:
    """What the page and the command line show of a run."""
    parts = row.split.get("folds") or [row.split]
    config = TrainingConfig.from_json(row.config)
    result = RunResult.from_json(row.result)
    unchanged = kept_base(result, row.status)
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
        result=result,
        created=row.created_at,
        started=row.started_at,
        finished=row.finished_at,
        train_clips=len(row.labels) if row.split.get("folds") else len(row.split["train"]),
        test_clips=len({i for part in parts for i in part["test"]}),
        seconds=dict(result.seconds) if result else {},
        command=sweep_command(set_name, ModelSpec.from_json(row.model), row.config[SWEEP]["arms"], root)
        if row.kind == SWEEP
        else command_line(
            set_name,
            ModelSpec.from_json(row.model),
            row.strategy,
            config,
            curve_draws=row.config.get(CURVE, {}).get("draws", 0),
            root=root,
        ),
        export=export_command(row.name, root) if root and result else "",
        title=row.title,
        note=row.note,
        ahead=tuple(ahead),
        stopping=row.stop_requested and row.status in ACTIVE,
        kept_base=unchanged,
        kind=row.kind,
        starred=row.starred_at is not None,
    )


def _ahead(session: Any, row: RunRow) -> list[QueuedRun]:
    """The runs that a waiting one waits for: runs work one at a time, the oldest first."""
    if row.status != "queued":
        return []
    before = [r for r in active_runs(session) if r.id < row.id]
    before.sort(key=lambda r: r.status != "running")
    return [QueuedRun(r.name, _set_name(session, r), r.progress.get("seconds_left")) for r in before]


def _set_name(session: Any, row: RunRow) -> str:
    clip_set = session.get(ClipSetRow, row.set_id)
    return str(clip_set.name)
