"""What may be a list among an import's files, by names and first lines, and their word list: looked at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.services.importers.candidates import AUDIO_SUFFIXES
from workbench.services.importers.lines import columns_of, first_lines, read_text

PLAIN: Final = ".txt"
WORDS_FILE: Final = "words.txt"  # a word list that travels with a set


@dataclass(frozen=True)
class Sheet:
    """A file that may be a list.

    Attributes:
        name: Its owner's, with "/" between folders.
        ending: In lower case.
        is_label: A sound of the same name stands beside it, whose label it then is, and no list.
        lines: Its first two that are not empty; none of a plain text that is a label.
    """

    path: Path
    name: str
    ending: str
    is_label: bool
    lines: tuple[str, ...]

    @property
    def first(self) -> str:
        """The first line that is not empty."""
        return self.lines[0] if self.lines else ""

    @property
    def names_a_sound(self) -> bool:
        """Whether its first line begins with a sound's file, up to a tab, where a table would name its columns."""
        return PurePosixPath(self.first.partition("\t")[0].strip()).suffix.lower() in AUDIO_SUFFIXES

    @cached_property
    def columns(self) -> frozenset[str]:
        """What its first row names, in lower case; read when it is asked for, since an array of JSON is read whole."""
        return columns_of(self.path, self.name)


def survey(files: Mapping[str, Path], endings: frozenset[str], *, words: bool) -> tuple[tuple[Sheet, ...], list[str]]:
    """What may be a list, in order, and the word list.

    Args:
        files: Name -> where the file lies now.
        endings: Of lists, in lower case.
        words: Whether a word list is looked for.
    """
    names = {name: PurePosixPath(name) for name in files}
    sounds = {name.with_suffix("") for name in names.values() if name.suffix.lower() in AUDIO_SUFFIXES}
    sheets = []
    for name, split in names.items():
        ending, is_label = split.suffix.lower(), split.with_suffix("") in sounds
        if ending in endings:
            lines = () if is_label and ending == PLAIN else first_lines(files[name])
            sheets.append(Sheet(files[name], name, ending, is_label, lines))
    has_words = words and WORDS_FILE in files
    return tuple(sheets), read_text(files[WORDS_FILE]).splitlines() if has_words else []
