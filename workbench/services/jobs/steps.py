"""How far a piece of work is: its steps, its bytes, and whether the user has asked to stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.core.types import Seconds
from workbench.services.jobs.stop import StopRequested


@dataclass(frozen=True)
class Step:
    """Where it stands.

    Attributes:
        message: In words.
        done: Bytes that are done.
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
