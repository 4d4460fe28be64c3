"""LJSpeech: metadata.csv with `id|text|text with numbers spelled out`, no header, and wavs/ID.wav.

Nothing is quoted. The third column is what was spoken, so it is the label where it is there. Its kin write a speaker
into it, and some a first line that names the columns; what the third one is shows beside the second.
https://keithito.com/LJ-Speech-Dataset/
"""

import statistics
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.language.said import count, say
from workbench.services.importers.candidates import (
    SPEAKER_COLUMNS,
    TEXT_COLUMNS,
    Candidate,
    ImportScan,
    Refused,
    missing,
    text_of,
)
from workbench.services.importers.lines import Line, read_lines
from workbench.services.importers.place import Place
from workbench.services.importers.tables import FILE_COLUMNS

FOLDERS: Final = ("wavs", "wav", "")
HEADER: Final = frozenset((*FILE_COLUMNS, *TEXT_COLUMNS, *SPEAKER_COLUMNS, "id", "name", "normalized"))
SAMPLED: Final = 500  # rows by which a third column is told
ALIKE: Final = 0.4  # of its words that are the text's, on average; of names hardly any are
ENDINGS: Final = ("", ".wav", ".flac", ".mp3", ".ogg")


def recognise(place: Place) -> list[str]:
    """metadata.csv with bars in its first line; any table or text file of that kind among files picked singly."""
    sheets = [s for s in place.sheets if (s.ending in (".csv", ".txt") if place.chosen else s.name == "metadata.csv")]
    return [sheet.name for sheet in sheets if _has_bars(sheet.first) and not sheet.is_label]


def _has_bars(line: str) -> bool:
    cells = line.split("|")
    return len(cells) in (2, 3) and 0 < len(cells[0].strip()) <= 200 and cells[0].strip().lower() not in FILE_COLUMNS


def read(place: Place, name: str, reading: ImportScan) -> None:
    table = PurePosixPath(name).name
    lines = list(read_lines(place.path(name), table))
    rows = [(line.number, [cell.strip() for cell in line.text.split("|")]) for line in lines if isinstance(line, Line)]
    third = _third_column(rows, table, reading)
    by_number = dict(rows[1:] if _is_header(rows) else rows)
    for line in reading.kept(lines):
        if line.number in by_number:
            cells = by_number[line.number]
            with reading.refusing(cells[0] or table, line.number):
                reading.candidates.append(_candidate(place, name, line.number, cells, third))


def _is_header(rows: Sequence[tuple[int, list[str]]]) -> bool:
    return bool(rows) and all(cell.lower() in HEADER for cell in rows[0][1])


def _third_column(rows: Sequence[tuple[int, list[str]]], table: str, reading: ImportScan) -> str:
    """What a third column holds: "text", "speaker", or "" where it is neither."""
    if _is_header(rows):
        return "speaker" if rows[0][1][-1].lower() in SPEAKER_COLUMNS else "text"
    full = [cells for _, cells in rows if len(cells) == 3 and cells[2]]
    sample = full[:SAMPLED]
    if not sample or statistics.fmean(_alike(said, spelled) for _, said, spelled in sample) >= ALIKE:
        return "text"
    names = {cells[2] for cells in full}
    if len(names) < len(full) and all(len(name.split()) <= 3 and len(name) <= 60 for name in names):
        some = ", ".join(sorted(names)[:3]) + (" …" if len(names) > 3 else "")
        reason = say(
            "its third column is no text but short names ({names}): taken for the speaker",
            names=clean_name(some, 100),
        )
        reading.warn(table, None, reason, say("take the column away if it is something else"))
        return "speaker"
    return ""


def _alike(said: str, spelled: str) -> float:
    """How much two texts have in common, 0 to 1; digits that the second one spells out say that it is the first."""
    if any(c.isdigit() for c in said) and not any(c.isdigit() for c in spelled):
        return 1.0
    # Where no spaces are written, the signs are compared.
    one, other = (text.lower().split() if len(said.split()) > 1 else list(text.lower()) for text in (said, spelled))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _candidate(place: Place, name: str, number: int, cells: list[str], third: str) -> Candidate:
    if len(cells) not in (2, 3):
        reason = count(
            len(cells),
            "{n} value between bars instead of 2 or 3",
            "{n} values between bars instead of 2 or 3",
        )
        raise Refused(reason, say("write id|text or id|text|text with numbers spelled out"))
    if not cells[0]:
        raise Refused(say("names no sound"), say("write the sound's id before the first bar"))
    if len(cells) == 3 and cells[2] and not third:
        reason = say("a third column that is neither its text nor a name")
        raise Refused(reason, say("write id|text, or the spelled text there"))
    path, written = _locate(place, name, cells[0])
    text = text_of({"text": (cells[-1] if third == "text" else "") or cells[1]})
    speaker = clean_name(cells[2]) or None if third == "speaker" and len(cells) == 3 else None
    called = clean_name(PurePosixPath(written).name)
    return Candidate(path, clean_name(written), called, number, text, speaker=speaker)


def _locate(place: Place, name: str, written: str) -> tuple[Path, str]:
    outside: Refused | None = None
    for folder in FOLDERS:
        for ending in ENDINGS:
            attempt = (PurePosixPath(folder) / f"{written}{ending}").as_posix()
            try:
                return place.locate(attempt, name, exact=True), attempt
            except Refused as refused:
                outside = outside or (refused if "outside" in refused.reason else None)
    if outside:
        raise outside
    refusals = []
    for folder in FOLDERS:
        try:
            path = place.locate((PurePosixPath(folder) / written).as_posix(), name)
        except Refused as refused:
            refusals.append(refused)
        else:
            return path, f"{written}{path.suffix}"
    raise next((r for r in refusals if "there is" in r.remedy), missing(f"wavs/{written}.wav"))
