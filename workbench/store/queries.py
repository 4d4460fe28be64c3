"""Questions that several services ask: which set is meant, and how a clip stands with its label."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from workbench.core.types import Clip
from workbench.errors import DataError, UnknownNameError
from workbench.language.said import say
from workbench.store.models import ClipRow, ClipSetRow, HypothesisRow, ReferenceRow, TrimRow

T = TypeVar("T")
PARAMETERS = 500  # ids in one statement; SQLite allows 32,766, older ones 999

TEXT: ColumnElement[str] = case(
    (ReferenceRow.id.is_not(None), ReferenceRow.text), else_=func.coalesce(HypothesisRow.text, "")
)
STATUS: ColumnElement[str] = case(
    (ReferenceRow.confirmed.is_(True), "confirmed"),
    (or_(func.coalesce(ReferenceRow.text, "") != "", HypothesisRow.id.is_not(None)), "drafted"),
    else_="unlabelled",
)
WHOLE: ColumnElement[str] = func.coalesce(ClipRow.whole_sha256, ClipRow.sha256)
WHOLE_DURATION: ColumnElement[float] = func.coalesce(ClipRow.whole_duration, ClipRow.duration)


def is_fresh(draft: type[HypothesisRow] = HypothesisRow) -> ColumnElement[bool]:
    """Whether a model heard what its clip sounds like now, not another cut of it; needs ClipRow joined."""
    return func.coalesce(draft.sound, WHOLE) == ClipRow.sha256


def set_names(session: Session) -> list[str]:
    """Names of the sets that live, oldest first."""
    statement = select(ClipSetRow.name).where(ClipSetRow.deleted_at.is_(None)).order_by(ClipSetRow.id)
    return list(session.scalars(statement))


def living_set(session: Session, name: str) -> ClipSetRow | None:
    """The set of this name that is not in the bin; None where there is none."""
    statement = select(ClipSetRow).where(ClipSetRow.name == name, ClipSetRow.deleted_at.is_(None))
    return session.scalars(statement).one_or_none()


def find_set(session: Session, name: str) -> ClipSetRow:
    """The living set of this name.

    Raises:
        UnknownNameError: Lists the sets there are.
    """
    row = living_set(session, name)
    if row is None:
        raise UnknownNameError(say("clip set"), name, set_names(session))
    return row


def refuse_archived(clip_set: ClipSetRow) -> ClipSetRow:
    """The set, unless it is archived.

    Raises:
        DataError: It is.
    """
    if clip_set.archived_at is not None:
        raise DataError(
            say("The set '{name}' is archived and takes no new clips and runs; unarchive it first.", name=clip_set.name)
        )
    return clip_set


def set_choices(session: Session, name: str) -> tuple[str | None, str | None]:
    """Language and base model of the living set of this name; neither where there is no such set."""
    rows = select(ClipSetRow.language, ClipSetRow.base_model)
    found = session.execute(rows.where(ClipSetRow.name == name, ClipSetRow.deleted_at.is_(None))).first()
    return (found[0], found[1]) if found else (None, None)


def lock_clip(session: Session, clip_id: int) -> ClipRow:
    """The clip, with the database's write lock taken, so that what is read now still holds at the commit.

    Raises:
        DataError: The clip was deleted.
    """
    session.execute(update(ClipRow).where(ClipRow.id == clip_id).values(reference_id=ClipRow.reference_id))
    row = session.get(ClipRow, clip_id, populate_existing=True)
    if row is None or row.deleted_at is not None:
        raise DataError(say("Clip {clip_id} does not exist any more; it was deleted, or never added.", clip_id=clip_id))
    return row


def lock_set(session: Session, set_id: int) -> ClipSetRow:
    """The set, with the write lock taken.

    Raises:
        DataError: The set was deleted meanwhile.
    """
    session.execute(update(ClipSetRow).where(ClipSetRow.id == set_id).values(name=ClipSetRow.name))
    row = session.get(ClipSetRow, set_id, populate_existing=True)
    if row is None or row.deleted_at is not None:
        raise DataError(say("The clip set was deleted meanwhile."))
    return row


def note_change(session: Session, clip_ids: Collection[int]) -> None:
    """Count a change that leaves no new label: clips that came, went or came back, and drafts.

    Whoever has drawn a set's clips learns of it even where the set looks afterwards as it did before.
    """
    for ids in batches(clip_ids):
        of_clips = select(ClipRow.set_id).where(ClipRow.id.in_(ids))
        session.execute(
            update(ClipSetRow)
            .where(ClipSetRow.id.in_(of_clips))
            .values(changes=ClipSetRow.changes + 1)
            .execution_options(synchronize_session=False)
        )


def select_labelled(*columns: Any) -> Select[Any]:
    """Columns of living clips with their current reference and draft joined, both of which may be absent."""
    return (
        select(*columns)
        .select_from(ClipRow)
        .join(ClipSetRow, ClipSetRow.id == ClipRow.set_id)
        .outerjoin(ReferenceRow, ReferenceRow.id == ClipRow.reference_id)
        .outerjoin(HypothesisRow, HypothesisRow.id == ClipRow.draft_id)
        .where(ClipRow.deleted_at.is_(None), ClipSetRow.deleted_at.is_(None))
    )


def select_clips() -> Select[Any]:
    """Living clips with text, status, newest revisions and whether the draft is fresh, for `to_clip`."""
    columns = (ClipRow, TEXT.label("text"), STATUS.label("status"), _newest(ReferenceRow), _newest(TrimRow))
    fresh = case((HypothesisRow.id.is_(None), True), else_=is_fresh())
    return select_labelled(*columns, fresh.label("fresh")).order_by(ClipRow.id)


def _newest(table: type[ReferenceRow] | type[TrimRow]) -> Any:
    """The newest revision of each clip by itself: the index finds it at once, where grouping would read every set's."""
    past = aliased(table)
    return select(func.coalesce(func.max(past.revision), 0)).where(past.clip_id == ClipRow.id).scalar_subquery()


def to_clip(row: Sequence[Any]) -> Clip:
    """One result row of `select_clips` as the value that travels."""
    clip, text, status, revision, trims, fresh = row
    trimmed = clip.whole_sha256 is not None and clip.whole_sha256 != clip.sha256
    return Clip(
        id=clip.id,
        sha256=clip.sha256,
        name=clip.name,
        duration=clip.duration,
        speaker=clip.speaker,
        language=clip.language,
        source=clip.source or clip.name,
        split=clip.split,
        text=text,
        status=status,
        warnings=tuple(clip.warnings),
        revision=revision,
        cut=(clip.cut_start, clip.cut_start + clip.duration) if trimmed else None,
        whole=clip.whole_duration if trimmed else None,
        trims=trims,
        stale=not fresh,
    )


def alive() -> ColumnElement[bool]:
    """Clips that neither they nor their set are deleted; needs ClipSetRow joined."""
    return and_(ClipRow.deleted_at.is_(None), ClipSetRow.deleted_at.is_(None))


def batches(values: Collection[T], size: int = PARAMETERS) -> Iterator[list[T]]:
    """The values in parts that fit into one statement."""
    ordered = list(values)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
