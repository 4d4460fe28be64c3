"""When the words of a run's tested clips were said: kept in the run's folder, filled in where they are missing.

A run's worker places the words when it has finished. For older runs the page asks for it; the process beside the page
then loads the models (see `process`), and every page sees that it is at work.
"""

import logging
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from workbench.errors import WorkbenchError
from workbench.language.said import say, sentence
from workbench.services.inference.process import ModelProcess
from workbench.services.jobs.workers import Jobs
from workbench.services.storage.word_times import TIMES, ClipTimes, add_times, read_times, times_from_json
from workbench.store.database import Store
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace

CLIPS_AT_A_TIME: Final = 4  # that the process is asked for, so that who speaks need not wait for a whole run
FAILED: Final = say("The words could not be placed in time; the server's log has the details.")


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
                answer = self._process.ask({"do": "times", "run": run, "clips": chunk}, behind=True)
                found = {int(i): times_from_json(times) for i, times in answer["clips"].items()}
                add_times(self._workspace.run_folder(run), found)
        except WorkbenchError as e:
            self._failed[run] = sentence(e)
        except Exception:  # the thread's boundary: logged, and said on the page
            logging.getLogger(__name__).exception("placing the words of %s failed", run)
            self._failed[run] = FAILED
        finally:
            with self._lock:
                del self._working[run]
