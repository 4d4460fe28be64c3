"""What a clip looks and sounds like on the page: its sound file, a small waveform, its spectrogram.

Spectrograms are kept in the cache folder under the sound's hash, so that erasing a clip erases its pictures too.
"""

import errno
import os
import struct
import threading
from pathlib import Path
from typing import Final

import numpy as np
from cachetools import LRUCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.atomic import replacing
from workbench.audio.decode import read_clip
from workbench.audio.spectrogram import Scale, levels, preload, spectrogram_png, waveform_peaks
from workbench.core.types import Clip
from workbench.disk import DiskFullError, is_full, spare
from workbench.errors import AudioError, DataError, WorkbenchError
from workbench.language.said import say
from workbench.services.clips.levels import Levels
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow
from workbench.store.queries import alive
from workbench.store.runs import find_run
from workbench.store.sounds import Cut, run_cuts, whole_of
from workbench.workspace import Workspace

PEAKS: Final = 72  # bars of a waveform
KEPT_PEAKS: Final = 5_000  # waveforms in memory, about 1 KB each
WIDTH_PX: Final = 1200
WHOLE: Final = "whole"  # in place of a run: the sound as it came
VERSION: Final = 1  # counts up when the pictures change


class Picturing:
    """The pictures of one workspace's clips."""

    def __init__(self, workspace: Workspace, store: Store, levels: Levels) -> None:
        self._workspace, self._store, self._levels = workspace, store, levels
        self._peaks: LRUCache[tuple[str, int], tuple[int, ...]] = LRUCache(KEPT_PEAKS)
        self._looking = threading.Lock()  # looking into an LRU cache changes its order
        self._drawing = threading.Lock()

    def sound(self, clip_id: int, of: str = "") -> Path:
        """The clip's FLAC file.

        Args:
            of: `WHOLE` for the sound as it came, a run for the cut that it heard; else what is heard now.

        Raises:
            WorkbenchError: The clip was deleted, its sound is missing, or there is no such run.
        """
        path = self._workspace.sound_path(self._hash(clip_id, of))
        if not path.is_file():
            raise DataError(say("The sound of clip {clip} is missing from the workspace.", clip=clip_id))
        return path

    def heard(self, clip_id: int, run: str) -> Cut:
        """Which part of a clip a run heard.

        Raises:
            WorkbenchError: The clip was deleted, or there is no such run.
        """
        with self._store.session() as session:
            return run_cuts(session, find_run(session, run)).get(clip_id) or whole_of(_living(session, clip_id))

    def _hash(self, clip_id: int, of: str) -> str:
        if of and of != WHOLE:
            return self.heard(clip_id, of).sha256
        with self._store.session() as session:
            clip = _living(session, clip_id)
            return whole_of(clip).sha256 if of else clip.sha256

    def known_peaks(self, sha256: str) -> tuple[int, ...] | None:
        """A sound's waveform where it has been drawn already: a page of new clips does not wait for decoding them."""
        with self._looking:
            return self._peaks.get((sha256, PEAKS))

    def peaks_of(self, clip_id: int, of: str = "", n: int = PEAKS) -> tuple[int, ...]:
        """See `peaks`.

        Args:
            of: As for `sound`.
            n: How many heights.

        Raises:
            WorkbenchError: The clip was deleted, or there is no such run.
        """
        return self._peaks_of(self._hash(clip_id, of), n)

    def peaks(self, clip: Clip) -> tuple[int, ...]:
        """The clip's waveform as `PEAKS` heights from 0 to 100; a missing sound is flat."""
        return self._peaks_of(clip.sha256)

    def _peaks_of(self, sha256: str, n: int = PEAKS) -> tuple[int, ...]:
        with self._looking:
            kept = self._peaks.get((sha256, n))
        if kept is None:
            try:
                samples = read_clip(self._workspace.sound_path(sha256))
                self._levels.note(sha256, samples)
                kept = tuple(round(100 * p) for p in waveform_peaks(samples, n))
            except (AudioError, OSError):
                kept = (0,) * n
            with self._looking:
                self._peaks[sha256, n] = kept
        return kept

    def spectrum(self, clip_id: int, scale: Scale, of: str = "") -> bytes:
        """The clip's spectrogram as `spectrum_bytes`.

        Args:
            of: As for `sound`.

        Raises:
            WorkbenchError: The clip was deleted, its sound is missing, or there is no such run.
        """
        return spectrum_bytes(self.sound(clip_id, of), scale)

    def warm_up(self) -> None:
        """Import what drawing needs, so that the first picture does not wait for it; for a thread of the server."""
        preload()

    def spectrogram(self, clip_id: int, *, dark: bool = False) -> Path:
        """A PNG of the clip's log-mel spectrogram, for a light or a dark page; drawn once.

        Raises:
            WorkbenchError: The clip was deleted, or its sound is missing.
        """
        sound = self.sound(clip_id)
        picture = self._workspace.cache / "pictures" / f"{sound.stem}-{VERSION}-{'dark' if dark else 'light'}.png"
        with self._drawing:  # two browsers may ask at once; drawing takes about 0.2 s
            if not picture.is_file():
                picture.parent.mkdir(parents=True, exist_ok=True)
                _keep_picture(picture, spectrogram_png(read_clip(sound), dark=dark, width_px=WIDTH_PX))
                if not sound.is_file():  # erased while it was being drawn
                    picture.unlink(missing_ok=True)
                    raise DataError(say("Clip {clip} was erased.", clip=clip_id))
        return picture


def _living(session: Session, clip_id: int) -> ClipRow:
    query = select(ClipRow).join(ClipSetRow, ClipSetRow.id == ClipRow.set_id).where(ClipRow.id == clip_id, alive())
    row = session.scalars(query).one_or_none()
    if row is None:
        raise DataError(say("Clip {clip} does not exist any more; it was deleted, or never added.", clip=clip_id))
    return row


def _keep_picture(picture: Path, content: bytes) -> None:
    """Write a picture whole or not at all, and none into the last bytes of the disk."""
    try:
        if len(content) > spare(picture.parent):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with replacing(picture) as temporary:
            temporary.write_bytes(content)
    except OSError as e:
        if is_full(e):
            raise DiskFullError(say("The picture of the sound was not drawn"), picture.parent) from e
        raise WorkbenchError(
            say("The picture of the sound was not drawn ({why}); check the workspace.", why=e.strerror or e)
        ) from e


def spectrum_bytes(sound: Path, scale: Scale) -> bytes:
    """A sound's spectrogram for the browser to colour: width and height as uint16, then a byte for each point.

    Little-endian; row by row from the highest band down, 0 is 80 dB below the loudest moment.
    """
    picture = levels(read_clip(sound), scale)[::-1]
    height, width = picture.shape
    return struct.pack("<HH", width, height) + np.ascontiguousarray(picture).tobytes()
