"""The best run of a set: the one that its user starred, else the one that has proven best; and which run is shown.

Its model is the set's from now on: what drafts and the doctor listen with, and whose base the next run starts from.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, update

from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.services.results.comparison import FINISHED
from workbench.services.results.history import Entry, History
from workbench.services.runs.service import Adaptation, RunView
from workbench.services.storage.reserve import comes_first
from workbench.store.database import Store
from workbench.store.models import FINE_TUNE, ClipRow, ClipSetRow, EvaluationRow, RunRow, now
from workbench.store.queries import batches
from workbench.store.runs import STATUSES, find_run


class BestRuns:
    """The use cases around the run that a set goes by."""

    def __init__(self, store: Store, adaptation: Adaptation, history: History) -> None:
        self._store, self._adaptation, self._history = store, adaptation, history

    def runs(self, set_name: str) -> list[RunView]:
        """A set's runs, newest first; the best one says so.

        Raises:
            UnknownNameError: No such set.
        """
        best = self.of(set_name)
        return [replace(v, best=best is not None and v.id == best.id) for v in self._adaptation.runs(set_name)]

    def of(self, set_name: str) -> RunView | None:
        """The run that a set goes by; None where none was starred and none has proven better than its base.

        Raises:
            UnknownNameError: No such set.
        """
        return self._store.cached(("best run", set_name), lambda: self._best(set_name))

    @comes_first(say("The star was not kept"))
    def star(self, run: str) -> str:
        """Go by a run from now on, in place of any other of its set; the name of its base, which its set starts from.

        Raises:
            WorkbenchError: No such run, or it has no model of its own.
        """
        view = self._adaptation.view(run)
        if view.status not in FINISHED or view.result is None:
            raise WorkbenchError(
                say(
                    "{run} is {status} and has no model yet; star a run that is done.",
                    run=run,
                    status=STATUSES[view.status],
                )
            )
        if view.kept_base:
            raise WorkbenchError(say("{run} cannot be starred. {why}", run=run, why=view.kept_base))
        with self._store.session() as session:
            row = find_run(session, run)
            session.execute(update(RunRow).where(RunRow.set_id == row.set_id).values(starred_at=None))
            row.starred_at = now()
            clip_set = session.get_one(ClipSetRow, row.set_id)
            clip_set.base_model = view.model
            clip_set.changes += 1
        return view.model

    @comes_first(say("The star was not taken away"))
    def unstar(self, run: str) -> bool:
        """Go by the run that has proven best again; whether this one was starred.

        Raises:
            UnknownNameError: No such run.
        """
        with self._store.session() as session:
            row = find_run(session, run)
            was, row.starred_at = row.starred_at is not None, None
            session.get_one(ClipSetRow, row.set_id).changes += 1
        return was

    def _best(self, set_name: str) -> RunView | None:
        views = self._adaptation.runs(set_name)
        starred = next((view for view in views if view.starred and view.result), None)
        return starred or self._proven(views, {e.id: e for e in self._history.entries(set_name)})

    def _proven(self, views: Sequence[RunView], entries: dict[str, Entry]) -> RunView | None:
        """Of the runs that were judged by the same clips as the newest one that is better: the one with fewest errors.

        A sweep or a curve is no candidate: it is asked what to try, not what to go by.
        """
        better = [v for v in views if v.kind == FINE_TUNE and _is_better(v, entries.get(v.id))]
        tested = self._tested(better)
        comparable = [v for v in better if tested[v.id] == tested[better[0].id]]
        return min(comparable, key=lambda v: _errors(entries[v.id]), default=None)  # of equal ones the newest

    def _tested(self, views: Sequence[RunView]) -> dict[str, frozenset[int]]:
        """Run -> the clips by which it was judged and which live."""
        found: dict[str, set[int]] = {view.id: set() for view in views}
        numbers = {int(view.id.partition("-")[2]): view.id for view in views}
        with self._store.session() as session:
            for ids in batches(list(numbers)):
                living = select(EvaluationRow.run_id, EvaluationRow.clip_id).join(
                    ClipRow, ClipRow.id == EvaluationRow.clip_id
                )
                for run_id, clip_id in session.execute(
                    living.where(EvaluationRow.run_id.in_(ids), ClipRow.deleted_at.is_(None))
                ):
                    found[numbers[run_id]].add(clip_id)
        return {run: frozenset(clips) for run, clips in found.items()}


def shown(runs: Sequence[RunView], chosen: str, known: str, watched: str = "") -> RunView | None:
    """The run that a page shows.

    What was chosen stays, unless it was the newest and a newer one has begun: that one is followed. Sweeps and curves
    push nothing aside: they count neither as the newest nor as a newer one, and one that was watched until it ended
    gives way to the best run. Without a choice it is what is at work, else the best run, else the newest that was no
    sweep or curve.

    Args:
        runs: Of the set, newest first, as `BestRuns.runs` gives them.
        chosen: The run that the page showed last; empty for none.
        known: The ids of the runs when it looked last, as `repr` writes the list.
        watched: The run that it showed while that was at work, when it looked last; empty for none.
    """
    if trial_ended(runs, chosen, watched):
        return _by_default(runs)
    place = next((i for i, r in enumerate(runs) if r.id == chosen), None)
    if place is None:
        return _by_default(runs)
    seen = known.partition(repr(chosen))[0]  # those that were newer then, or all where it was not there
    newer = [r for r in runs[:place] if r.kind == FINE_TUNE]
    was_newest = repr(chosen) in known and not any(repr(r.id) in seen for r in newer)
    return newer[0] if newer and was_newest else runs[place]


def trial_ended(runs: Sequence[RunView], chosen: str, watched: str) -> bool:
    """Whether a sweep or curve that a page watched has ended, and there is a best run to show again."""
    ended = any(r.id == chosen == watched and not r.active and r.kind != FINE_TUNE for r in runs)
    return ended and any(r.best for r in runs)


def _by_default(runs: Sequence[RunView]) -> RunView | None:
    at_work, best = [r for r in runs if r.active], [r for r in runs if r.best]
    single = [r for r in runs if r.kind == FINE_TUNE]
    return next(iter((*at_work, *best, *single, *runs)), None)


def _is_better(view: RunView, entry: Entry | None) -> bool:
    figures = entry.figures if entry else None
    return view.status in FINISHED and not view.kept_base and figures is not None and figures.outcome == "better"


def _errors(entry: Entry) -> float:
    assert entry.figures is not None
    return entry.figures.adapted_wer
