"""A run of each family from labels to an exported folder, without a worker process."""

import json
from pathlib import Path

import pytest

from tests.asr.conftest import save_model
from tests.asr.moonshine import save_moonshine
from tests.services.inprocess import QUICK, execute, import_tones
from workbench.asr.catalog.outline import n_frames
from workbench.errors import WorkbenchError
from workbench.services.exports.model import export_run
from workbench.services.workbench import Workbench


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")  # transformers' own WavLM
@pytest.mark.parametrize(
    ("kind", "strategy", "language"),
    [
        ("mms", "adapters", "de"),
        ("parakeet", "top-1", "en"),
        ("w2v-bert-adapter", "top-1", "en"),
        ("wavlm-group", "lora", "en"),
        ("moonshine", "top-1", "en"),
    ],
)
def test_a_run_of_each_family_is_reloaded_and_exported(
    kind: str, strategy: str, language: str, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Mel models make one frame more than this sound fills: no text, though transformers' own pipeline reads it out.
    import_tones(bench, tmp_path / "tones", range(24), "tones", n_samples=12_900)
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    save = save_moonshine(tmp_path / "model") if kind == "moonshine" else save_model(tmp_path / "model", kind)
    spec = bench.catalog.resolve(str(save))
    settings = {**QUICK, "learning_rate": 1e-2, "folds": 0, "language": language}
    run = bench.adaptation.start("tones", spec, strategy, settings)
    execute(bench, run)
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert card["language"] == ("de" if kind == "mms" else None)
    document = bench.comparing.document(run)
    assert 0 < document["trainable_parameters"] < document["total_parameters"]
    heard = bench.transcribing.clip_set(run, "tones")
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    assert measured
    assert {d["clip"]: d["text"] for d in heard if d["clip"] in measured} == measured
    assert export_run(bench.workspace, bench.store, run, tmp_path / "exported")["verified_clips"] > 0


def test_pieces_of_words_need_few_frames_and_take_no_new_characters(bench: Workbench, tmp_path: Path) -> None:
    spec = bench.catalog.resolve(str(save_model(tmp_path / "model", "parakeet")))
    texts = ["hello a zoo", "hello hello", "café"]
    import_tones(bench, tmp_path / "tones", range(12), "tones", text=lambda i: texts[i % 3], n_samples=12_900)
    assert n_frames(json.loads((tmp_path / "model" / "config.json").read_text()), 12_900) == 10  # 80 ms each
    problems = bench.label_checks.cannot_learn("tones", spec)
    assert {(p.reason, p.remedy) for p in problems} == {("the model model cannot write é", "correct the label")}
    assert len(problems) == 4
    with pytest.raises(WorkbenchError, match="pieces of words"):
        bench.planning.preview_model("tones", spec, "top-1", {"extend_alphabet": True})


def test_the_alphabet_is_that_of_the_sets_language(bench: Workbench, tmp_path: Path) -> None:
    spec = bench.catalog.resolve(str(save_model(tmp_path / "model", "mms")))
    alphabets = [bench.label_checks.alphabet(spec, language) for language in (None, "de", "fr")]
    assert ["ü" in a.characters for a in alphabets if a] == [False, True, False]


@pytest.mark.parametrize(
    ("kind", "strategy"), [("mms", "adapters"), ("w2v-bert", "full"), ("parakeet", "all-but-features")]
)
def test_the_usual_strategy_fits_the_family(kind: str, strategy: str, bench: Workbench, tmp_path: Path) -> None:
    assert (
        bench.model_facts.usual_strategy(bench.catalog.resolve(str(save_model(tmp_path / "model", kind)))) == strategy
    )
