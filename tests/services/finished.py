"""Runs that are done without a training, for what only reads their result: the store holds what a worker would write.

Labels, split, plan and settings are those of a real start; only the texts that base and adapted heard are given.
"""

from collections.abc import Callable
from typing import Any

import pytest

from workbench.services.workbench import Workbench
from workbench.store.models import EvaluationRow, now
from workbench.store.runs import find_run, label_texts

Heard = Callable[[int, str], tuple[str, str]]  # clip id and label -> what base and adapted wrote


def half_right(clip_id: int, label: str) -> tuple[str, str]:
    """The base loses each first word, the adapted model of every third clip only."""
    without = " ".join(["x", *label.split()[1:]])
    return without, without if clip_id % 3 == 0 else label


def waiting_run(bench: Workbench, monkeypatch: pytest.MonkeyPatch, set_name: str, **settings: Any) -> str:
    """A run that waits for a worker that never comes; its name."""
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    return bench.adaptation.start(set_name, "ctc-en", "head", {"epochs": 2, "augment_copies": 0, **settings})


def finished_run(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, set_name: str, hear: Heard = half_right, **settings: Any
) -> str:
    """A run that is done; its name."""
    name = waiting_run(bench, monkeypatch, set_name, **settings)
    with bench.store.session() as session:
        row = find_run(session, name)
        parts = row.split.get("folds") or [row.split]
        texts = label_texts(session, list(row.labels.values()))
        for clip_id in sorted({i for part in parts for i in part["test"]}):
            base, adapted = hear(clip_id, texts[clip_id])
            session.add(
                EvaluationRow(run_id=row.id, clip_id=clip_id, reference=texts[clip_id], base=base, adapted=adapted)
            )
        seconds = {"prefix": 1.0, "training": 2.0, "evaluation": 3.0, "total": 6.0}
        row.result = {
            "train_clips": len(row.labels),
            "seconds": seconds,
            "notes": ["One note."],
            "new_characters": [],
            "scheme": "out-of-fold" if row.split.get("folds") else "test",
            "general": None,
            "trainings": [],
        }
        row.versions = {"torch": "2.0"}
        row.status, row.progress, row.started_at, row.finished_at = "done", {}, now(), now()
    (bench.workspace.run_folder(name) / "model").mkdir(parents=True, exist_ok=True)
    (bench.workspace.run_folder(name) / "model" / "weights.safetensors").write_bytes(b"learned")
    return name
