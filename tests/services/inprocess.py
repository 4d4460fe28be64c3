"""Runs without a worker process, for what depends on their result and not on the process: torch is loaded once."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from workbench.core.run_result import RunResult
from workbench.core.types import ModelSpec
from workbench.services.runs import execute as execution
from workbench.services.workbench import Workbench

WORDS = ["abba", "zoo", "kiwi", "lemon", "fig", "pea", "oak", "elm"]
QUICK = {"epochs": 2, "learning_rate": 1e-3, "normalizer": "marks", "augment_copies": 0}


def two_words(i: int) -> str:
    """Sentences of two words, each its own up to 64."""
    return f"{WORDS[i % 8]} {WORDS[i // 8 % 8]}"


def import_tones(
    bench: Workbench,
    folder: Path,
    numbers: Sequence[int],
    set_name: str,
    *,
    text: Callable[[int], str] = two_words,
    n_samples: int = 9600,
) -> list[int]:
    """A set of short confirmed tones, clip by number: the same number is the same sound in every set; their ids."""
    (folder / "audio").mkdir(parents=True)
    rows = []
    for i in numbers:
        times = np.arange(n_samples) / 16_000
        noise = 0.01 * np.random.default_rng(i).standard_normal(len(times))
        soundfile.write(folder / "audio" / f"{i}.wav", 0.3 * np.sin(2 * np.pi * (200 + 40 * i) * times) + noise, 16_000)
        rows.append({"audio_filepath": f"audio/{i}.wav", "text": text(i), "speaker": f"s{i % 4}"})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    assert bench.collecting.import_path(folder, set_name, language="en").rejected == ()
    return [c.id for c in bench.labelling.clips(set_name)]


def prepare(
    bench: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    spec: ModelSpec,
    set_name: str,
    strategy: str = "head",
    **settings: Any,
) -> str:
    """A run that is stored and not begun; its name."""
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    return bench.adaptation.start(set_name, spec, strategy, {**QUICK, **settings})


def execute(bench: Workbench, run: str) -> None:
    execution.execute(bench.workspace, bench.store, run)


def result_of(bench: Workbench, run: str) -> RunResult:
    """What a run that is over has measured."""
    result = bench.adaptation.view(run).result
    assert result
    return result
