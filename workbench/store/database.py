"""Opens the database, applies the migrations that are missing, hands out sessions, and knows when somebody wrote."""

import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from workbench.errors import WorkbenchError
from workbench.workspace import Workspace

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 30_000  # a writer waits this long for another process's transaction

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

    @classmethod
    def open(cls, workspace: Workspace) -> "Store":
        """Open the workspace's database at its newest schema.

        Raises:
            WorkbenchError: The file is no database, is newer than this program, or the disk is full.
        """
        store = cls(workspace.database_url)
        try:
            # Two processes may open a new workspace at once; only one may migrate.
            with FileLock(workspace.root / ".migrate.lock"):
                _migrate(store.engine)
        except OperationalError as e:
            raise WorkbenchError(
                f"The database in {workspace.root} cannot be opened ({e.orig}); "
                "check that the disk has room and that the file workbench.db is yours."
            ) from e
        return store

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits when its block ends well and rolls back when it does not."""
        with self._sessions.begin() as session:
            yield session

    def kept(self, question: Hashable, ask: Callable[[], T]) -> T:
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


def alembic_config(engine: Engine) -> Config:
    """Alembic's configuration without an ini file; the connection is handed over as an attribute."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", engine.url.render_as_string(hide_password=False).replace("%", "%%"))
    return config


def _migrate(engine: Engine) -> None:
    config = alembic_config(engine)
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    with engine.connect() as connection:
        current = None
        if inspect(connection).has_table("alembic_version"):
            current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if current == head:
        return
    if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
        raise WorkbenchError(
            "This workspace was written by a newer Speech Workbench; update the program, or choose another --workspace."
        )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
