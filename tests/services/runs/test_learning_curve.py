"""A learning curve: nested sizes, several draws, the run's own model besides, and a killed one goes on."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, import_tones
from workbench.core.types import ModelSpec, Split
from workbench.services.runs.arm import Arm
from workbench.services.runs.execute import execute
from workbench.services.runs.learning_curve import part_of
from workbench.services.runs.training import ArmTraining
from workbench.services.workbench import Workbench
from workbench.ui.charts.learning_curve import learning_curve

SETTINGS = {**QUICK, "learning_rate": 1e-2, "folds": 0, "general_set": "none", "epochs": 2}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    monkeypatch.setattr(opened.adaptation.jobs, "launch", lambda name: None)
    import_tones(opened, tmp_path / "tones", range(40), "tones")
    yield opened
    opened.close()


@pytest.fixture
def spec(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_model(tmp_path / "model", "wav2vec2-layer")))


def test_sizes_are_nested_and_the_last_is_the_run(bench: Workbench, spec: ModelSpec) -> None:
    run = bench.adaptation.start("tones", spec, "head", SETTINGS, curve_draws=2)
    command = bench.adaptation.view(run).command
    assert command.startswith(f"workbench curve --set tones --model {spec.location} --strategy head --draws 2 ")
    executed = execute(bench.workspace, bench.store, run)
    document = bench.comparing.document(run)
    found = document["curve"]
    assert found["sizes"][-1] == found["clips"]
    assert document["train_clips"] == (0 if document["kept_base"] else found["clips"])
    assert len(found["sizes"]) == 5
    assert found["means"][-1] == pytest.approx(document["adapted"]["wer"])
    assert max(f["clips"] for f in found["forecasts"]) == 2 * found["clips"]
    assert all(f["low"] <= f["estimate"] <= f["high"] for f in found["forecasts"])
    assert found["sentence"]
    arm, split = executed.arm, executed.context.splits[0]
    parts = [set(part_of(arm, split, n, 0)) for n in found["sizes"]]
    assert all(small < large for small, large in pairwise(parts))
    assert part_of(arm, split, 8, 0) != part_of(arm, split, 8, 1)
    html = learning_curve(found)
    assert html.count("<circle") == 5
    assert learning_curve(None) == ""


@pytest.mark.slow
def test_with_folds_each_size_is_tested_on_every_clip(bench: Workbench, spec: ModelSpec) -> None:
    run = bench.adaptation.start("tones", spec, "head", {**SETTINGS, "folds": 2, "epochs": 1}, curve_draws=3)
    execute(bench.workspace, bench.store, run)
    document = bench.comparing.document(run)
    assert document["test_clips"] == 40
    assert document["curve"]["draws"] == 1
    size = document["curve"]["sizes"][0]
    folder = bench.workspace.run_folder(run) / "curve"
    texts = [json.loads((folder / f"{size}-0-{fold}" / "texts.json").read_text()) for fold in (0, 1)]
    assert len(texts[0] | texts[1]) == 40


@pytest.mark.slow
def test_a_killed_curve_goes_on_where_it_stood(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.adaptation.start("tones", spec, "head", SETTINGS, curve_draws=1)
    trained: list[int] = []
    train = ArmTraining.train

    def killed_at_the_third(self: ArmTraining, arm: Arm, split: Split, *args: Any, **kwargs: Any) -> object:
        trained.append(len(split.train))
        if len(trained) == 3:
            raise KeyboardInterrupt
        return train(self, arm, split, *args, **kwargs)

    monkeypatch.setattr(ArmTraining, "train", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        execute(bench.workspace, bench.store, run)
    execute(bench.workspace, bench.store, run)
    assert trained[3] == trained[2]
    assert len(trained) == 1 + 5
    assert bench.comparing.document(run)["curve"]
