"""Old generation settings are completed from the tokenizer, and a model's own language is honoured."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.asr.test_real_weights import PHRASES, coffee, heard
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.whisper import WhisperBackend
from workbench.errors import ModelError

OLD = ("lang_to_id", "task_to_id", "no_timestamps_token_id", "is_multilingual")


def without(source: Path, folder: Path, *names: str, **more: object) -> Path:
    """A copy whose generation settings lack these."""
    shutil.copytree(source, folder)
    file = folder / "generation_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({k: v for k, v in settings.items() if k not in names} | more))
    return folder


def loaded(folder: Path) -> WhisperBackend:
    backend = load(folder_spec(folder))
    assert isinstance(backend, WhisperBackend)
    return backend


def written(backend: WhisperBackend) -> list[str]:
    rng = np.random.default_rng(0)
    clips = [ClipInput(rng.normal(0, 0.1, n).astype(np.float32)) for n in (8000, 24_000)]
    return backend.transcribe(backend.collate(backend.encode_prefix(clips, 0)), 0)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("w") / "random")


@pytest.mark.parametrize("lacking", [OLD, OLD[:1], OLD[2:3], ("is_multilingual",)])
def test_what_old_settings_lack_stands_in_the_tokenizer(
    whisper: Path, tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    new, old = loaded(whisper), loaded(without(whisper, tmp_path / "old", *lacking))
    assert old.languages() == new.languages() == {"en", "zh"}
    for language in ("en", "zh"):
        new.set_language(language)
        old.set_language(language)
        assert old.encode_label("hello world") == new.encode_label("hello world")
        assert written(old) == written(new)


def test_a_folder_without_generation_settings_knows_its_languages(whisper: Path, tmp_path: Path) -> None:
    shutil.copytree(whisper, tmp_path / "none")
    (tmp_path / "none" / "generation_config.json").unlink()
    assert loaded(tmp_path / "none").languages() == {"en", "zh"}


def test_a_model_of_one_language_stays_one(tmp_path: Path) -> None:
    folder = save_whisper(tmp_path / "one", several_languages=False)
    backend = loaded(without(folder, tmp_path / "old", "no_timestamps_token_id"))
    assert backend.languages() is None
    assert backend.encode_label("hello") == loaded(folder).encode_label("hello")


@pytest.mark.parametrize("said", ["zh", "<|zh|>", "Chinese", "mandarin"])
def test_a_models_own_language_is_honoured_where_nobody_names_one(whisper: Path, tmp_path: Path, said: str) -> None:
    own, told = loaded(without(whisper, tmp_path / "own", language=said)), loaded(whisper)
    told.set_language("zh")
    assert written(own) == written(told)
    own.set_language("en")  # whoever names one is heard
    told.set_language("en")
    assert written(own) == written(told)
    own.set_language(None)
    assert own.language == "zh"


def test_a_language_that_it_does_not_have_is_none_of_its_own(whisper: Path, tmp_path: Path) -> None:
    backend = loaded(without(whisper, tmp_path / "odd", language="klingon"))
    assert backend.language is None
    with pytest.raises(ModelError, match="it knows en, zh"):
        backend.set_language("de")


@pytest.mark.slow
def test_real_whisper_with_old_settings_writes_what_it_hears(
    real_model: Callable[[str], Path], shared_audio: Path, tmp_path: Path
) -> None:
    case = shared_audio.parent / "cases" / "models" / "old_generation_config" / "generation_config.json"
    folder = tmp_path / "old"
    folder.mkdir()
    for file in real_model("whisper-base").iterdir():
        (folder / file.name).symlink_to(file)
    (folder / case.name).unlink()
    shutil.copyfile(case, folder / case.name)
    texts = heard(folder, [sound for _, sound in coffee(shared_audio)])
    for phrase, text in zip(PHRASES, texts, strict=True):
        assert phrase in text.lower()
