"""How loud clips are: known once a sound was decoded, for its waveform or here, and kept while the program runs.

Nobody waits for it on the page: what is not known is decoded in a thread, one sound after the other. It is not written
to the disk, where it would have to be erased with the sound.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from math import isnan, nan
from typing import Final

from workbench.audio.decode import Samples, read_clip
from workbench.audio.trim import loudness
from workbench.errors import AudioError
from workbench.workspace import Workspace

UNREADABLE: Final = nan  # of a sound that is missing or damaged

log = logging.getLogger(__name__)


class Levels:
    """The levels of one workspace's sounds."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, float] = {}
        self._waiting: deque[str] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def known(self, sha256: str) -> float | None:
        """A sound's level in dB of full scale, see `audio.trim.loudness`; None where it cannot be told."""
        level = self._known.get(sha256)
        return None if level is None or isnan(level) else level

    def unmeasured(self, hashes: Iterable[str]) -> list[str]:
        """Those of these sounds that nobody has tried to measure."""
        return [sha256 for sha256 in dict.fromkeys(hashes) if sha256 not in self._known]

    def note(self, sha256: str, samples: Samples) -> None:
        """Somebody has decoded a sound for another reason: `(n_samples,)` float32 at 16 kHz."""
        if sha256 not in self._known:
            self._known[sha256] = loudness(samples)

    def measure(self, hashes: Iterable[str], done: Callable[[], object] = lambda: None) -> None:
        """Measure these sounds, now.

        Args:
            done: Called after each.
        """
        for sha256 in hashes:
            if self._closed.is_set():
                return
            self._try(sha256)
            done()

    def _try(self, sha256: str) -> None:
        try:
            self.note(sha256, read_clip(self._workspace.sound_path(sha256)))
        except AudioError:
            self._known[sha256] = UNREADABLE
        except Exception:  # the thread's boundary: the other sounds are still to be measured
            log.exception("the level of %s cannot be told", sha256)
            self._known[sha256] = UNREADABLE

    def measure_behind(self, hashes: Iterable[str]) -> None:
        """Measure these sounds in a thread, unless it is at them already."""
        with self._lock:
            queued = set(self._waiting)
            self._waiting.extend(sha256 for sha256 in self.unmeasured(hashes) if sha256 not in queued)
            if self._waiting and self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._work, name="levels", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Let the thread end after the sound that it is at, and wait for that."""
        self._closed.set()
        if thread := self._thread:
            thread.join()

    def _work(self) -> None:
        while sha256 := self._next():
            self.measure(self.unmeasured([sha256]))

    def _next(self) -> str | None:
        with self._lock:
            if self._waiting and not self._closed.is_set():
                return self._waiting.popleft()
            self._thread = None
            return None
