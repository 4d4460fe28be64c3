"""The process of one run: `python -m workbench.services.worker ROOT RUN`.

A lock file says that it lives: the system frees the lock however the process ends, so a dead worker is seen at once.
A second lock lets one run work at a time; the others wait in the queue.
"""

import os
import sys
import time
import traceback
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.errors import WorkbenchError
from workbench.store.database import Store
from workbench.store.models import now
from workbench.store.runs import find_run
from workbench.workspace import Workspace

ALIVE = ".alive"  # in the run's folder
TURN = ".turn"  # in the folder of all runs
POLL_SECONDS = 0.5


def main(root: str, name: str) -> int:
    """Work on one run; returns the exit status."""
    workspace = Workspace.open(root)
    folder = workspace.run_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    alive = FileLock(folder / ALIVE)
    try:
        alive.acquire(timeout=0)
    except Timeout:
        return 0  # another process has it already
    with alive:
        store = Store.open(workspace)
        try:
            _wait_for_turn(workspace, store, name)
            _execute(workspace, store, name)
        finally:
            store.close()
    return 0


def _wait_for_turn(workspace: Workspace, store: Store, name: str) -> None:
    lock = FileLock(workspace.runs / TURN)
    while True:
        with store.session() as session:
            if find_run(session, name).stop_requested:
                return
        try:
            lock.acquire(timeout=0)  # held until the process ends
            return
        except Timeout:
            time.sleep(POLL_SECONDS)


def _execute(workspace: Workspace, store: Store, name: str) -> None:
    _set(store, name, status="running", started_at=now(), message="")
    try:
        with store.session() as session:
            if find_run(session, name).stop_requested:
                raise WorkbenchError("Stopped before it began; nothing was learned.")
        from workbench.services.running import RunExecution, StopRequested

        try:
            RunExecution(workspace, store, name).execute()
        except StopRequested:
            _set(
                store,
                name,
                status="stopped",
                message="Stopped before training began; nothing was learned.",
                finished_at=now(),
            )
    except WorkbenchError as e:
        stopped = str(e).startswith("Stopped")
        _set(store, name, status="stopped" if stopped else "failed", message=str(e), finished_at=now())
    except MemoryError:
        message = "The machine ran out of memory; choose a smaller batch or a smaller model."
        _set(store, name, status="failed", message=message, finished_at=now())
    except OSError as e:
        traceback.print_exc()
        message = f"A file could not be read or written ({e.strerror or e}); free some disk space and resume the run."
        _set(store, name, status="failed", message=message, finished_at=now())
    except Exception:  # the job's boundary: logged here, said on the page
        traceback.print_exc()
        message = f"An unexpected error stopped the run; its details are in {name}/log.txt of the workspace's runs."
        _set(store, name, status="failed", message=message, finished_at=now())


def _set(store: Store, name: str, **values: object) -> None:
    with store.session() as session:
        row = find_run(session, name)
        for key, value in values.items():
            setattr(row, key, value)


if __name__ == "__main__":
    # One thread pool, as large as the machine; transformers must not look for a network.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(main(str(Path(sys.argv[1])), sys.argv[2]))
