"""Sounds on trial: what was spoken or uploaded to try models on, with their texts; it belongs to no set.

The sound lies among the temporary files under a name that nobody can guess, and only the newest few are kept. Nothing
of it enters a set unless that is asked for.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from workbench.audio.decode import decode_wav, from_array, read_clip, write_flac
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.core.word_times import WordTimes
from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.clips.import_job import ImportReport
from workbench.services.clips.sets import Collecting
from workbench.services.inference.listeners import Listener, Listeners
from workbench.services.inference.process import ModelProcess
from workbench.services.storage.word_times import times_from_json
from workbench.workspace import Workspace

KEPT: Final = 20  # sounds
FOLDER: Final = "tries"  # among the temporary files
FORGOTTEN: Final = say("This sound was forgotten meanwhile; speak or upload it again.")
LONGEST: Final[Seconds] = 90.0  # of what was spoken; a clip may last 30 s


@dataclass(frozen=True)
class Piece:
    """A part of a sound that was heard by itself.

    Attributes:
        start, end: From the sound's beginning.
        texts: Of each listener.
    """

    start: Seconds
    end: Seconds
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Try:
    """One sound that models wrote down.

    Attributes:
        token: Names it in addresses.
        normalizer: The text rules that its texts are compared by.
        times: Of each listener's text; none until they are asked for.
        said: What the user says was said; empty where nothing was typed.
        said_times: Of its words; None until they are asked for.
        placed_by: The listener that they are by: the last one whose window the sound fits into.
        warnings: What was noticed about the sound, one sentence each.
    """

    token: str
    name: str
    duration: Seconds
    listeners: tuple[Listener, ...]
    normalizer: str
    pieces: tuple[Piece, ...]
    times: tuple[WordTimes, ...] = ()
    said: str = ""
    said_times: WordTimes | None = None
    placed_by: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Of each listener, the pieces in one line."""
        return tuple(" ".join(filter(None, said)) for said in zip(*(p.texts for p in self.pieces), strict=True))


class Trying:
    """The use cases around sounds on trial."""

    def __init__(self, workspace: Workspace, collecting: Collecting, process: ModelProcess) -> None:
        self._folder, self._collecting, self._process = workspace.temporary / FOLDER, collecting, process
        self._tries: OrderedDict[str, Try] = OrderedDict()
        self._lock = threading.Lock()

    def hear(self, content: bytes, name: str, who: Listeners) -> Try:
        """Let models write down a sound file of any kind.

        Raises:
            WorkbenchError: The file cannot be used (unreadable, silent, too long), or a model cannot be loaded.
        """
        token = secrets.token_urlsafe(12)
        upload = self._path(token).with_suffix(".upload")
        upload.parent.mkdir(parents=True, exist_ok=True)
        try:
            upload.write_bytes(content)
            models = [one.model for one in who.models]
            request = {"do": "try", "upload": str(upload), "sound": str(self._path(token)), "models": models}
            answer = self._process.ask(request)
        except BaseException:
            self._path(token).unlink(missing_ok=True)
            raise
        finally:
            upload.unlink(missing_ok=True)
        piece = Piece(0.0, float(answer["duration"]), tuple(answer["texts"]))
        warnings = tuple(answer["warnings"])
        return self._keep(Try(token, name, piece.end, who.models, who.normalizer, (piece,), warnings=warnings))

    def keep(self, wav: bytes, name: str, who: Listeners, pieces: Sequence[Piece]) -> Try:
        """Take in what was spoken, with what was heard of it piece by piece.

        Raises:
            WorkbenchError: It is no WAV, or longer than `LONGEST`.
        """
        sound = decode_wav(wav, longest=LONGEST)
        token = secrets.token_urlsafe(12)
        write_flac(self._path(token), sound.samples)
        return self._keep(Try(token, name, sound.duration, who.models, who.normalizer, tuple(pieces)))

    def say(self, token: str, said: str) -> Try:
        """Note what was said, so that the texts can be compared with it.

        Raises:
            DataError: The sound was forgotten meanwhile.
        """
        words = " ".join(said.split())
        self.find(token)
        return self._change(token, lambda now: now if words == now.said else replace(now, said=words, said_times=None))

    def place(self, token: str) -> Try:
        """The same with the times of all words, where it had none.

        Raises:
            WorkbenchError: The sound was forgotten meanwhile, or a model cannot be loaded.
        """
        found = self.find(token)
        times = found.times
        if not times:
            spoken = [[(p.start, p.end, p.texts[n]) for p in found.pieces] for n in range(len(found.listeners))]
            times = tuple(self._times(token, *pair) for pair in zip(found.listeners, spoken, strict=True))
        if found.said and found.said_times is None:
            found = self._placed(found)

        def placed(now: Try) -> Try:  # something else may have been typed while the models computed
            now = replace(now, times=times)
            if now.said != found.said:
                return now
            return replace(now, said_times=found.said_times, placed_by=found.placed_by)

        return self._change(token, placed)

    def _placed(self, found: Try) -> Try:
        """The same with the times of what was said."""
        for one in reversed(found.listeners):
            times = self._times(found.token, one, [(0.0, found.duration, found.said)])
            found = replace(found, said_times=times, placed_by=one.name)
            if times.spans:
                break
        return found

    def find(self, token: str) -> Try:
        """A sound that was tried lately.

        Raises:
            DataError: It was forgotten.
        """
        found = self._tries.get(token)
        if found is None or not self._path(token).is_file():
            raise DataError(FORGOTTEN)
        return found

    def sound(self, token: str) -> Path:
        """Its FLAC file.

        Raises:
            DataError: It was forgotten.
        """
        return self._path(self.find(token).token)

    def add_to_set(self, token: str, set_name: str) -> ImportReport:
        """Make it a clip of a set: with what was said as its confirmed label, else the last listener's text as a draft.

        Raises:
            WorkbenchError: It was forgotten, or there is no such set.
        """
        found = self.find(token)
        sound = from_array(SAMPLE_RATE, read_clip(self._path(token)))
        name = f"{Path(found.name).stem} {datetime.now():%Y-%m-%d %H.%M.%S}"
        text = found.said or found.texts[-1]
        return self._collecting.add_sound(set_name, sound, name=name, text=text, confirmed=bool(found.said))

    def _times(self, token: str, listener: Listener, pieces: Sequence[tuple[Seconds, Seconds, str]]) -> WordTimes:
        sound = str(self._path(token))
        answer = self._process.ask({"do": "place", "sound": sound, "model": listener.model, "pieces": pieces})
        return times_from_json({"": answer["times"]})[""]

    def _path(self, token: str) -> Path:
        return self._folder / f"{token}.flac"

    def _change(self, token: str, change: Callable[[Try], Try]) -> Try:
        """What a sound is now, changed; one that was dropped stays dropped.

        Raises:
            DataError: It was forgotten.
        """
        with self._lock:
            if token not in self._tries:
                raise DataError(FORGOTTEN)
            self._tries[token] = changed = change(self._tries[token])
            self._tries.move_to_end(token)
            return changed

    def _keep(self, found: Try) -> Try:
        with self._lock:
            self._tries[found.token] = found
            self._tries.move_to_end(found.token)
            while len(self._tries) > KEPT:
                old, _ = self._tries.popitem(last=False)
                self._path(old).unlink(missing_ok=True)
        return found
