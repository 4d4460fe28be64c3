"""What may be a list among an import's files, from names and first lines: looked at once, before a format is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workbench.errors import DataError
from workbench.services.importers.candidates import AUDIO_SUFFIXES
from workbench.services.importers.lines import Row, first_lines, read_rows

PLAIN = ".txt"


@dataclass(frozen=True)
class Sheet:
    """A file that may be a list.

    Attributes:
        name: Its owner's, with "/" between folders.
        ending: In lower case.
        is_label: A sound of the same name stands beside it, whose label it then is, and no list.
        lines: Its first two that are not empty; none of a plain text that is a label.
        columns: What the first row names, in lower case; of the top folder only, and of no label.
    """

    name: str
    ending: str
    is_label: bool
    lines: tuple[str, ...]
    columns: frozenset[str]

    @property
    def first(self) -> str:
        """The first line that is not empty."""
        return self.lines[0] if self.lines else ""

    @property
    def is_top(self) -> bool:
        """Whether it lies in the folder itself."""
        return "/" not in self.name


def survey(files: Mapping[str, Path], endings: frozenset[str]) -> tuple[Sheet, ...]:
    """What may be a list, in order.

    Args:
        files: Name -> where the file lies now.
        endings: Of lists, in lower case.
    """
    names = {name: PurePosixPath(name) for name in files}
    sounds = {name.with_suffix("") for name in names.values() if name.suffix.lower() in AUDIO_SUFFIXES}
    sheets = []
    for name, split in names.items():
        if split.suffix.lower() in endings:
            is_label = split.with_suffix("") in sounds
            sheets.append(_sheet(name, split.suffix.lower(), files[name], is_label))
    return tuple(sheets)


def _sheet(name: str, ending: str, path: Path, is_label: bool) -> Sheet:
    lines = () if is_label and ending == PLAIN else first_lines(path)
    columns = frozenset() if is_label or "/" in name else _columns(path, name)
    return Sheet(name, ending, is_label, lines, columns)


def _columns(path: Path, name: str) -> frozenset[str]:
    try:
        row = next((row for row in read_rows(path, name, most=20) if isinstance(row, Row)), None)
    except DataError:
        return frozenset()
    return frozenset(row.values) if row else frozenset()
