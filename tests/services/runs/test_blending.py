"""The blend of a run: what it is chosen by, what of it is kept, and that Stop and a resume work while it is chosen.

A tiny random model is enough: which weights are kept and which clips are heard is tested, not how good they are.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, execute, import_tones, prepare, result_of
from workbench.asr.catalog.loading import load
from workbench.asr.training.checkpoint import LEARNED
from workbench.core.evaluation.blend import SHARES
from workbench.core.evaluation.selection import Selection
from workbench.core.types import ModelSpec
from workbench.errors import WorkbenchError
from workbench.services.runs import blending
from workbench.services.runs.general_parts import GeneralParts, bundled_clips, bundled_parts
from workbench.services.runs.progress import Progress
from workbench.services.workbench import Workbench

LEARNS = {"folds": 0, "learning_rate": 3e-2, "epochs": 8}  # so that something is learned


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", "wav2vec2-layer")


@pytest.fixture
def spec(bench: Workbench, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """The model, with a set to learn from; of general speech few clips, as all of it takes long."""
    import_tones(bench, tmp_path / "own", range(24), "own")
    whole = bundled_parts()
    few = GeneralParts(whole.rehearse[:4], whole.steer[:6], whole.report[:6])
    monkeypatch.setattr("workbench.services.runs.forgetting.bundled_parts", lambda: few)
    return bench.catalog.resolve(str(tiny))


def start(bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> str:
    return prepare(bench, monkeypatch, spec, "own", **{**LEARNS, **settings})


def weights(bench: Workbench, run: str) -> dict[str, torch.Tensor]:
    return load_file(bench.workspace.run_folder(run) / "model" / LEARNED)


def chosen(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Let every curve recommend this share, whatever was heard."""
    point = property(lambda curve: next(p for p in curve.points if p.share == share))
    monkeypatch.setattr("workbench.core.evaluation.blend.BlendCurve.recommended", point)


def test_a_blend_is_chosen_on_dev_clips_and_general_speech_and_is_what_is_tested_and_kept(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = start(bench, spec, monkeypatch, blend=1.0)
    execute(bench, whole)
    heard: list[list[int]] = []
    real = blending.Blending._hear

    def listening(self, arm, dev, share):  # type: ignore[no-untyped-def]
        heard.append([share, *dev])
        return real(self, arm, dev, share)

    monkeypatch.setattr(blending.Blending, "_hear", listening)
    chosen(monkeypatch, 0.25)
    run = start(bench, spec, monkeypatch)
    execute(bench, run)
    split = bench.labelling.split_of("own").split
    assert [share for share, *_ in heard] == list(SHARES)
    assert {i for _, *dev in heard for i in dev} == set(split.dev)
    document = bench.comparing.document(run)
    assert (document["blend"], document["blend_curve"]["recommended"]) == (0.25, 0.25)
    assert [p["blend"] for p in document["blend_curve"]["points"]] == list(SHARES)
    assert (document["blend_curve"]["dev_clips"], document["blend_curve"]["general_clips"]) == (len(split.dev), 6)
    assert document["blend_curve"]["points"][0]["forgetting"]["estimate"] == 0
    assert bench.comparing.document(whole)["blend"] == 1.0
    assert bench.comparing.document(whole)["blend_curve"] is None
    # What is kept lies a quarter of the way, and is what was tested.
    full, quarter = weights(bench, whole), weights(bench, run)
    assert any(not torch.equal(full[name], quarter[name]) for name in full)
    base = dict(load(spec).model.named_parameters())
    assert all(torch.allclose(quarter[n], 0.75 * base[n] + 0.25 * full[n], atol=1e-5) for n in full)
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    later = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "own")}
    assert {name: later[name] for name in measured} == measured
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert card["blend"] == 0.25


def test_a_blend_of_nothing_is_the_base(bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen(monkeypatch, 0.0)
    run = start(bench, spec, monkeypatch)
    execute(bench, run)
    result, comparison = result_of(bench, run), bench.comparing.of_run(run).comparison
    assert result.trainings[0].best_step > 0  # something was learned
    assert (result.blend, result.base_delivered, result.train_clips) == (0.0, True, 0)
    assert "forget" in comparison.kept_base
    assert all(clip["base"] == clip["adapted"] for clip in comparison.clips_json())
    assert bench.comparing.document(run)["general"]["wer_change"]["estimate"] == 0


def test_without_general_speech_everything_learned_is_kept(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(bench, spec, monkeypatch, general_set="none")
    execute(bench, run)
    assert (result_of(bench, run).blend, result_of(bench, run).blend_curve) == (1.0, None)


def test_a_stop_while_a_blend_is_chosen_keeps_what_was_learned(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = start(bench, spec, monkeypatch, blend=1.0)
    execute(bench, whole)
    run = start(bench, spec, monkeypatch)
    monkeypatch.setattr(Progress, "should_stop", lambda self: self.state["phase"] == "blending")
    execute(bench, run)
    assert bench.adaptation.view(run).status == "stopped"
    assert (result_of(bench, run).blend, result_of(bench, run).blend_curve) == (1.0, None)
    full, kept = weights(bench, whole), weights(bench, run)
    assert all(torch.equal(full[name], kept[name]) for name in full)


def test_folds_choose_for_themselves_and_the_delivered_model_by_all_of_them(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(bench, spec, monkeypatch, folds=2)
    real = blending.Blending.settle_delivered

    def killed(self, *args):  # type: ignore[no-untyped-def]
        raise KeyboardInterrupt

    monkeypatch.setattr(blending.Blending, "settle_delivered", killed)
    with pytest.raises(KeyboardInterrupt):
        execute(bench, run)
    monkeypatch.setattr(blending.Blending, "settle_delivered", real)
    listened: list[float] = []
    hear = blending.Blending._hear
    monkeypatch.setattr(
        blending.Blending, "_hear", lambda self, arm, dev, share: listened.append(share) or hear(self, arm, dev, share)
    )
    execute(bench, run)  # the folds are finished: what they chose by is read, and nothing is heard again
    assert listened == []
    result = result_of(bench, run)
    assert result.blend_curve
    folder = bench.workspace.run_folder(run)
    kept = [json.loads((folder / f"fold-{n}" / "outcome.json").read_text()) for n in (1, 2)]
    assert list(result.blend_curve["folds"]) == [fold["share"] for fold in kept]
    chose = [len(fold["curve"]["domain"]["words"]) for fold in kept if fold["curve"]]  # the others kept their base
    assert result.blend_curve["dev_clips"] == sum(chose) > 0


def test_impossible_blends_are_refused(bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in ({"blend": 1.5}, {"blend": -0.1}, {"max_forgetting": 101.0}):
        with pytest.raises(WorkbenchError, match="choose"):
            start(bench, spec, monkeypatch, **settings)


def test_what_steers_is_not_what_is_reported(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(bench, spec, monkeypatch)
    execute(bench, run)
    forgetting = bench.comparing.of_run(run).forgetting
    assert forgetting
    assert forgetting.comparison
    checked = {row.name for row in forgetting.comparison.rows}
    assert checked == {c.name for c in bundled_clips()[:6]}
    assert not checked & {c.name for c in bundled_parts().steer}


def test_another_blend_of_a_finished_run_learns_nothing_again_and_is_judged_alike(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = start(bench, spec, monkeypatch, blend=1.0)
    execute(bench, whole)
    half = bench.adaptation.blend(whole, 0.5)
    execute(bench, half)
    first, second = bench.comparing.document(whole), bench.comparing.document(half)
    assert (second["blend"], second["test_clips"], second["strategy"]) == (0.5, first["test_clips"], "head")
    full, kept = weights(bench, whole), weights(bench, half)
    base = {name: 2 * kept[name] - full[name] for name in full}
    again = bench.adaptation.blend(half, 0.0)  # of a blend, too: what was learned is there as a whole
    execute(bench, again)
    unchanged = weights(bench, again)
    assert all(torch.allclose(unchanged[name], base[name], atol=1e-4) for name in full)
    assert bench.comparing.document(again)["kept_base"]


def test_what_has_not_finished_or_learned_nothing_has_no_other_blend(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = start(bench, spec, monkeypatch)
    with pytest.raises(WorkbenchError, match="has not finished"):
        bench.adaptation.blend(waiting, 0.5)
    run = start(bench, spec, monkeypatch, learning_rate=1e-7, epochs=1)
    execute(bench, run)
    with pytest.raises(WorkbenchError, match="learned nothing"):
        bench.adaptation.blend(run, 0.5)


def test_the_winner_of_a_race_is_blended_too(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    monkeypatch.setattr("workbench.services.runs.sweep.choose", _take_the_trained)
    chosen(monkeypatch, 0.5)
    settings = {**QUICK, "folds": 0, "epochs": 8, "learning_rate": None}
    run = bench.adaptation.start_sweep("own", spec, ["head", "lora"], [3e-2], settings)
    execute(bench, run)
    result = result_of(bench, run)
    assert (result.blend, (result.sweep or {})["chosen"].split()[0]) == (0.5, "lora")
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    later = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "own")}
    assert {name: later[name] for name in measured} == measured


def _take_the_trained(candidates, words):  # type: ignore[no-untyped-def]
    """The arm with low-rank adapters, however little they learned here."""
    name = next(c.name for c in candidates if c.name.startswith("lora"))
    return Selection(name, name, 0.1, 0.0)
