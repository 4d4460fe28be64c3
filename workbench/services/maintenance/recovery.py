"""Puts a backup of the database back, or begins anew, when the database is missing, damaged or not the right one.

Nothing is thrown away: the database that was there is kept among the backups, and sounds that the new one does not know
go to `lost+found`. It works without opening the database, since that is what has failed.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.services.trash.strays import bring_back, known_sounds, move_strays
from workbench.services.trash.trash import sounds_lock
from workbench.store.backups import (
    BESIDE,
    HALF,
    Backup,
    backups_lock,
    connect,
    copy_database,
    holds_something,
    keep_aside,
    list_backups,
    no_room_in_words,
    read_backup,
)
from workbench.store.database import Store
from workbench.store.identity import keep_seen
from workbench.store.upgrade import MARKER, is_newer
from workbench.workspace import SERVING, Workspace

ALIVE: Final = ".alive"  # the lock that a run's worker holds, in its folder
NEW: Final = f"new{HALF}"  # among the backups: what is about to be put in place


@dataclass(frozen=True)
class Recovered:
    """What was done.

    Attributes:
        clips: That the database knows now.
        kept: Where the database that was there is kept; None where there was none.
        moved: Sounds that were moved to `lost+found`.
        restored: Clips that have their sound again from there.
        notices: What opening said.
    """

    clips: int
    kept: Path | None
    moved: int = 0
    restored: int = 0
    notices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "kept": str(self.kept) if self.kept else None, "notices": list(self.notices)}


def backups_of(workspace: Workspace) -> list[Backup]:
    """What can be put back, newest first."""
    return list_backups(workspace)


def recover_from(workspace: Workspace, file: Path) -> Recovered:
    """Put a copy of the database back.

    Args:
        file: The copy, or its name among the workspace's backups.

    Raises:
        WorkbenchError: It is no database of a workspace, the workspace is in use, or the disk is full.
    """
    chosen = _found(workspace, file)
    check_unused(workspace)
    new = workspace.backups / NEW
    with _locked(workspace), no_room_in_words(say("The backup was not put back")):
        copy_database(chosen, new, settled=True)
        kept = keep_aside(workspace)
        _forget_traces(workspace)
        os.replace(new, workspace.database)
    return _settled(workspace, kept)


def begin_anew(workspace: Workspace) -> Recovered:
    """Begin with an empty database; all sounds go to `lost+found`.

    Raises:
        WorkbenchError: The workspace is in use, or the disk is full.
    """
    check_unused(workspace)
    with _locked(workspace), no_room_in_words(say("Nothing was begun anew")):
        kept = keep_aside(workspace)
        # First the sounds: an empty database beside them would be refused.
        moved = move_strays(workspace, set(), float("inf"))
        _forget_traces(workspace)
        workspace.database.unlink(missing_ok=True)
    done = _settled(workspace, kept)
    return Recovered(done.clips, kept, moved + done.moved, done.restored, done.notices)


def check_unused(workspace: Workspace) -> None:
    """Refuse while a page, a command or a run uses the database.

    Raises:
        WorkbenchError: It says who, as far as that can be told.
    """
    for lock in workspace.runs.glob(f"*/{ALIVE}"):
        if _is_held(lock):
            raise WorkbenchError(say("{name} is at work in this workspace; stop it first.", name=lock.parent.name))
    if _is_held(workspace.root / SERVING):
        raise WorkbenchError(say("The page of this workspace is being served; end it first."))
    if not workspace.database.exists() or not workspace.database.stat().st_size:
        return
    with suppress(sqlite3.DatabaseError), closing(connect(workspace.database, wait=0)) as database:
        if _is_open_elsewhere(database):
            raise WorkbenchError(say("A page or a command is using this workspace; close it first."))


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _is_open_elsewhere(database: sqlite3.Connection) -> bool:
    """SQLite leaves its log, which it takes up again at the next opening, only while nobody else has the file open."""
    try:
        database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as e:
        return "locked" in str(e)
    return False


def _found(workspace: Workspace, file: Path) -> Path:
    beside = workspace.backups / file.name
    chosen = file if file.is_file() else beside
    if not chosen.is_file():
        raise WorkbenchError(
            say(
                "There is no file {file}, nor {beside}; `workbench recover` lists the backups.",
                file=file,
                beside=beside,
            )
        )
    if chosen.resolve() == workspace.database:
        raise WorkbenchError(say("{file} is the database that is in use; name a backup of it.", file=file))
    if problem := read_backup(chosen).problem:
        raise WorkbenchError(
            say(
                "{chosen} is no database of a workspace: {problem}; choose another one.", chosen=chosen, problem=problem
            )
        )
    # What opening would refuse afterwards is refused before anything is replaced.
    if is_newer(chosen):
        raise WorkbenchError(
            say(
                "{chosen} was written by a newer Speech Workbench; update the program, or choose another.",
                chosen=chosen,
            )
        )
    if not holds_something(chosen):
        raise WorkbenchError(
            say(
                "{chosen} knows no clip and no set; choose another one, or begin anew with "
                "`workbench recover --empty`.",
                chosen=chosen,
            )
        )
    return chosen


@contextmanager
def _locked(workspace: Workspace) -> Iterator[None]:
    with FileLock(workspace.root / ".migrate.lock"), sounds_lock(workspace), backups_lock(workspace):
        yield


def _forget_traces(workspace: Workspace) -> None:
    """The old database's log must never be read into another one, and its marks hold no longer."""
    for ending in BESIDE:
        Path(f"{workspace.database}{ending}").unlink(missing_ok=True)
    (workspace.root / MARKER).unlink(missing_ok=True)
    keep_seen(workspace, None)


def _settled(workspace: Workspace, kept: Path | None) -> Recovered:
    store = Store.open(workspace)
    try:
        known = known_sounds(store)
        with sounds_lock(workspace):
            restored = bring_back(workspace, known)
            moved = move_strays(workspace, known, float("inf"))
        return Recovered(read_backup(workspace.database).clips, kept, moved, restored, store.notices)
    finally:
        store.close()
