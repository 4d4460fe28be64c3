"""From what was brought to candidates: laid out, surveyed, recognised, read by one format, and remarked upon."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.importers.archive import archive_place
from workbench.services.importers.candidates import AUDIO_SUFFIXES, ImportScan, TierChoice
from workbench.services.importers.formats import (
    BY_NAME,
    FORMATS,
    LISTS,
    SHEET_SUFFIXES,
    TIMED,
    BesideFormat,
    Found,
    ImportOptions,
    ListFormat,
)
from workbench.services.importers.lines import LIST_SUFFIXES
from workbench.services.importers.place import Place, check_exists, ending_of, file_place, folder_place, upload_place
from workbench.services.importers.remarks import remark
from workbench.services.importers.sounds import read_sounds
from workbench.services.importers.survey import PLAIN, Sheet, survey

ARCHIVE: Final = ".zip"


def read_path(path: Path, scratch: Path, wishes: ImportOptions | None = None) -> ImportScan:
    """Find the clips in a list, a folder, an archive or a single sound.

    Args:
        scratch: An empty folder that outlives the import; archives are laid out there.

    Raises:
        TierChoice: Annotations have several tiers, and none was named.
        DataError: The path does not exist, cannot be read as a whole, or holds no sound at all.
    """
    wishes, reading = wishes or ImportOptions(), ImportScan()
    check_exists(path)
    if path.is_dir():
        place = folder_place(path, reading, allow_outside=wishes.allow_outside)
    elif path.suffix.lower() == ARCHIVE:
        place = archive_place(path, path.name, scratch, reading)
    else:
        place = file_place(path, allow_outside=wishes.allow_outside)
        _bring_text(place)
    _read_place(place, reading, wishes)
    if reading.tiers:
        raise TierChoice(reading.tiers)
    if not (reading.candidates or reading.rejected):
        raise DataError(say("{path} holds no sound files.", path=path))
    return reading


def read_uploads(files: Sequence[tuple[Path, str]], scratch: Path, wishes: ImportOptions | None = None) -> ImportScan:
    """The clips among uploaded files: sounds, what stands beside them, lists of sounds of the same upload, archives.

    Args:
        files: Where each file lies now, and what the user called it.
        scratch: An empty folder that outlives the import.

    Raises:
        TierChoice: Annotations have several tiers, and none was named.
        DataError: An archive or a list cannot be read as a whole.
    """
    wishes, reading = wishes or ImportOptions(), ImportScan()
    for place in _places(files, scratch, reading):
        _read_place(place, reading, wishes)
    if reading.tiers:
        raise TierChoice(reading.tiers)
    return reading


def _places(files: Sequence[tuple[Path, str]], scratch: Path, reading: ImportScan) -> Iterator[Place]:
    """Each archive of an upload by itself, then all other files together."""
    uploads = upload_place(files)
    for number, name in enumerate([name for name in uploads.files if name.lower().endswith(ARCHIVE)]):
        folder = scratch / str(number)
        folder.mkdir()
        yield archive_place(uploads.files.pop(name), name, folder, reading)
    if uploads.files:
        yield uploads


def _read_place(place: Place, reading: ImportScan, wishes: ImportOptions) -> None:
    """Append the clips of a place: those that its lists name, then the sounds that none does.

    Raises:
        DataError: The named format is not there, or a list cannot be read at all.
    """
    wanted = FORMATS[wishes.format] if wishes.format is not None else None
    found = _recognised(place, reading, wanted)
    lists: dict[str, ListFormat] = {}
    for form, names in found if place.chosen else found[:1]:
        lists |= {name: form for name in names if name not in lists}
    for name, form in lists.items():
        form.read(place, name, reading)
    rest, one_by_one = place, wanted is None and place.chosen
    unknown = [sheet.name for sheet in place.sheets if one_by_one and _is_unknown(sheet, lists)]
    if lists or unknown:  # then sounds are taken of files picked one by one alone, where no list has dealt with them
        dealt_with = {*lists, *unknown}.union(*(form.companions for form in lists.values()))
        used = {candidate.path for candidate in reading.candidates}
        left = {n: p for n, p in place.files.items() if one_by_one and n not in dealt_with and p not in used}
        rest = replace(place, files=left)
    endings = (wanted.ending,) if isinstance(wanted, BesideFormat) else (*TIMED, PLAIN)
    # Any other file that was picked its owner takes for a sound; the decoder has the last word.
    others = [n for n in rest.files if PurePosixPath(n).suffix.lower() not in BY_NAME] if one_by_one else []
    read_sounds(rest, reading, {ending: TIMED.get(ending) for ending in endings}, tiers=wishes.tiers, others=others)
    remark(place, reading, found, wanted, unknown)
    reading.leave_out_empty()


def _is_unknown(sheet: Sheet, lists: Mapping[str, ListFormat]) -> bool:
    return sheet.ending in LIST_SUFFIXES and sheet.name not in lists


def _recognised(place: Place, reading: ImportScan, wanted: ListFormat | BesideFormat | None) -> Found:
    """Survey a place; the lists of the format that was named, else of each that has some, the first one first."""
    place.sheets, reading.words = survey(place.files, SHEET_SUFFIXES, words=not place.chosen)
    if isinstance(wanted, BesideFormat):
        # A folder may hold texts for some of its sounds only, and plain ones for none.
        if wanted.ending != PLAIN and not any(name.lower().endswith(wanted.ending) for name in place.files):
            raise _not_there(place, wanted)
        return []
    if wanted is not None:
        lists = wanted.recognise(place) or (list(place.files) if place.chosen and len(place.files) == 1 else [])
        if not lists:
            raise _not_there(place, wanted)
        return [(wanted, lists)]
    found: list[tuple[ListFormat, list[str]]] = []
    for form in LISTS.values():
        try:
            lists = form.recognise(place)
        except DataError:
            if not found:
                raise
            continue  # another format's trouble, where the folder is read as this one
        found += [(form, lists)] if lists else []
    return found


def _not_there(place: Place, wanted: ListFormat | BesideFormat) -> DataError:
    return DataError(
        say(
            "{place} holds no {format}: {expects} is expected.",
            place=place.title,
            format=wanted.title,
            expects=wanted.expects,
        )
    )


def _bring_text(place: Place) -> None:
    """A single sound that was named brings the text of the same name along."""
    (name,) = place.files
    if ending_of(name) in AUDIO_SUFFIXES:
        for ending in (*TIMED, ".TextGrid", PLAIN):
            place.beside(name, PurePosixPath(name).stem + ending)
