"""What became of a set's runs: their figures side by side, names and notes, the bin, erasing for good.

A deleted run can be brought back for a week, like a clip. Its row stays after erasing, emptied, so that its number is
never given to another run: texts and exported models elsewhere still name it.
"""

import re
import shutil
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from cachetools import LRUCache
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from workbench.core.evaluation.forgetting import Standing
from workbench.core.evaluation.intervals import Interval
from workbench.core.text.clean import clean_label, clean_name
from workbench.core.text.word_list import WITH_WORDS
from workbench.core.types import Seconds, Verdict
from workbench.errors import DataError, WorkbenchError
from workbench.language.said import listing, say
from workbench.services.results.comparison import Comparing
from workbench.services.runs.service import Adaptation, RunView
from workbench.services.storage.reserve import comes_first
from workbench.services.trash.trash import KEEP_DAYS, empty_log
from workbench.store.backups import backups_lock
from workbench.store.clock import current_hours, past
from workbench.store.database import Store
from workbench.store.models import (
    ClipRow,
    ClipSetRow,
    EvaluationRow,
    GeneralEvaluationRow,
    HypothesisRow,
    RunRow,
    WatchedClipRow,
    now,
)
from workbench.store.queries import find_set
from workbench.store.runs import ACTIVE, STATUSES, count_tested, deleted_runs, find_run, list_runs
from workbench.store.scrubbing import EMPTIED, Erasure, scrub_copies
from workbench.workspace import Workspace

LONGEST_TITLE: Final = 80  # characters
LONGEST_NOTE: Final = 2_000
RUN_NAME: Final = re.compile(r"run-\d+")
KEPT_FIGURES: Final = 500  # runs whose figures stay in memory; a bootstrap each is what they cost


@dataclass(frozen=True)
class Figures:
    """What a run measured, in short; rates and changes as fractions.

    Attributes:
        outcome: The verdict, or "nothing kept" where the model is the unchanged base.
        forgetting: Where it stands to the red line; None where that was not asked.
        general: Name and version of the set on which that was measured; unlike ones are not to be compared.
    """

    base_wer: float
    adapted_wer: float
    change: Interval
    verdict: Verdict
    forgetting: Standing | None
    outcome: str
    general: tuple[str, str] | None


@dataclass(frozen=True)
class Entry:
    """One run of the history.

    Attributes:
        learned: Clips it learned from, or is to learn from while it is active.
        tested: Clips it was judged by and that still exist, or that are to judge it.
        figures: None for a run that measured nothing, or whose test clips are all gone.
        seconds: What it took in all; None while it has not ended.
        blend: Share of what was learned that its model keeps, 0 for the base; None for one of an earlier version.
        starred: Whether its user said that its set goes by it.
    """

    id: str
    set_name: str
    title: str
    note: str
    model: str
    strategy: str
    status: str
    message: str
    learned: int
    tested: int
    figures: Figures | None
    seconds: Seconds | None
    created: datetime
    command: str
    starred: bool = False
    blend: float | None = None

    @property
    def active(self) -> bool:
        return self.status in ACTIVE


@dataclass(frozen=True)
class DeletedRun:
    """A run in the bin; times are UTC."""

    id: str
    set_name: str
    title: str
    deleted_at: datetime
    gone_at: datetime


class History:
    """The use cases around the runs of the past."""

    def __init__(self, workspace: Workspace, store: Store, adaptation: Adaptation, comparing: Comparing) -> None:
        self._workspace, self._store = workspace, store
        self._adaptation, self._comparing = adaptation, comparing
        self._figures: LRUCache[tuple[Any, ...], Figures] = LRUCache(KEPT_FIGURES)
        self._looking = threading.Lock()  # looking into an LRU cache changes its order

    def entries(self, set_name: str | None = None) -> list[Entry]:
        """The runs with their figures, newest first; of one set where it is named.

        Raises:
            UnknownNameError: No such set.
        """
        views = self._adaptation.runs(set_name)
        with self._store.session() as session:
            tested = count_tested(session, [_number(view.id) for view in views])
        return [self._entry(view, tested.get(_number(view.id), 0)) for view in views]

    def called(self, said: str) -> str:
        """The id of the run that was said by its id or by the name that its user gave it.

        Raises:
            WorkbenchError: No such run, or several are called so.
        """
        with self._store.session() as session:
            titled = said and not RUN_NAME.fullmatch(said)  # an id is an id, whatever another run is called
            runs = [row.name for row in list_runs(session) if row.title == said] if titled else []
            if len(runs) > 1:
                raise DataError(
                    say(
                        "{n} runs are called '{said}': {runs}. Say which one.",
                        n=len(runs),
                        said=said,
                        runs=listing(runs),
                    )
                )
            return runs[0] if runs else find_run(session, said).name

    def rename(self, run: str, title: str) -> str:
        """Give a run a name of its own, or none; the name as it is kept.

        Raises:
            WorkbenchError: No such run, or the name is too long.
        """
        return self._keep(run, "title", _within(clean_name(title, LONGEST_TITLE + 1), LONGEST_TITLE, say("name")))

    def annotate(self, run: str, note: str) -> str:
        """Write a note beside a run, in place of an earlier one; the note as it is kept, lines and all.

        Raises:
            WorkbenchError: No such run, or the note is too long.
        """
        lines = "\n".join(clean_label(line) for line in note.strip().splitlines())
        return self._keep(run, "note", _within(lines, LONGEST_NOTE, say("note")))

    @comes_first(say("The run was not deleted"))
    def delete(self, run: str) -> None:
        """Move a run that has ended to the bin for a week.

        Raises:
            WorkbenchError: No such run, or it is waiting or at work.
        """
        self._adaptation.jobs.refresh()
        with self._store.session() as session:
            row = find_run(session, run)
            ended = RunRow.id == row.id, RunRow.status.not_in(ACTIVE), RunRow.deleted_at.is_(None)
            # Asked and written in one statement: somebody may resume it this very moment.
            values = {"deleted_at": now(), "deleted_hours": current_hours(session)}
            if not session.execute(update(RunRow).where(*ended).values(values)).rowcount:  # type: ignore[attr-defined]
                raise WorkbenchError(
                    say("{run} is {status} and cannot be deleted; stop it first.", run=run, status=STATUSES[row.status])
                )

    @comes_first(say("The run was not brought back"))
    def undelete(self, run: str) -> None:
        """Bring a run back.

        Raises:
            WorkbenchError: No such run, or it was erased for good.
        """
        with self._store.session() as session:
            find_run(session, run, deleted=True).deleted_at = None

    def deleted(self, set_name: str | None = None) -> list[DeletedRun]:
        """Runs that can still be brought back, newest deletion first."""
        with self._store.session() as session:
            set_id = find_set(session, set_name).id if set_name else None
            return [_deleted(session, row) for row in deleted_runs(session, set_id)]

    @comes_first(say("The run was not erased for good and waits in the bin"))
    def erase(self, run: str) -> None:
        """Erase a run for good: its model, figures, texts, name and note. Drafts that wait to be checked stay.

        Raises:
            WorkbenchError: No such run, or it is waiting or at work.
        """
        with self._store.session() as session:
            in_the_bin = find_run(session, run, deleted=True).deleted_at is not None
        if not in_the_bin:
            self.delete(run)
        with backups_lock(self._workspace):
            with self._store.session() as session:
                row = find_run(session, run, deleted=True)
                if row.deleted_at is None:
                    raise DataError(say("{run} was brought back a moment ago and is not erased.", run=run))
                # Files and copies first: after a crash the run is still in the bin and erasing goes on.
                shutil.rmtree(self._workspace.run_folder(row.name), ignore_errors=True)
                scrub_copies(self._workspace, Erasure(runs=[(row.id, _waiting(session, row))]))
                _empty(session, row)
            empty_log(self._store)

    def erase_expired(self, days: float = KEEP_DAYS) -> int:
        """Erase what was deleted longer ago than this, by the clock and by the hours seen; how many runs."""
        with self._store.session() as session:
            expired = past(RunRow, current_hours(session), days), RunRow.erased_at.is_(None)
            names = [row.name for row in session.scalars(select(RunRow).where(*expired))]
        for name in names:
            self.erase(name)
        return len(names)

    @comes_first(say("The name or note was not saved"))
    def _keep(self, run: str, column: Literal["title", "note"], text: str) -> str:
        with self._store.session() as session:
            setattr(find_run(session, run), column, text)
        return text

    def _entry(self, view: RunView, tested: int) -> Entry:
        # A run that ended without a result has kept nothing of what it may have learned.
        planned = (view.train_clips, view.test_clips) if view.active else (0, 0)
        learned = view.learned_clips if view.result else planned[0]
        return Entry(
            view.id,
            view.set_name,
            view.title,
            view.note,
            view.model,
            view.strategy,
            view.status,
            view.message,
            learned,
            tested if view.result else planned[1],
            self._measured(view, tested) if view.result and tested else None,
            view.seconds.get("total"),
            view.created,
            view.command,
            view.starred,
            view.result.blend if view.result else None,
        )

    def _measured(self, view: RunView, tested: int) -> Figures | None:
        key = (view.id, view.finished, tested)
        with self._looking:
            found = self._figures.get(key)
        if found is None:
            try:
                result = self._comparing.of_run(view.id)
            except WorkbenchError:  # deleted in another tab since the list was read
                return None
            c, general = result.comparison, result.forgetting
            standing, checked = (general.standing, (general.set_name, general.version)) if general else (None, None)
            found = Figures(c.base.wer, c.adapted.wer, c.interval, c.verdict, standing, c.outcome, checked)
            with self._looking:
                self._figures[key] = found
        return found


def _number(run: str) -> int:
    return int(run.rpartition("-")[2])


def _within(text: str, longest: int, what: str) -> str:
    if len(text) > longest:
        raise DataError(
            say(
                "The {what} has {n:,} characters; at most {longest:,} are kept. Shorten it.",
                what=what,
                n=len(text),
                longest=longest,
            )
        )
    return text


def _deleted(session: Session, row: RunRow) -> DeletedRun:
    assert row.deleted_at is not None
    at = row.deleted_at.replace(tzinfo=UTC)
    clip_set = session.get_one(ClipSetRow, row.set_id)
    return DeletedRun(row.name, clip_set.name, row.title, at, at + timedelta(days=KEEP_DAYS))


def _names(row: RunRow) -> tuple[str, str]:
    """Under which what a run's model heard is kept."""
    return row.name, f"{row.name}{WITH_WORDS}"


def _waiting(session: Session, row: RunRow) -> frozenset[int]:
    """The clips where what the run heard waits to be checked."""
    drafts = select(HypothesisRow.clip_id).join(ClipRow, ClipRow.draft_id == HypothesisRow.id)
    return frozenset(session.scalars(drafts.where(HypothesisRow.model.in_(_names(row)))))


def _empty(session: Session, row: RunRow) -> None:
    """Leave nothing of a run but its number, its set and when it was."""
    for table in (EvaluationRow, GeneralEvaluationRow, WatchedClipRow):
        session.execute(delete(table).where(table.run_id == row.id))
    waiting = select(ClipRow.draft_id).where(ClipRow.draft_id.is_not(None))
    session.execute(delete(HypothesisRow).where(HypothesisRow.model.in_(_names(row)), HypothesisRow.id.not_in(waiting)))
    for column in EMPTIED:
        setattr(row, column, {})
    row.words, row.title, row.note, row.message = [], "", "", ""
    row.erased_at = now()
