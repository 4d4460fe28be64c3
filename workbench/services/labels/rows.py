"""The rows behind labels: revisions of a clip, which of them stand, and clips locked while a label is written."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workbench.core.types import Reference
from workbench.errors import DataError
from workbench.language.said import say
from workbench.store.models import ClipRow, ReferenceRow, TrimRow
from workbench.store.queries import batches

R = TypeVar("R", ReferenceRow, TrimRow)


def revisions_of(session: Session, clip_id: int) -> list[ReferenceRow]:
    statement = select(ReferenceRow).where(ReferenceRow.clip_id == clip_id).order_by(ReferenceRow.revision)
    return list(session.scalars(statement))


def standing_revisions(revisions: Iterable[R]) -> list[R]:
    """The revisions that no undo has taken back: an edit is pushed, an undo pops down to what it restored."""
    stack: list[R] = []
    for row in revisions:
        if row.restores is None:
            stack.append(row)
        while row.restores is not None and stack and stack[-1].revision > row.restores:
            stack.pop()
    return stack


def lock_clips(session: Session, clip_ids: Sequence[int]) -> dict[int, ClipRow]:
    """The clips in this order, with the write lock taken; see `lock_clip`.

    Raises:
        DataError: One of them was deleted.
    """
    rows: dict[int, ClipRow] = {}
    for ids in batches(clip_ids):
        session.execute(update(ClipRow).where(ClipRow.id.in_(ids)).values(reference_id=ClipRow.reference_id))
        living = select(ClipRow).where(ClipRow.id.in_(ids), ClipRow.deleted_at.is_(None))
        rows |= {row.id: row for row in session.scalars(living.execution_options(populate_existing=True))}
    for clip_id in clip_ids:
        if clip_id not in rows:
            raise DataError(
                say("Clip {clip_id} does not exist any more; it was deleted, or never added.", clip_id=clip_id)
            )
    return {clip_id: rows[clip_id] for clip_id in clip_ids}


def current_labels(session: Session, reference_ids: Iterable[int | None]) -> dict[int, ReferenceRow]:
    """Clip id -> its current label."""
    rows: dict[int, ReferenceRow] = {}
    for ids in batches([i for i in reference_ids if i is not None]):
        rows |= {row.clip_id: row for row in session.scalars(select(ReferenceRow).where(ReferenceRow.id.in_(ids)))}
    return rows


def last_revisions(session: Session, clip_ids: Sequence[int]) -> dict[int, int]:
    """Clip id -> number of its newest revision, where there is one."""
    last: dict[int, int] = {}
    for ids in batches(clip_ids):
        statement = select(ReferenceRow.clip_id, func.max(ReferenceRow.revision))
        statement = statement.where(ReferenceRow.clip_id.in_(ids)).group_by(ReferenceRow.clip_id)
        last |= {clip_id: revision for clip_id, revision in session.execute(statement)}
    return last


def to_reference(row: ReferenceRow) -> Reference:
    time = row.created_at.replace(tzinfo=UTC)
    return Reference(row.clip_id, row.text, row.revision, row.confirmed, row.author, time)
