"""Which database belongs to a workspace, so that an empty or a replaced one is told before anything is done.

A small file beside the database says which one was here last and how often its hours were counted; a database that
says another thing was put here from outside. Nothing is concluded from what such a database does not know.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Engine, inspect, literal, select
from sqlalchemy.orm import Session

from workbench.atomic import write_json
from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.store.backups import Backup, list_backups, newest_backup
from workbench.store.clock import CLOCK
from workbench.store.models import Base, ClipRow, ClipSetRow, ClockRow
from workbench.workspace import Workspace

SEEN: Final = ".database.json"  # in the workspace


@dataclass(frozen=True)
class Seen:
    """The database that was here last.

    Attributes:
        looks: How often its hours had been counted, see `clock.py`.
    """

    database_id: str
    looks: int


def refuse_missing(workspace: Workspace) -> None:
    """Before a database is made: is there none, though sounds are there?

    Raises:
        WorkbenchError: It says how many sounds, which backup is the newest, and what to do.
    """
    path = workspace.database
    if path.exists() and path.stat().st_size:
        return
    _refuse(workspace, say("is empty") if path.exists() else say("is missing"))


def refuse_empty(workspace: Workspace, engine: Engine) -> None:
    """Before a database is changed: does it know nothing, though sounds are there that were another one's?

    One that has lost its clips under this program's eyes, by erasing or by an import that was killed, is no stranger.

    Raises:
        WorkbenchError: As `refuse_missing`.
    """
    with Session(engine) as session:
        if _first(session, ClipRow) is not None:
            return
        known = read_seen(workspace)
        if known is None and _first(session, ClipSetRow) is not None:
            return
        if known is not None and known.database_id == _first(session, ClockRow, ClockRow.database_id):
            return
    _refuse(workspace, say("knows no clip"))


def replaced(workspace: Workspace, session: Session) -> str:
    """A sentence where the database is not the one that was here last, or an earlier state of it; else empty."""
    known = read_seen(workspace)
    if known is None:
        return ""
    clock = session.get_one(ClockRow, CLOCK)
    if clock.database_id == known.database_id and clock.looks >= known.looks:
        return ""
    if clock.database_id != known.database_id:
        return say(
            "The database in {folder} is another one than before: clips and labels may be missing from it. For now "
            "nothing is moved or erased; `workbench recover` lists the backups and puts one back.",
            folder=workspace.root,
        )
    return say(
        "The database in {folder} is an older state of the one that was here before: clips and labels may be missing "
        "from it. For now nothing is moved or erased; `workbench recover` lists the backups and puts one back.",
        folder=workspace.root,
    )


def read_seen(workspace: Workspace) -> Seen | None:
    """The database that was here last; None where nothing says so."""
    try:
        found = json.loads((workspace.root / SEEN).read_text(encoding="utf-8"))
        return Seen(str(found["database_id"]), int(found["looks"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_seen(workspace: Workspace, seen: Seen | None) -> None:
    """Note the database that is here now; None forgets it.

    Raises:
        OSError: The disk is full.
    """
    path = workspace.root / SEEN
    if seen is None:
        path.unlink(missing_ok=True)
        return
    write_json(path, asdict(seen))


def damaged(workspace: Workspace, reason: object) -> WorkbenchError:
    """The error for a database that cannot be read."""
    return WorkbenchError(
        say(
            "The database {database} is damaged ({why}); {remedy}.",
            database=workspace.database,
            why=reason,
            remedy=_remedy(workspace),
        )
    )


def _first(session: Session, table: type[Base], column: Any = None) -> Any:
    """A value of the table's first row, 1 by default; None where the table is empty or is not there."""
    if not inspect(session.connection()).has_table(table.__tablename__):
        return None
    return session.scalar(select(literal(1) if column is None else column).select_from(table).limit(1))


def _refuse(workspace: Workspace, what: str) -> None:
    sounds = sum(1 for _ in workspace.clips.glob("*/*.flac"))
    if sounds:
        raise WorkbenchError(
            say(
                "The database {database} {what}, though {sounds:,} sounds lie beside it; nothing was done. {remedy}.",
                database=workspace.database,
                what=what,
                sounds=sounds,
                remedy=_remedy_alone(workspace),
            )
        )


def _remedy(workspace: Workspace) -> str:
    """What to do, within a sentence."""
    newest = newest_backup(workspace)
    if newest is not None:
        return say(
            "the newest backup is of {made} UTC and knows {clips:,} clips: put it back with `workbench recover --from "
            "{file}`, or begin anew with `workbench recover --empty`, which keeps the sounds in lost+found",
            **_named(newest),
        )
    if list_backups(workspace):
        return say(
            "no backup of it knows a clip; put a copy of your own back with `workbench recover --from FILE`, or begin "
            "anew with `workbench recover --empty`, which keeps the sounds in lost+found"
        )
    return say(
        "there is no backup of it; put a copy of your own back with `workbench recover --from FILE`, or begin anew "
        "with `workbench recover --empty`, which keeps the sounds in lost+found"
    )


def _remedy_alone(workspace: Workspace) -> str:
    """The same as a sentence, without its full stop."""
    newest = newest_backup(workspace)
    if newest is not None:
        return say(
            "The newest backup is of {made} UTC and knows {clips:,} clips: put it back with `workbench recover --from "
            "{file}`, or begin anew with `workbench recover --empty`, which keeps the sounds in lost+found",
            **_named(newest),
        )
    if list_backups(workspace):
        return say(
            "No backup of it knows a clip; put a copy of your own back with `workbench recover --from FILE`, or begin "
            "anew with `workbench recover --empty`, which keeps the sounds in lost+found"
        )
    return say(
        "There is no backup of it; put a copy of your own back with `workbench recover --from FILE`, or begin anew "
        "with `workbench recover --empty`, which keeps the sounds in lost+found"
    )


def _named(backup: Backup) -> dict[str, Any]:
    return {"made": f"{backup.made:%Y-%m-%d %H:%M}", "clips": backup.clips, "file": backup.path.name}
