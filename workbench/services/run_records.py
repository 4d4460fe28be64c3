"""What a run reads and leaves behind: its clips, its finished folds, the versions it ran on."""

import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.orm import Session

from workbench.asr.training import Check, TrainingOutcome
from workbench.core.types import SAMPLE_RATE
from workbench.store.models import ClipRow, RunRow
from workbench.store.runs import label_texts

# Clip id -> what the adapted model wrote, and the fold whose model it was; None without folds.
Texts = dict[int, tuple[str, int | None]]


@dataclass(frozen=True)
class RunClip:
    """A clip as the run sees it: the sound and the label of the revision that the run was started with."""

    id: int
    sha256: str
    name: str
    n_samples: int
    speaker: str | None
    text: str


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


def versions() -> dict[str, str]:
    """The versions that decide what a run computes."""
    names = ("speech-workbench", "torch", "transformers", "torchaudio", "jiwer")
    return {name: version(name) for name in names}


def read_fold(folder: Path, clip_ids: Collection[int]) -> tuple[TrainingOutcome, Texts] | None:
    """A finished fold's outcome, with the texts of the clips that still exist; None where it has not finished."""
    file = folder / "outcome.json"
    if not file.is_file():
        return None
    document = json.loads(file.read_text(encoding="utf-8"))
    checks = tuple(Check(**c) for c in document["checks"])
    outcome = TrainingOutcome(document["steps"], document["best_step"], checks, stopped=False)
    return outcome, {int(i): (text, fold) for i, (text, fold) in document["texts"].items() if int(i) in clip_ids}


def write_fold(folder: Path, outcome: TrainingOutcome, texts: Texts) -> None:
    """Keep a finished fold; the file appears whole or not at all."""
    document = {
        "steps": outcome.steps,
        "best_step": outcome.best_step,
        "checks": [asdict(c) for c in outcome.checks],
        "texts": {str(i): list(value) for i, value in texts.items()},
    }
    temporary = folder / "outcome.tmp"
    temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, folder / "outcome.json")
