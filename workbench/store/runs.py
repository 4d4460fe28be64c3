"""Queries about runs: what the page, the command line and the worker process ask of the store."""

import re
from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from workbench.errors import UnknownNameError
from workbench.store.models import ClipRow, ClipSetRow, EvaluationRow, ReferenceRow, RunRow

ACTIVE = ("queued", "running")


def find_run(session: Session, name: str) -> RunRow:
    """The run that users call "run-7".

    Raises:
        UnknownNameError: There is none; lists the newest ones.
    """
    numbered = re.fullmatch(r"run-(\d{1,9})", name)
    row = session.get(RunRow, int(numbered[1])) if numbered else None
    if row is None:
        newest = session.scalars(select(RunRow.id).order_by(RunRow.id.desc()).limit(5)).all()
        raise UnknownNameError("run", name, [f"run-{i}" for i in newest])
    return row


def list_runs(session: Session, set_id: int | None = None) -> Sequence[RunRow]:
    """All runs of living sets, newest first; of one set where it is given."""
    query = select(RunRow).join(ClipSetRow).where(ClipSetRow.deleted_at.is_(None)).order_by(RunRow.id.desc())
    return session.scalars(query if set_id is None else query.where(RunRow.set_id == set_id)).all()


def active_runs(session: Session) -> Sequence[RunRow]:
    """Runs that are waiting or running, oldest first."""
    return session.scalars(select(RunRow).where(RunRow.status.in_(ACTIVE)).order_by(RunRow.id)).all()


def evaluations(session: Session, run_id: int) -> Sequence[tuple[EvaluationRow, ClipRow]]:
    """What a run measured, with the clips that still exist."""
    query = (
        select(EvaluationRow, ClipRow)
        .join(ClipRow, ClipRow.id == EvaluationRow.clip_id)
        .where(EvaluationRow.run_id == run_id, ClipRow.deleted_at.is_(None))
        .order_by(EvaluationRow.clip_id)
    )
    return [(e, c) for e, c in session.execute(query).all()]


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


def count_runs(session: Session, set_id: int) -> int:
    """Number of runs of a set."""
    return session.scalar(select(func.count()).select_from(RunRow).where(RunRow.set_id == set_id)) or 0
