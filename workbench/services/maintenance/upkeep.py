"""Keeps the workspace whole: counts the hours, backs the database up, erases what is past its time, tidies strays.

The page looks every hour, the command line before it imports or deletes. Nothing goes because of a clock that jumped,
nor because of what a database does not know: see `clock.py` and `strays.py`.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from sqlalchemy.exc import OperationalError

from workbench.atomic import TEMPORARY
from workbench.errors import WorkbenchError
from workbench.language.said import Said, count, say
from workbench.services.exports.take import remove_taken
from workbench.services.results.history import History
from workbench.services.storage.reserve import first_served
from workbench.services.trash.strays import bring_back, known_sounds, lost_sounds, move_strays
from workbench.services.trash.trash import erase_expired, sounds_lock
from workbench.store.backups import back_up
from workbench.store.clock import Look, advance
from workbench.store.database import Store
from workbench.store.identity import Seen, keep_seen, replaced
from workbench.workspace import Workspace

STRAY_AGE_S: Final = 24 * 3600.0  # what an import, an upload or a cache is writing is younger
_log = logging.getLogger(__name__)


class Upkeep:
    """The housekeeping of one workspace."""

    def __init__(self, workspace: Workspace, store: Store, history: History) -> None:
        self._workspace, self._store, self._history = workspace, store, history
        self._notices = list(store.notices)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was said since opening, and has not been noted, without the paths of this machine."""
        return tuple(_within(notice, f"{self._workspace.root}{os.sep}") for notice in self._notices)

    def note(self) -> None:
        """Somebody has read the notices."""
        self._notices.clear()

    def look(self) -> tuple[str, ...]:
        """Do what is due; quick where nothing is. A full disk puts off what needs room, and raises nothing.

        Returns:
            Sentences for the user; none while another process looks.
        """
        try:
            with FileLock(self._workspace.root / ".upkeep.lock").acquire(timeout=0):
                said = tuple(self._look())
        except Timeout:
            return ()
        self._notices += [notice for notice in said if notice not in self._notices]
        return said

    def take_back(self) -> int:
        """Take sounds out of `lost+found` that clips have; how many clips have theirs again."""
        if not any(lost_sounds(self._workspace)):
            return 0
        with sounds_lock(self._workspace):
            return bring_back(self._workspace, known_sounds(self._store))

    def back_up(self) -> None:
        """Make the day's backup, where there is none yet; a full disk puts it off."""
        with _put_off("the daily backup"):
            if back_up(self._workspace, date.today()):
                self._count()  # so that this copy, put back, is known as an older state

    def _look(self) -> Iterator[str]:
        with self._store.session() as session:
            stranger = replaced(self._workspace, session)
        if stranger:
            yield stranger
        look = self._count()
        with _put_off("bringing sounds back"):
            if restored := self.take_back():
                yield count(
                    restored,
                    "{n:,} clip has its sound again, which was in {folder}.",
                    "{n:,} clips have their sound again, which was in {folder}.",
                    folder=self._workspace.lost_and_found,
                )
        self.back_up()
        if stranger or look is None or look.jumped:
            return
        with _put_off("erasing what is past its time"):
            self._erase_expired()
        with _put_off("tidying up"):
            yield from self._tidy()

    def _count(self) -> Look | None:
        with _put_off("counting the hours"):
            with self._store.session() as session:
                look = advance(session)
            keep_seen(self._workspace, Seen(look.database_id, look.looks))
            return look
        return None

    def _erase_expired(self) -> None:
        lost = say("What is past its time in the bin was not erased")
        first_served(self._store, lost, lambda: erase_expired(self._workspace, self._store))
        self._history.erase_expired()

    def _tidy(self) -> Iterator[str]:
        old = time.time() - STRAY_AGE_S
        with sounds_lock(self._workspace):
            moved = move_strays(self._workspace, known_sounds(self._store), old)
        for path in [*self._workspace.temporary.rglob("*"), *self._half_written()]:
            if path.is_file() and path.stat().st_mtime < old:
                path.unlink(missing_ok=True)
        remove_taken(self._workspace, old)
        if moved:
            yield count(
                moved,
                "{n:,} sound that belongs to no clip of the database was moved to {folder}; `workbench import {folder} "
                "--set NAME` takes it in again, and what nobody needs can be deleted there.",
                "{n:,} sounds that belong to no clip of the database were moved to {folder}; `workbench import "
                "{folder} --set NAME` takes them in again, and what nobody needs can be deleted there.",
                folder=self._workspace.lost_and_found,
            )

    def _half_written(self) -> Iterator[Path]:
        """What killed processes have left; sounds and backups are seen to by those who hold their locks."""
        yield from self._workspace.root.glob(f"*{TEMPORARY}")
        for folder in (self._workspace.cache, self._workspace.runs):
            yield from folder.rglob(f"*{TEMPORARY}")


def _within(said: Any, folder: str) -> Any:
    """A sentence with paths that begin in the folder, which they lose."""
    if isinstance(said, Said):
        values = {name: _within(value, folder) for name, value in said.values.items()}
        return Said(said.template, values, said.others)
    if isinstance(said, list):
        return [_within(part, folder) for part in said]
    return said.replace(folder, "") if isinstance(said, str) else said


@contextmanager
def _put_off(what: str) -> Iterator[None]:
    """A full disk, or a file in use, leaves this for the next look."""
    try:
        yield
    except (OSError, OperationalError, sqlite3.Error, WorkbenchError) as e:
        _log.warning("%s was put off: %s", what, e)
