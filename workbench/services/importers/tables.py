"""Lists with named columns: NeMo's manifests, Hugging Face's AudioFolder, Common Voice's tables."""

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from workbench.core.text.clean import clean_name
from workbench.core.types import Seconds, SplitName, is_run
from workbench.errors import DataError
from workbench.language.said import listing, say
from workbench.services.importers.candidates import (
    LANGUAGE_COLUMNS,
    SOURCE_COLUMNS,
    SPEAKER_COLUMNS,
    TEXT_COLUMNS,
    Candidate,
    ImportScan,
    Refused,
    first,
    number,
    split_name,
    text_of,
    word,
)
from workbench.services.importers.lines import JSON_SUFFIXES, TABLE_SUFFIXES, Row, read_rows
from workbench.services.importers.place import Place

# As NeMo, AudioFolder, `export --format csv`, XTTS, Common Voice's spontaneous speech, Label Studio, DeepSpeech and
# others name it.
FILE_COLUMNS: Final = (
    *("audio_filepath", "file_name", "file", "audio_file", "audio", "wav_filename", "filename", "path"),
    *("audio_path", "wav_path", "wav", "filepath", "file_path"),
)
COMMON_VOICE: Final = frozenset(("path", "sentence"))
LISTS: Final = (*TABLE_SUFFIXES, *JSON_SUFFIXES, ".txt")
METADATA: Final = ("metadata.csv", "metadata.jsonl")
HEARD: Final = "pred_text"  # NeMo writes what a model heard into this column, or pred_text_MODEL


def recognise_audiofolder(place: Place) -> list[str]:
    """AudioFolder's metadata, of the folder itself and of its split folders; any table among files picked singly."""
    if place.chosen:
        tables = [s.name for s in place.sheets if s.ending in TABLE_SUFFIXES and not s.names_a_sound]
        return [name for name in place.named(*JSON_SUFFIXES) if name in METADATA] + tables
    found = []
    for folder in ["", *place.folders()]:
        here = [name for name in (f"{folder}/{m}".lstrip("/") for m in METADATA) if name in place.files]
        if len(here) > 1:
            at = f"{place.title}/{folder}".rstrip("/")
            raise DataError(
                say("{folder} holds both metadata.csv and metadata.jsonl; keep the one that is right.", folder=at)
            )
        found += here
    return found


def read_audiofolder(place: Place, name: str, reading: ImportScan) -> None:
    for row in reading.kept(read_rows(place.path(name), name)):
        written = _written(row)
        label = written if place.chosen or not written else place.label(written, name)
        _take(place, name, row, label, reading, split=None if place.chosen else _folder_split(name, written))


def recognise_nemo(place: Place) -> list[str]:
    """Manifests by their name; any JSONL list among files picked singly."""
    lists = place.named(*JSON_SUFFIXES)
    if place.chosen:
        return [name for name in lists if PurePosixPath(name).name not in METADATA]
    found = [name for name in lists if "/" not in name and _is_manifest(name)]
    if len(found) > 1:
        raise DataError(
            say(
                "{title} holds several manifests ({names}); name one of them instead of the folder.",
                title=place.title,
                names=listing(found),
            )
        )
    return found


def read_nemo(place: Place, name: str, reading: ImportScan) -> None:
    for row in reading.kept(read_rows(place.path(name), name)):
        _take(place, name, row, _written(row), reading)


def _is_manifest(name: str) -> bool:
    return "manifest" in name and name.endswith((".jsonl", ".json"))


def recognise_table(place: Place) -> list[str]:
    """Tables under any name, of the folder itself, whose columns name a sound and a text."""
    if place.chosen:
        return []  # any table among files picked singly is read already
    sheets = [
        s for s in place.sheets if s.ending in LISTS and "/" not in s.name and not s.is_label and s.name not in METADATA
    ]
    return [
        sheet.name
        for sheet in sheets
        if not _is_manifest(sheet.name)
        if sheet.columns & {*FILE_COLUMNS} and sheet.columns & {*TEXT_COLUMNS}
        # Common Voice's own tables have rules of their own.
        if not (sheet.ending == ".tsv" and sheet.columns >= COMMON_VOICE)
    ]


def read_table(place: Place, name: str, reading: ImportScan) -> None:
    """A table whose name may tell the split: DeepSpeech's train.csv, dev.csv, test.csv, XTTS's metadata_eval.csv."""
    stem = PurePosixPath(name).stem
    split = split_name(stem) or split_name(re.split(r"[-_. ]", stem)[-1])
    for row in reading.kept(read_rows(place.path(name), name)):
        written = _written(row)
        label = place.label(written, name) if written else written
        _take(place, name, row, label, reading, split=split)


def _written(row: Row) -> str:
    """The sound's file as the list writes it; empty where it names none."""
    return str(first(row.values, FILE_COLUMNS) or "")


def _take(
    place: Place, name: str, row: Row, label: str, reading: ImportScan, *, split: SplitName | None = None
) -> None:
    file = clean_name(label) or name
    with reading.refusing(file, row.line):
        reading.candidates.append(candidate_of(place, name, row, file, reading, split=split))


def candidate_of(
    place: Place, name: str, row: Row, file: str, reading: ImportScan, *, split: SplitName | None = None
) -> Candidate:
    """The sound that a line names.

    Raises:
        Refused: The line cannot become a candidate.
    """
    values = row.values
    written = first(values, FILE_COLUMNS)
    if not isinstance(written, str) or not written.strip():
        columns = listing(FILE_COLUMNS, say(" or "))
        raise Refused(say("names no sound"), say("give the sound's file in the column {columns}", columns=columns))
    text = text_of(values)
    cut, stated = _part(values)
    candidate = Candidate(
        path=place.locate(written.strip(), name),
        file=file,
        name=clean_name(PurePosixPath(written.replace("\\", "/")).name) or file,
        line=row.line,
        text=text,
        confirmed=word(values, ("status",)) not in ("drafted", "unlabelled"),
        speaker=word(values, SPEAKER_COLUMNS),
        language=word(values, LANGUAGE_COLUMNS, 20),
        source=word(values, SOURCE_COLUMNS),
        split=split,
        stated=stated,
        cut=cut,
        place=_place(values),
        hypotheses=_heard(values),
    )
    given = word(values, ("split",))
    if given and not split_name(given):
        unknown = candidate.problem(say("unknown split '{split}'", split=given), say("use train, dev or test"))
        reading.warnings.append(unknown)
    return replace(candidate, split=split_name(given)) if given and split_name(given) else candidate


def _part(values: dict[str, Any]) -> tuple[tuple[Seconds, Seconds | None] | None, Seconds | None]:
    """Which part of its file a line means, and the duration it states for a whole one."""
    duration = number(values.get("duration"))
    if values.get("offset") in (None, ""):
        return None, duration
    offset = number(values.get("offset"))
    if offset is None or offset < 0:
        raise Refused(say("its offset is no time"), say("give the offset in seconds from the start of the recording"))
    if duration is None or duration <= 0:
        if offset == 0:
            return None, None
        reason = say("a part of a longer sound without its length")
        raise Refused(reason, say("give its duration in seconds beside the offset"))
    return (offset, offset + duration), None


def _place(values: dict[str, Any]) -> tuple[Seconds, Seconds] | None:
    """Where a sound that lies in a file of its own was cut from its source."""
    start, end = number(values.get("source_start")), number(values.get("source_end"))
    return (start, end) if start is not None and end is not None and 0 <= start < end else None


def _heard(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What models heard, by model."""
    found = []
    for column, value in values.items():
        if (column == HEARD or column.startswith(HEARD + "_")) and isinstance(value, str) and value.strip():
            model = clean_name(column.removeprefix(HEARD).lstrip("_"), 100) or HEARD
            # "run-7" is a run of this workspace, and theirs is none.
            found.append((f"imported {model}" if is_run(model) else model, text_of({"text": value})))
    return tuple(found)


def _folder_split(name: str, written: str) -> SplitName | None:
    """AudioFolder names splits by folders: that of the metadata, or the first one a file's name goes through."""
    if PurePosixPath(written).is_absolute():
        return None
    folders = (PurePosixPath(name).parent / written).parts[:-1]
    return split_name(folders[0]) if folders else None
