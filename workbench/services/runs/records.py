"""What a run leaves behind: its finished folds, the versions it ran on."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from workbench.asr.training.trainer import Check, TrainingOutcome
from workbench.atomic import write_json
from workbench.core.evaluation.blend import AS_TRAINED, BlendCurve

# Clip id -> what the adapted model wrote, and the fold whose model it was; None without folds.
Texts = dict[int, tuple[str, int | None]]


@dataclass(frozen=True)
class Learned:
    """What came of one training.

    Attributes:
        share: Of what was learned that the model keeps; 0 for the base.
        curve: What that was chosen by; None where nothing had to be chosen.
    """

    outcome: TrainingOutcome
    share: float = AS_TRAINED
    curve: BlendCurve | None = None


def versions() -> dict[str, str]:
    """The versions that decide what a run computes."""
    names = ("speech-workbench", "torch", "transformers", "torchaudio", "jiwer")
    return {name: version(name) for name in names}


def read_fold(folder: Path, clip_ids: Collection[int]) -> tuple[Learned, Texts] | None:
    """What a finished fold learned, with the texts of the clips that still exist; None where it has not finished."""
    file = folder / "outcome.json"
    if not file.is_file():
        return None
    document = json.loads(file.read_text(encoding="utf-8"))
    checks = tuple(Check(**c) for c in document["checks"])
    outcome = TrainingOutcome(document["steps"], document["best_step"], checks, stopped=False)
    curve = document.get("curve")
    learned = Learned(outcome, document.get("share", AS_TRAINED), BlendCurve.from_json(curve) if curve else None)
    return learned, {int(i): (text, fold) for i, (text, fold) in document["texts"].items() if int(i) in clip_ids}


def write_fold(folder: Path, learned: Learned, texts: Texts) -> None:
    """Keep a finished fold; the file appears whole or not at all."""
    outcome = learned.outcome
    document = {
        "steps": outcome.steps,
        "best_step": outcome.best_step,
        "checks": [asdict(c) for c in outcome.checks],
        "share": learned.share,
        "curve": learned.curve.to_json() if learned.curve else None,
        "texts": {str(i): list(value) for i, value in texts.items()},
    }
    write_json(folder / "outcome.json", document)
