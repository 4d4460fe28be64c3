"""Sounds that belong to no clip of the database: moved aside, never erased, and brought back where they are known.

What a database does not say proves nothing: it may be an older one, or another's. `import` takes in again what was
moved to `lost+found`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.services.storage.sound_files import sound_problem
from workbench.store.database import Store
from workbench.store.sounds import known_sounds as of_clips
from workbench.workspace import Workspace

HASH_LENGTH: Final = 64  # characters of a content hash
FLAC: Final = ".flac"


def known_sounds(store: Store) -> set[str]:
    """Content hashes of all clips, those in the bin and cuts of earlier times included."""
    with store.session() as session:
        return of_clips(session)


def move_strays(workspace: Workspace, known: set[str], older_than: float) -> int:
    """Move sounds that no clip has to `lost+found`; the caller holds the sounds lock.

    Args:
        older_than: Seconds since the epoch; a younger file may belong to a clip that is being added.

    Returns:
        How many were moved. What is half written stays where it is: it is no sound yet.

    Raises:
        WorkbenchError: They cannot be moved there.
    """
    strays = [
        path
        for path in workspace.clips.glob("*/*")
        if path.stem not in known and not path.name.startswith(".") and path.stat().st_mtime < older_than
    ]
    for path in strays:
        try:
            workspace.lost_and_found.mkdir(exist_ok=True)
            os.rename(path, _free_name(workspace.lost_and_found / path.name))
        except OSError as e:  # a disk's own lost+found is closed to its users
            raise WorkbenchError(
                say(
                    "Sounds cannot be moved to {folder} ({why}); give yourself the "
                    "right to write that folder, or rename what is there.",
                    folder=workspace.lost_and_found,
                    why=e.strerror,
                )
            ) from e
    return len(strays)


def bring_back(workspace: Workspace, known: set[str]) -> int:
    """Take sounds out of `lost+found` that clips have; the caller holds the sounds lock.

    A clip whose stored sound is missing or damaged gets the one from there; where it is whole, the other one goes.

    Returns:
        How many clips have their sound again.
    """
    restored = 0
    for path in list(lost_sounds(workspace)):
        sha256 = path.name[:HASH_LENGTH]
        if sha256 not in known:
            continue
        place = workspace.sound_path(sha256)
        if not sound_problem(place, sha256):
            path.unlink()
        elif not sound_problem(path, sha256):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
            restored += 1
    return restored


def lost_sounds(workspace: Workspace) -> Iterator[Path]:
    """Sounds in `lost+found` that are named by their content."""
    return (path for path in workspace.lost_and_found.glob(f"*{FLAC}") if is_hash(path.name[:HASH_LENGTH]))


def is_hash(name: str) -> bool:
    return len(name) == HASH_LENGTH and set(name) <= set("0123456789abcdef")


def _free_name(path: Path) -> Path:
    number, chosen = 1, path
    while chosen.exists():
        number += 1
        chosen = path.with_stem(f"{path.stem}-{number}")
    return chosen
