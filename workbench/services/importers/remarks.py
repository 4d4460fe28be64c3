"""What an import says of a place as a whole: what was left out of it, and what was taken for something else."""

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from workbench.core.text.clean import clean_name
from workbench.services.importers.candidates import ImportScan
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
        reading.reject(name, None, "a list of no known kind", "write columns file_name and text, or file, tab and text")
    if place.renamed:
        written, taken = next(iter(place.renamed.items()))
        reason = f"not there{_and_more(place.renamed)}: the sound of the same name here was taken ({taken})"
        reading.warn(written, None, reason, "nothing to do if these are the same sounds")


def _and_more(names: Collection[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _warn_unnamed(place: Place, reading: ImportScan, form: ListFormat) -> None:
    used = {candidate.path.resolve() for candidate in reading.candidates}
    refused = {problem.file for problem in reading.rejected}
    missed = [n for n in place.sounds() if place.path(n).resolve() not in used and n not in refused]
    if missed:
        what = "metadata" if form is LISTS["audiofolder"] else "list"
        reason = f"not named in the {what} ({len(missed)} {'file' if len(missed) == 1 else 'files'})"
        reading.warn(missed[0], None, reason, f"add a line to the {what} for each")


def _warn_of_other_formats(place: Place, reading: ImportScan, found: Found) -> None:
    (form, lists), *others = found
    unread = [[name for name in names if name not in lists] for _, names in others]
    unread += [[name for name in place.files if name.lower().endswith(ending)] for ending in TIMED]
    for names in filter(None, unread):
        reason = f"not read, since the folder is read as {form.title}"
        remedy = "nothing to do, or name the other format with --format"
        reading.warn(names[0] + _and_more(names), None, reason, remedy)


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
            reason = f"looks like a list, but was not understood (it begins with “{begins}”)"
            remedy = "name its columns file_name and text in the first line, or name its format with --format"
            told.append(Problem(clean_name(sheet.name), None, f"{reason}; its texts are not taken in", remedy))
    reading.warnings[:0] = told


def _warn_of_other_files(place: Place, reading: ImportScan) -> None:
    known = BY_NAME | (LIST_SUFFIXES if place.sounds() else frozenset())
    below = {name for name in place.files if "/" in name and PurePosixPath(name).suffix.lower() in LIST_SUFFIXES}
    others = [name for name in place.files if PurePosixPath(name).suffix.lower() not in known or name in below]
    for suffix in sorted({PurePosixPath(name).suffix for name in others}):
        same = [name for name in others if PurePosixPath(name).suffix == suffix]
        reason = f"not a sound file ({len(same)} {'file' if len(same) == 1 else 'files'} of the kind '{suffix}')"
        reading.warn(same[0], None, reason, "nothing to do, unless it holds sound: then convert it to WAV")
