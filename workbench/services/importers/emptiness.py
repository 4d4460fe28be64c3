"""Many files with nothing in them are one sentence: they are not unpacked, decoded and told one by one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workbench.services.importers.candidates import ImportScan

FEW: Final = 20  # of a kind; they are told one by one, each with its name and line
LARGEST_HEADER: Final = 64  # bytes; sounds of this size have a header at most, since 0.2 s take more in any format
EMPTY: Final = "empty: no sound in it"
EMPTY_REMEDY: Final = "record or copy them again"


def leave_out_empty(reading: ImportScan) -> None:
    """Take sounds without a sound out of what was found, where there are many of them."""
    empty = {path for path in {c.path for c in reading.candidates} if _size(path) <= LARGEST_HEADER}
    if len(empty) <= FEW:
        return
    names = [c.file for c in reading.candidates if c.path in empty]
    reading.candidates = [c for c in reading.candidates if c.path not in empty]
    refuse_together(reading, names, EMPTY, EMPTY_REMEDY)


def refuse_together(reading: ImportScan, names: Sequence[str], reason: str, remedy: str) -> None:
    """Reject files of one kind: a few by their names, many in one sentence."""
    if len(names) <= FEW:
        for name in names:
            reading.reject(name, None, reason, remedy)
    else:
        reading.reject(f"{names[0]} and {len(names) - 1:,} more", None, reason, remedy)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return LARGEST_HEADER + 1  # missing or not to be read: decoding it says so
