"""A Whisper run from drafts to an exported folder, for the strategies whose prefix ends in different places."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.asr.whisper import save_whisper
from tests.services.inprocess import QUICK, execute, import_tones, prepare
from workbench.asr.catalog.catalog import Catalog, folder_spec
from workbench.asr.catalog.languages import is_foreign
from workbench.asr.training import trainer as training
from workbench.core.types import ModelSpec
from workbench.errors import WorkbenchError
from workbench.services.exports.model import export_run
from workbench.services.runs.progress import Progress
from workbench.services.workbench import Workbench
from workbench.store.models import ClipRow

SETTINGS = {**QUICK, "learning_rate": 1e-2, "folds": 0, "general_set": "none", "lora_rank": 2}


@pytest.fixture
def spec(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_whisper(tmp_path / "model")))


def start(bench: Workbench, spec: ModelSpec, strategy: str, monkeypatch: pytest.MonkeyPatch, **more: object) -> str:
    run = prepare(bench, monkeypatch, spec, "tones", strategy, **{**SETTINGS, **more})
    execute(bench, run)
    return run


@pytest.mark.parametrize("strategy", ["top-1", "decoder", "encoder", "lora", "full", "norms-and-biases"])
def test_a_run_of_each_strategy_is_reloaded_and_exported(
    strategy: str, bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    run = start(bench, spec, strategy, monkeypatch)
    document = bench.comparing.document(run)
    assert 0 < document["trainable_parameters"] <= document["total_parameters"]
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert card["language"] == "en"
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    heard = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "tones")}
    assert {i: heard[i] for i in measured} == measured
    assert export_run(bench.workspace, bench.store, run, tmp_path / "exported")["verified_clips"] > 0
    generation = json.loads((tmp_path / "exported" / "generation_config.json").read_text())
    assert (generation["language"], generation["task"], generation["num_beams"]) == ("en", "transcribe", 1)


def test_a_model_of_english_that_learned_another_language_is_exported_as_knowing_it(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    english = replace(spec, languages=("en",))
    for language, known in (("en", ()), ("mt", ("en", "mt"))):
        out = tmp_path / language
        run = start(bench, english, "top-1", monkeypatch, language=language, epochs=1)
        export_run(bench.workspace, bench.store, run, out)
        assert folder_spec(out).languages == known
    assert not is_foreign(folder_spec(out), "mt")


def test_with_folds_adapters_start_anew_in_each(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = start(bench, spec, "lora", monkeypatch, folds=2, epochs=1)
    assert len(bench.comparing.of_run(run).comparison.rows) == 12


def test_stopped_in_its_last_training_the_run_says_how_far_the_model_came(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, int]] = []

    def update(self: Progress, step: int, planned: int, *rest: object) -> None:
        if self.state["fold"] == 2:
            shown.append((step, planned))

    monkeypatch.setattr(training, "best_check", lambda checks: checks[-1])  # random weights hardly get better
    monkeypatch.setattr(Progress, "update", update)
    monkeypatch.setattr(Progress, "should_stop", lambda self: self.state.get("fold") == 2)
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = start(bench, spec, "top-1", monkeypatch, folds=2, epochs=3, batch_clips=2, patience=0)
    (said,) = [n for n in bench.comparing.document(run)["notes"] if n.startswith("The model delivered")]
    (made, steps) = shown[-1]
    assert (made, steps > 1) == (1, True)
    assert f"for 1 of {steps} updates" in said
    assert said.endswith("It was stopped before, and may be worse than these say.")


def test_a_language_the_model_does_not_know_is_recognised_and_said(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = start(bench, spec, "top-1", monkeypatch, language="chr")
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert card["language"] in ("en", "zh")
    notes = bench.comparing.document(run)["notes"]
    assert any("the model does not know chr" in note and card["language"] in note for note in notes)


def test_clips_longer_than_the_window_are_left_out_and_said(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    import_tones(bench, tmp_path / "long", range(12, 15), "tones", n_samples=40_000)
    preview = bench.planning.preview_model("tones", spec, "top-1", SETTINGS)
    assert any("3 clips are longer than the 2 s" in note for note in preview.notes)
    problems = bench.label_checks.cannot_learn("tones", spec)
    assert [p.reason for p in problems] == ["2.5 s are longer than the 2 s that model hears at once"] * 3
    run = start(bench, spec, "top-1", monkeypatch)
    parts = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())["split"]
    assert sum(len(parts[name]) for name in ("train", "dev", "test")) == 12


def test_a_long_sound_is_drafted_piece_by_piece(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", range(2), "tones")
    import_tones(bench, tmp_path / "long", range(2, 3), "long", n_samples=80_000)
    (long,) = bench.transcribing.clip_set(spec, "long")
    assert long["audio_seconds"] == 5.0
    assert len(long["text"]) > max(len(d["text"]) for d in bench.transcribing.clip_set(spec, "tones"))


@pytest.mark.slow
def test_drafts_that_go_round_in_circles_are_told(bench: Workbench, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", range(3), "tones")
    with bench.store.session() as session:
        session.execute(update(ClipRow).values(reference_id=None))
    name = save_whisper(tmp_path / "models" / "loops").name
    catalog = Catalog([tmp_path / "models" / name])
    bench.drafting.catalog = catalog
    bench.drafting.start_drafts("tones", name)
    deadline = time.monotonic() + 60
    while bench.drafting.draft_view("tones").active and time.monotonic() < deadline:
        time.sleep(0.05)
    view = bench.drafting.draft_view("tones")
    assert view.message == "3 clips drafted by loops. 3 of the texts go round in circles: write these down by ear."


def test_new_characters_need_a_head_that_learns(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.asr.conftest import save_model

    spec = bench.catalog.resolve(str(save_model(tmp_path / "ctc", "wav2vec2-layer")))
    import_tones(bench, tmp_path / "tones", range(12), "tones", text=lambda i: f"caf\u00e9 {i}")
    with pytest.raises(WorkbenchError, match="output layer stays frozen and would never write é"):
        start(bench, spec, "bottom-1", monkeypatch, extend_alphabet=True)
