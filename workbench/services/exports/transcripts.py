"""What was said, and what models wrote, as files for other programs: tables, subtitles, Praat.

Clips that were cut from one recording come back as one file with their times; a clip that is a recording of its own has
a file of its own. What is written here, `import` reads again.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.language.said import say
from workbench.services.exports.dataset import check_empty
from workbench.services.exports.forms import FORMS, Transcript, by_recording
from workbench.services.exports.names import safe_stems
from workbench.services.importers.annotations import LABEL_TIER
from workbench.store.database import Store
from workbench.store.models import ClipRow
from workbench.store.queries import find_set, select_clips
from workbench.store.runs import evaluations, find_run
from workbench.store.sounds import HeardClip, heard_now

LABEL: Final = LABEL_TIER  # the one text of a set's clip: its label, else its draft
RUN_TEXTS: Final = ("reference", "base", "adapted")
_RUN: Final = re.compile(r"run-\d+")


@dataclass(frozen=True)
class Download:
    """A file for the browser to save."""

    name: str
    media_type: str
    content: bytes


class Transcripts:
    """The use cases of taking texts along."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, name: str) -> list[Transcript]:
        """The texts of a set, or of what a run tested.

        Raises:
            DataError: The set is unknown or empty.
            WorkbenchError: The run is unknown, or has measured nothing yet.
        """
        with self._store.session() as session:
            found = _of_run(session, name) if _RUN.fullmatch(name) else _of_set(session, name)
        if not found:
            if _RUN.fullmatch(name):
                raise WorkbenchError(
                    say("{name} has tested nothing yet; wait until it is done, or resume it.", name=name)
                )
            raise DataError(say("The clip set '{name}' is empty; there are no texts to take along.", name=name))
        return found

    def files(self, name: str, form: str, *, text: str | None = None) -> dict[str, str]:
        """File name -> content; one file for a table, one per recording for texts with times.

        Args:
            name: A set or a run.
            form: One of FORMS.
            text: Only this one of the texts; subtitles, which can show only one, take the last by default.

        Raises:
            UnknownNameError: No such format or text; lists those there are.
        """
        if form not in FORMS:
            raise UnknownNameError(say("format"), form, tuple(FORMS))
        rows = self.of(name)
        there = tuple(rows[0].texts)
        if text is not None and text not in there:
            raise UnknownNameError(say("text"), text, there)
        wanted = FORMS[form]
        if wanted.table is not None:
            return {safe_stems([name])[0] + wanted.ending: wanted.table(rows, (text,) if text else there)}
        texts = (text,) if text else there if wanted.many_texts else there[-1:]
        assert wanted.timed is not None
        if not wanted.many_texts:  # subtitles without a text are nothing
            rows = [row for row in rows if row.texts[texts[0]]]
        if not rows:
            raise DataError(
                say("No clip of '{name}' has a text yet; label the clips, or let a model draft them.", name=name)
            )
        return {file + wanted.ending: wanted.timed(of_file, texts) for file, of_file in by_recording(rows)}

    def write(self, name: str, form: str, out: Path, *, text: str | None = None) -> dict[str, Any]:
        """Write the files into a folder, an archive, or, where there is only one, a file.

        Args:
            out: A new or empty folder; or a new file that ends in .zip or as the format does.

        Returns:
            What was written: counts of clips, of clips without any text, and of files.

        Raises:
            DataError: `out` is taken, or names one file for several.
            WorkbenchError: It cannot be written.
        """
        files = self.files(name, form, text=text)
        single = out.suffix.lower() == FORMS[form].ending.lower()
        if single and len(files) > 1:
            raise DataError(
                say(
                    "'{name}' becomes {n} files, one for each recording; name a folder or a .zip.",
                    name=name,
                    n=len(files),
                )
            )
        packed = out.suffix.lower() == ".zip"
        if (single or packed) and out.exists():
            raise DataError(say("{out} exists already; choose a new name.", out=out))
        if not (single or packed):
            check_empty(out)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            if single:
                out.write_text(next(iter(files.values())), encoding="utf-8", newline="")
            elif packed:
                out.write_bytes(_zipped(files))
            else:
                out.mkdir(exist_ok=True)
                for file, content in files.items():
                    (out / file).write_text(content, encoding="utf-8", newline="")
        except OSError as e:
            raise WorkbenchError(
                say(
                    "The texts could not be written whole ({why}: {file}).",
                    why=e.strerror,
                    file=e.filename,
                )
            ) from e
        rows = self.of(name)
        without = sum(not any(row.texts.values()) for row in rows)
        return {
            "of": name,
            "format": form,
            "out": str(out),
            "clips": len(rows),
            "without_text": without,
            "files": len(files),
        }

    def download(self, name: str, form: str, *, text: str | None = None) -> Download:
        """The same as one file for a browser: packed where there are several."""
        files = self.files(name, form, text=text)
        if len(files) == 1:
            file, content = next(iter(files.items()))
            return Download(file, FORMS[form].media_type, content.encode("utf-8"))
        return Download(f"{safe_stems([name])[0]}-{form}.zip", "application/zip", _zipped(files))


def _of_set(session: Session, name: str) -> list[Transcript]:
    rows = session.execute(select_clips().where(ClipRow.set_id == find_set(session, name).id))
    return [_transcript(heard_now(clip), str(status), {LABEL: str(text)}) for clip, text, status, *_ in rows]


def _of_run(session: Session, name: str) -> list[Transcript]:
    measured = evaluations(session, find_run(session, name).id)
    return [_transcript(clip, "confirmed", {which: getattr(e, which) for which in RUN_TEXTS}) for e, clip in measured]


def _transcript(clip: HeardClip, status: str, texts: Mapping[str, str]) -> Transcript:
    own = (clip.offset, clip.offset + clip.duration) if clip.cut and clip.source is None else None
    start, end = clip.place or own or (None, None)
    return Transcript(
        clip.id,
        clip.name,
        clip.source,
        start,
        end,
        round(clip.duration, 4),
        clip.speaker,
        clip.language,
        clip.split,
        status,
        texts,
        clip.offset,
    )


def _zipped(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            archive.writestr(file, content.encode("utf-8"))
    return packed.getvalue()
