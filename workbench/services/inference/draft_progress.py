"""How far the drafting of each set is, as it stands in the store: begun, noted, finished, interrupted."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update

from workbench.core.types import Seconds
from workbench.language.said import listing, say
from workbench.services.storage.sound_files import say_left_out
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow, DraftingRow, HypothesisRow, now
from workbench.store.queries import batches, is_fresh, lock_set

WORKING: Final = "working"
DONE: Final = "done"
STOPPED: Final = "stopped"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True)
class DraftView:
    """Where the drafting of a set stands; `stopping` once it was asked to end, until it has."""

    set_name: str
    model: str
    done: int
    total: int
    seconds_left: Seconds | None
    active: bool
    message: str
    stopping: bool = False


@dataclass(frozen=True)
class Standing:
    """What the store says of a set."""

    set_id: int
    model: str
    state: str
    done: int
    total: int
    seconds_left: Seconds | None
    message: str
    stop_requested: bool

    def view(self, set_name: str) -> DraftView:
        active = self.state == WORKING
        left = self.seconds_left if active else None
        stopping = active and self.stop_requested
        return DraftView(set_name, self.model, self.done, self.total, left, active, self.message, stopping)


def find(store: Store, set_name: str) -> Standing | None:
    """Where a living set stands; None where nobody has drafted it."""
    named = ClipSetRow.name == set_name, ClipSetRow.deleted_at.is_(None)
    query = select(DraftingRow).join(ClipSetRow, ClipSetRow.id == DraftingRow.set_id).where(*named)
    with store.session() as session:
        row = session.scalars(query).first()
    if row is None:
        return None
    progress = row.done, row.total, row.seconds_left, row.message
    return Standing(row.set_id, row.model, row.state, *progress, row.stop_requested)


def begin(
    store: Store, set_id: int, model: str, language: str | None, clip_ids: Collection[int], *, draft: bool
) -> dict[int, str]:
    """Note that a set is being drafted; the caller holds its lock.

    Returns:
        The texts that are there already, by clip: where the same was broken off before.
    """
    with store.session() as session:
        row = session.get(DraftingRow, set_id)
        had: dict[int, str] = {}
        broken_off = row is not None and row.state in (WORKING, STOPPED, FAILED, INTERRUPTED)
        if row is not None and broken_off and (row.model, row.language, row.draft) == (model, language, draft):
            query = (
                select(HypothesisRow.clip_id, HypothesisRow.text)
                .join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
                .where(HypothesisRow.model == model, HypothesisRow.created_at >= row.started_at, is_fresh())
            )
            if draft:
                query = query.where(ClipRow.draft_id == HypothesisRow.id)
            for ids in batches(clip_ids):
                had |= {i: text for i, text in session.execute(query.where(HypothesisRow.clip_id.in_(ids)))}
        started = row.started_at if row is not None and had else now()
        if row is None:
            row = DraftingRow(set_id=set_id)
            session.add(row)
        row.model, row.language, row.draft, row.started_at = model, language, draft, started
        row.state, row.message, row.stop_requested = WORKING, say("Getting ready"), False
        row.done, row.total, row.seconds_left = len(had), len(clip_ids), None
    return had


def note(store: Store, set_id: int, done: int, seconds_left: Seconds | None, message: str) -> bool:
    """Note how far a set is; whether to go on: nobody has asked to stop, and the set is still there."""
    with store.session() as session:
        row = session.get(DraftingRow, set_id)
        if row is None or row.stop_requested:
            return False
        row.done, row.seconds_left, row.message = done, seconds_left, message
        return True


def finish(store: Store, set_id: int, state: str, done: int, message: str, broken: Collection[int] = ()) -> None:
    """Note how it ended; nothing of a set that was deleted meanwhile.

    Args:
        broken: Clips with a damaged sound. They are named in the last word, but for those that were erased meanwhile:
            the write lock is taken first, so that none is erased between the look and the word.
    """
    with store.session() as session:
        lock_set(session, set_id)
        row = session.get(DraftingRow, set_id)
        if row is None:
            return
        named = [c for ids in batches(broken) for c in session.scalars(select(ClipRow).where(ClipRow.id.in_(ids)))]
        if named:
            message = listing([message, say_left_out(named, row.total)], " ")
        row.done = done
        row.state, row.message = state, _cut_off(row) if state == INTERRUPTED else message


def interrupt(store: Store, set_id: int) -> None:
    """Note that nobody drives a set any more, unless it has ended; the caller holds its lock."""
    with store.session() as session:
        row = session.get(DraftingRow, set_id)
        if row is not None and row.state == WORKING:
            row.state, row.message = INTERRUPTED, _cut_off(row)


def ask_to_stop(store: Store, set_name: str) -> None:
    """Ask whoever drafts a set to stop."""
    named = select(ClipSetRow.id).where(ClipSetRow.name == set_name, ClipSetRow.deleted_at.is_(None))
    asked = update(DraftingRow).where(DraftingRow.set_id.in_(named), DraftingRow.state == WORKING)
    with store.session() as session:
        session.execute(asked.values(stop_requested=True).execution_options(synchronize_session=False))


def _cut_off(row: DraftingRow) -> str:
    values = {"done": row.done, "total": row.total}
    if row.draft:
        return say("{done} of {total} clips drafted before the server ended; start again to go on.", **values)
    return say("{done} of {total} clips heard before the server ended; start again to go on.", **values)
