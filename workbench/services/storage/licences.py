"""Under which licences the clips of a set are: as its user stated, else as the imports said.

They lie in a file of the workspace. Were it lost, nothing would be public that may not: what is unknown is refused. One
that cannot be read is neither written over nor taken for an empty one.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.atomic import write_json
from workbench.core.licences import LONGEST
from workbench.core.text.clean import clean_name
from workbench.errors import DataError, WorkbenchError
from workbench.files import FileProblem, read_bytes
from workbench.language.said import say
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow
from workbench.store.queries import find_set
from workbench.workspace import Workspace

FILE: Final = "licences.json"  # in the workspace
BESIDE_CLIPS: Final = "licence.txt"  # in a folder that is imported: one line
STATED: Final = "stated"
FOUND: Final = "found"
UNKNOWN: Final = ""

Entry = dict[str, Any]  # what is known of a set: STATED and FOUND, where there is any


class LicencesProblem(WorkbenchError):
    """The file of the licences is there, and cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            say(
                "The file {path} says under which licences clips are, and cannot be read ({why}); mend it, or move it "
                "away and state the licences anew.",
                path=path,
                why=reason,
            )
        )


def state_licence(workspace: Workspace, store: Store, set_name: str, licence: str) -> str:
    """Keep what a set's user says of it, in place of what imports said; the licence as it is kept.

    Args:
        licence: Empty: what imports said holds again.

    Raises:
        WorkbenchError: No such set, the licence is too long, or what was known cannot be read.
    """
    kept = clean_name(licence, LONGEST + 1)
    if len(kept) > LONGEST:
        raise DataError(
            say("A licence has at most {longest} characters; give its short name, such as CC-BY-4.0.", longest=LONGEST)
        )
    with store.session() as session:
        key = _key(find_set(session, set_name))
    stated = {STATED: kept} if kept else {}
    _change(workspace, key, lambda known: {k: v for k, v in known.get(key, {}).items() if k != STATED} | stated)
    return kept


def note_import(workspace: Workspace, session: Session, set_id: int, licence: str) -> None:
    """Keep what an import says of the clips that it is about to add, before they are committed.

    Of clips that were there before and of which nothing is kept, the licence is unknown.

    Args:
        licence: Empty: the import said nothing.

    Raises:
        LicencesProblem: What was known cannot be read.
    """
    key = _key(session.get_one(ClipSetRow, set_id))
    before = [UNKNOWN] if session.scalars(select(ClipRow.id).where(ClipRow.set_id == set_id).limit(1)).first() else []

    def noted(known: dict[str, Entry]) -> Entry:
        entry = known.get(key, {})
        return {**entry, FOUND: list(dict.fromkeys([*entry.get(FOUND, before), licence]))}

    _change(workspace, key, noted)


def note_copy(workspace: Workspace, source: ClipSetRow, copy: ClipSetRow) -> None:
    """Keep of a copy what is known of the set that it is made of, before it is committed.

    Raises:
        LicencesProblem: What was known cannot be read.
    """
    _change(workspace, _key(copy), lambda known: {FOUND: [UNKNOWN], **known.get(_key(source), {})})


def licences_of(workspace: Workspace, session: Session, set_id: int) -> list[str]:
    """The licences of a set's clips; an empty one, or none at all, is unknown.

    Raises:
        LicencesProblem: What is known cannot be read.
    """
    known = _read(workspace).get(_key(session.get_one(ClipSetRow, set_id)), {})
    return [known[STATED]] if STATED in known else list(known.get(FOUND, []))


def licence_beside(path: Path) -> str:
    """What a folder says of its clips in a file of one line; empty where it says nothing."""
    try:
        text = read_bytes(path / BESIDE_CLIPS, most=4 * LONGEST).decode("utf-8", errors="replace").strip()
    except FileProblem:
        return ""
    return text if len(text) <= LONGEST and "\n" not in text else ""


def _key(row: ClipSetRow) -> str:
    """Of this set and of none that another database, or an older state of this one, gives the same number."""
    return f"{row.id} {row.created_at.isoformat()}"


def _read(workspace: Workspace) -> dict[str, Entry]:
    path = workspace.root / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as e:
        raise LicencesProblem(path, str(getattr(e, "strerror", None) or e)) from e
    if not isinstance(found, dict) or not all(map(_is_entry, found.values())):
        raise LicencesProblem(path, say("it holds something else"))
    return found


def _is_entry(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    texts = value.get(FOUND, [])
    return isinstance(texts, list) and all(isinstance(text, str) for text in [*texts, value.get(STATED, "")])


def _change(workspace: Workspace, key: str, change: Callable[[dict[str, Entry]], Entry]) -> None:
    """Put a set's entry anew, made of all that is known by then; nobody else writes meanwhile."""
    with FileLock(workspace.root / f".{FILE}.lock"):
        known = _read(workspace)
        if (entry := change(known)) != known.get(key):
            write_json(workspace.root / FILE, {**known, key: entry}, lasting=True)
