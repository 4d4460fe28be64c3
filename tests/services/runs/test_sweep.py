"""A sweep: arms start from the same base, the worse half drops out, one is delivered and tested once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, execute, import_tones, result_of
from workbench.core.types import ModelSpec
from workbench.errors import WorkbenchError
from workbench.services.jobs.stop import StopRequested
from workbench.services.runs import sweep as sweeping
from workbench.services.runs.arm import Arm
from workbench.services.runs.training import ArmTraining
from workbench.services.workbench import Workbench

SETTINGS = {**{k: v for k, v in QUICK.items() if k != "learning_rate"}, "folds": 0, "general_set": "none", "epochs": 8}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    monkeypatch.setattr(opened.adaptation.jobs, "launch", lambda name: None)
    import_tones(opened, tmp_path / "tones", range(24), "tones")
    yield opened
    opened.close()


@pytest.fixture
def spec(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_model(tmp_path / "model", "wav2vec2-layer")))


def sweep(bench: Workbench, run: str) -> None:
    execute(bench, run)


def test_arms_race_and_the_winner_is_delivered(bench: Workbench, spec: ModelSpec) -> None:
    run = bench.adaptation.start_sweep("tones", spec, ["head", "top-1", "lora"], [1e-3, 1e-1], SETTINGS)
    view = bench.adaptation.view(run)
    assert view.strategy == "sweep"
    assert view.command.startswith(
        f"workbench sweep --set tones --model {spec.location} --strategies head,top-1,lora --learning-rates 0.001,0.1 "
    )
    assert " --epochs 8 " in view.command
    assert " --learning-rate " not in view.command
    assert " --weight-decay " not in view.command  # the arms differ in it
    sweep(bench, run)
    document = bench.comparing.document(run)
    arms = {arm["arm"]: arm for arm in document["sweep"]["arms"]}
    assert set(arms) == {f"{s} at {r:g}" for s in ("head", "top-1", "lora") for r in (1e-3, 1e-1)}
    updates = sorted(arm["updates"] for arm in arms.values())
    assert updates[0] < updates[-1]  # some were dropped early
    assert sum(arm["full"] for arm in arms.values()) == 2
    chosen = document["sweep"]["chosen"]
    assert chosen in document["sweep"]["recommendation"] or "Do not train" in document["sweep"]["recommendation"]
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert document["strategy"] == card["strategy"] != "sweep"
    if chosen != "base":
        assert chosen == f"{card['strategy']} at {card['config']['learning_rate']:g}"
        assert document["trainable_parameters"] == arms[chosen]["trainable_parameters"]
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    heard = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "tones")}
    assert {i: heard[i] for i in measured} == measured


@pytest.mark.slow
def test_an_arm_in_a_sweep_learns_what_it_learns_alone(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "rungs", lambda arms, updates: [(arms, updates // 2), (arms, updates)])
    run = bench.adaptation.start_sweep("tones", spec, ["lora", "top-1", "full"], [1e-3], SETTINGS)
    sweep(bench, run)
    race = json.loads((bench.workspace.run_folder(run) / "training" / "race.json").read_text())
    for strategy in ("top-1", "full", "lora"):
        alone = bench.adaptation.start("tones", spec, strategy, {**SETTINGS, "learning_rate": 1e-3})
        execute(bench, alone)
        (training,) = result_of(bench, alone).trainings
        checks = [(c["step"], c["wer"], c["cer"]) for c in training.checks]
        found = race[f"{strategy} at 0.001"]["outcome"]["checks"]
        # The race looks at the dev clips at the end of each rung besides.
        assert set(checks) <= {(c["step"], c["wer"], c["cer"]) for c in found}


@pytest.mark.slow
def test_with_folds_each_fold_makes_its_own_choice(bench: Workbench, spec: ModelSpec) -> None:
    run = bench.adaptation.start_sweep("tones", spec, ["head", "top-1"], [1e-2], {**SETTINGS, "folds": 3, "epochs": 4})
    sweep(bench, run)
    document = bench.comparing.document(run)
    assert document["test_clips"] == 24
    assert document["scheme"] == "out-of-fold"
    assert len(document["sweep"]["arms"]) == 2
    folder = bench.workspace.run_folder(run)
    assert all((folder / f"fold-{n}" / "race.json").is_file() for n in (1, 2, 3))


@pytest.mark.slow
def test_a_killed_sweep_goes_on_where_it_stood(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.adaptation.start_sweep("tones", spec, ["head", "top-1"], [1e-3, 1e-2], SETTINGS)
    trained: list[str] = []
    train = ArmTraining.train

    def killed_at_the_third(self: ArmTraining, arm: Arm, *args: Any, **kwargs: Any) -> object:
        trained.append(arm.name)
        if len(trained) == 3:
            raise KeyboardInterrupt
        return train(self, arm, *args, **kwargs)

    monkeypatch.setattr(ArmTraining, "train", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        sweep(bench, run)
    sweep(bench, run)
    assert trained[3:5] == [trained[2], "top-1 at 0.01"]  # the first two arms' first rung is not trained again
    assert bench.comparing.document(run)["sweep"]["chosen"]


@pytest.mark.slow
def test_a_stopped_sweep_keeps_the_best_so_far(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.adaptation.start_sweep("tones", spec, ["head", "top-1"], [1e-3, 1e-2], SETTINGS)
    done: list[int] = []
    race = sweeping._Races.run_to

    def stop_after_two(self: Any, *args: Any) -> None:
        race(self, *args)
        done.append(1)
        if len(done) == 2:
            bench.adaptation.stop(run)

    monkeypatch.setattr(sweeping._Races, "run_to", stop_after_two)
    monkeypatch.setattr("workbench.services.runs.progress.WRITE_EVERY", 0.0)  # the store is asked after every update
    try:
        sweep(bench, run)
    except StopRequested:
        pytest.fail("a race with trained arms has something to keep")
    document = bench.comparing.document(run)
    assert document["status"] == "stopped"
    assert 2 <= len(document["sweep"]["arms"]) <= 3


def test_impossible_sweeps_are_refused(bench: Workbench, spec: ModelSpec) -> None:
    with pytest.raises(WorkbenchError, match="two arms"):
        bench.adaptation.start_sweep("tones", spec, ["head"], [1e-3], SETTINGS)
    with pytest.raises(WorkbenchError, match="two arms"):
        bench.adaptation.start_sweep("tones", spec, ["head"], [1e-3, 1e-3], SETTINGS)
    with pytest.raises(WorkbenchError, match="decoder means nothing"):
        bench.adaptation.start_sweep("tones", spec, ["head", "decoder"], [1e-3], SETTINGS)
    assert bench.model_facts.sweep_strategies("ctc-en") == ["head", "top-1", "top-2", "top-4"]
    assert bench.model_facts.sweep_strategies("whisper-en") == ["top-1", "top-2", "decoder"]


def test_texts_of_an_earlier_version_count_only_where_each_is_known() -> None:
    outcome = {"steps": 3, "best_step": 2, "checks": [], "stopped": False}
    kept = {"name": "head", "made": 3, "finished": False, "outcome": outcome, "texts": ["a", "b"], "seconds": 1.0}
    trial = sweeping.Trial.from_json(kept, (7, 8))
    assert trial is not None
    assert trial.texts == {7: "a", 8: "b"}
    assert sweeping.Trial.from_json(kept, (8,)) is None, "a dev clip went since, and which text was its is not known"
    assert sweeping.Trial.from_json(trial.to_json(), (8,)) is not None
    assert sweeping.Trial.from_json(trial.to_json(), (7, 9)) is None
