"""The formats a set can come in: how each is recognised, and who reads it. A new one is one entry here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.core.types import Seconds
from workbench.errors import DataError, UnknownNameError
from workbench.language.said import say
from workbench.services.importers import commonvoice, elan, kaldi, ljspeech, subtitles, tabbed, tables, textgrid
from workbench.services.importers.candidates import AUDIO_SUFFIXES, ImportScan
from workbench.services.importers.disguised import Reader
from workbench.services.importers.lines import LIST_SUFFIXES
from workbench.services.importers.place import Place
from workbench.services.importers.survey import PLAIN

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
        companions: Names of files without an ending that belong to its lists.
    """

    title: str
    expects: str
    recognise: Callable[[Place], list[str]]
    read: Callable[[Place, str, ImportScan], None]
    endings: tuple[str, ...] = ()
    companions: frozenset[str] = frozenset()


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
        say("Common Voice table"),
        say("a .tsv with the columns path and sentence"),
        commonvoice.recognise,
        commonvoice.read,
    ),
    "ljspeech": ListFormat(
        say("LJSpeech list"), say("metadata.csv with lines id|text"), ljspeech.recognise, ljspeech.read
    ),
    "audiofolder": ListFormat(
        "AudioFolder",
        say("metadata.csv or metadata.jsonl with a column file_name"),
        tables.recognise_audiofolder,
        tables.read_audiofolder,
    ),
    "nemo": ListFormat(
        say("NeMo manifest"),
        say("a .jsonl with 'manifest' in its name and the field audio_filepath"),
        tables.recognise_nemo,
        tables.read_nemo,
    ),
    "kaldi": ListFormat(
        say("Kaldi data folder"), say("wav.scp beside text"), kaldi.recognise, kaldi.read, (".scp",), kaldi.BESIDE
    ),
    "table": ListFormat(
        say("table"),
        say("a .csv, .tsv or .jsonl with a column for the sound's file and one for its text"),
        tables.recognise_table,
        tables.read_table,
    ),
    "azure": ListFormat(
        say("tab-separated list"), say("trans.txt with lines file<TAB>text"), tabbed.recognise, tabbed.read
    ),
}
# Ending -> reader; of two beside the same sound, the first is taken.
TIMED: Final[dict[str, Reader]] = {
    ".eaf": elan.read,
    ".textgrid": textgrid.read,
    ".vtt": subtitles.read_vtt,
    ".srt": subtitles.read_srt,
    ".sbv": subtitles.read_sbv,
}
BESIDE: Final[dict[str, BesideFormat]] = {
    "elan": BesideFormat(say("ELAN document"), say("an .eaf beside its sound"), ".eaf"),
    "textgrid": BesideFormat(say("Praat TextGrid"), say("a .TextGrid beside its sound"), ".textgrid"),
    "srt": BesideFormat(say("SubRip subtitles"), say("an .srt beside its sound"), ".srt"),
    "vtt": BesideFormat(say("WebVTT subtitles"), say("a .vtt beside its sound"), ".vtt"),
    "txt": BesideFormat(
        say("sounds with text files"), say("a sound, and a .txt of the same name where it has a text"), PLAIN
    ),
}
FORMATS: Final[dict[str, ListFormat | BesideFormat]] = {**LISTS, **BESIDE}
# Endings of what may be a list, and of all that may hold texts: a ZIP archive brings these along.
SHEET_SUFFIXES: Final = LIST_SUFFIXES | {PLAIN} | {ending for form in LISTS.values() for ending in form.endings}
TEXT_SUFFIXES: Final = SHEET_SUFFIXES | {*TIMED}
COMPANIONS: Final = frozenset(name for form in LISTS.values() for name in form.companions)
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
            raise UnknownNameError(say("format"), self.format, tuple(FORMATS))
        if not SHORTEST_LIMIT <= self.longest <= LONGEST_CLIP:
            raise DataError(
                say(
                    "Clips of at most {longest:g} s cannot be made; choose a length from {least:g} to {most:g} s.",
                    longest=self.longest,
                    least=SHORTEST_LIMIT,
                    most=LONGEST_CLIP,
                )
            )
