"""Finds a sound again that was added before its samples came about as they do now.

Sounds are known by the hash of their samples. Another resampler or MP3 decoder gives other samples of the same file,
and the same clip would stand in a set twice, perhaps once to train and once to test.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.audio.decode import DECODING, Samples, read_clip
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError
from workbench.store.models import ClipRow
from workbench.workspace import Workspace

SHIFT: Final[Seconds] = 0.1  # decoders leave out the coder's lead-in and padding, or do not
ALIKE: Final = 0.98  # correlation; two readings of a word by the same voice stay far below
MOST: Final = 24  # clips of the same length that are compared; the same name comes first


def older_twin(session: Session, workspace: Workspace, set_id: int, sha256: str, name: str) -> ClipRow | None:
    """The clip of a set that holds this stored sound as an earlier version decoded it; None in most cases.

    Args:
        sha256: Of the sound, whose file is there.
        name: What its file is called.
    """
    path = workspace.sound_path(sha256)
    older = (ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None), ClipRow.decoding < DECODING)
    if session.scalar(select(ClipRow.id).where(*older).limit(1)) is None:
        return None
    try:
        samples = read_clip(path)
    except AudioError:
        return None
    apart = func.abs(ClipRow.duration - len(samples) / SAMPLE_RATE)
    statement = select(ClipRow).where(*older, apart <= SHIFT).order_by(ClipRow.name != name, apart).limit(MOST)
    return next(_alike(workspace, session.scalars(statement).all(), samples), None)


def _alike(workspace: Workspace, clips: Sequence[ClipRow], samples: Samples) -> Iterator[ClipRow]:
    for clip in clips:
        try:
            if correlation(read_clip(workspace.sound_path(clip.sha256)), samples) >= ALIKE:
                yield clip
        except AudioError:
            continue


def correlation(a: Samples, b: Samples) -> float:
    """Correlation of two sounds of about the same length at the best shift of at most `SHIFT`; 0 of silence."""
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    if not norm:
        return 0.0
    size = 1 << (len(a) + len(b) - 1).bit_length()
    together = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    most = round(SHIFT * SAMPLE_RATE)
    return float(max(together[: most + 1].max(), together[-most:].max())) / norm
