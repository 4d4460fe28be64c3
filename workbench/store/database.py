"""Opens the database of a workspace, hands out sessions, and knows when somebody wrote."""

import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from filelock import FileLock
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, sessionmaker

from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.store.identity import damaged, refuse_empty, refuse_missing, replaced
from workbench.store.upgrade import alembic_config, upgrade
from workbench.workspace import Workspace

__all__ = ["BUSY_TIMEOUT_MS", "Store", "alembic_config"]

BUSY_TIMEOUT_MS = 30_000  # a writer waits this long for another process's transaction
DAMAGED: Final = ("not a database", "malformed", "database corruption", "unsupported file format")

T = TypeVar("T")


class Store:
    """The database of one workspace.

    Args:
        url: SQLAlchemy URL; SQLite by default, PostgreSQL for a team.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._watch: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Any] = {}
        self._answered_at: int | None = None
        self.notices: tuple[str, ...] = ()

    @classmethod
    def open(cls, workspace: Workspace) -> "Store":
        """Open the workspace's database at its newest schema.

        `notices` of what is returned are sentences for the user: an update, or a database that was put in its place.

        Raises:
            WorkbenchError: The file is missing beside sounds, is no database, may not be written, is newer than this
                program, or the disk is full.
        """
        refuse_missing(workspace)
        _refuse_shut(workspace)
        store = cls(workspace.database_url)
        try:
            # Two processes may open a new workspace at once; only one may make the file, and migrate.
            with FileLock(workspace.root / ".migrate.lock"):
                refuse_empty(workspace, store.engine)
                store.notices = upgrade(workspace, store.engine)
            with store.session() as session:
                store.notices += tuple(filter(None, [replaced(workspace, session)]))
        except (DatabaseError, sqlite3.DatabaseError, OSError) as e:
            store.close()
            raise _in_words(workspace, e) from e
        except WorkbenchError:
            store.close()
            raise
        return store

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits when its block ends well and rolls back when it does not.

        Raises:
            WorkbenchError: The database file is damaged.
        """
        try:
            with self._sessions.begin() as session:
                yield session
        except DatabaseError as e:
            if not _is_damaged(e.orig):
                raise
            raise WorkbenchError(
                say(
                    "The database {database} is damaged ({why}); close the program, then `workbench "
                    "recover` lists the backups and puts one back.",
                    database=self.engine.url.database,
                    why=e.orig,
                )
            ) from e

    def cached(self, question: Hashable, ask: Callable[[], T]) -> T:
        """The answer to a question that every page asks every second, asked anew only after somebody wrote.

        Args:
            question: Names what `ask` asks, with its arguments.
            ask: Asks the database; its answer is shared, so it must not be changed.
        """
        version = self.version()
        if version is None:
            return ask()
        with self._lock:
            if version != self._answered_at:
                self._answers, self._answered_at = {}, version
            answers = self._answers  # a write meanwhile begins a new dictionary, so an old answer is not kept as new
        if question not in answers:
            answers[question] = ask()
        found: T = answers[question]
        return found

    def version(self) -> int | None:
        """A number that is another one after every commit of any process; None where the database has none.

        SQLite's data_version tells a connection of the commits of all others, hence one that never writes.
        """
        if self.engine.dialect.name != "sqlite" or not self.engine.url.database:
            return None
        with self._lock:
            if self._watch is None:
                self._watch = sqlite3.connect(self.engine.url.database, check_same_thread=False)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        with self._lock:  # a page's timer may be asking
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self.engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _configure(connection, _record):  # type: ignore[no-untyped-def]
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")  # readers never wait for the one writer
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA secure_delete=ON")  # erased labels leave no readable bytes in the file
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            cursor.close()

    return engine


def _refuse_shut(workspace: Workspace) -> None:
    """Say at once that the file may not be written, where SQLite would only say so at the first label."""
    if workspace.database.exists() and not os.access(workspace.database, os.R_OK | os.W_OK):
        raise WorkbenchError(
            say(
                "The database {database} may only be read, or not even that; give yourself the right to write it.",
                database=workspace.database,
            )
        )


def _is_damaged(reason: object) -> bool:
    return any(sign in str(reason) for sign in DAMAGED)


def _in_words(workspace: Workspace, error: Exception) -> WorkbenchError:
    reason = getattr(error, "orig", None) or error
    if _is_damaged(reason):
        return damaged(workspace, reason)
    if isinstance(error, PermissionError) or "readonly" in str(reason) or "read-only" in str(reason).lower():
        return WorkbenchError(
            say(
                "The workspace folder {folder} may only be read ({why}); choose another with --workspace, or give "
                "yourself the right to write there.",
                folder=workspace.root,
                why=reason,
            )
        )
    return WorkbenchError(
        say(
            "The database in {folder} cannot be opened ({why}); check that the disk has room and that the file "
            "workbench.db is yours.",
            folder=workspace.root,
            why=reason,
        )
    )
