"""Try it now: a sound that belongs to no set, written down by two models side by side.

The sound lies among the temporary files under a name that nobody can guess, and only the newest few are kept. Nothing
of it enters a set unless that is asked for.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from workbench.audio.decode import read_clip
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.core.word_times import WordTimes
from workbench.errors import DataError
from workbench.services.clips.import_job import ImportReport
from workbench.services.clips.sets import Collecting
from workbench.services.inference.process import ModelProcess
from workbench.services.storage.word_times import times_from_json
from workbench.workspace import Workspace

KEPT: Final = 20  # sounds
FOLDER: Final = "tries"  # among the temporary files

# A model: the run, and whether its adapted model is meant or the base that it began with.
Model = tuple[str, bool]


@dataclass(frozen=True)
class Try:
    """One sound that two models wrote down.

    Attributes:
        token: Names it in addresses.
        texts, times: Of the first model and the second.
        said: What the user says was said; empty where nothing was typed.
        said_times: Of its words, by the second model; None where nothing was typed.
        warnings: What was noticed about the sound, one sentence each.
    """

    token: str
    name: str
    duration: Seconds
    models: tuple[Model, Model]
    texts: tuple[str, str]
    times: tuple[WordTimes, WordTimes]
    said: str = ""
    said_times: WordTimes | None = None
    warnings: tuple[str, ...] = ()


class Trying:
    """The use cases around sounds on trial."""

    def __init__(self, workspace: Workspace, collecting: Collecting, process: ModelProcess) -> None:
        self._folder, self._collecting, self._process = workspace.temporary / FOLDER, collecting, process
        self._tries: OrderedDict[str, Try] = OrderedDict()
        self._lock = threading.Lock()

    def hear(self, path: str | Path, name: str, models: tuple[Model, Model], said: str = "") -> Try:
        """Let two models write down a sound file.

        Raises:
            WorkbenchError: The file cannot be used (unreadable, silent, too long), or a model cannot be loaded.
        """
        token = secrets.token_urlsafe(12)
        request = {"do": "try", "upload": str(path), "sound": str(self._path(token)), "models": models}
        try:
            answer = self._process.ask(request)
        except BaseException:
            self._path(token).unlink(missing_ok=True)
            raise
        first, second = (times_from_json({"": times})[""] for times in answer["times"])
        texts = answer["texts"][0], answer["texts"][1]
        warnings = tuple(answer["warnings"])
        self._keep(Try(token, name, float(answer["duration"]), models, texts, (first, second), warnings=warnings))
        return self.say(token, said)

    def say(self, token: str, said: str) -> Try:
        """Note what was said, so that both texts can be compared with it.

        Raises:
            DataError: The sound was forgotten meanwhile.
        """
        found, said = self.find(token), " ".join(said.split())
        if said == found.said:
            return found
        times = None
        if said:
            request = {"do": "place", "sound": str(self._path(token)), "run": found.models[1][0], "text": said}
            times = times_from_json({"": self._process.ask(request)["times"]})[""]
        found = replace(found, said=said, said_times=times)
        self._keep(found)
        return found

    def find(self, token: str) -> Try:
        """A sound that was tried lately.

        Raises:
            DataError: It was forgotten.
        """
        found = self._tries.get(token)
        if found is None or not self._path(token).is_file():
            raise DataError("This sound was forgotten meanwhile; speak or upload it again.")
        return found

    def sound(self, token: str) -> Path:
        """Its FLAC file.

        Raises:
            DataError: It was forgotten.
        """
        return self._path(self.find(token).token)

    def add_to_set(self, token: str, set_name: str) -> ImportReport:
        """Make it a clip of a set, with what was said as its confirmed label where that was typed.

        Raises:
            WorkbenchError: It was forgotten, or there is no such set.
        """
        found = self.find(token)
        samples = read_clip(self._path(token))
        name = f"{Path(found.name).stem} {datetime.now():%Y-%m-%d %H.%M.%S}"
        return self._collecting.add_recording(set_name, SAMPLE_RATE, samples, name=name, text=found.said)

    def _path(self, token: str) -> Path:
        return self._folder / f"{token}.flac"

    def _keep(self, found: Try) -> None:
        with self._lock:
            self._tries[found.token] = found
            self._tries.move_to_end(found.token)
            while len(self._tries) > KEPT:
                old, _ = self._tries.popitem(last=False)
                self._path(old).unlink(missing_ok=True)
