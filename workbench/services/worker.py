"""The process of one run: `python -m workbench.services.worker ROOT RUN`.

A lock file says that it lives: the system frees the lock however the process ends, so a dead worker is seen at once.
A second lock lets one run work at a time; the others wait in the queue, the oldest first.
"""

import os
import sys
import time
import traceback
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from workbench.asr.catalog.catalog import local_folder
from workbench.core.types import ModelSpec
from workbench.disk import is_full, remedy
from workbench.errors import ModelError, TooLargeError, TrainingError, WorkbenchError
from workbench.language.said import say, sentence
from workbench.services.jobs.locks import ALIVE, TURN
from workbench.services.jobs.niceness import WORKING, stand_back
from workbench.services.jobs.startup import is_starting, withdraw
from workbench.services.jobs.workers import FINAL
from workbench.services.storage.reserve import first_served
from workbench.store.database import Store
from workbench.store.models import RunRow, now
from workbench.store.runs import active_runs, find_run
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.services.runs.execute import Executed

POLL_SECONDS = 0.5
CHECKS = "*/checks.json"  # in a run's folder, once it has begun to train
LOOK_SECONDS = 5.0  # a page that looks whether the worker lives holds the lock for a moment


def main(root: str, name: str) -> int:
    """Work on one run; returns the exit status."""
    workspace = Workspace.open(root)
    folder = workspace.run_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    alive = FileLock(folder / ALIVE)
    try:
        alive.acquire(timeout=LOOK_SECONDS)
    except Timeout:
        return 0  # another process has it already
    except OSError as e:  # a full disk, or a folder that may not be written
        with closing(Store.open(workspace)) as store:
            _end(store, name, "failed", _reason(e, workspace, name))
        return 1
    with alive:
        withdraw(folder)
        with closing(Store.open(workspace)) as store:
            _take_turn(workspace, store, name)
    return 0


def _take_turn(workspace: Workspace, store: Store, name: str) -> None:
    try:
        turn = _wait_for_turn(workspace, store, name)
        if turn is None:
            _end(
                store,
                name,
                "stopped",
                _stopped(workspace, store, name, say("Stopped before it began; nothing was learned.")),
            )
            return
        with turn:
            _execute(workspace, store, name)
    except Exception as e:  # the job's boundary: logged here, said on the page
        if not isinstance(e, WorkbenchError):
            traceback.print_exc()
        _end(store, name, "failed", _reason(e, workspace, name), final=_final(e, store, name))


def _wait_for_turn(workspace: Workspace, store: Store, name: str) -> FileLock | None:
    """The lock that lets one run work at a time, acquired; None where the run was stopped while it waited.

    The caller has to keep the lock: it is freed with its last reference.
    """
    lock = FileLock(workspace.runs / TURN)
    while True:
        with store.session() as session:
            row = find_run(session, name)
            if row.stop_requested:
                return None
            before = [r for r in active_runs(session) if r.id < row.id]
        if any(_comes_first(workspace, r) for r in before):
            time.sleep(POLL_SECONDS)
            continue
        try:
            lock.acquire(timeout=0)
            return lock
        except Timeout:
            time.sleep(POLL_SECONDS)


def _comes_first(workspace: Workspace, older: RunRow) -> bool:
    """Whether an older run is still to have its turn: its worker lives, or is coming up."""
    if is_starting(workspace.run_folder(older.name)):
        return True
    try:
        with FileLock(workspace.run_folder(older.name) / ALIVE).acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return (workspace.run_folder(older.name) / ALIVE).exists()


def _execute(workspace: Workspace, store: Store, name: str) -> None:
    from workbench.asr.training.allocator import keep_freed_memory
    from workbench.services.jobs.stop import StopRequested
    from workbench.services.runs.execute import execute

    keep_freed_memory()
    with store.session() as session:
        row = find_run(session, name)
        row.status, row.started_at, row.message = "running", now(), ""
    try:
        executed = execute(workspace, store, name)
    except StopRequested:
        _end(
            store,
            name,
            "stopped",
            _stopped(workspace, store, name, say("Stopped before training began; nothing was learned.")),
        )
    else:
        _place_words(executed)


def _stopped(workspace: Workspace, store: Store, name: str, nothing: str) -> str:
    """What to say of a run that was stopped before it learned anything: an earlier attempt may have.

    Args:
        nothing: Said where none has.
    """
    with store.session() as session:
        if find_run(session, name).result:
            return say("Stopped before it learned anything new; what it had learned before stands.")
    if any(workspace.run_folder(name).glob(CHECKS)):
        return say("Stopped before it went on; Resume goes on from its last checkpoint.")
    return nothing


def _final(error: Exception, store: Store, name: str) -> bool:
    """Whether the same run, gone on with, would fail in the same way: its model or its settings are to blame.

    A model that is not here may be fetched or put back, and memory may be freed.
    """
    if not isinstance(error, ModelError | TrainingError) or isinstance(error, TooLargeError):
        return False
    with store.session() as session:
        folder = local_folder(ModelSpec.from_json(find_run(session, name).model))
    return folder is not None and (folder / "config.json").is_file()


def _reason(error: Exception, workspace: Workspace, name: str) -> str:
    """Why a run ended, for the page."""
    if isinstance(error, WorkbenchError):
        return sentence(error)
    if isinstance(error, MemoryError):
        return say("The machine ran out of memory; choose a smaller batch or a smaller model.")
    if is_full(error, workspace.root):
        room = remedy(workspace.root)
        return say("The run stopped, because the disk is full; {room}, then resume it.", room=room)
    if isinstance(error, OSError):
        return say(
            "A file could not be read or written ({why}); check the workspace's disk and resume the run.",
            why=error.strerror or error,
        )
    return say(
        "An unexpected error stopped the run; its details are in {run}/log.txt of the workspace's runs.", run=name
    )


def _place_words(executed: "Executed") -> None:
    """Say when the words of the tested clips were said; the run is done already, whatever becomes of this."""
    from workbench.services.runs.word_times import place_run

    try:
        place_run(executed)
    except Exception:  # the job's boundary: the page offers to try again
        traceback.print_exc()


def _end(store: Store, name: str, status: str, message: str, *, final: bool = False) -> None:
    def write() -> None:
        with store.session() as session:
            row = find_run(session, name)
            row.status, row.message, row.finished_at = status, message, now()
            row.progress = {**row.progress, FINAL: final}

    first_served(store, say("How the run ended was not saved"), write)


if __name__ == "__main__":
    # One thread pool, as large as the machine; transformers must not look for a network.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    stand_back(WORKING)
    sys.exit(main(str(Path(sys.argv[1])), sys.argv[2]))
