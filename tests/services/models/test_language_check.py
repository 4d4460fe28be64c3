"""Sounds in a language that a model does not know: refused with a remedy, told before adapting; and what is silent."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from tests.asr.conftest import save_model
from tests.asr.whisper import save_whisper
from tests.services.inprocess import import_tones
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.languages import is_foreign, knows
from workbench.asr.catalog.spoken import fixed_languages
from workbench.core.text.languages import spoken_code
from workbench.core.types import Heard, ModelSpec
from workbench.errors import ModelError
from workbench.services.inference import long_form as hearing
from workbench.services.models.language_check import check_known, language_notes, whom_to_ask
from workbench.services.workbench import Workbench
from workbench.store.models import ClipRow, ClipSetRow

SETTINGS = "generation_config.json"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    import_tones(opened, tmp_path / "tones", range(4), "tones")
    yield opened
    opened.close()


@pytest.fixture
def several(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_whisper(tmp_path / "model")))


@pytest.mark.parametrize(
    ("config", "settings", "name", "known"),
    [
        ({"vocab_size": 51_864}, None, "tiny", ("en",)),
        ({"vocab_size": 51_865}, None, "tiny", ()),
        ({"vocab_size": 51_866}, {"is_multilingual": True}, "large", ()),
        ({"vocab_size": 51_865}, {"is_multilingual": False}, "odd", ("en",)),
        ({"vocab_size": 51_865}, None, "whisper-tiny.en", ("en",)),
        ({"vocab_size": 700}, {"is_multilingual": False}, "own", ()),
    ],
)
def test_whisper_of_english_alone_is_told_by_its_files(
    tmp_path: Path, config: dict[str, object], settings: dict[str, object] | None, name: str, known: tuple[str, ...]
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    if settings is not None:
        (folder / SETTINGS).write_text(json.dumps(settings))
    assert fixed_languages(folder, {"model_type": "whisper", **config}, {}) == known
    assert fixed_languages(folder, {"model_type": "whisper", **config}, {"languages": ["de"]}) == ("de",)
    assert fixed_languages(folder, {"model_type": "wav2vec2", **config}, {}) == ()


def test_a_language_is_foreign_only_where_both_are_known() -> None:
    english = ModelSpec("m", "seq2seq", "folder", "/nowhere", languages=("en",))
    assert is_foreign(english, "de")
    assert not any(is_foreign(english, language) for language in ("en", "en-GB", "eng", "English", None, ""))
    assert not is_foreign(replace(english, languages=()), "de")


def test_the_remedy_names_models_that_know_the_language(bench: Workbench) -> None:
    english = bench.catalog.find("whisper-tiny.en")
    with pytest.raises(ModelError, match=r"whisper-tiny\.en knows en alone .* sounds in mt; choose whisper-base"):
        check_known(bench.catalog, english, "mt")
    assert whom_to_ask(bench.catalog, "mt")[0] == "whisper-base (`workbench fetch whisper-base`)"
    base = bench.catalog.find("whisper-base")
    assert (knows(base, "mt"), knows(base, "hsb")) == ("among many", "not it, but many")
    with pytest.raises(ModelError, match="no model on offer is known to know it"):
        check_known(bench.catalog, english, "hsb")
    check_known(bench.catalog, base, "hsb")  # it writes it as the language that it takes each clip for
    (said,) = language_notes(base, "hsb")
    assert said.startswith("whisper-base does not know hsb among its languages")
    assert language_notes(base, "mt") == language_notes(base, None) == []


def test_a_language_known_in_name_only_is_told_by_what_was_heard(bench: Workbench, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "more", range(4, 10), "more")
    with bench.store.session() as session:
        session.execute(update(ClipSetRow).values(language="mt"))
    clips = [clip.id for clip in bench.labelling.clips("more")]
    usual, base = bench.model_facts.usual_strategy, bench.catalog.find("whisper-base")
    assert usual(base, "more") == "encoder"
    bench.labelling.save_drafts("whisper-base", dict.fromkeys(clips[:3], "nothing of it"), draft=False)
    assert usual(base, "more") == "encoder", "three clips tell nothing"
    bench.labelling.save_drafts("whisper-base", dict.fromkeys(clips, "nothing of it"), draft=False)
    assert usual(base, "more") == "full"
    (said,) = language_notes(base, "mt", bench.planning.standings.of_set("more").wer("whisper-base"))
    assert "it knows mt in name only: full" in said
    assert language_notes(base, "mt") == [], "where more than the encoder learns"


def test_drafting_and_transcribing_another_language_are_refused(
    bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    with bench.store.session() as session:
        session.execute(update(ClipSetRow).values(language="mt"))
        session.execute(update(ClipRow).values(reference_id=None))
    for refused in (
        lambda: bench.drafting.start_drafts("tones", "ctc-en"),
        lambda: bench.transcribing.clip_set("ctc-en", "tones"),
        lambda: bench.transcribing.files("whisper-en", [make_wav("a.wav")], language="de"),
    ):
        with pytest.raises(ModelError, match="knows en alone"):
            refused()
    assert not bench.drafting.draft_view("tones").active


def test_a_code_that_a_model_does_not_take_lists_those_that_it_takes(
    bench: Workbench, several: ModelSpec, make_wav: Callable[..., Path]
) -> None:
    sound = make_wav("a.wav")
    with pytest.raises(ModelError, match="has no language xx; it takes en, zh"):
        bench.transcribing.files(several, [sound], language="xx")
    (english,), _ = bench.transcribing.files(several, [sound], language="English")
    assert english["text"] == bench.transcribing.files(several, [sound], language="en")[0][0]["text"]
    bench.transcribing.clip_set(several, "tones", language="zh")
    (kept,) = bench.transcribing.loaded._kept.values()
    assert kept.model.generation_config.language == "zh"


def test_adapting_is_told_of_it_but_for_letters_that_can_grow(tmp_path: Path) -> None:
    whisper = replace(folder_spec(save_whisper(tmp_path / "whisper")), languages=("en",))
    (said,) = language_notes(whisper, "mt")
    assert said.startswith("whisper knows en alone, and these clips are in mt")
    assert language_notes(whisper, "en") == language_notes(whisper, None) == []
    letters = replace(folder_spec(save_model(tmp_path / "ctc", "wav2vec2-layer")), languages=("en",))
    assert language_notes(letters, "mt") == []


def test_codes_are_found_under_the_names_people_use() -> None:
    known = {"en", "de", "haw", "zh"}
    assert [spoken_code(said, known) for said in ("en-GB", "eng", "English", "DE", "deu", "haw", "xx", None, "")] == [
        "en", "en", "en", "de", "de", "haw", None, None, None,
    ]  # fmt: skip


def test_nothing_is_read_out_of_silence_or_noise(
    bench: Workbench, several: ModelSpec, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = make_wav("silent.wav", samples=np.zeros(16_000, np.float32))
    noise, spoken = make_wav("noise.wav", 1.0, seed=1), make_wav("spoken.wav", 1.5, seed=2)
    monkeypatch.setattr(hearing, "is_invented", lambda said, duration: duration < 1.2)
    documents, problems = bench.transcribing.files(several, [silent, noise, spoken])
    assert problems == []
    assert [d.get("no_speech") for d in documents] == [True, True, None]
    assert [bool(d["text"]) for d in documents] == [False, False, True]


def test_a_clip_without_speech_is_listed_as_such(bench: Workbench) -> None:
    with bench.store.session() as session:
        session.execute(update(ClipRow).values(reference_id=None))
    first, second, *_ = bench.labelling.clips("tones")
    bench.labelling.save_drafts("m", {first.id: Heard("", (), 0.9), second.id: Heard("one")})
    listed = {row.clip.id: row.no_speech for row in bench.browsing.listed([first.id, second.id])}
    assert listed == {first.id: True, second.id: False}
    bench.labelling.save(first.id, "two", author="a", confirmed=False)
    assert not bench.browsing.listed([first.id])[0].no_speech
