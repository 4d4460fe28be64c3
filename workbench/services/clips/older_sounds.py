"""Finds a sound again that was added before its samples came about as they do now.

Sounds are known by the hash of their samples. Another resampler or MP3 decoder gives other samples of the same file,
and the same clip would stand in a set twice, perhaps once to train and once to test.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.audio.decode import DECODING, Samples, read_clip
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError
from workbench.store.database import Store
from workbench.store.models import ClipRow
from workbench.store.queries import WHOLE, WHOLE_DURATION
from workbench.store.sounds import whole_of
from workbench.workspace import Workspace

SHIFT: Final[Seconds] = 0.1  # decoders leave out the coder's lead-in and padding, or do not
ALIKE: Final = 0.98  # correlation; two readings of a word by the same voice stay far below
MOST: Final = 8  # clips of the same length that are compared; the same name comes first
SPEECH_HZ: Final = (150.0, 6_000.0)
FAINTEST: Final = 1e-9  # of the two sounds' strengths, multiplied


def older_twins(store: Store, workspace: Workspace, set_id: int, sounds: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Hash -> the id of the clip of a set that holds this stored sound as an earlier version decoded it.

    Outside of any transaction that writes, since it reads and compares sounds.

    Args:
        sounds: Hash and file name of each; their sounds are stored.
    """
    with store.session() as session:
        older = ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None), ClipRow.decoding < DECODING
        if session.scalar(select(ClipRow.id).where(*older).limit(1)) is None:
            return {}
        known = set(session.scalars(select(WHOLE).where(ClipRow.set_id == set_id)))
        found = {s: _twin(session, workspace, set_id, s, name) for s, name in sounds if s not in known}
    return {sha256: clip_id for sha256, clip_id in found.items() if clip_id is not None}


def _twin(session: Session, workspace: Workspace, set_id: int, sha256: str, name: str) -> int | None:
    path = workspace.sound_path(sha256)
    older = (ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None), ClipRow.decoding < DECODING)
    try:
        samples = read_clip(path)
    except AudioError:
        return None
    apart = func.abs(WHOLE_DURATION - len(samples) / SAMPLE_RATE)
    statement = select(ClipRow).where(*older, apart <= SHIFT).order_by(ClipRow.name != name, apart).limit(MOST)
    return next(_alike(workspace, session.scalars(statement).all(), samples), None)


def _alike(workspace: Workspace, clips: Sequence[ClipRow], samples: Samples) -> Iterator[int]:
    for clip in clips:
        try:
            if correlation(read_clip(workspace.sound_path(whole_of(clip).sha256)), samples) >= ALIKE:
                yield clip.id
        except AudioError:
            continue


def correlation(a: Samples, b: Samples) -> float:
    """Correlation of two sounds of about the same length at the best shift of at most `SHIFT`; 0 of silence.

    In the band of speech alone: hum and an offset are the same in all recordings of a microphone.
    """
    size = 1 << (len(a) + len(b) - 1).bit_length()
    low, high = (round(hz * size / SAMPLE_RATE) for hz in SPEECH_HZ)
    spectra = [np.fft.rfft(samples, size) for samples in (a, b)]
    for spectrum in spectra:
        spectrum[:low] = spectrum[high:] = 0
    norm = float(np.prod([np.sqrt(2 * np.sum(np.abs(spectrum) ** 2) / size) for spectrum in spectra]))
    if norm < FAINTEST:
        return 0.0
    together = np.fft.irfft(spectra[0] * np.conj(spectra[1]), size)
    most = round(SHIFT * SAMPLE_RATE)
    return float(max(together[: most + 1].max(), together[-most:].max())) / norm
