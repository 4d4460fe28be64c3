"""One cache of loaded models: bounded, without doubles, and without the language of the request before.

Tiny random models are enough: what is tested is which of them are kept, and what they are told.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.asr.whisper import save_whisper
from tests.services.inprocess import execute, import_tones, prepare
from workbench.asr.catalog import loading
from workbench.core.types import ModelSpec
from workbench.errors import TooLargeError, UnknownNameError
from workbench.services.inference.loaded import LoadedModels
from workbench.services.inference.models import Models
from workbench.services.workbench import Workbench


@pytest.fixture
def whisper(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_whisper(tmp_path / "models" / "whisper")))


@pytest.fixture
def letters(bench: Workbench, tmp_path: Path) -> list[ModelSpec]:
    folders = [save_model(tmp_path / "models" / f"ctc-{i}", "wav2vec2-layer") for i in range(4)]
    return [bench.catalog.resolve(str(folder)) for folder in folders]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that are read from their files, in order."""
    names: list[str] = []
    load = loading.load

    def counting(spec: ModelSpec, **more: Any) -> Any:
        names.append(spec.name)
        return load(spec, **more)

    monkeypatch.setattr(loading, "load", counting)
    return names


def test_the_cache_stays_bounded_and_keeps_what_was_asked_for_last(
    bench: Workbench, letters: list[ModelSpec], loads: list[str]
) -> None:
    loaded = LoadedModels(bench.workspace, bench.store, 2)
    for number in (0, 1, 0, 2, 0, 1, 3):
        loaded.find(letters[number], None)
        assert len(loaded) <= 2
    assert loads == ["ctc-0", "ctc-1", "ctc-2", "ctc-1", "ctc-3"]


def test_one_goes_before_the_next_is_loaded(
    bench: Workbench, letters: list[ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, kept, load = LoadedModels(bench.workspace, bench.store, 2), list[int](), loading.load

    def looking(spec: ModelSpec) -> Any:
        kept.append(len(loaded))
        return load(spec)

    monkeypatch.setattr(loading, "load", looking)
    for spec in letters:
        loaded.find(spec, None)
    assert kept == [0, 1, 1, 1]


def test_where_memory_is_short_the_others_make_room(
    bench: Workbench, letters: list[ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, load = LoadedModels(bench.workspace, bench.store), loading.load

    def narrow(spec: ModelSpec) -> Any:
        if len(loaded):
            raise TooLargeError("The model needs more than is free.")
        return load(spec)

    monkeypatch.setattr(loading, "load", narrow)
    for spec in letters[:2]:
        assert loaded.find(spec, None).spec == spec
    assert len(loaded) == 1


def test_files_that_have_changed_are_read_again(bench: Workbench, letters: list[ModelSpec], loads: list[str]) -> None:
    loaded = LoadedModels(bench.workspace, bench.store)
    first = loaded.find(letters[0], None)
    config = Path(letters[0].location) / "config.json"
    config.write_text(config.read_text() + "\n")
    assert loaded.find(letters[0], None) is not first
    assert len(loads) == 2


def test_no_request_writes_in_the_language_of_the_one_before(
    bench: Workbench, whisper: ModelSpec, tmp_path: Path
) -> None:
    ids = import_tones(bench, tmp_path / "tones", range(2), "tones")
    request = {"do": "hear", "model": whisper.to_json(), "clips": ids}
    languages = ("en", "zh", None, "zh", "xx", "en")
    alone = [Models(bench.workspace, bench.store).answer({**request, "language": told}) for told in languages]
    models, told = Models(bench.workspace, bench.store), []
    for language, fresh in zip(languages, alone, strict=True):
        assert models.answer({**request, "language": language})["heard"] == fresh["heard"]
        (backend,) = models.loaded._kept.values()
        told.append(backend.language)  # type: ignore[attr-defined]
    assert (told[0], told[1], told[3], told[5]) == ("en", "zh", "zh", "en")
    assert told[2] == told[4] == LoadedModels(bench.workspace, bench.store).find(whisper, None).own_language  # type: ignore[attr-defined]


def test_a_runs_base_is_the_catalogues_and_each_is_told_its_own_language(
    bench: Workbench, whisper: ModelSpec, loads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = prepare(bench, monkeypatch, whisper, "tones", "top-1", folds=0, general_set="none", language="zh")
    execute(bench, run)
    loads.clear()
    loaded = LoadedModels(bench.workspace, bench.store)
    base = loaded.find(whisper, "en")
    assert base.language == "en"  # type: ignore[attr-defined]
    assert loaded.base_of(run) is base
    assert base.language == "zh"  # type: ignore[attr-defined]
    adapted = loaded.find(run, "en")
    assert adapted.language == "zh", "an adapted model keeps what it was adapted to"  # type: ignore[attr-defined]
    assert loaded.find(whisper, "en") is base
    assert base.language == "en"  # type: ignore[attr-defined]
    assert loaded.adapted(run) is adapted
    assert len(loads) == 2, "the base, and the base below the adapted model"
    with pytest.raises(UnknownNameError):
        loaded.find("run-99", None)
