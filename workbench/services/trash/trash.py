"""Delete, undo, and erase for good: sound, labels, what models heard, evaluation texts and cached activations.

A deleted clip or set can be brought back for a week. Erasing leaves no byte of a label in the database file: SQLite
overwrites what it frees (`secure_delete`), and the write-ahead log is emptied afterwards; the copies of the database
are rewritten too, see `scrubbing.py`. A sound that another clip still uses, in any set, stays until that one goes too.
"""

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from filelock import FileLock
from sqlalchemy import String, cast, delete, func, select, text, update
from sqlalchemy.orm import Session

from workbench.atomic import write_json
from workbench.audio.decode import LONGEST, content_hash, decode_file
from workbench.core.types import Seconds
from workbench.errors import AudioError, DataError, WorkbenchError
from workbench.language.said import say
from workbench.services.importers.candidates import AUDIO_SUFFIXES
from workbench.services.storage.word_times import forget_times
from workbench.services.trash.strays import HASH_LENGTH, is_hash
from workbench.store.backups import backups_lock
from workbench.store.clock import current_hours, past
from workbench.store.database import BUSY_TIMEOUT_MS, Store
from workbench.store.models import ClipRow, ClipSetRow, DraftingRow, RunRow, now
from workbench.store.queries import batches, find_set, note_change
from workbench.store.scrubbing import ERASED_NAME, Erasure, scrub_copies
from workbench.store.sounds import has_sound, sounds_of, users_of, whole_of
from workbench.workspace import Workspace

KEEP_DAYS: Final = 7  # a deletion can be undone this long
_UNSYNCHRONIZED: Final = {"synchronize_session": False}
CHECKPOINT_TRIES: Final = 50  # of 0.1 s; a reader in another process may hold the log for a moment


@dataclass(frozen=True)
class Deleted:
    """Something that can still be brought back.

    Attributes:
        id: The clip's or the set's id.
        clips: How many clips it stands for.
        gone_at: When it is erased for good, UTC.
    """

    kind: Literal["set", "clip"]
    id: int
    name: str
    set_name: str
    clips: int
    duration: Seconds
    deleted_at: datetime
    gone_at: datetime


@dataclass(frozen=True)
class Erased:
    """What was erased for good.

    Attributes:
        sounds: Sound files removed; fewer than clips where another clip uses the same sound.
        cached: Files of cached activations removed.
        complete: False while another process still reads the database's log; the next erasing or closing empties it.
    """

    clips: int
    sounds: int
    cached: int
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def sounds_lock(workspace: Workspace) -> FileLock:
    """Held while a sound is stored and its clip written, and while sounds are erased: neither may see half of it."""
    return FileLock(workspace.root / ".sounds.lock")


def delete_clips(store: Store, clip_ids: Collection[int]) -> int:
    """Move clips to the bin; how many there were."""
    with store.session() as session:
        return _to_the_bin(session, clip_ids)


def delete_set(store: Store, name: str) -> int:
    """Move a set to the bin.

    Returns:
        The set's id, for undo.

    Raises:
        UnknownNameError: No such set.
    """
    with store.session() as session:
        row = find_set(session, name)
        row.deleted_at, row.deleted_hours = now(), current_hours(session)
        session.execute(delete(DraftingRow).where(DraftingRow.set_id == row.id))  # which ends it, where it goes on
        return row.id


def list_deleted(store: Store) -> list[Deleted]:
    """What can be brought back, newest deletion first; clips of a deleted set stand under the set."""
    counted = (
        select(ClipRow.set_id, func.count().label("clips"), func.sum(ClipRow.duration).label("duration"))
        .where(ClipRow.deleted_at.is_(None))
        .group_by(ClipRow.set_id)
        .subquery()
    )
    sets = (
        select(ClipSetRow, func.coalesce(counted.c.clips, 0), func.coalesce(counted.c.duration, 0.0))
        .outerjoin(counted, counted.c.set_id == ClipSetRow.id)
        .where(ClipSetRow.deleted_at.is_not(None), ClipSetRow.erased_at.is_(None))
    )
    clips = (
        select(ClipRow, ClipSetRow.name)
        .join(ClipSetRow, ClipSetRow.id == ClipRow.set_id)
        .where(ClipRow.deleted_at.is_not(None), ClipSetRow.deleted_at.is_(None))
    )
    with store.session() as session:
        found = [
            _deleted("set", row, row.name, n_clips, duration) for row, n_clips, duration in session.execute(sets)
        ] + [_deleted("clip", row, name, 1, row.duration) for row, name in session.execute(clips)]
    return sorted(found, key=lambda item: item.deleted_at, reverse=True)


def undo_delete(store: Store, *, clip_ids: Collection[int] = (), set_id: int | None = None) -> int:
    """Bring clips or a set back.

    Returns:
        How many clips came back.

    Raises:
        DataError: It was erased, or something living has taken its place.
    """
    with store.session() as session:
        return _undo_set(session, set_id) if set_id is not None else _undo_clips(session, clip_ids)


def erase_clips(workspace: Workspace, store: Store, clip_ids: Collection[int]) -> Erased:
    """Erase clips for good, living or deleted, at once."""
    with store.session() as session:
        # First into the bin: if this process is killed now, they are erased later rather than half there.
        _to_the_bin(session, clip_ids)
    return _erase_all(workspace, store, clip_ids)


def erase_set(workspace: Workspace, store: Store, set_id: int) -> Erased:
    """Erase a set and all its clips for good; models that learned from it stay."""
    with store.session() as session:
        row = session.get(ClipSetRow, set_id)
        if row is None or row.erased_at is not None:
            raise DataError(say("This clip set was erased before."))
        if row.deleted_at is None:
            row.deleted_at, row.deleted_hours = now(), current_hours(session)
        session.execute(delete(DraftingRow).where(DraftingRow.set_id == set_id))
        clip_ids = list(session.scalars(select(ClipRow.id).where(ClipRow.set_id == set_id)))
        _to_the_bin(session, clip_ids)
    return _erase_all(workspace, store, clip_ids, (set_id,))


def erase_expired(workspace: Workspace, store: Store, *, days: float = KEEP_DAYS) -> Erased:
    """Erase what was deleted more than `days` ago, by the clock and by the hours that the database has seen."""
    with store.session() as session:
        hours = current_hours(session)
        whole = past(ClipSetRow, hours, days), ClipSetRow.erased_at.is_(None)
        sets = list(session.scalars(select(ClipSetRow.id).where(*whole)))
        single = past(ClipRow, hours, days) | ClipRow.set_id.in_(sets)
        clips = list(session.scalars(select(ClipRow.id).where(single)))
        if sets:
            _to_the_bin(session, clips)
    return _erase_all(workspace, store, clips, sets) if clips or sets else Erased(0, 0, 0)


def empty_log(store: Store) -> bool:
    """Empty SQLite's write-ahead log, which holds copies of what was erased.

    Returns:
        Whether it is empty; other databases keep their own log and count as done.
    """
    if store.engine.dialect.name != "sqlite":
        return True
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # The pragma itself waits as long as the connection's busy timeout, half a minute by default.
        connection.execute(text("PRAGMA busy_timeout=100"))
        try:
            for _ in range(CHECKPOINT_TRIES):
                busy, *_rest = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
                if not busy:
                    return True
        finally:
            connection.execute(text(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}"))
    return False


def _deleted(
    kind: Literal["set", "clip"], row: ClipSetRow | ClipRow, set_name: str, clips: int, duration: Seconds
) -> Deleted:
    assert row.deleted_at is not None
    at = row.deleted_at.replace(tzinfo=UTC)
    return Deleted(kind, row.id, row.name, set_name, clips, duration, at, at + timedelta(days=KEEP_DAYS))


def _undo_set(session: Session, set_id: int) -> int:
    row = session.get(ClipSetRow, set_id)
    if row is None or row.erased_at is not None:
        raise DataError(say("This clip set was erased for good and cannot be brought back."))
    taken = ClipSetRow.name == row.name, ClipSetRow.deleted_at.is_(None), ClipSetRow.id != set_id
    if session.scalar(select(ClipSetRow.id).where(*taken)) is not None:
        raise DataError(say("Another clip set is called '{name}' by now; delete that one first.", name=row.name))
    row.deleted_at = None
    living = ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None)
    return int(session.scalar(select(func.count(ClipRow.id)).where(*living)) or 0)


def _undo_clips(session: Session, clip_ids: Collection[int]) -> int:
    rows = [row for ids in batches(clip_ids) for row in session.scalars(select(ClipRow).where(ClipRow.id.in_(ids)))]
    if len(rows) < len(set(clip_ids)):
        raise DataError(say("Some of these clips were erased for good and cannot be brought back."))
    back = [row for row in rows if row.deleted_at is not None]
    for row in back:
        own = {row.sha256, whole_of(row).sha256}
        same = ClipRow.set_id == row.set_id, has_sound(own), ClipRow.deleted_at.is_(None)
        if session.scalar(select(ClipRow.id).where(*same)) is not None:
            raise DataError(
                say("The sound of '{name}' was added again meanwhile; delete that clip first.", name=row.name)
            )
        row.deleted_at = None
        session.flush()
    note_change(session, [row.id for row in back])
    return len(back)


def _to_the_bin(session: Session, clip_ids: Collection[int]) -> int:
    moved = 0
    for ids in batches(clip_ids):
        living = ClipRow.id.in_(ids), ClipRow.deleted_at.is_(None)
        values = {"deleted_at": now(), "deleted_hours": current_hours(session)}
        moved += session.execute(update(ClipRow).where(*living).values(values)).rowcount  # type: ignore[attr-defined]
    note_change(session, clip_ids)
    return moved


def _erase_all(workspace: Workspace, store: Store, clip_ids: Collection[int], set_ids: Collection[int] = ()) -> Erased:
    """Erase clips and sets that are in the bin; after a crash they still are, and erasing goes on."""
    with sounds_lock(workspace), backups_lock(workspace):
        with store.session() as session:
            gone = _erasure(session, set(clip_ids), set_ids)
        scrub_copies(workspace, gone)
        _remove_lost(workspace, set(gone.lonely))
        counts = [_erase(workspace, store, ids) for ids in batches(clip_ids)]
        with store.session() as session:
            for set_id in set_ids:
                row = session.get(ClipSetRow, set_id)
                if row is not None:
                    _erase_set_row(session, row)
        complete = empty_log(store)
    clips, sounds, cached = (sum(column) for column in zip((0, 0, 0), *counts, strict=True))
    return Erased(clips, sounds, cached, complete)


def _erasure(session: Session, clip_ids: set[int], set_ids: Collection[int]) -> Erasure:
    """What the copies of the database are to lose."""
    hashes = sounds_of(session, clip_ids)
    made = select(ClipSetRow.id, cast(ClipSetRow.created_at, String)).where(ClipSetRow.id.in_(set_ids))
    sets = [(set_id, at) for set_id, at in session.execute(made)]
    return Erasure(clip_ids, hashes, _lonely(session, hashes, clip_ids), sets)


def _lonely(session: Session, hashes: Collection[str], clip_ids: Collection[int]) -> set[str]:
    """Those sounds that only these clips have, or once had."""
    return {sha256 for sha256, users in users_of(session, hashes).items() if users <= set(clip_ids)}


def _erase(workspace: Workspace, store: Store, clip_ids: Sequence[int]) -> tuple[int, int, int]:
    """Clips, sounds and cached files erased; the caller holds the sounds lock."""
    with store.session() as session:
        wanted = ClipRow.id.in_(clip_ids)
        lonely = _lonely(session, sounds_of(session, clip_ids), clip_ids)
        # Files first: after a crash the clips are still in the bin and erasing goes on, never a sound without a clip.
        sounds = sum(_remove(workspace.sound_path(sha256)) for sha256 in lonely)
        cached = _remove_cached(workspace, lonely)
        _remove_copies(workspace, lonely)
        _forget_texts(workspace, set(clip_ids))
        # The last word of a drafting may name clips; one that was broken off can be gone on with all the same.
        here = DraftingRow.set_id.in_(select(ClipRow.set_id).where(wanted))
        broken_off = here, DraftingRow.state.in_(("failed", "interrupted", "stopped"))
        ended = here, DraftingRow.state == "done"
        session.execute(update(DraftingRow).where(*broken_off).values(message="").execution_options(**_UNSYNCHRONIZED))
        session.execute(delete(DraftingRow).where(*ended).execution_options(**_UNSYNCHRONIZED))
        erased = session.execute(delete(ClipRow).where(wanted)).rowcount  # type: ignore[attr-defined]
    return erased, sounds, cached


def _remove(path: Path) -> int:
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as e:
        raise WorkbenchError(
            say(
                "{name} cannot be erased ({why}); close what uses it and try again.",
                name=path.name,
                why=e.strerror,
            )
        ) from e
    return 1


def _remove_cached(workspace: Workspace, hashes: set[str]) -> int:
    found = [path for path in workspace.cache.rglob("*") if path.name[:64] in hashes] if hashes else []
    for path in found:
        shutil.rmtree(path) if path.is_dir() else _remove(path)
    return len(found)


def _remove_copies(workspace: Workspace, hashes: set[str]) -> None:
    """Uploads, and copies that the page made to play a clip, are known by their sound, not by their name."""
    for path in workspace.temporary.rglob("*") if hashes else ():
        _remove_if_heard(path, hashes)


def _remove_lost(workspace: Workspace, hashes: set[str]) -> None:
    """Sounds that were moved aside, by their name or else by their sound; and what a killed import left half written.

    The caller holds the sounds lock, so nobody is writing.
    """
    if not hashes:
        return
    for path in workspace.clips.glob("*/.*.tmp"):
        _remove(path)
    for path in list(workspace.lost_and_found.rglob("*")):
        if path.name[:HASH_LENGTH] in hashes:
            _remove(path)
        elif not is_hash(path.name[:HASH_LENGTH]):
            _remove_if_heard(path, hashes)


def _remove_if_heard(path: Path, hashes: set[str]) -> None:
    if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
        with suppress(AudioError):
            if content_hash(decode_file(path, longest=LONGEST).samples) in hashes:
                _remove(path)


def _forget_texts(workspace: Workspace, clip_ids: set[int]) -> None:
    """Runs keep word times, and what their models heard, so that they can be resumed."""
    for folder in workspace.runs.iterdir():
        forget_times(folder, clip_ids)

    def forget(texts: Mapping[str, Any]) -> dict[str, Any]:
        return {clip_id: text for clip_id, text in texts.items() if int(clip_id) not in clip_ids}

    def of_trial(trial: dict[str, Any]) -> dict[str, Any]:
        # Those of earlier versions do not say which text is whose: all go, and that arm is trained again.
        return {**trial, "texts": forget(trial["texts"]) if isinstance(trial["texts"], dict) else []}

    _rewrite(workspace.runs.glob("*/*/outcome.json"), lambda fold: {**fold, "texts": forget(fold.get("texts", {}))})
    _rewrite(workspace.runs.glob("*/curve/*/texts.json"), forget)
    _rewrite(workspace.runs.glob("*/*/race.json"), lambda race: {name: of_trial(t) for name, t in race.items()})


def _rewrite(files: Iterable[Path], change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change JSON documents, those that it changes at all."""
    for path in files:
        document = json.loads(path.read_text(encoding="utf-8"))
        if (changed := change(document)) != document:
            write_json(path, changed)


def _erase_set_row(session: Session, row: ClipSetRow) -> None:
    """Runs point at their set, so its row stays for them, without name and words."""
    session.execute(delete(DraftingRow).where(DraftingRow.set_id == row.id))
    if session.scalar(select(RunRow.id).where(RunRow.set_id == row.id).limit(1)) is None:
        session.delete(row)
    else:
        row.name, row.words, row.base_model, row.erased_at = ERASED_NAME, [], None, now()
