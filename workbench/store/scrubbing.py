"""Erases from the copies of the database what is erased from the database, so that no byte of it is left there.

A copy may be of any earlier schema, so this is plain SQL over the tables and columns that a copy has. A copy that
cannot be rewritten is removed.
"""

import logging
import os
import sqlite3
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.store.backups import connect, drop_halves, remove_copy
from workbench.workspace import Workspace

# Columns of a run that erasing empties.
EMPTIED: Final = ("model", "config", "plan", "split", "labels", "cuts", "versions", "progress", "result")
ERASED_NAME: Final = "(erased)"  # of a set that runs still point at
GONE: Final = (
    "DELETE FROM clip WHERE sha256 IN (SELECT value FROM gone_lonely)"
    " OR (id IN (SELECT value FROM gone_ids) AND sha256 IN (SELECT value FROM gone_hashes))"
)
_WAIT_S: Final = 5.0  # for somebody who reads a copy


@dataclass(frozen=True)
class Erasure:
    """What is to be erased from every copy.

    Attributes:
        clips: Ids of the clips.
        hashes: Content hashes of their sounds. An id alone is not enough: SQLite gives it again.
        lonely: Those hashes that no other clip of the database uses; any clip with one goes.
        sets: Ids of whole sets, with the moment at which each was made.
        runs: Ids of runs, each with the clips where what it heard still waits to be checked.
    """

    clips: Collection[int] = ()
    hashes: Collection[str] = ()
    lonely: Collection[str] = ()
    sets: Collection[tuple[int, str]] = ()
    runs: Collection[tuple[int, frozenset[int]]] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.clips or self.hashes or self.sets or self.runs)


def scrub_copies(workspace: Workspace, gone: Erasure) -> None:
    """Erase from every copy; the caller holds the lock of the copies."""
    if not gone or not workspace.backups.is_dir():
        return
    drop_halves(workspace.backups)
    for path in sorted(workspace.backups.glob("*.db")):
        try:
            _scrub(path, gone)
        except (sqlite3.Error, OSError) as e:
            logging.getLogger(__name__).warning("%s could not be rewritten (%s) and was removed", path, e)
            remove_copy(path)


def _scrub(path: Path, gone: Erasure) -> None:
    made = path.stat()
    with closing(connect(path, wait=_WAIT_S)) as copy:
        copy.executescript(
            "PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
        )
        tables = _Tables(copy)
        _name(copy, gone)
        before = copy.total_changes
        copy.execute("BEGIN IMMEDIATE")
        if "drafting" in tables.columns:
            copy.execute("DELETE FROM drafting")  # may name clips, and tells nothing that a backup is for
        if "clip" in tables.columns:
            # Labels, cuts, drafts and evaluation texts go with their clip, by the tables' own rules.
            copy.execute(GONE)
            if tables.has("clip", "whole_sha256"):
                copy.execute(GONE.replace("sha256", "whole_sha256"))
        for set_id, made_at in gone.sets:
            _scrub_set(copy, tables, set_id, made_at)
        for run_id, waiting in gone.runs:
            _scrub_run(copy, tables, run_id, waiting)
        copy.execute("COMMIT")
        if copy.total_changes > before:
            copy.execute("VACUUM")
    os.utime(path, ns=(made.st_atime_ns, made.st_mtime_ns))  # it still is the copy of that day


class _Tables:
    """The columns that a copy's tables have, by table."""

    def __init__(self, copy: sqlite3.Connection) -> None:
        names = [row[0] for row in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.columns = {name: {row[1] for row in copy.execute(f"PRAGMA table_info({name})")} for name in names}

    def has(self, table: str, column: str) -> bool:
        return column in self.columns.get(table, ())


def _name(copy: sqlite3.Connection, gone: Erasure) -> None:
    """Tables of what is gone, in memory: one statement takes no list of this length."""
    parts: dict[str, Iterable[int | str]] = {"ids": gone.clips, "hashes": gone.hashes, "lonely": gone.lonely}
    for name, values in parts.items():
        copy.execute(f"CREATE TEMP TABLE gone_{name} (value PRIMARY KEY)")
        copy.execute("BEGIN")
        copy.executemany(f"INSERT OR IGNORE INTO gone_{name} VALUES (?)", [(value,) for value in values])
        copy.execute("COMMIT")


def _scrub_set(copy: sqlite3.Connection, tables: _Tables, set_id: int, made_at: str) -> None:
    """The row stays, without name and words, where something still points at it."""
    here = "id = ? AND created_at = ?"
    if not tables.has("clip_set", "created_at"):
        return
    pointing = [table for table in ("clip", "run") if table in tables.columns]
    held = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE set_id = clip_set.id)" for table in pointing)
    copy.execute(f"DELETE FROM clip_set WHERE {here} AND NOT ({held or '0'})", (set_id, made_at))
    copy.execute(
        f"UPDATE clip_set SET name = ?, words = '[]', deleted_at = coalesce(deleted_at, CURRENT_TIMESTAMP),"
        f" erased_at = coalesce(erased_at, CURRENT_TIMESTAMP) WHERE {here}",
        (ERASED_NAME, set_id, made_at),
    )


def _scrub_run(copy: sqlite3.Connection, tables: _Tables, run_id: int, waiting: frozenset[int]) -> None:
    for table in ("evaluation", "general_evaluation", "watched_clip"):
        if table in tables.columns:
            copy.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
    if "hypothesis" in tables.columns:
        heard = copy.execute("SELECT id, clip_id FROM hypothesis WHERE model = ?", (f"run-{run_id}",)).fetchall()
        for row_id, clip_id in heard:
            if clip_id not in waiting:
                copy.execute("UPDATE clip SET draft_id = NULL WHERE draft_id = ?", (row_id,))
                copy.execute("DELETE FROM hypothesis WHERE id = ?", (row_id,))
    values = {**dict.fromkeys(EMPTIED, "{}"), "words": "[]", "title": "", "note": "", "message": ""}
    emptied = {column: value for column, value in values.items() if tables.has("run", column)}
    if emptied:
        assigned = ", ".join(f"{column} = ?" for column in emptied)
        copy.execute(f"UPDATE run SET {assigned} WHERE id = ?", (*emptied.values(), run_id))
        if tables.has("run", "erased_at"):
            copy.execute("UPDATE run SET erased_at = CURRENT_TIMESTAMP WHERE id = ?", (run_id,))
