"""The formats a set can come in: how each is recognised, and who reads it. A new one is one entry here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.core.types import Seconds
from workbench.errors import DataError, UnknownNameError
from workbench.services.importers import commonvoice, kaldi, ljspeech, tabbed, tables
from workbench.services.importers.candidates import AUDIO_SUFFIXES, Candidate, ImportScan
from workbench.services.importers.lines import LIST_SUFFIXES, Problem, first_line
from workbench.services.importers.sounds import PLAIN, TIMED, read_sounds
from workbench.services.importers.sources import Place

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
# Endings of files that may hold texts: a ZIP archive brings these along.
TEXT_SUFFIXES: Final = LIST_SUFFIXES | {*TIMED, PLAIN} | {ending for form in LISTS.values() for ending in form.endings}


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
    """Append the clips of a place, in the format that was named or else recognised.

    Raises:
        DataError: The named format is not there, or a list cannot be read at all.
    """
    if wishes.format is not None:
        _read_named(place, reading, wishes, wishes.format)
    elif place.chosen:
        _read_chosen(place, reading, wishes)
    else:
        _read_folder(place, reading, wishes)
    if place.renamed:
        written, found = next(iter(place.renamed.items()))
        more = f" and {len(place.renamed) - 1} more" if len(place.renamed) > 1 else ""
        reason = f"not there{more}: the sound of the same name here was taken ({found})"
        reading.warn(written, None, reason, "nothing to do if these are the same sounds")


def _read_named(place: Place, reading: ImportScan, wishes: ImportOptions, name: str) -> None:
    wanted = FORMATS[name]
    if isinstance(wanted, BesideFormat):
        if not place.named(wanted.ending) and not (wanted.ending == PLAIN and place.sounds()):
            raise DataError(f"{place.title} holds no {wanted.title}: {wanted.expects} is expected.")
        # A folder may hold texts for some of its sounds only.
        read_sounds(place, reading, tiers=wishes.tiers, endings=(wanted.ending,))
        return
    lists = wanted.recognise(place) or (list(place.files) if place.chosen and len(place.files) == 1 else [])
    if not lists:
        raise DataError(f"{place.title} holds no {wanted.title}: {wanted.expects} is expected.")
    _read_lists(place, reading, wanted, lists)


def _read_folder(place: Place, reading: ImportScan, wishes: ImportOptions) -> None:
    found = ((name, form, form.recognise(place)) for name, form in LISTS.items())
    recognised = next(((form, lists) for _, form, lists in found if lists), None)
    if recognised is None:
        read_sounds(place, reading, tiers=wishes.tiers)
        _warn_of_others(place, reading)
        _warn_of_lists(place, reading)
        return
    form, lists = recognised
    _read_lists(place, reading, form, lists)
    others = [[n for n in _quietly(other, place) if n not in lists] for other in LISTS.values() if other is not form]
    others += [place.named(ending) for ending in TIMED]
    for names in others:
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            reason = f"not read, since the folder is read as {form.title}"
            reading.warn(names[0] + more, None, reason, "nothing to do, or name the other format with --format")


def _quietly(form: ListFormat, place: Place) -> list[str]:
    try:
        return form.recognise(place)
    except DataError:
        return []


def _read_lists(place: Place, reading: ImportScan, form: ListFormat, lists: Iterable[str]) -> None:
    for name in lists:
        form.read(place, name, reading)
    if not place.flat and not place.chosen:
        _warn_unnamed(place, reading, form)


def _read_chosen(place: Place, reading: ImportScan, wishes: ImportOptions) -> None:
    """Files picked one by one: lists of any format, and sounds that no list names."""
    claimed: dict[str, ListFormat] = {}
    for form in LISTS.values():
        for name in form.recognise(place):
            claimed.setdefault(name, form)
    for name, form in claimed.items():
        form.read(place, name, reading)
    lists = {name for name in place.files if _kind(name) in LIST_SUFFIXES}
    for name in sorted(lists - set(claimed)):
        reading.reject(name, None, "a list of no known kind", "write columns file_name and text, or file, tab and text")
    dealt_with = lists | set(claimed)
    if any(form is LISTS["kaldi"] for form in claimed.values()):
        dealt_with |= {"text", "segments", "utt2spk", "utt2lang"}
    used = {candidate.path for candidate in reading.candidates}
    rest = Place(place.title, {}, place.root, place.allow_outside, place.flat, place.chosen)
    rest.files = {n: p for n, p in place.files.items() if n not in dealt_with and p not in used}
    _look_beside(rest, place)
    others = [name for name in rest.files if _kind(name) not in AUDIO_SUFFIXES | {*TIMED, PLAIN}]
    read_sounds(rest, reading, tiers=wishes.tiers)
    for name in others:  # its owner takes it for a sound; the decoder has the last word
        reading.candidates.append(_as_sound(rest, name))


def _look_beside(rest: Place, place: Place) -> None:
    """A single sound that was named brings the text of the same name along."""
    if place.root is None or len(rest.files) != 1:
        return
    (name,) = rest.files
    if _kind(name) in AUDIO_SUFFIXES:
        for ending in (*TIMED, ".TextGrid", PLAIN):
            rest.beside(name, PurePosixPath(name).stem + ending)


def _as_sound(place: Place, name: str) -> Candidate:
    return Candidate(place.path(name), clean_name(name) or "unnamed", clean_name(name) or "unnamed")


def _kind(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _warn_unnamed(place: Place, reading: ImportScan, form: ListFormat) -> None:
    used = {candidate.path.resolve() for candidate in reading.candidates}
    missed = [name for name in place.sounds() if place.path(name).resolve() not in used]
    refused = {problem.file for problem in reading.rejected}
    missed = [name for name in missed if name not in refused]
    if missed:
        what = "metadata" if form is LISTS["audiofolder"] else "list"
        reason = f"not named in the {what} ({len(missed)} {'file' if len(missed) == 1 else 'files'})"
        reading.warn(missed[0], None, reason, f"add a line to the {what} for each")


def _warn_of_lists(place: Place, reading: ImportScan) -> None:
    """Say at the top which files may be lists of what is said, and were not understood."""
    if not place.sounds():
        return
    told = []
    timed = {warning.file for warning in (*reading.warnings, *reading.rejected)} | {c.file for c in reading.candidates}
    for name in (n for n in place.files if _kind(n) in LIST_SUFFIXES and "/" not in n and n not in timed):
        lines = [line for line in first_line(place.path(name), whole=True).splitlines() if line.strip()][:2] or [""]
        begins = clean_name(lines[-1] if lines[0].startswith("sep=") else lines[0], 80)
        reason = f"looks like a list, but was not understood (it begins with “{begins}”); its texts are not taken in"
        remedy = "name its columns file_name and text in the first line, or name its format with --format"
        told.append(Problem(clean_name(name), None, reason, remedy))
    reading.warnings[:0] = told


def _warn_of_others(place: Place, reading: ImportScan) -> None:
    known = AUDIO_SUFFIXES | {*TIMED, PLAIN} | (LIST_SUFFIXES if place.sounds() else frozenset())
    below = {name for name in place.files if "/" in name and _kind(name) in LIST_SUFFIXES}
    others = [name for name in place.files if _kind(name) not in known or name in below]
    for suffix in sorted({PurePosixPath(name).suffix for name in others}):
        same = [name for name in others if PurePosixPath(name).suffix == suffix]
        reason = f"not a sound file ({len(same)} {'file' if len(same) == 1 else 'files'} of the kind '{suffix}')"
        reading.warn(same[0], None, reason, "nothing to do, unless it holds sound: then convert it to WAV")
