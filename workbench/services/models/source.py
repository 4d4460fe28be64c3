"""How far a fetch is, what a source says when it cannot help, and how files are told to be the right ones."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workbench.asr.catalog.offers import WeightFile
from workbench.core.types import Seconds
from workbench.errors import WorkbenchError
from workbench.files import open_regular
from workbench.services.jobs.stop import StopRequested

PIECE = 2**20  # bytes read at once


class SourceProblem(WorkbenchError):
    """A source cannot give the files; another one may.

    Args:
        reason: What is wrong, as a clause without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason[:1].upper()}{reason[1:]}.")
        self.reason = reason


@dataclass(frozen=True)
class Step:
    """Where a fetch stands.

    Attributes:
        message: In words.
        done: Bytes that are here.
        total: Bytes in all; 0 where the step has no bytes.
        seconds_left: Of the bytes; None while it cannot be told.
    """

    message: str
    done: int = 0
    total: int = 0
    seconds_left: Seconds | None = None


@dataclass
class Watch:
    """Tells of the steps and ends the work where the user asked for it.

    Args:
        tell: Called with each step.
        stopped: Whether the user has asked to stop.
    """

    tell: Callable[[Step], None] = lambda step: None
    stopped: Callable[[], bool] = lambda: False
    _began: tuple[str, float, int] = field(default=("", 0.0, 0), init=False)

    def say(self, message: str) -> None:
        """Tell of a step without bytes.

        Raises:
            StopRequested: The user has asked to stop.
        """
        self.check()
        self.tell(Step(message))

    def bytes(self, message: str, done: int, total: int) -> None:
        """Tell of bytes, with the time that the rest will take at the pace so far.

        Raises:
            StopRequested: The user has asked to stop.
        """
        self.check()
        now = time.monotonic()
        if self._began[0] != message:
            self._began = (message, now, done)
        _, since, first = self._began
        pace = (done - first) / (now - since) if now > since and done > first else 0.0
        self.tell(Step(message, min(done, total), total, (total - min(done, total)) / pace if pace else None))

    def check(self) -> None:
        """Raise StopRequested where the user has asked to stop."""
        if self.stopped():
            raise StopRequested


def pieces(files: Iterable[Path]) -> Iterator[bytes]:
    """The contents of files, one after another."""
    for path in files:
        with open_regular(path) as file:
            while piece := file.read(PIECE):
                yield piece


def check_file(wanted: WeightFile, path: Path, whence: str) -> None:
    """Hold a file against the one that was published.

    Args:
        whence: Where it came from, such as "the model hub".

    Raises:
        SourceProblem: It is another one.
    """
    size = path.stat().st_size
    if size != wanted.size:
        raise SourceProblem(f"{whence} gave {size:,} bytes of {wanted.name}, which has {wanted.size:,}")
    digest = hashlib.sha256()
    for piece in pieces([path]):
        digest.update(piece)
    if digest.hexdigest() != wanted.sha256:
        raise SourceProblem(
            f"the {wanted.name} of {whence} is not the one that was published (its SHA-256 begins with "
            f"{digest.hexdigest()[:12]}, where {wanted.sha256[:12]} belongs), so it was thrown away"
        )
