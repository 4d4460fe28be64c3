"""The clips of a run, with the labels it was started with."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from workbench.core.types import SAMPLE_RATE
from workbench.store.models import ClipRow, RunRow
from workbench.store.runs import label_texts


@dataclass(frozen=True)
class RunClip:
    """A clip as the run sees it: the sound and the label of the revision that the run was started with.

    Attributes:
        path: Where the sound lies, if not in the workspace.
    """

    id: int
    sha256: str
    name: str
    n_samples: int
    speaker: str | None
    text: str
    path: Path | None = None


def run_clips(session: Session, row: RunRow) -> dict[int, RunClip]:
    """The clips of a run that still exist, by id; those in the bin are left out."""
    texts = label_texts(session, list(row.labels.values()))
    found = {}
    for clip_id in sorted(texts):
        clip = session.get(ClipRow, clip_id)
        if clip is not None and clip.deleted_at is None:
            n_samples = round(clip.duration * SAMPLE_RATE)
            found[clip_id] = RunClip(clip.id, clip.sha256, clip.name, n_samples, clip.speaker, texts[clip_id])
    return found
