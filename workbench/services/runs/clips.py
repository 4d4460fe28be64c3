"""The clips of a run, with the labels it was started with."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from workbench.core.types import SAMPLE_RATE
from workbench.store.models import ClipRow, RunRow
from workbench.store.runs import label_texts
from workbench.store.sounds import Cut, run_cuts, whole_of


@dataclass(frozen=True)
class RunClip:
    """A clip as the run sees it: the sound and the label of the revision that the run was started with.

    Attributes:
        sha256: Of the cut that the run hears.
        path: Where the sound lies, if not in the workspace.
        whole: Hash of the clip's whole sound; empty where that is what the run hears.
    """

    id: int
    sha256: str
    name: str
    n_samples: int
    speaker: str | None
    text: str
    path: Path | None = None
    whole: str = ""


def run_clips(session: Session, row: RunRow) -> dict[int, RunClip]:
    """The clips of a run that still exist, by id; those in the bin are left out."""
    texts = label_texts(session, list(row.labels.values()))
    clips = [clip for clip_id in sorted(texts) if (clip := session.get(ClipRow, clip_id)) and clip.deleted_at is None]
    cuts = run_cuts(session, row)
    return {clip.id: run_clip(clip, texts[clip.id], cuts.get(clip.id) or whole_of(clip)) for clip in clips}


def run_clip(clip: ClipRow, text: str, cut: Cut) -> RunClip:
    """A clip with its text and the cut that is to be heard."""
    n_samples, whole = round(cut.duration * SAMPLE_RATE), whole_of(clip).sha256
    return RunClip(
        clip.id, cut.sha256, clip.name, n_samples, clip.speaker, text, whole="" if whole == cut.sha256 else whole
    )
