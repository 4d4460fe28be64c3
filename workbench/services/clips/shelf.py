"""The shelf of clip sets: renamed, copied, put away as archived and taken out again.

What belongs to a set points at its id, so a new name changes nothing of its clips, labels and runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.clips.set_names import check_set_name, taken
from workbench.services.clips.sets import Collecting, SetInfo
from workbench.services.storage.licences import LicencesProblem, licences_of, note_copy
from workbench.services.storage.reserve import comes_first, told_when_full
from workbench.services.trash.trash import sounds_lock
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow, HypothesisRow, ReferenceRow, RunRow, TrimRow, now
from workbench.store.queries import batches, find_set, lock_set
from workbench.store.runs import ACTIVE
from workbench.workspace import Workspace


class Shelf:
    """The use cases around whole sets."""

    def __init__(self, workspace: Workspace, store: Store, collecting: Collecting) -> None:
        self._workspace, self._store, self._collecting = workspace, store, collecting

    @comes_first(say("The clip set was not renamed"))
    def rename(self, name: str, new: str) -> SetInfo:
        """Give a set another name; its clips, labels and runs stay as they are.

        Raises:
            WorkbenchError: No such set, or the name is taken, empty or looks like a run's.
        """
        cleaned = check_set_name(new)

        def change(session: Session) -> None:
            row = lock_set(session, find_set(session, name).id)
            _rename_in_runs(session, row.name, cleaned)
            row.name = cleaned

        self._write(cleaned, change)
        return self._collecting.set_info(cleaned)

    @told_when_full(say("The clip set was not copied"))
    def copy(self, name: str, new: str) -> SetInfo:
        """Make a set of the same clips with their labels, cuts, drafts, splits and words; sounds are shared.

        Of labels and cuts the current one is copied, by its author; what came before stays with the set itself, and so
        do the runs.

        Raises:
            WorkbenchError: No such set, or the name is taken, empty or looks like a run's.
        """
        cleaned = check_set_name(new)
        with sounds_lock(self._workspace):  # no sound of it may be erased meanwhile
            self._write(cleaned, lambda session: self._copy(session, find_set(session, name), cleaned))
        return self._collecting.set_info(cleaned)

    @comes_first(say("The clip set was not archived"))
    def archive(self, name: str) -> SetInfo:
        """Put a set away: it takes no new clips and runs until it is taken out again.

        Raises:
            WorkbenchError: No such set, or a run of it waits or is at work.
        """
        with self._store.session() as session:
            row = find_set(session, name)
            at_work = RunRow.set_id == row.id, RunRow.status.in_(ACTIVE), RunRow.deleted_at.is_(None)
            if (run := session.scalars(select(RunRow).where(*at_work).limit(1)).first()) is not None:
                raise DataError(_at_work(run, name))
            row.archived_at = row.archived_at or now()
        return self._collecting.set_info(name)

    @comes_first(say("The clip set was not taken out of the archive"))
    def unarchive(self, name: str) -> SetInfo:
        """Take a set out of the archive.

        Raises:
            UnknownNameError: No such set.
        """
        with self._store.session() as session:
            find_set(session, name).archived_at = None
        return self._collecting.set_info(name)

    def licence(self, name: str) -> str:
        """Under which licence a set's clips are, as its user or its imports said; empty where that is unknown.

        Raises:
            UnknownNameError: No such set.
        """
        with self._store.session() as session:
            set_id = find_set(session, name).id
            try:
                known = licences_of(self._workspace, session, set_id)
            except LicencesProblem:  # it is told where it is stated anew, and where something depends on it
                return ""
        return ", ".join(known) if all(known) else ""

    def _copy(self, session: Session, row: ClipSetRow, name: str) -> None:
        twin = _copy(session, row, name)
        session.refresh(twin)  # as others will read it
        note_copy(self._workspace, row, twin)

    def _write(self, name: str, change: Callable[[Session], None]) -> None:
        try:
            with self._store.session() as session:
                change(session)
        except IntegrityError as e:
            raise taken(name) from e


def _at_work(run: RunRow, name: str) -> str:
    if run.status == "queued":
        return say("{run} is queued; wait for it or stop it, then archive '{set}'.", run=run.name, set=name)
    return say("{run} is running; wait for it or stop it, then archive '{set}'.", run=run.name, set=name)


def _rename_in_runs(session: Session, name: str, new: str) -> None:
    """Runs that were checked on a set of general speech keep that set by its name."""
    runs = session.scalars(select(RunRow).where(RunRow.erased_at.is_(None))).all()
    checked = [run for run in runs if (run.config or {}).get("general_set") == name]
    if active := next((run for run in checked if run.status in ACTIVE and run.deleted_at is None), None):
        raise DataError(
            say(
                "{run} is to be checked on '{set}'; wait for it or stop it, then rename the set.",
                run=active.name,
                set=name,
            )
        )
    for run in checked:
        run.config = {**run.config, "general_set": new}
        if general := (run.result or {}).get("general"):
            run.result = {**run.result, "general": {**general, "set": new}}


def _copy(session: Session, row: ClipSetRow, name: str) -> ClipSetRow:
    kept = {name: getattr(row, name) for name in ("language", "base_model", "favours_words")}
    twin = ClipSetRow(name=name, words=list(row.words), **kept)
    session.add(twin)
    session.flush()
    living = ClipRow.set_id == row.id, ClipRow.deleted_at.is_(None)
    for ids in batches(list(session.scalars(select(ClipRow.id).where(*living).order_by(ClipRow.id)))):
        _copy_clips(
            session, twin.id, session.scalars(select(ClipRow).where(ClipRow.id.in_(ids)).order_by(ClipRow.id)).all()
        )
    return twin


def _copy_clips(session: Session, set_id: int, clips: Sequence[ClipRow]) -> None:
    """Clips with what stands of their labels, cuts and drafts; the copies point at copies."""
    twins = {clip.id: ClipRow(**_columns(clip, set_id=set_id, trim_id=None, **_POINTERS)) for clip in clips}
    session.add_all(twins.values())
    session.flush()
    owners = {clip_id: twin.id for clip_id, twin in twins.items()}
    labels = _copied(session, ReferenceRow, [c.reference_id for c in clips], owners)
    trims = _copied(session, TrimRow, [c.trim_id for c in clips], owners)
    drafts = _copied(session, HypothesisRow, [c.draft_id for c in clips], owners)
    for clip_id, twin in twins.items():
        twin.reference_id, twin.trim_id, twin.draft_id = (rows.get(clip_id) for rows in (labels, trims, drafts))


_POINTERS: Final[Mapping[str, None]] = {"reference_id": None, "draft_id": None}
_FIRST: Final[Mapping[str, Any]] = {"revision": 1, "restores": None}


def _copied(
    session: Session,
    table: type[ReferenceRow] | type[TrimRow] | type[HypothesisRow],
    ids: Sequence[int | None],
    owners: Mapping[int, int],
) -> dict[int, int]:
    """Clip id -> id of the copy of its row; each is the first revision of its new clip."""
    found: list[Any] = list(session.scalars(select(table).where(table.id.in_([i for i in ids if i is not None]))))
    first = {} if table is HypothesisRow else _FIRST
    rows = {row.clip_id: table(**_columns(row, clip_id=owners[row.clip_id], **first)) for row in found}
    session.add_all(rows.values())
    session.flush()
    return {clip_id: row.id for clip_id, row in rows.items()}


def _columns(row: Any, **changes: Any) -> dict[str, Any]:
    """A row's values but its id, with changes."""
    return {c.name: getattr(row, c.name) for c in row.__table__.columns if c.name != "id"} | changes
