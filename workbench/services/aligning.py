"""When the words of a run's tested clips were said: kept in the run's folder, filled in where they are missing.

A run's worker places the words when it has finished. For older runs the page asks for it; a process of its own then
loads the models (see `model_process`), and every page sees that it is at work. The file holds times and no texts.
"""

import json
import logging
import os
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from filelock import FileLock

from workbench.core.lanes import WordTimes
from workbench.errors import WorkbenchError
from workbench.services.jobs import Jobs
from workbench.services.model_process import ModelProcess
from workbench.store.database import Store
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace

TIMES: Final = "times.json"  # in the run's folder
CLIPS_AT_A_TIME: Final = 4  # that the process is asked for, so that "Try it now" need not wait for a whole run
FAILED: Final = "The words could not be placed in time; the server's log has the details."

# "reference" (by the adapted model), "base" and "adapted" (each by the model that wrote it).
ClipTimes = Mapping[str, WordTimes]


@dataclass(frozen=True)
class Placing:
    """Whether a clip's words have times.

    Attributes:
        state: "there", "working" or "missing".
        message: Why the last attempt failed; empty where none has.
    """

    state: Literal["there", "working", "missing"]
    message: str = ""


class Aligning:
    """The use cases around word times."""

    def __init__(self, workspace: Workspace, store: Store, jobs: Jobs, process: ModelProcess) -> None:
        self._workspace, self._store, self._jobs, self._process = workspace, store, jobs, process
        self._kept: dict[str, tuple[int, dict[int, ClipTimes]]] = {}  # run -> when its file changed, what it holds
        self._working: dict[str, int] = {}  # run -> the clip that is wanted next
        self._failed: dict[str, str] = {}
        self._lock = threading.Lock()

    def of_clip(self, run: str, clip_id: int) -> ClipTimes:
        """The times of one clip's words; empty where there are none yet."""
        folder = self._workspace.run_folder(run)
        try:
            changed = (folder / TIMES).stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        kept = self._kept.get(run)
        if kept is None or kept[0] != changed:
            kept = self._kept[run] = changed, read_times(folder)
        return kept[1].get(clip_id, {})

    def look(self, run: str, clip_id: int) -> Placing:
        """Where the placing of a clip's words stands."""
        if self.of_clip(run, clip_id):
            return Placing("there")
        if run in self._working:
            return Placing("working")
        if run in self._failed:
            return Placing("missing", self._failed[run])
        return Placing("working" if self._jobs.alive(run) else "missing")

    def start(self, run: str, clip_id: int) -> None:
        """Begin to place the words of a run's tested clips, this clip first; returns at once.

        Raises:
            UnknownNameError: No such run.
        """
        with self._store.session() as session:
            clip_ids = [clip.id for _, clip in evaluations(session, find_run(session, run).id)]
        with self._lock:
            at_work = run in self._working
            self._working[run] = clip_id
            self._failed.pop(run, None)
        if not at_work:
            threading.Thread(target=self._place, args=(run, clip_ids), daemon=True).start()

    def _place(self, run: str, clip_ids: Collection[int]) -> None:
        waiting = dict.fromkeys(i for i in clip_ids if not self.of_clip(run, i))
        try:
            while waiting:
                wanted = self._working[run]
                order = [wanted, *waiting] if wanted in waiting else list(waiting)
                chunk = list(dict.fromkeys(order))[:CLIPS_AT_A_TIME]
                for clip_id in chunk:
                    del waiting[clip_id]
                answer = self._process.ask({"do": "times", "run": run, "clips": chunk})
                found = {int(i): times_from_json(times) for i, times in answer["clips"].items()}
                add_times(self._workspace.run_folder(run), found)
        except WorkbenchError as e:
            self._failed[run] = str(e)
        except Exception:  # the thread's boundary: logged, and said on the page
            logging.getLogger(__name__).exception("placing the words of %s failed", run)
            self._failed[run] = FAILED
        finally:
            with self._lock:
                del self._working[run]


# ---- the file ----


def read_times(folder: Path) -> dict[int, ClipTimes]:
    """Clip id -> the times of its words; empty where the run has none, or where the file is damaged."""
    try:
        document = json.loads((folder / TIMES).read_text(encoding="utf-8"))
        return {int(clip_id): times_from_json(times) for clip_id, times in document["clips"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def add_times(folder: Path, new: Mapping[int, ClipTimes]) -> None:
    """Add clips to a run's file, which appears whole or not at all."""
    if new:
        with _changing(folder) as times:
            times |= new


def forget_times(folder: Path, clip_ids: Collection[int] | None = None) -> None:
    """Remove clips from a run's file, all of them by default."""
    if (folder / TIMES).is_file():
        with _changing(folder) as times:
            for clip_id in list(times) if clip_ids is None else clip_ids:
                times.pop(clip_id, None)


@contextmanager
def _changing(folder: Path) -> Iterator[dict[int, ClipTimes]]:
    """A run's times to be changed in place; the run's worker and the page may both want to."""
    with FileLock(folder / f".{TIMES}.lock"):
        times = read_times(folder)
        yield times
        document = {"clips": {str(clip_id): times_to_json(found) for clip_id, found in times.items()}}
        temporary = folder / f"{TIMES}.tmp"
        temporary.write_text(json.dumps(document), encoding="utf-8")
        os.replace(temporary, folder / TIMES)


def times_to_json(times: ClipTimes) -> dict[str, Any]:
    """Milliseconds are enough."""
    return {
        name: {
            "spans": [None if span is None else [round(second, 3) for second in span] for span in found.spans],
            "why": found.why,
        }
        for name, found in times.items()
    }


def times_from_json(document: Mapping[str, Any]) -> dict[str, WordTimes]:
    return {
        name: WordTimes(
            tuple(None if span is None else (float(span[0]), float(span[1])) for span in found["spans"]),
            str(found["why"]),
        )
        for name, found in document.items()
    }
