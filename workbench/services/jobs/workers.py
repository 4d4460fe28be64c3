"""Starts workers, notices dead ones, stops and resumes runs; all state is in the store and in lock files."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.core.types import Seconds
from workbench.disk import is_full
from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.services.jobs.locks import ALIVE
from workbench.services.jobs.startup import announce, is_starting, withdraw
from workbench.services.storage.reserve import told_when_full
from workbench.store.database import Store
from workbench.store.models import RunRow
from workbench.store.runs import ACTIVE, STATUSES, active_runs, find_run
from workbench.workspace import Workspace

RESUMABLE = ("interrupted", "failed", "stopped")
FINAL = "final"  # in a run's progress: whether it would fail again in the same way
INTERRUPTED = say(
    "The process of this run ended without a word: it was killed, perhaps for lack of memory, or the machine went "
    "down or had no room on its disk. Resume goes on from the last checkpoint."
)


class Jobs:
    """Worker processes of one workspace."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self.workspace, self.store = workspace, store

    def announce(self, name: str) -> None:
        """Tell every process that this run's worker is about to start, before the store says that the run waits."""
        announce(self.workspace.run_folder(name))

    @told_when_full(say("The run was not started"))
    def launch(self, name: str) -> None:
        """Start a worker for a run; it outlives this process.

        Raises:
            WorkbenchError: It cannot be started; the run is said to be interrupted then, and can be resumed.
        """
        self.announce(name)
        folder = self.workspace.run_folder(name)
        try:
            process = self._start(folder, name)
            announce(folder, process.pid)
        except BaseException:
            withdraw(folder)
            raise
        # The dead child must be collected, or it would stay in the process table until this server ends.
        threading.Thread(target=process.wait, daemon=True).start()

    def _start(self, folder: Path, name: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "workbench.services.worker", str(self.workspace.root), name]
        try:
            with (folder / "log.txt").open("ab") as log:
                return subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True
                )
        except OSError as e:
            if is_full(e, folder):
                raise
            raise WorkbenchError(
                say(
                    "The process of {run} could not be started ({why}); check the folder {folder}, then resume the "
                    "run.",
                    run=name,
                    why=e.strerror or e,
                    folder=folder,
                )
            ) from e

    def alive(self, name: str) -> bool:
        """Whether a worker holds the run's lock, or is coming up."""
        folder = self.workspace.run_folder(name)
        starting = is_starting(folder)  # asked first: the worker takes its lock before it ends this
        try:
            with FileLock(folder / ALIVE).acquire(timeout=0):
                return starting
        except Timeout:
            return True
        except OSError:  # nothing can be written there now, which says nothing about the worker
            return starting

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
                    say(
                        "{run} is {status}; only a run that was interrupted, stopped or failed can be resumed.",
                        run=name,
                        status=STATUSES[row.status],
                    )
                )
            self.announce(name)
            row.status, row.message, row.stop_requested, row.finished_at = "queued", "", False, None
            row.progress = {"phase": "queued", "message": say("Waiting for its turn")}
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
