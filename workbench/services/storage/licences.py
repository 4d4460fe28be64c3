"""Under which licences the clips of a set are: as its user stated, else as the imports said.

They lie in a file of the workspace. Were it lost, nothing would be public that may not: what is unknown is refused.
"""

import json
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from sqlalchemy.orm import Session

from workbench.atomic import write_json
from workbench.core.licences import LONGEST
from workbench.core.text.clean import clean_name
from workbench.errors import DataError
from workbench.files import FileProblem, read_bytes
from workbench.store.database import Store
from workbench.store.models import ClipSetRow
from workbench.store.queries import find_set
from workbench.workspace import Workspace

FILE: Final = "licences.json"  # in the workspace
BESIDE_CLIPS: Final = "licence.txt"  # in a folder that is imported: one line
STATED: Final = "stated"
FOUND: Final = "found"


def state_licence(workspace: Workspace, store: Store, set_name: str, licence: str) -> str:
    """Keep what a set's user says of it, in place of what imports said; the licence as it is kept.

    Raises:
        WorkbenchError: No such set, or the licence is too long.
    """
    kept = clean_name(licence, LONGEST + 1)
    if len(kept) > LONGEST:
        raise DataError(f"A licence has at most {LONGEST} characters; give its short name, such as CC-BY-4.0.")
    with store.session() as session:
        key = _key(find_set(session, set_name))
    _change(workspace, key, {STATED: kept} if kept else {})
    return kept


def note_import(workspace: Workspace, store: Store, set_id: int, licence: str) -> None:
    """Keep what an import that added clips said of them; an empty licence says that it said nothing."""
    with store.session() as session:
        key = _key(session.get_one(ClipSetRow, set_id))
    known = _read(workspace).get(key, {})
    found = known.get(FOUND, [])
    if STATED not in known and licence not in found:
        _change(workspace, key, {FOUND: [*found, licence]})


def licences_of(workspace: Workspace, session: Session, set_id: int) -> list[str]:
    """The licences of a set's clips; an empty one, or none at all, is unknown."""
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


def _read(workspace: Workspace) -> dict[str, Any]:
    try:
        found = json.loads((workspace.root / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _change(workspace: Workspace, key: str, value: dict[str, Any]) -> None:
    with FileLock(workspace.root / f".{FILE}.lock"):
        write_json(workspace.root / FILE, {**_read(workspace), key: value}, lasting=True)
