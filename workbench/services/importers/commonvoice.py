"""Mozilla Common Voice: tables with tabs (validated.tsv, train.tsv …) beside a folder clips/.

The tables quote nothing, so that a sentence may hold quotation marks. `client_id` is the speaker, `locale` the
language; train, dev and test keep their split. https://commonvoice.mozilla.org/datasets
"""

from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.language.said import say
from workbench.services.importers.candidates import (
    LANGUAGE_COLUMNS,
    SPEAKER_COLUMNS,
    Candidate,
    ImportScan,
    Refused,
    split_name,
    text_of,
    word,
)
from workbench.services.importers.lines import Row, read_rows_unquoted
from workbench.services.importers.place import Place
from workbench.services.importers.survey import Sheet
from workbench.services.importers.tables import COMMON_VOICE

CLIPS: Final = "clips"
SPLITS: Final = ("train.tsv", "dev.tsv", "test.tsv")
VALIDATED: Final = "validated.tsv"
REJECTED_BY_LISTENERS: Final = "invalidated.tsv"
UNHEARD: Final = "other.tsv"  # read aloud, but not yet checked by two listeners


def recognise(place: Place) -> list[str]:
    """The tables of a release that name checked clips; a table picked by itself whatever it is called."""
    tables = [sheet.name for sheet in place.sheets if sheet.ending == ".tsv" and _columns(sheet) >= COMMON_VOICE]
    if place.chosen or not tables:
        return tables
    wanted = [name for name in tables if PurePosixPath(name).name in (*SPLITS, VALIDATED)]
    # Clips stand in validated.tsv and in their split's table; the split is worth knowing, so it comes first.
    return sorted(wanted, key=lambda name: PurePosixPath(name).name == VALIDATED) or tables


def _columns(sheet: Sheet) -> set[str]:
    """As these tables name them: nothing is quoted."""
    return {column.strip().lower() for column in sheet.first.split("\t")}


def read(place: Place, name: str, reading: ImportScan) -> None:
    table = PurePosixPath(name).name
    known = {candidate.path for candidate in reading.candidates}
    for row in reading.kept(read_rows_unquoted(place.path(name), table, delimiter="\t")):
        written = str(row.values.get("path") or "").strip()
        with reading.refusing(written or table, row.line):
            candidate = _candidate(place, name, row, written)
            if candidate.path not in known:
                reading.candidates.append(candidate)
    _say_left_out(place, name, reading)


def _candidate(place: Place, name: str, row: Row, written: str) -> Candidate:
    if not written:
        raise Refused(say("names no sound"), say("give the clip's file in the column path"))
    table = PurePosixPath(name).name
    return Candidate(
        path=_locate(place, written, name),
        file=clean_name(written),
        name=clean_name(PurePosixPath(written).name),
        line=row.line,
        text=text_of(row.values, ("sentence",)),
        confirmed=table not in (REJECTED_BY_LISTENERS, UNHEARD),
        speaker=word(row.values, SPEAKER_COLUMNS),
        language=word(row.values, LANGUAGE_COLUMNS, 20),
        split=split_name(PurePosixPath(name).stem) if table in SPLITS else None,
    )


def _locate(place: Place, written: str, name: str) -> Path:
    """In clips/ beside the table; early releases left out the ending, others wrote the folder too."""
    bare = PurePosixPath(written).suffix == ""
    for attempt in (f"{CLIPS}/{written}", f"{CLIPS}/{written}.mp3" if bare else written):
        try:
            return place.locate(attempt, name, exact=True)
        except Refused:
            continue
    try:
        return place.locate(f"{CLIPS}/{written}", name)
    except Refused:
        return place.locate(written, name)


def _say_left_out(place: Place, name: str, reading: ImportScan) -> None:
    if place.chosen:
        return
    for other, reason in (
        (REJECTED_BY_LISTENERS, say("left out: clips that listeners rejected")),
        (UNHEARD, say("left out: clips that nobody has checked yet")),
    ):
        new = all(warning.file != other for warning in reading.warnings)
        if new and PurePosixPath(name).name != other and place.beside(name, other):
            reading.warn(other, None, reason, say("import this table by its name if you want them"))
