"""Starts workers, notices dead ones, stops and resumes runs; all state is in the store and in lock files."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

from filelock import FileLock, Timeout

from workbench.core.types import Seconds
from workbench.errors import WorkbenchError
from workbench.services.worker import ALIVE
from workbench.store.database import Store
from workbench.store.models import RunRow
from workbench.store.runs import ACTIVE, active_runs, find_run
from workbench.workspace import Workspace

STARTING_GRACE: Seconds = 30.0  # a worker that was just started has not taken its lock yet
RESUMABLE = ("interrupted", "failed", "stopped")
INTERRUPTED = (
    "The process of this run ended without a word: it was killed, perhaps for lack of memory, or the machine went "
    "down. Resume goes on from the last checkpoint."
)


class Jobs:
    """Worker processes of one workspace."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self.workspace, self.store = workspace, store
        self._started: dict[str, float] = {}

    def launch(self, name: str) -> None:
        """Start a worker for a run; it outlives this process."""
        folder = self.workspace.run_folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "workbench.services.worker", str(self.workspace.root), name]
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True
            )
        self._started[name] = time.monotonic()
        # The dead child must be collected, or it would stay in the process table until this server ends.
        threading.Thread(target=process.wait, daemon=True).start()

    def alive(self, name: str) -> bool:
        """Whether a worker holds the run's lock, or was started a moment ago."""
        lock = FileLock(self.workspace.run_folder(name) / ALIVE)
        try:
            with lock.acquire(timeout=0):
                return time.monotonic() - self._started.get(name, -STARTING_GRACE) < STARTING_GRACE
        except Timeout:
            self._started.pop(name, None)
            return True
        except OSError:
            return False

    def refresh(self) -> None:
        """Mark runs as interrupted whose worker is gone."""
        with self.store.session() as session:
            candidates = [(row.name, row.status) for row in active_runs(session)]
        for name, status in candidates:
            if not self.alive(name):
                self._interrupt(name, status)

    def _interrupt(self, name: str, status: str) -> None:
        with self.store.session() as session:
            row = find_run(session, name)
            if row.status == status:  # the worker may have finished between the two looks
                row.status, row.message = "interrupted", INTERRUPTED

    def stop(self, name: str) -> None:
        """Ask a run to stop; it keeps the best state so far."""
        with self.store.session() as session:
            find_run(session, name).stop_requested = True

    def resume(self, name: str) -> None:
        """Go on with an interrupted, failed or stopped run.

        Raises:
            WorkbenchError: The run is done, waiting or at work.
        """
        self.refresh()
        with self.store.session() as session:
            row = find_run(session, name)
            if row.status not in RESUMABLE:
                raise WorkbenchError(
                    f"{name} is {row.status}; only a run that was interrupted, stopped or failed can be resumed."
                )
            row.status, row.message, row.stop_requested, row.finished_at = "queued", "", False, None
        self.launch(name)

    def wait(self, name: str, *, look: Callable[[RunRow], None] = lambda row: None, every: Seconds = 0.5) -> RunRow:
        """Wait until a run has ended, calling `look` with its newest state."""
        while True:
            self.refresh()
            with self.store.session() as session:
                row = find_run(session, name)
            look(row)
            if row.status not in ACTIVE:
                return row
            time.sleep(every)
