"""A run may favour the words of its set's list: base and adapted share it, what is rehearsed does not."""

from pathlib import Path

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare, result_of
from workbench.asr.models import ctc_beam
from workbench.core.types import ModelSpec
from workbench.services.runs.loaded import LoadedRun
from workbench.services.runs.rehearsal import Rehearsal
from workbench.services.workbench import Workbench
from workbench.store.runs import evaluations, find_run

BOOST = 20.0


@pytest.fixture
def spec(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_model(tmp_path / "models" / "tiny", "wav2vec2-layer")))


def texts(bench: Workbench, run: str) -> list[tuple[str, str]]:
    with bench.store.session() as session:
        return [(e.base, e.adapted) for e, _ in evaluations(session, find_run(session, run).id)]


def test_base_and_adapted_favour_the_same_words(
    bench: Workbench, tmp_path: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctc_beam, "LEAST_LOG", -1e3)  # random weights are surer than speech lets them be
    rehearsing: list[bool] = []
    find_texts = Rehearsal.find_texts

    def watched(self: Rehearsal, run: LoadedRun, hear: object) -> None:
        rehearsing.append(run.backend._reader is not None)  # type: ignore[attr-defined]
        find_texts(self, run, hear)  # type: ignore[arg-type]

    monkeypatch.setattr(Rehearsal, "find_texts", watched)
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    bench.collecting.set_words("tones", ["cat = zz, qq"])
    plain, favoured = (
        prepare(bench, monkeypatch, spec, "tones", boost=boost, general_set="none", folds=0) for boost in (0.0, BOOST)
    )
    for run in (plain, favoured):
        execute(bench, run)
    assert not any("cat" in text.split() for both in texts(bench, plain) for text in both)
    assert all("cat" in text.split() for both in texts(bench, favoured) for text in both)
    assert rehearsing == [False, False]
    assert not [note for note in result_of(bench, plain).notes if "favour" in note]
    said = f"Base and adapted model favour the 1 word of the list, at strength {BOOST:g}."
    assert result_of(bench, favoured).notes.count(said) == 1
    assert [term.term for term in bench.comparing.of_run(favoured).comparison.terms] == ["cat"]


def test_a_list_without_words_is_said(
    bench: Workbench, tmp_path: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = prepare(bench, monkeypatch, spec, "tones", boost=3.0, general_set="none", folds=0)
    execute(bench, run)
    assert "No words are favoured: the set's word list is empty." in result_of(bench, run).notes
