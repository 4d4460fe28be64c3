"""How texts of clips are written: tables of all clips, and the words of a recording in order of time.

Each form is a function from clips and the names of the wanted texts to the content of one file.
"""

import csv
import html
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from workbench.core.spreadsheet import marked
from workbench.core.types import Seconds
from workbench.services.exports.names import safe_stems
from workbench.services.importers.annotations import tier_name
from workbench.services.importers.candidates import AUDIO_SUFFIXES

ABOUT: Final = ("clip", "file", "source", "start", "end", "duration", "speaker", "language", "split", "status")


@dataclass(frozen=True)
class Transcript:
    """One clip's texts.

    Attributes:
        source: The recording it was cut from, with start and end in seconds; None for a recording of its own, which
            has them only where it was trimmed.
        status: Of its label: "unlabelled", "drafted" or "confirmed"; of a run's reference always "confirmed".
        texts: By what they are: "text" of a set; "reference", "base" and "adapted" of a run.
        offset: Where what is heard begins in its own file, in seconds.
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
    offset: Seconds = 0.0

    @property
    def span(self) -> tuple[Seconds, Seconds]:
        """Its place in its file, in seconds."""
        if self.start is not None and self.end is not None:
            return self.start, self.end
        return self.offset, self.offset + self.duration


Rows = Sequence[Transcript]


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


def by_recording(rows: Rows) -> Iterable[tuple[str, list[Transcript]]]:
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
