"""Pushing in the background: a process beside the server, whose state every page sees, also after a reload."""

import logging
import threading
from dataclasses import dataclass, replace
from typing import Final

from workbench.core.types import Seconds
from workbench.errors import WorkbenchError
from workbench.services.exports.push import STOPPED, Wish, check_push, push_beside
from workbench.services.jobs.stop import StopRequested
from workbench.services.models.progress import Step, Watch
from workbench.store.database import Store
from workbench.workspace import Workspace

log = logging.getLogger(__name__)
STARTING: Final = "Starting"
FAILED: Final = "It was not pushed; why stands in the server's log."


@dataclass(frozen=True)
class PushView:
    """Where the pushing of a run's model stands.

    Attributes:
        message: What goes on; of one that has ended, how.
        done: Bytes that are sent.
        total: Bytes in all; 0 where the step has none.
        active: Whether it still goes on.
        stopping: Whether the user has asked to stop.
        failed: Whether it ended without the model on the hub.
        url: Where the model is, once it is there.
    """

    run: str
    message: str
    done: int = 0
    total: int = 0
    seconds_left: Seconds | None = None
    active: bool = True
    stopping: bool = False
    failed: bool = False
    url: str = ""


class Pushing:
    """The use cases of pushing to a hub account."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self._views: dict[str, PushView] = {}
        self._lock = threading.Lock()

    def hindrance(self, run: str, *, public: bool = False) -> str:
        """Why a run's model may not be pushed, as a sentence; empty where it may. Asks no network."""
        try:
            check_push(self._workspace, self._store, Wish(run, public=public))
        except WorkbenchError as e:
            return str(e)
        return ""

    def view(self, run: str) -> PushView | None:
        """Where the pushing of a run stands; None where nobody has asked for it since the server started."""
        return self._views.get(run)

    def start(self, run: str, to: str = "", *, public: bool = False) -> None:
        """Begin to push; returns at once.

        Args:
            to: "owner/name"; else the account that is logged in, and a name made of model and run.
            public: Whether everybody may see it.

        Raises:
            WorkbenchError: No such run, no such name, or a licence forbids it.
        """
        wish = Wish(run, to.strip(), public)
        check_push(self._workspace, self._store, wish)
        with self._lock:
            known = self._views.get(run)
            if known and known.active:
                return
            self._views[run] = PushView(run, STARTING)
        threading.Thread(target=self._push, args=(wish,), daemon=True).start()

    def stop(self, run: str) -> None:
        """Ask to stop."""
        with self._lock:
            known = self._views.get(run)
            if known and known.active:
                self._views[run] = replace(known, stopping=True)

    def _push(self, wish: Wish) -> None:
        run = wish.run
        try:
            watch = Watch(lambda step: self._show(run, step), lambda: self._views[run].stopping)
            done = push_beside(self._workspace, wish, watch)
            self._end(run, f"{run} is at {done['url']}.", url=str(done["url"]))
        except StopRequested:
            self._end(run, STOPPED, failed=True)
        except WorkbenchError as e:
            self._end(run, str(e), failed=True)
        except Exception:  # the job's boundary: logged here, said on the page
            log.exception("%s was not pushed", run)
            self._end(run, FAILED, failed=True)

    def _show(self, run: str, step: Step) -> None:
        with self._lock:
            stopping = self._views[run].stopping
            self._views[run] = PushView(run, step.message, step.done, step.total, step.seconds_left, stopping=stopping)

    def _end(self, run: str, message: str, *, failed: bool = False, url: str = "") -> None:
        with self._lock:
            self._views[run] = PushView(run, message, active=False, failed=failed, url=url)
