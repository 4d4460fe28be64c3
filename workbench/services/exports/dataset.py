"""A clip set as a Hugging Face AudioFolder with the corrected labels: nobody's work is locked in.

`import` reads the folder back to the same set: a label that was not confirmed says so in the column `status`.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from workbench.core.types import Clip
from workbench.errors import DataError, WorkbenchError
from workbench.language.said import say
from workbench.services.exports.names import safe_names
from workbench.services.importers import WORDS_FILE
from workbench.services.labels.revisions import Labelling
from workbench.services.storage.sound_files import divide_usable, say_left_out
from workbench.store.database import Store
from workbench.store.models import ClipRow
from workbench.store.queries import batches
from workbench.store.sounds import heard_now
from workbench.workspace import Workspace

COLUMNS: Final = (
    *("file_name", "transcription", "speaker", "language", "source", "source_start", "source_end", "split", "status"),
)
Source = tuple[str | None, float | None, float | None]  # recording, start and end in seconds


def export_dataset(workspace: Workspace, store: Store, set_name: str, out: Path) -> dict[str, Any]:
    """Write audio/*.flac, metadata.jsonl and the word list.

    Args:
        out: A new or empty folder.

    Returns:
        Set, folder, counts of clips and of confirmed ones; `left_out` says in a sentence which clips have a damaged
        sound, where some have.

    Raises:
        DataError: The set is unknown or empty, or the folder holds something already.
        WorkbenchError: No stored sound can be used, or the folder cannot be written.
    """
    labelling = Labelling(store)
    clips = labelling.clips(set_name)
    if not clips:
        raise DataError(say("The clip set '{set_name}' is empty; there is nothing to export.", set_name=set_name))
    check_empty(out)
    clips, broken = divide_usable(workspace, clips)
    left_out = say_left_out(broken, len(clips) + len(broken)) if broken else ""
    if not clips:
        raise WorkbenchError(left_out)
    names = safe_names([clip.name for clip in clips])
    sources = _sources(store, clips)
    try:
        (out / "audio").mkdir(parents=True, exist_ok=True)
        for clip, name in zip(clips, names, strict=True):
            shutil.copyfile(workspace.sound_path(clip.sha256), out / "audio" / name)
        _write_metadata(out / "metadata.jsonl", clips, names, sources)
        words = labelling.word_lines(set_name)
        if words:
            (out / WORDS_FILE).write_text("\n".join(words) + "\n", encoding="utf-8")
    except OSError as e:
        raise WorkbenchError(
            say(
                "The data set could not be written whole ({why}: {file}).",
                why=e.strerror,
                file=e.filename,
            )
        ) from e
    confirmed = sum(clip.status == "confirmed" for clip in clips)
    document = {"set": set_name, "out": str(out), "clips": len(clips), "confirmed": confirmed}
    return {**document, "left_out": left_out} if broken else document


def check_empty(out: Path) -> None:
    """Refuse to write over somebody's files.

    Raises:
        DataError: The folder holds something already, or is a file.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(say("{out} exists already and is not an empty folder; choose a new folder.", out=out))


def _sources(store: Store, clips: Sequence[Clip]) -> dict[int, Source]:
    """The sources that were given; a clip's own name, which stands in for none, is not one."""
    found: dict[int, Source] = {}
    with store.session() as session:
        for ids in batches([clip.id for clip in clips]):
            heard = [heard_now(row) for row in session.scalars(select(ClipRow).where(ClipRow.id.in_(ids)))]
            found |= {clip.id: (clip.source, *(clip.place or (None, None))) for clip in heard}
    return found


def _write_metadata(path: Path, clips: Sequence[Clip], names: Sequence[str], sources: dict[int, Source]) -> None:
    """As JSON lines, which keep every label as it is and which nobody opens in a spreadsheet that would run it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for clip, name in zip(clips, names, strict=True):
            place = sources.get(clip.id, (None, None, None))
            about = (clip.speaker, clip.language, *place, clip.split, clip.status)
            document = dict(zip(COLUMNS, (f"audio/{name}", clip.text, *about), strict=True))
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
