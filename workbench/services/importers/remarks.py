"""What an import says of a place as a whole: what was left out of it, and what was taken for something else."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from workbench.core.text.clean import clean_name
from workbench.language.said import count, say
from workbench.services.importers.candidates import ImportScan, and_more
from workbench.services.importers.formats import BY_NAME, LISTS, TIMED, BesideFormat, Found, ListFormat
from workbench.services.importers.lines import LIST_SUFFIXES, Problem
from workbench.services.importers.place import Place


def remark(
    place: Place,
    reading: ImportScan,
    found: Found,
    wanted: ListFormat | BesideFormat | None,
    unknown: Iterable[str] = (),
) -> None:
    """Say what was left out of a place, and what was taken for something else.

    Args:
        unknown: Lists that no format has recognised.
    """
    if found and not place.chosen:
        _warn_unnamed(place, reading, found[0][0])
    if wanted is None and not place.chosen:
        if found:
            _warn_of_other_formats(place, reading, found)
        else:
            _warn_of_other_files(place, reading)
            _warn_of_lists(place, reading)
    for name in sorted(unknown):  # of files picked one by one a list is meant, whatever it is
        remedy = say("write columns file_name and text, or file, tab and text")
        reading.reject(name, None, say("a list of no known kind"), remedy)
    if place.renamed:
        written, taken = next(iter(place.renamed.items()))
        reason = _renamed(taken, len(place.renamed) - 1)
        reading.warn(written, None, reason, say("nothing to do if these are the same sounds"))


def _renamed(taken: str, others: int) -> str:
    if others:
        return say("not there and {n} more: the sound of the same name here was taken ({file})", n=others, file=taken)
    return say("not there: the sound of the same name here was taken ({file})", file=taken)


def _warn_unnamed(place: Place, reading: ImportScan, form: ListFormat) -> None:
    used = {candidate.path.resolve() for candidate in reading.candidates}
    refused = {problem.file for problem in reading.rejected}
    missed = [n for n in place.sounds() if place.path(n).resolve() not in used and n not in refused]
    if missed:
        n, in_metadata = len(missed), form is LISTS["audiofolder"]
        in_list = count(n, "not named in the list ({n} file)", "not named in the list ({n} files)")
        unnamed = count(n, "not named in the metadata ({n} file)", "not named in the metadata ({n} files)")
        add = say("add a line to the metadata for each") if in_metadata else say("add a line to the list for each")
        reading.warn(missed[0], None, unnamed if in_metadata else in_list, add)


def _warn_of_other_formats(place: Place, reading: ImportScan, found: Found) -> None:
    (form, lists), *others = found
    unread = [[name for name in names if name not in lists] for _, names in others]
    unread += [[name for name in place.files if name.lower().endswith(ending)] for ending in TIMED]
    for names in filter(None, unread):
        reason = say("not read, since the folder is read as {format}", format=form.title)
        remedy = say("nothing to do, or name the other format with --format")
        reading.warn(and_more(names), None, reason, remedy)


def _warn_of_lists(place: Place, reading: ImportScan) -> None:
    """Say at the top which files may be lists of what is said, and were not understood."""
    if not place.sounds():
        return
    told = []
    timed = {warning.file for warning in (*reading.warnings, *reading.rejected)} | {c.file for c in reading.candidates}
    for sheet in place.sheets:
        if sheet.ending in LIST_SUFFIXES and "/" not in sheet.name and sheet.name not in timed:
            lines = [*"\n".join(sheet.lines).splitlines()[:2], ""]
            begins = clean_name(lines[1] if lines[0].startswith("sep=") else lines[0], 80)
            reason = say(
                "looks like a list, but was not understood (it begins with “{begins}”); its texts are not taken in",
                begins=begins,
            )
            remedy = say("name its columns file_name and text in the first line, or name its format with --format")
            told.append(Problem(clean_name(sheet.name), None, reason, remedy))
    reading.warnings[:0] = told


def _warn_of_other_files(place: Place, reading: ImportScan) -> None:
    known = BY_NAME | (LIST_SUFFIXES if place.sounds() else frozenset())
    below = {name for name in place.files if "/" in name and PurePosixPath(name).suffix.lower() in LIST_SUFFIXES}
    others = [name for name in place.files if PurePosixPath(name).suffix.lower() not in known or name in below]
    for suffix in sorted({PurePosixPath(name).suffix for name in others}):
        same = [name for name in others if PurePosixPath(name).suffix == suffix]
        reading.warn_of_others(same[0], len(same), suffix)
