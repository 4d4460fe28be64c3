"""What of a run's figures may leave with its model: numbers and names of methods, none of the words of labels."""

import json
from pathlib import Path
from typing import Any, Final

from workbench.services.runs.forgetting import NONE
from workbench.services.runs.general_parts import BUNDLED

Document = dict[str, Any]

# Of metrics.json; the others hold words of labels, names of clips and of sets.
FIGURES: Final = (
    *("run", "status", "strategy", "model", "effort", "window", "trainable_parameters", "total_parameters"),
    *("normalizer", "measure", "scheme", "train_clips", "test_clips", "base", "adapted", "wer_change", "cer_change"),
    *("verdict", "outcome", "folds", "seconds"),
)


def keep_figures(metrics: Path) -> None:
    """Leave in a metrics.json what holds no words of labels, names of clips or of sets."""
    figures = json.loads(metrics.read_text(encoding="utf-8"))
    metrics.write_text(json.dumps({k: figures[k] for k in FIGURES if k in figures}, indent=1), encoding="utf-8")


def without_sets(document: Document, run: Document) -> tuple[Document, Document]:
    """A run's figures and its run.json, for a card that leaves the machine: no set of the user's is named in either."""
    return {**document, "general": _bundled(document["general"])}, {**run, "config": _settings(run["config"])}


def _bundled(general: Document | None) -> Document | None:
    return general if general and general["set"] == BUNDLED else None


def _settings(config: Document) -> Document:
    return {k: v for k, v in config.items() if k != "general_set" or v in (None, NONE, BUNDLED)}
