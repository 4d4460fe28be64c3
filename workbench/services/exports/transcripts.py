"""What was said, and what models wrote, as files for other programs: tables, subtitles, Praat.

Clips that were cut from one recording come back as one file with their times; a clip that is a recording of its own has
a file of its own. What is written here, `import` reads again.
"""

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sqlalchemy.orm import Session

from workbench.core.spreadsheet import marked
from workbench.core.types import Seconds
from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.services.exports.dataset import check_empty, safe_stems
from workbench.services.importers import AUDIO_SUFFIXES
from workbench.services.importers.annotations import LABEL_TIER, tier_name
from workbench.store.database import Store
from workbench.store.models import ClipRow
from workbench.store.queries import find_set, select_clips
from workbench.store.runs import evaluations, find_run

LABEL: Final = LABEL_TIER  # the one text of a set's clip: its label, else its draft
RUN_TEXTS: Final = ("reference", "base", "adapted")
ABOUT: Final = ("clip", "file", "source", "start", "end", "duration", "speaker", "language", "split", "status")
_RUN: Final = re.compile(r"run-\d+")


@dataclass(frozen=True)
class Transcript:
    """One clip's texts.

    Attributes:
        source: The recording it was cut from, with start and end in seconds; None for a recording of its own.
        status: Of its label: "unlabelled", "drafted" or "confirmed"; of a run's reference always "confirmed".
        texts: By what they are: "text" of a set; "reference", "base" and "adapted" of a run.
    """

    clip: int
    file: str
    source: str | None
    start: Seconds | None
    end: Seconds | None
    duration: Seconds
    speaker: str | None
    language: str | None
    split: str | None
    status: str
    texts: Mapping[str, str]

    @property
    def span(self) -> tuple[Seconds, Seconds]:
        """Its place in its file, in seconds."""
        return (self.start, self.end) if self.start is not None and self.end is not None else (0.0, self.duration)


@dataclass(frozen=True)
class Download:
    """A file for the browser to save."""

    name: str
    media_type: str
    content: bytes


Rows = Sequence[Transcript]


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
                raise WorkbenchError(f"{name} has tested nothing yet; wait until it is done, or resume it.")
            raise DataError(f"The clip set '{name}' is empty; there are no texts to take along.")
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
            raise UnknownNameError("format", form, tuple(FORMS))
        rows = self.of(name)
        there = tuple(rows[0].texts)
        if text is not None and text not in there:
            raise UnknownNameError("text", text, there)
        wanted = FORMS[form]
        if wanted.table is not None:
            return {safe_stems([name])[0] + wanted.ending: wanted.table(rows, (text,) if text else there)}
        texts = (text,) if text else there if wanted.many_texts else there[-1:]
        assert wanted.timed is not None
        if not wanted.many_texts:  # subtitles without a text are nothing
            rows = [row for row in rows if row.texts[texts[0]]]
        if not rows:
            raise DataError(f"No clip of '{name}' has a text yet; label the clips, or let a model draft them.")
        return {file + wanted.ending: wanted.timed(of_file, texts) for file, of_file in _by_file(rows)}

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
            raise DataError(f"'{name}' becomes {len(files)} files, one for each recording; name a folder or a .zip.")
        packed = out.suffix.lower() == ".zip"
        if (single or packed) and out.exists():
            raise DataError(f"{out} exists already; choose a new name.")
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
            raise WorkbenchError(f"The texts could not be written whole ({e.strerror}: {e.filename}).") from e
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
    return [_transcript(clip, str(status), {LABEL: str(text)}) for clip, text, status, _ in rows]


def _of_run(session: Session, name: str) -> list[Transcript]:
    measured = evaluations(session, find_run(session, name).id)
    return [_transcript(clip, "confirmed", {which: getattr(e, which) for which in RUN_TEXTS}) for e, clip in measured]


def _transcript(clip: ClipRow, status: str, texts: Mapping[str, str]) -> Transcript:
    return Transcript(
        clip.id,
        clip.name,
        clip.source,
        clip.source_start,
        clip.source_end,
        round(clip.duration, 4),
        clip.speaker,
        clip.language,
        clip.split,
        status,
        texts,
    )


# ---- tables ----


def _csv(rows: Rows, texts: Sequence[str]) -> str:
    """Made to be opened in a spreadsheet, hence with marks; the importers take them off again."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*ABOUT, *texts])
    for row in rows:
        cells = [getattr(row, column) for column in ABOUT] + [row.texts[which] for which in texts]
        writer.writerow([marked(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in cells])
    return file.getvalue()


def _jsonl(rows: Rows, texts: Sequence[str]) -> str:
    documents = (
        {column: getattr(row, column) for column in ABOUT} | {which: row.texts[which] for which in texts}
        for row in rows
    )
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


# ---- texts with times ----


def _by_file(rows: Rows) -> Iterable[tuple[str, list[Transcript]]]:
    """The rows of each recording in order of time, with a file name that every system takes."""

    def key(row: Transcript) -> tuple[str, int]:
        # A clip that is no part of a longer recording is a recording of its own, whatever others are called.
        return (row.source, 0) if row.source and row.start is not None else (row.file, row.clip)

    grouped = [(name, list(of)) for (name, _), of in groupby(sorted(rows, key=key), key=key)]
    stems = safe_stems([_without_ending(name) for name, _ in grouped])
    for stem, (_, of_file) in zip(stems, grouped, strict=True):
        yield stem, sorted(of_file, key=lambda row: (*row.span, row.clip))


def _without_ending(name: str) -> str:
    file = PurePosixPath(name)
    return file.stem if file.suffix.lower() in AUDIO_SUFFIXES else file.name


def _srt(rows: Rows, texts: Sequence[str]) -> str:
    return "".join(
        f"{number}\n{_clock(row.span[0], ',')} --> {_clock(row.span[1], ',')}\n{row.texts[texts[0]]}\n\n"
        for number, row in enumerate(rows, start=1)
    )


def _vtt(rows: Rows, texts: Sequence[str]) -> str:
    cues = []
    for row in rows:
        text = html.escape(row.texts[texts[0]], quote=False)
        voice = f"<v {html.escape(row.speaker, quote=False)}>" if row.speaker else ""
        cues.append(f"\n{_clock(row.span[0], '.')} --> {_clock(row.span[1], '.')}\n{voice}{text}\n")
    return "WEBVTT\n" + "".join(cues)


def _clock(seconds: Seconds, point: str) -> str:
    minutes, thousandths = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{thousandths // 1000:02}{point}{thousandths % 1000:03}"


def _textgrid(rows: Rows, texts: Sequence[str]) -> str:
    """Praat's long form, a tier for each speaker; texts whose times overlap go into a second one."""
    end = max(row.span[1] for row in rows)
    tiers = [
        (tier_name(which, speaker, number), layer)
        for which in texts
        for speaker in dict.fromkeys(row.speaker for row in rows)
        for number, layer in enumerate(_layers([row for row in rows if row.speaker == speaker], which), start=1)
    ]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end:.5f}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, layer) in enumerate(tiers, start=1):
        intervals = list(_without_gaps(layer, end))
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}"]
        lines += ["        xmin = 0", f"        xmax = {end:.5f}", f"        intervals: size = {len(intervals)}"]
        for count, (start, stop, text) in enumerate(intervals, start=1):
            lines += [f"        intervals [{count}]:", f"            xmin = {start:.5f}"]
            lines += [f"            xmax = {stop:.5f}", f"            text = {_quoted(text)}"]
    return "\n".join(lines) + "\n"


Interval = tuple[Seconds, Seconds, str]


def _layers(rows: Rows, which: str) -> list[list[Interval]]:
    """The fewest tiers in which nothing overlaps; at least one."""
    layers: list[list[Interval]] = [[]]
    for row in rows:
        start, end = row.span
        free = next((layer for layer in layers if not layer or layer[-1][1] <= start), None)
        if free is None:
            free = []
            layers.append(free)
        free.append((start, end, row.texts[which]))
    return layers


def _without_gaps(intervals: Sequence[Interval], end: Seconds) -> Iterable[Interval]:
    """A tier covers all of its time."""
    now = 0.0
    for start, stop, text in intervals:
        if start > now:
            yield now, start, ""
        yield start, stop, text
        now = stop
    if now < end:
        yield now, end, ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _zipped(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            archive.writestr(file, content.encode("utf-8"))
    return packed.getvalue()


@dataclass(frozen=True)
class Form:
    """A format to write.

    Attributes:
        table: Writes everything into one file.
        timed: Writes the rows of one recording, which are in order of time.
        many_texts: Whether it can hold several texts of a clip.
    """

    title: str
    ending: str
    media_type: str
    table: Callable[[Rows, Sequence[str]], str] | None = None
    timed: Callable[[Rows, Sequence[str]], str] | None = None
    many_texts: bool = True


FORMS: Final[dict[str, Form]] = {
    "csv": Form("CSV table", ".csv", "text/csv; charset=utf-8", table=_csv),
    "jsonl": Form("JSON lines", ".jsonl", "application/jsonl; charset=utf-8", table=_jsonl),
    "srt": Form("Subtitles (SRT)", ".srt", "application/x-subrip; charset=utf-8", timed=_srt, many_texts=False),
    "vtt": Form("Subtitles (WebVTT)", ".vtt", "text/vtt; charset=utf-8", timed=_vtt, many_texts=False),
    "textgrid": Form("Praat TextGrid", ".TextGrid", "text/plain; charset=utf-8", timed=_textgrid),
}
