"""LJSpeech: metadata.csv with `id|text|text with numbers spelled out`, no header, and wavs/ID.wav.

Nothing is quoted. The third column is what was spoken, so it is the label where it is there.
https://keithito.com/LJ-Speech-Dataset/
"""

from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.labels import clean_name
from workbench.services.importing.candidates import Candidate, Reading, Refused, missing, text_of
from workbench.services.importing.places import Place
from workbench.services.listings import Line, first_line, read_lines

FOLDERS: Final = ("wavs", "wav", "")
ENDINGS: Final = ("", ".wav", ".flac", ".mp3", ".ogg")


def recognise(place: Place) -> list[str]:
    """metadata.csv with bars in its first line; any table or text file of that kind among files picked singly."""
    names = place.named(".csv", ".txt") if place.chosen else [n for n in ("metadata.csv",) if n in place.files]
    return [n for n in names if _has_bars(first_line(place.path(n))) and not place.labels_a_sound(n)]


def _has_bars(line: str) -> bool:
    cells = line.split("|")
    return len(cells) in (2, 3) and 0 < len(cells[0].strip()) <= 200 and "file_name" not in cells[0]


def read(place: Place, name: str, reading: Reading) -> None:
    table = PurePosixPath(name).name
    for line in read_lines(place.path(name), table):
        if not isinstance(line, Line):
            reading.rejected.append(line)
            continue
        cells = [cell.strip() for cell in line.text.split("|")]
        try:
            reading.candidates.append(_candidate(place, name, line, cells))
        except Refused as refused:
            reading.reject(cells[0] or table, line.number, refused.reason, refused.remedy)


def _candidate(place: Place, name: str, line: Line, cells: list[str]) -> Candidate:
    if len(cells) not in (2, 3):
        reason = f"{len(cells)} {'value' if len(cells) == 1 else 'values'} between bars instead of 2 or 3"
        raise Refused(reason, "write id|text or id|text|text with numbers spelled out")
    if not cells[0]:
        raise Refused("names no sound", "write the sound's id before the first bar")
    path, written = _locate(place, name, cells[0])
    text = text_of({"text": cells[-1] or cells[1]})
    return Candidate(path, clean_name(written), clean_name(PurePosixPath(written).name), line.number, text)


def _locate(place: Place, name: str, written: str) -> tuple[Path, str]:
    outside: Refused | None = None
    for folder in FOLDERS:
        for ending in ENDINGS:
            attempt = (PurePosixPath(folder) / f"{written}{ending}").as_posix()
            try:
                return place.locate(attempt, name), attempt
            except Refused as refused:
                outside = outside or (refused if "outside" in refused.reason else None)
    raise outside or missing(f"wavs/{written}.wav")
