"""Brings a database to the newest schema: all of it or nothing, after a copy that is kept.

SQLite can take back changes of tables too, but only inside a transaction that is begun by hand: left to itself Python's
driver keeps every such statement at once, and a killed process leaves half a schema. A marker file says that an update
is under way, so that the next start can tell what has become of it.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from workbench.disk import is_full
from workbench.errors import WorkbenchError
from workbench.language.said import listing, say
from workbench.store.backups import backups_lock, check_room, copy_named, no_room_in_words, reading
from workbench.workspace import Workspace

MIGRATIONS: Final = Path(__file__).parent / "migrations"
MARKER: Final = ".updating.json"  # in the workspace, while an update is under way
BUSY_S: Final = 30.0  # an update waits this long for another process
NEWER: Final = say(
    "This workspace was written by a newer Speech Workbench; update the program, or choose another --workspace."
)


def upgrade(workspace: Workspace, engine: Engine) -> tuple[str, ...]:
    """Bring the database to the newest schema; the caller holds the lock of updates.

    Returns:
        Sentences for the user: what became of an update that was broken off, and what was updated.

    Raises:
        WorkbenchError: It is newer than this program, the disk has no room, or the update failed and was taken back.
    """
    current, (revisions, head) = current_revision(engine), _known()
    marker = workspace.root / MARKER
    begun = _read(marker)
    if current == head:
        marker.unlink(missing_ok=True)
        return (_finished_before(begun),) if begun else ()
    if current is not None and current not in revisions:
        raise WorkbenchError(NEWER)
    copy = _copy_before(workspace, engine, begun, head)
    _write(marker, {"from": current, "to": head, "copy": copy})
    try:
        with _whole(engine) as connection:
            run_migrations(connection)
    except WorkbenchError:
        raise
    except Exception as e:  # whatever a migration stumbles over, the user is told where the data are
        marker.unlink(missing_ok=True)
        raise WorkbenchError(_taken_back(e, copy, workspace.root)) from e
    marker.unlink(missing_ok=True)
    return tuple(_said(current, head, copy, begun))


def current_revision(engine: Engine) -> str | None:
    """The schema that the database says it has; None for a new one, or one whose first start was broken off."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_newer(file: Path) -> bool:
    """Whether a database file says that it has a schema that this program does not know."""
    with closing(reading(file)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return False
        row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return row is not None and row[0] not in _known()[0]


def alembic_config(engine: Engine) -> Config:
    """Alembic's configuration without an ini file; the connection is handed over as an attribute."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", engine.url.render_as_string(hide_password=False).replace("%", "%%"))
    return config


def run_migrations(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are missing inside the connection's transaction."""
    config = alembic_config(connection.engine)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def _known() -> tuple[frozenset[str], str]:
    """Every revision that this program knows, and the newest."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    assert head is not None
    return frozenset(s.revision for s in scripts.walk_revisions()), head


@contextmanager
def _whole(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction holds changes of tables too, and is kept or taken back as one."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    alone = create_engine(engine.url, poolclass=NullPool, connect_args={"isolation_level": None, "timeout": BUSY_S})
    event.listen(alone, "connect", _plain)
    with alone.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        before = _violations(connection)
        yield connection
        if _violations(connection) - before:
            raise sqlite3.IntegrityError("rows would point at rows that are not there")
        connection.commit()


def _plain(connection: Any, _record: Any) -> None:
    # Off, or a table that is copied to be altered would take with it what points at it; checked before the commit.
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA secure_delete=ON")


def _violations(connection: Connection) -> set[tuple[Any, ...]]:
    return {tuple(row)[:3] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}


def _copy_before(workspace: Workspace, engine: Engine, begun: dict[str, Any] | None, head: str) -> str:
    """The copy from before the update, the one of a broken-off update where it has one; empty where nothing is in."""
    if engine.dialect.name != "sqlite" or not _holds_something(engine):
        return ""
    if begun and begun.get("copy") and Path(begun["copy"]).is_file():
        return str(begun["copy"])
    with no_room_in_words(say("The workspace was not updated")), backups_lock(workspace):
        check_room(workspace)
        return str(copy_named(workspace, f"before-{head}"))


def _holds_something(engine: Engine) -> bool:
    with engine.connect() as connection:
        found = inspect(connection).has_table("clip_set")
        return found and connection.execute(text("SELECT 1 FROM clip_set LIMIT 1")).first() is not None


def _said(current: str | None, head: str, copy: str, begun: dict[str, Any] | None) -> Iterator[str]:
    if begun and current is None and not copy:
        yield say("The first start of this workspace had been broken off; it was begun again, and is complete.")
    elif begun:
        done = say("An update of this workspace had been broken off; it was done from the beginning, and is complete.")
        yield _with_copy(done, copy)
    elif current is not None:
        updated = say("The workspace was updated (schema {before} to {after}).", before=current, after=head)
        yield _with_copy(updated, copy)


def _with_copy(said: str, copy: str) -> str:
    return listing([said, say("The database as it was before is kept in {copy}.", copy=copy)], " ") if copy else said


def _finished_before(begun: dict[str, Any]) -> str:
    complete = say("The last update of this workspace was broken off when it was complete; nothing is missing.")
    return _with_copy(complete, begun.get("copy") or "")


def _taken_back(error: Exception, copy: str, folder: Path) -> str:
    said = _not_updated(error, folder)
    return listing([said, say("A copy of the database is {copy}.", copy=copy)], " ") if copy else said


def _not_updated(error: Exception, folder: Path) -> str:
    reason = str(error.orig if isinstance(error, DBAPIError) else error)
    if is_full(error, folder):
        return say("The disk has no room for updating the workspace, and nothing was changed; free some space.")
    if "locked" in reason or "busy" in reason:
        return say("Another process is using the workspace, so it was not updated; end it and start again.")
    return say("The workspace could not be updated ({why}); it was left as it was: use the version before.", why=reason)


def _read(marker: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # cut off with the process that wrote it
        return {}
    return found if isinstance(found, dict) else {}


def _write(marker: Path, document: dict[str, Any]) -> None:
    with no_room_in_words(say("The workspace was not updated")), marker.open("w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        with suppress(OSError):
            os.fsync(file.fileno())
