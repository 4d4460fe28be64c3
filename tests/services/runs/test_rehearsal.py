"""What a run rehearses: the part of general speech to learn from, in the base's own texts, in every kind of run.

Tiny random models are enough: what is counted is which clips and which texts reach the training.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.asr.moonshine import save_moonshine
from tests.services.inprocess import QUICK, execute, import_tones, prepare
from workbench.asr.training.trainer import fine_tune
from workbench.core.types import ModelSpec
from workbench.services.exports.model import model_card
from workbench.services.runs import rehearsal, training
from workbench.services.runs.clips import RunClip
from workbench.services.runs.forgetting import version_of
from workbench.services.runs.general_parts import bundled_parts
from workbench.services.runs.rehearsal import NOTHING, Rehearsal
from workbench.services.workbench import Workbench
from workbench.ui.adapt import preview as page

LABELS = {"rehearsal_texts": "labels"}  # a random model writes nothing that could be learned


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", "wav2vec2-layer")


@pytest.fixture
def spec(bench: Workbench, tiny: Path) -> ModelSpec:
    return bench.catalog.resolve(str(tiny))


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """The clips that each training rehearses."""
    seen: list[set[int]] = []

    def watched(*args: Any, **options: Any) -> Any:
        seen.append({e.clip_id for e in options["rehearsed"]})
        return fine_tune(*args, **options)

    monkeypatch.setattr(training, "fine_tune", watched)
    return seen


def clip(number: int) -> RunClip:
    return RunClip(-number, f"{number:064d}", f"{number}.wav", 16_000, None, f"label {number}")


def unlearnable(text: str, n_samples: int) -> str | None:
    return "too long" if len(text) > n_samples / 320 else None


def test_a_clip_of_which_the_base_makes_nothing_is_not_rehearsed() -> None:
    said = {-1: "A word.", -2: " ", -3: "and so on " * 9, -4: "x" * 90, -5: "Another."}
    run = SimpleNamespace(backend=SimpleNamespace(unlearnable_reason=unlearnable), notes=[], kept={})
    found = Rehearsal(0.5, "base", tuple(clip(n) for n in range(1, 6)))
    found.find_texts(run, lambda clips, phase, message: {c.id: said[c.id] for c in clips})  # type: ignore[arg-type]
    assert [(c.id, text) for c, text in found.learned] == [(-1, "A word."), (-5, "Another.")]
    (note,) = run.notes
    assert note.startswith("3 of 5 clips of general speech were not rehearsed")
    kept = {"share": 0.5, "clips": 2, "version": version_of([clip(1), clip(5)]), "texts": "base"}
    assert run.kept["rehearsal"] == kept


def test_the_base_writes_what_is_rehearsed_unless_labels_are_wished_for(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearsed: list[set[int]]
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    texts: dict[str, set[str]] = {}
    find = Rehearsal.find_texts

    def by_name(self: Rehearsal, run: Any, hear: Any) -> None:
        find(self, run, lambda clips, phase, message: {c.id: "said by the base" for c in clips})
        texts[self.whose] = set(self.texts.values())

    monkeypatch.setattr(rehearsal.Rehearsal, "find_texts", by_name)
    own, labels = (prepare(bench, monkeypatch, spec, "own", folds=0, rehearsal=0.5, **more) for more in ({}, LABELS))
    for run in (own, labels):
        execute(bench, run)
    assert texts["base"] == {"said by the base"}
    assert len(texts["labels"]) > 50  # in the model's own writing, which knows no capitals
    assert all(text == text.lower() for text in texts["labels"])
    parts = bundled_parts()
    assert rehearsed[1] <= {c.id for c in parts.rehearse}
    assert not rehearsed[1] & {c.id for c in (*parts.steer, *parts.report)}


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")  # transformers' own WavLM
@pytest.mark.parametrize(
    ("kind", "strategy"),
    [("parakeet", "top-1"), ("w2v-bert-adapter", "full"), ("wavlm-group", "lora"), ("moonshine", "top-1")],
)
def test_every_family_rehearses(
    kind: str,
    strategy: str,
    bench: Workbench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rehearsed: list[set[int]],
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones", n_samples=12_900)
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    save = save_moonshine(tmp_path / "model") if kind == "moonshine" else save_model(tmp_path / "model", kind)
    settings = {**QUICK, **LABELS, "folds": 0, "rehearsal": 0.25, "augment_copies": 1, "pull": 0.01}
    run = bench.adaptation.start("tones", bench.catalog.resolve(str(save)), strategy, settings)
    execute(bench, run)
    (heard,) = rehearsed
    assert len(heard) >= 10  # of about 100: what a tiny vocabulary can write, and a tiny decoder
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert card["rehearsal"] == {**card["rehearsal"], "share": 0.25, "clips": len(heard), "texts": "labels"}
    document = bench.comparing.document(run)
    assert document["rehearsal"] == card["rehearsal"]
    told = f"25% of each update was general speech: {len(heard)} clips, by their labels."
    assert (told in model_card(document, card)) is not bool(document["kept_base"])


def test_folds_and_their_model_rehearse_alike(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearsed: list[set[int]]
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    run = prepare(bench, monkeypatch, spec, "own", folds=2, rehearsal=0.5, **LABELS)
    execute(bench, run)
    assert len(rehearsed) == 3
    assert len(rehearsed[0]) > 50
    assert rehearsed[0] == rehearsed[1] == rehearsed[2]


def test_sweeps_and_learning_curves_rehearse(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearsed: list[set[int]]
) -> None:
    import_tones(bench, tmp_path / "own", range(36), "own")
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    settings = {**QUICK, **LABELS, "folds": 0, "rehearsal": 0.5}
    swept = bench.adaptation.start_sweep("own", spec, ["head", "top-1"], [1e-3], settings)
    execute(bench, swept)
    trainings = len(rehearsed)
    assert trainings >= 2
    drawn = bench.adaptation.start("own", spec, "head", settings, curve_draws=1)
    execute(bench, drawn)
    assert len(rehearsed) > trainings + 1
    assert all(len(heard) > 50 for heard in rehearsed)


def test_where_nothing_can_be_rehearsed_the_run_says_so(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearsed: list[set[int]]
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    run = prepare(bench, monkeypatch, spec, "own", folds=0, rehearsal=0.5, general_set="none")
    execute(bench, run)
    assert rehearsed == [set()]
    document = bench.comparing.document(run)
    assert NOTHING in document["notes"]
    assert document["rehearsal"] is None


def test_what_is_rehearsed_is_known_before_the_start(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")

    def preview(**settings: Any) -> Any:
        return bench.planning.preview_model("own", spec, "head", {**QUICK, "folds": 0, **settings})

    found, without = preview(rehearsal=0.5), preview(rehearsal=0.0)
    assert (found.rehearsed, without.rehearsed) == (len(bundled_parts().rehearse), 0)
    assert found.times.run.loads["training"].cost > without.times.run.loads["training"].cost
    assert "--rehearsal 0.5" in found.command
    told = f"it also hears {found.rehearsed} clips of general speech: 50 % of what each update learns from"
    assert told in page.preview(found)
    assert "it also hears" not in page.preview(without)
    nothing = preview(rehearsal=0.5, general_set="none")
    assert nothing.rehearsed == 0
    assert NOTHING in nothing.notes
