"""Work in the background whose state every page sees, also after a reload: fetching a model, pushing it, packing it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from workbench.core.types import Seconds
from workbench.errors import WorkbenchError
from workbench.language.said import say, sentence
from workbench.services.jobs.steps import Step, Watch
from workbench.services.jobs.stop import StopRequested

log = logging.getLogger(__name__)
STARTING: Final = say("Starting")
Key = TypeVar("Key")


@dataclass(frozen=True)
class JobView:
    """Where a piece of work stands.

    Attributes:
        message: What goes on; of one that has ended, how.
        done: Bytes that are done.
        total: Bytes in all; 0 where the step has none.
        active: Whether it still goes on.
        stopping: Whether the user has asked to stop.
        failed: Whether it ended without what it was to make.
        url: Where on the web that is, once it is there.
    """

    message: str
    done: int = 0
    total: int = 0
    seconds_left: Seconds | None = None
    active: bool = True
    stopping: bool = False
    failed: bool = False
    url: str = ""


class Background(Generic[Key]):
    """Pieces of work by their key, each in a thread of its own; one key is at work once.

    Args:
        stopped: What is said of one that was stopped, by its key.
        failed: What is said of one that failed and has told nobody why; likewise.
        starting: What is said before its first step.
    """

    def __init__(
        self, *, stopped: Callable[[Key], str], failed: Callable[[Key], str], starting: str = STARTING
    ) -> None:
        self._stopped, self._failed, self._starting = stopped, failed, starting
        self._views: dict[Key, JobView] = {}
        self._lock = threading.Lock()

    def view(self, key: Key) -> JobView | None:
        """Where a piece stands; None where nobody has asked for it since the server started."""
        return self._views.get(key)

    def views(self) -> tuple[tuple[Key, JobView], ...]:
        """All of them, in the order in which they were asked for first."""
        with self._lock:
            return tuple(self._views.items())

    def start(self, key: Key, work: Callable[[Watch], tuple[str, str]]) -> None:
        """Begin; returns at once, and does nothing where that key is at work.

        Args:
            work: Tells of its steps; returns what is said at its end, and the address of what was made, or "".
        """
        with self._lock:
            known = self._views.get(key)
            if known and known.active:
                return
            self._views[key] = JobView(self._starting)
        threading.Thread(target=self._work, args=(key, work), daemon=True).start()

    def stop(self, key: Key) -> None:
        """Ask to stop."""
        with self._lock:
            known = self._views.get(key)
            if known and known.active:
                self._views[key] = replace(known, stopping=True)

    def _work(self, key: Key, work: Callable[[Watch], tuple[str, str]]) -> None:
        watch = Watch(lambda step: self._show(key, step), lambda: self._views[key].stopping)
        try:
            message, url = work(watch)
            self._end(key, JobView(message, active=False, url=url))
        except StopRequested:
            self._end(key, JobView(self._stopped(key), active=False, failed=True))
        except WorkbenchError as e:
            self._end(key, JobView(sentence(e), active=False, failed=True))
        except Exception:  # the job's boundary: logged here, said on the page
            said = self._failed(key)
            log.exception("%s: %s", key, said)
            self._end(key, JobView(said, active=False, failed=True))

    def _show(self, key: Key, step: Step) -> None:
        with self._lock:
            stopping = self._views[key].stopping
            self._views[key] = JobView(step.message, step.done, step.total, step.seconds_left, stopping=stopping)

    def _end(self, key: Key, standing: JobView) -> None:
        with self._lock:
            self._views[key] = standing
