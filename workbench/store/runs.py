"""Queries about runs: what the page, the command line and the worker process ask of the store."""

import re
from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from workbench.errors import UnknownNameError
from workbench.language.said import say
from workbench.store.models import ClipRow, ClipSetRow, EvaluationRow, ReferenceRow, RunRow
from workbench.store.sounds import HeardClip, heard_by

ACTIVE = ("queued", "running")
STATUSES = {  # in words
    "queued": say("queued"),
    "running": say("running"),
    "done": say("done"),
    "stopped": say("stopped"),
    "failed": say("failed"),
    "interrupted": say("interrupted"),
}


def find_run(session: Session, name: str, *, deleted: bool = False) -> RunRow:
    """The run that users call "run-7".

    Args:
        deleted: Whether one in the bin counts too; one that was erased for good never does.

    Raises:
        UnknownNameError: There is none; lists the newest ones.
    """
    numbered = re.fullmatch(r"run-(\d{1,9})", name)
    row = session.get(RunRow, int(numbered[1])) if numbered else None
    if row is None or row.erased_at is not None or (row.deleted_at is not None and not deleted):
        living = select(RunRow.id).where(RunRow.deleted_at.is_(None))
        newest = session.scalars(living.order_by(RunRow.id.desc()).limit(5)).all()
        raise UnknownNameError(say("run"), name, [f"run-{i}" for i in newest])
    return row


def list_runs(session: Session, set_id: int | None = None) -> Sequence[RunRow]:
    """All living runs of living sets, newest first; of one set where it is given."""
    alive = ClipSetRow.deleted_at.is_(None), RunRow.deleted_at.is_(None)
    query = select(RunRow).join(ClipSetRow).where(*alive).order_by(RunRow.id.desc())
    return session.scalars(query if set_id is None else query.where(RunRow.set_id == set_id)).all()


def active_runs(session: Session) -> Sequence[RunRow]:
    """Runs that are waiting or running, oldest first."""
    waiting = RunRow.status.in_(ACTIVE), RunRow.deleted_at.is_(None)
    return session.scalars(select(RunRow).where(*waiting).order_by(RunRow.id)).all()


def evaluations(session: Session, run_id: int) -> Sequence[tuple[EvaluationRow, HeardClip]]:
    """What a run measured, with the clips that still exist, each with the cut that the run heard."""
    query = (
        select(EvaluationRow, ClipRow)
        .join(ClipRow, ClipRow.id == EvaluationRow.clip_id)
        .where(EvaluationRow.run_id == run_id, ClipRow.deleted_at.is_(None))
        .order_by(EvaluationRow.clip_id)
    )
    found = session.execute(query).all()
    heard = heard_by(session, session.get_one(RunRow, run_id), [clip for _, clip in found])
    return [(e, clip) for (e, _), clip in zip(found, heard, strict=True)]


def replace_evaluations(session: Session, run_id: int, rows: Sequence[EvaluationRow]) -> None:
    """Store what a run measured, in place of an earlier attempt's."""
    session.execute(delete(EvaluationRow).where(EvaluationRow.run_id == run_id))
    session.add_all(rows)


def label_texts(session: Session, reference_ids: Sequence[int]) -> dict[int, str]:
    """Clip id -> text of these label revisions; erased ones are missing."""
    texts: dict[int, str] = {}
    for start in range(0, len(reference_ids), 500):  # SQLite limits the variables of one statement
        chunk = reference_ids[start : start + 500]
        query = select(ReferenceRow.clip_id, ReferenceRow.text).where(ReferenceRow.id.in_(chunk))
        texts |= {clip_id: text for clip_id, text in session.execute(query)}
    return texts


def deleted_runs(session: Session, set_id: int | None = None) -> Sequence[RunRow]:
    """Runs of living sets that can still be brought back, newest deletion first; of one set where it is given."""
    gone = ClipSetRow.deleted_at.is_(None), RunRow.deleted_at.is_not(None), RunRow.erased_at.is_(None)
    query = select(RunRow).join(ClipSetRow).where(*gone).order_by(RunRow.deleted_at.desc(), RunRow.id.desc())
    return session.scalars(query if set_id is None else query.where(RunRow.set_id == set_id)).all()


def count_tested(session: Session, run_ids: Sequence[int]) -> dict[int, int]:
    """Run id -> how many of its tested clips still exist."""
    query = (
        select(EvaluationRow.run_id, func.count())
        .join(ClipRow, ClipRow.id == EvaluationRow.clip_id)
        .where(EvaluationRow.run_id.in_(run_ids), ClipRow.deleted_at.is_(None))
        .group_by(EvaluationRow.run_id)
    )
    return {run_id: number for run_id, number in session.execute(query)}
