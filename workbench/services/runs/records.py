"""What a run leaves behind: its finished folds, the versions it ran on."""

import json
from collections.abc import Collection
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from workbench.asr.training.trainer import Check, TrainingOutcome
from workbench.atomic import write_json

# Clip id -> what the adapted model wrote, and the fold whose model it was; None without folds.
Texts = dict[int, tuple[str, int | None]]


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
    write_json(folder / "outcome.json", document)
