"""The formats a set can come in: how each is recognised, and who reads it. A new one is one entry here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.core.types import Seconds
from workbench.errors import DataError, UnknownNameError
from workbench.services.importers import commonvoice, kaldi, ljspeech, tabbed, tables
from workbench.services.importers.candidates import AUDIO_SUFFIXES, ImportScan
from workbench.services.importers.lines import LIST_SUFFIXES, Problem, read_text
from workbench.services.importers.place import Place
from workbench.services.importers.sounds import TIMED, WORDS_FILE, bare_sound, read_sounds
from workbench.services.importers.survey import PLAIN, survey

LONGEST_CLIP: Final[Seconds] = 30.0
SHORTEST_LIMIT: Final[Seconds] = 2.0


@dataclass(frozen=True)
class ListFormat:
    """A format whose one list names many sounds.

    Attributes:
        recognise: The lists of this format in a place, none where it is another.
        read: Appends what one list names to a reading.
        expects: What makes it this format, for the user.
        endings: Of its lists, where they are none of LIST_SUFFIXES.
    """

    title: str
    expects: str
    recognise: Callable[[Place], list[str]]
    read: Callable[[Place, str, ImportScan], None]
    endings: tuple[str, ...] = ()


Found = Sequence[tuple[ListFormat, list[str]]]  # the formats that have lists in a place, with these


@dataclass(frozen=True)
class BesideFormat:
    """A format in which each sound has a file beside it."""

    title: str
    expects: str
    ending: str


# In a folder the first list format that recognises something is taken; the formats beside a sound share a folder.
LISTS: Final[dict[str, ListFormat]] = {
    "commonvoice": ListFormat(
        "Common Voice table", "a .tsv with the columns path and sentence", commonvoice.recognise, commonvoice.read
    ),
    "ljspeech": ListFormat("LJSpeech list", "metadata.csv with lines id|text", ljspeech.recognise, ljspeech.read),
    "audiofolder": ListFormat(
        "AudioFolder",
        "metadata.csv or metadata.jsonl with a column file_name",
        tables.recognise_audiofolder,
        tables.read_audiofolder,
    ),
    "nemo": ListFormat(
        "NeMo manifest",
        "a .jsonl with 'manifest' in its name and the field audio_filepath",
        tables.recognise_nemo,
        tables.read_nemo,
    ),
    "kaldi": ListFormat("Kaldi data folder", "wav.scp beside text", kaldi.recognise, kaldi.read, (".scp",)),
    "table": ListFormat(
        "table",
        "a .csv, .tsv or .jsonl with a column for the sound's file and one for its text",
        tables.recognise_table,
        tables.read_table,
    ),
    "azure": ListFormat("tab-separated list", "trans.txt with lines file<TAB>text", tabbed.recognise, tabbed.read),
}
BESIDE: Final[dict[str, BesideFormat]] = {
    "elan": BesideFormat("ELAN document", "an .eaf beside its sound", ".eaf"),
    "textgrid": BesideFormat("Praat TextGrid", "a .TextGrid beside its sound", ".textgrid"),
    "srt": BesideFormat("SubRip subtitles", "an .srt beside its sound", ".srt"),
    "vtt": BesideFormat("WebVTT subtitles", "a .vtt beside its sound", ".vtt"),
    "txt": BesideFormat("sounds with text files", "a sound, and a .txt of the same name where it has a text", PLAIN),
}
FORMATS: Final[dict[str, ListFormat | BesideFormat]] = {**LISTS, **BESIDE}
# Endings of what may be a list, and of all that may hold texts: a ZIP archive brings these along.
SHEET_SUFFIXES: Final = LIST_SUFFIXES | {PLAIN} | {ending for form in LISTS.values() for ending in form.endings}
TEXT_SUFFIXES: Final = SHEET_SUFFIXES | {*TIMED}
BY_NAME: Final = AUDIO_SUFFIXES | {*TIMED, PLAIN}  # sounds, and what stands beside one of the same name


@dataclass(frozen=True)
class ImportOptions:
    """How an import is to be read.

    Attributes:
        format: One of FORMATS; None recognises it.
        tiers: Of annotations with several tiers, those that are meant; their clips come in order of time.
        by_channel: Whether each channel of a recording is a source and speaker of its own.
        longest: Recordings without times in their text are cut into clips of at most this length.
        allow_outside: Whether a list may name existing files outside its own folder.
    """

    format: str | None = None
    tiers: tuple[str, ...] = ()
    by_channel: bool = False
    longest: Seconds = LONGEST_CLIP
    allow_outside: bool = False

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise UnknownNameError("format", self.format, tuple(FORMATS))
        if not SHORTEST_LIMIT <= self.longest <= LONGEST_CLIP:
            raise DataError(
                f"Clips of at most {self.longest:g} s cannot be made; "
                f"choose a length from {SHORTEST_LIMIT:g} to {LONGEST_CLIP:g} s."
            )


def read_place(place: Place, reading: ImportScan, wishes: ImportOptions) -> None:
    """Append the clips of a place: survey it, recognise its formats, read its lists, then the sounds that none names.

    Raises:
        DataError: The named format is not there, or a list cannot be read at all.
    """
    place.sheets = survey(place.files, SHEET_SUFFIXES)
    wanted = FORMATS[wishes.format] if wishes.format is not None else None
    found = _recognised(place, wanted)
    lists: dict[str, ListFormat] = {}
    for form, names in found if place.chosen else found[:1]:
        for name in names:
            lists.setdefault(name, form)
    for name, form in lists.items():
        form.read(place, name, reading)
    if isinstance(wanted, BesideFormat):  # a folder may hold texts for some of its sounds only
        read_sounds(place, reading, tiers=wishes.tiers, endings=(wanted.ending,))
    elif wanted is None and place.chosen:
        rest = _not_listed(place, reading, lists)
        read_sounds(rest, reading, tiers=wishes.tiers)
        # Its owner takes any other file for a sound; the decoder has the last word.
        reading.candidates += [bare_sound(rest, name) for name in rest.files if _kind(name) not in BY_NAME]
    elif not lists:
        read_sounds(place, reading, tiers=wishes.tiers)
    _remark(place, reading, found, wanted)
    reading.leave_out_empty()


def _recognised(place: Place, wanted: ListFormat | BesideFormat | None) -> Found:
    """The lists of the format that was named, else of each that has some; a folder is read as the first of these."""
    if isinstance(wanted, BesideFormat):
        _check_there(place, wanted, place.named(wanted.ending) or (wanted.ending == PLAIN and place.sounds()))
        return []
    if wanted is not None:
        lists = wanted.recognise(place) or (list(place.files) if place.chosen and len(place.files) == 1 else [])
        _check_there(place, wanted, lists)
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


def _check_there(place: Place, wanted: ListFormat | BesideFormat, names: Collection[str] | bool) -> None:
    if not names:
        raise DataError(f"{place.title} holds no {wanted.title}: {wanted.expects} is expected.")


def _not_listed(place: Place, reading: ImportScan, lists: Mapping[str, ListFormat]) -> Place:
    """Of files picked one by one, those that no list has dealt with; lists of no known kind are refused."""
    unknown = sorted(name for name in place.files if _kind(name) in LIST_SUFFIXES and name not in lists)
    for name in unknown:
        reading.reject(name, None, "a list of no known kind", "write columns file_name and text, or file, tab and text")
    dealt_with = {*lists, *unknown, *(kaldi.BESIDE if LISTS["kaldi"] in lists.values() else ())}
    used = {candidate.path for candidate in reading.candidates}
    files = {n: p for n, p in place.files.items() if n not in dealt_with and p not in used}
    rest = Place(place.title, files, place.root, place.allow_outside, place.flat, place.chosen)
    if place.root is not None and len(files) == 1:
        (name,) = files
        if _kind(name) in AUDIO_SUFFIXES:  # a single sound that was named brings the text of the same name along
            for ending in (*TIMED, ".TextGrid", PLAIN):
                rest.beside(name, PurePosixPath(name).stem + ending)
    return rest


def _kind(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _remark(place: Place, reading: ImportScan, found: Found, wanted: ListFormat | BesideFormat | None) -> None:
    """Say what was left out of a folder, and what was taken for something else; take its word list along."""
    if found and not place.chosen:
        _warn_unnamed(place, reading, found[0][0])
    if wanted is None and not place.chosen:
        if found:
            _warn_of_other_formats(place, reading, found)
        else:
            _warn_of_other_files(place, reading)
            _warn_of_lists(place, reading)
    if place.renamed:
        written, taken = next(iter(place.renamed.items()))
        reason = f"not there{_and_more(place.renamed)}: the sound of the same name here was taken ({taken})"
        reading.warn(written, None, reason, "nothing to do if these are the same sounds")
    if WORDS_FILE in place.files and not place.chosen:
        reading.words = read_text(place.files[WORDS_FILE]).splitlines()


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
    for names in filter(None, [*unread, *(place.named(ending) for ending in TIMED)]):
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
        if sheet.ending in LIST_SUFFIXES and sheet.is_top and sheet.name not in timed:
            lines = [*"\n".join(sheet.lines).splitlines()[:2], ""]
            begins = clean_name(lines[1] if lines[0].startswith("sep=") else lines[0], 80)
            reason = f"looks like a list, but was not understood (it begins with “{begins}”)"
            remedy = "name its columns file_name and text in the first line, or name its format with --format"
            told.append(Problem(clean_name(sheet.name), None, f"{reason}; its texts are not taken in", remedy))
    reading.warnings[:0] = told


def _warn_of_other_files(place: Place, reading: ImportScan) -> None:
    known = BY_NAME | (LIST_SUFFIXES if place.sounds() else frozenset())
    below = {name for name in place.files if "/" in name and _kind(name) in LIST_SUFFIXES}
    others = [name for name in place.files if _kind(name) not in known or name in below]
    for suffix in sorted({PurePosixPath(name).suffix for name in others}):
        same = [name for name in others if PurePosixPath(name).suffix == suffix]
        reason = f"not a sound file ({len(same)} {'file' if len(same) == 1 else 'files'} of the kind '{suffix}')"
        reading.warn(same[0], None, reason, "nothing to do, unless it holds sound: then convert it to WAV")
