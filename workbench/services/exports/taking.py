"""Taking a model along: packed by a process beside the server, whose state every page sees, also after a reload."""

import threading
from pathlib import Path
from typing import Final

from workbench.errors import UnknownNameError, WorkbenchError
from workbench.language.said import say, sentence
from workbench.services.exports.take import FORMS, Taken, check_take, find_taken, take_beside
from workbench.services.jobs.background import Background, JobView
from workbench.services.jobs.steps import Step, Watch
from workbench.store.database import Store
from workbench.workspace import Workspace

STOPPED: Final = say("Stopped; nothing was packed.")
FAILED: Final = say("It was not packed; why stands in the server's log.")
WAITING: Final = say("Waiting for another model that is being packed")
LOOK_SECONDS: Final = 0.2  # between two looks whether the user has asked to stop


class Taking:
    """The use cases of taking models along; one is packed at a time, as each fills much of the memory."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self._going: Background[tuple[str, str]] = Background(stopped=lambda key: STOPPED, failed=lambda key: FAILED)
        self._turn = threading.Lock()

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms in which a model can be taken."""
        return tuple(FORMS)

    def hindrance(self, run: str, form: str) -> str:
        """Why a run's model cannot be taken in a form, as a sentence; empty where it can."""
        try:
            check_take(self._workspace, self._store, run, form)
        except WorkbenchError as e:
            return sentence(e)
        return ""

    def view(self, run: str, form: str) -> JobView | None:
        """Where the packing stands; None where nobody has asked for it since the server started."""
        return self._going.view((run, form))

    def views(self) -> tuple[tuple[tuple[str, str], JobView], ...]:
        """Of all, by run and form."""
        return self._going.views()

    def taken(self, run: str, form: str) -> Taken | None:
        """The archive of a run's model, where it is packed.

        Raises:
            WorkbenchError: No such run or form, or the run has no model.
        """
        return find_taken(self._workspace, self._store, run, form)

    def file(self, run: str, form: str) -> Path:
        """The archive to send.

        Raises:
            WorkbenchError: As `taken`, or it is not packed.
        """
        if found := self.taken(run, form):
            return found.path
        raise UnknownNameError(say("packed model"), run, [])

    def start(self, run: str, form: str) -> None:
        """Begin to write, prove and pack; returns at once.

        Raises:
            WorkbenchError: No such run or form, or the run has no model.
        """
        check_take(self._workspace, self._store, run, form)
        self._going.start((run, form), lambda watch: self._take(run, form, watch))

    def stop(self, run: str, form: str) -> None:
        """Ask to stop."""
        self._going.stop((run, form))

    def _take(self, run: str, form: str, watch: Watch) -> tuple[str, str]:
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            watch.check()
            watch.tell(Step(WAITING))
        try:
            take_beside(self._workspace, run, form, watch)
        finally:
            self._turn.release()
        return say("{run} is packed.", run=run), ""
