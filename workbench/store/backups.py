"""Verified copies of the database: one a day, one from before each update, one of whatever `recover` has replaced.

A copy is made by SQLite's own backup, so it is whole though somebody writes meanwhile; it is read once over before it
gets its name, and it lies there alone, without a log beside it.
"""

import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from workbench.atomic import TEMPORARY, replacing
from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.workspace import Workspace

KEPT_DAYS: Final = 7  # daily backups
SPARE: Final = 32 * 2**20  # bytes that a daily backup leaves free: labels come first
BESIDE: Final = ("-journal", "-wal", "-shm")  # SQLite's own files beside a database
DAILY: Final = re.compile(r"workbench-\d{4}-\d\d-\d\d\.db")
HALF: Final = TEMPORARY  # a copy that is being written
_WAIT_S: Final = 30.0


@dataclass(frozen=True)
class Backup:
    """A copy of the database that can be put back.

    Attributes:
        made: When, UTC.
        labels: Clips with a confirmed label.
        problem: Why it cannot be put back; empty where it can.
    """

    path: Path
    made: datetime
    clips: int = 0
    labels: int = 0
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        shown = {"file": str(self.path), "made": self.made.isoformat(), "clips": self.clips, "labels": self.labels}
        return {**shown, "problem": self.problem}


def backups_lock(workspace: Workspace) -> FileLock:
    """Held while a copy is made, and while something is erased from the database and its copies: none may be missed."""
    return FileLock(workspace.root / ".backups.lock")


def back_up(workspace: Workspace, day: date) -> Path | None:
    """Make the day's backup and drop the ones before the last seven.

    Returns:
        The backup; None where it is there already, or where there is no clip to lose.

    Raises:
        OSError: The disk has no room for it.
        sqlite3.Error: The database cannot be read.
    """
    target = workspace.backups / f"workbench-{day.isoformat()}.db"
    with backups_lock(workspace):
        if target.exists() or not _has_clips(workspace.database):
            return None
        check_room(workspace, spare=SPARE)
        copy_database(workspace.database, target)
        daily = [path for path in workspace.backups.glob("workbench-*.db") if DAILY.fullmatch(path.name)]
        # Days to come were written under a wrong clock: they go first, or they would push out every true one.
        daily.sort(key=lambda path: (path.name <= target.name, path.name))
        for path in daily[:-KEPT_DAYS]:
            remove_copy(path)
    return target


def copy_named(workspace: Workspace, why: str) -> Path:
    """Copy the database as it is now under a name that says why; the caller holds the lock.

    Raises:
        OSError: The disk has no room for it.
        sqlite3.Error: The database cannot be read.
    """
    stem = f"workbench-{why}-{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    target = _unused(workspace.backups / f"{stem}.db")
    copy_database(workspace.database, target)
    return target


def keep_aside(workspace: Workspace) -> Path | None:
    """Copy the present database, whatever state it is in, before another takes its place.

    Returns:
        The copy; None where there is nothing to keep.

    Raises:
        OSError: The disk has no room for it.
    """
    if not workspace.database.exists() or not workspace.database.stat().st_size:
        return None
    try:
        return copy_named(workspace, "replaced")
    except sqlite3.DatabaseError:  # damaged: kept byte by byte
        target = _unused(workspace.backups / f"workbench-replaced-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.db")
        target.parent.mkdir(exist_ok=True)
        for ending in ("", *BESIDE[:2]):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{workspace.database}{ending}", f"{target}{ending}")
        return target


def check_room(workspace: Workspace, *, spare: int = 0) -> None:
    """Look whether the disk holds another copy of the database.

    Raises:
        OSError: It does not.
    """
    needed = sum(p.stat().st_size for p in workspace.root.glob("workbench.db*") if p.suffix != ".db-shm") + spare
    free = shutil.disk_usage(workspace.root).free
    if free < needed:
        raise OSError(28, f"No space left on device: {needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free")


def copy_database(source: Path, target: Path, *, settled: bool = False) -> None:
    """Copy a database so that the copy is either whole or absent; the caller holds the lock of copies.

    Args:
        settled: Nobody writes the source, which may lie on a disk that can only be read.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
        sqlite3.Error: The source is no database, or damaged, or there is no room.
    """
    target.parent.mkdir(exist_ok=True)
    drop_halves(target.parent, ".db")
    with replacing(target) as half, _nothing_beside(half):
        with closing(reading(source) if settled else connect(source)) as live, closing(sqlite3.connect(half)) as copy:
            # One step within one look: nobody's writing can make it begin again, and in WAL mode it blocks nobody.
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            _check_whole(copy)
        _to_disk(half)
    _to_disk(target.parent)


def list_backups(workspace: Workspace) -> list[Backup]:
    """The copies there are, newest first."""
    found = [read_backup(path) for path in workspace.backups.glob("*.db") if path.is_file()]
    return sorted(found, key=lambda backup: (backup.made, backup.path.name), reverse=True)


def newest_backup(workspace: Workspace) -> Backup | None:
    """The newest copy that can be put back and knows some clips."""
    return next((backup for backup in list_backups(workspace) if backup.clips and not backup.problem), None)


def read_backup(path: Path) -> Backup:
    """What a copy holds; `problem` says why it cannot be read."""
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        with closing(reading(path)) as copy:
            clips = copy.execute("SELECT count(*) FROM clip WHERE deleted_at IS NULL").fetchone()[0]
            labels = copy.execute(
                "SELECT count(*) FROM clip JOIN reference ON reference.id = clip.reference_id"
                " WHERE clip.deleted_at IS NULL AND reference.confirmed"
            ).fetchone()[0]
    except sqlite3.DatabaseError as e:
        return Backup(path, made, problem=say("it cannot be read ({why})", why=e))
    return Backup(path, made, clips, labels)


def holds_something(path: Path) -> bool:
    """Whether a database that `read_backup` finds no problem in knows a clip or a set, be it a deleted one."""
    with closing(reading(path)) as copy:
        asked = "SELECT 1 FROM clip UNION ALL SELECT 1 FROM clip_set LIMIT 1"
        return copy.execute(asked).fetchone() is not None


def connect(path: Path, *, mode: str = "rw", wait: float = _WAIT_S) -> sqlite3.Connection:
    """A connection to a database file that exists; transactions are left to the caller."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=wait, isolation_level=None)


def reading(path: Path) -> sqlite3.Connection:
    """A connection that reads a copy, and makes no file where no log lies beside it: its disk may take none."""
    alone = not Path(f"{path}{BESIDE[1]}").exists()
    return connect(path, mode="ro&immutable=1" if alone else "rw")


def drop_halves(folder: Path, of: str = "") -> None:
    """Remove what a killed process has left half written; the caller holds the lock of copies.

    Args:
        of: Only those of files whose names end so.
    """
    for half in folder.glob(f"*{HALF}*"):
        if of in half.name.partition(HALF)[0]:
            half.unlink(missing_ok=True)


def remove_copy(path: Path) -> None:
    """Remove a copy with what SQLite may have left beside it."""
    for ending in ("", *BESIDE):
        Path(f"{path}{ending}").unlink(missing_ok=True)


@contextmanager
def no_room_in_words(what: str) -> Iterator[None]:
    """Say in one sentence that a copy found no room.

    Args:
        what: What was not done, for instance "The workspace was not updated".
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as e:
        reason = e.strerror if isinstance(e, OSError) else str(e)
        raise WorkbenchError(
            say(
                "{what}, and nothing was changed, because a copy of its database could not be "
                "written ({why}); free some disk space and start again.",
                what=what,
                why=reason,
            )
        ) from e


@contextmanager
def _nothing_beside(half: Path) -> Iterator[None]:
    """Whatever SQLite has left beside a copy that failed goes with it."""
    try:
        yield
    except BaseException:
        remove_copy(half)
        raise


def _has_clips(database: Path) -> bool:
    if not database.exists():
        return False
    with closing(connect(database)) as live:
        return live.execute("SELECT 1 FROM clip LIMIT 1").fetchone() is not None


def _check_whole(copy: sqlite3.Connection) -> None:
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"database disk image is malformed: {found}")


def _to_disk(path: Path) -> None:
    """Have the system write a file or a folder out, so that it outlives a power cut."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    except OSError as e:
        logging.getLogger(__name__).warning("%s could not be synced: %s", path, e)
    finally:
        os.close(handle)


def _unused(path: Path) -> Path:
    number, chosen = 1, path
    while chosen.exists():
        number += 1
        chosen = path.with_stem(f"{path.stem}-{number}")
    return chosen
