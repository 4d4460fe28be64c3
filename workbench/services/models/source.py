"""What a source of models says when it cannot help, and how its files are told to be the right ones."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.asr.catalog.offers import WeightFile
from workbench.errors import WorkbenchError
from workbench.files import open_regular
from workbench.language.said import say

PIECE = 2**20  # bytes read at once


class SourceProblem(WorkbenchError):
    """A source cannot give the files; another one may.

    Args:
        reason: What is wrong, as a clause without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason[:1].upper()}{reason[1:]}.")
        self.reason = reason


def pieces(files: Iterable[Path]) -> Iterator[bytes]:
    """The contents of files, one after another."""
    for path in files:
        with open_regular(path) as file:
            while piece := file.read(PIECE):
                yield piece


def wrong_size(whence: str, size: int, wanted: WeightFile) -> str:
    """The reason where a source gives more or fewer bytes than were published."""
    return say(
        "{whence} gave {size:,} bytes of {file}, which has {wanted:,}",
        whence=whence,
        size=size,
        file=wanted.name,
        wanted=wanted.size,
    )


def check_file(wanted: WeightFile, path: Path, whence: str) -> None:
    """Hold a file against the one that was published.

    Args:
        whence: Where it came from, such as "the model hub".

    Raises:
        SourceProblem: It is another one.
    """
    size = path.stat().st_size
    if size != wanted.size:
        raise SourceProblem(wrong_size(whence, size, wanted))
    digest = hashlib.sha256()
    for piece in pieces([path]):
        digest.update(piece)
    if digest.hexdigest() != wanted.sha256:
        raise SourceProblem(
            say(
                "the {file} of {whence} is not the one that was published (its SHA-256 begins with {found}, where "
                "{wanted} belongs), so it was thrown away",
                file=wanted.name,
                whence=whence,
                found=digest.hexdigest()[:12],
                wanted=wanted.sha256[:12],
            )
        )
