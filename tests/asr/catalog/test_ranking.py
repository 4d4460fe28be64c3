"""Which model a set begins with: what is here and knows the language, real ones before the demo models."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.asr.catalog import languages, ranking
from workbench.asr.catalog.catalog import Catalog
from workbench.asr.catalog.languages import knows, languages_of
from workbench.asr.catalog.ranking import best_at_hand, group_of, worth_getting
from workbench.core.types import ModelSpec

TINY = ModelSpec("whisper-tiny.en", "seq2seq", "fetched", "/tiny", parameters=38_000_000, languages=("en",))
MANY = ("en", "de", "fr", "es", "it", "pt", "pl")
BASE = ModelSpec("whisper-base", "seq2seq", "fetched", "/base", parameters=73_000_000, languages=MANY)
GERMAN = ModelSpec("german", "ctc", "added", "/german", parameters=94_000_000, languages=("de",))
OWN = ModelSpec("own", "ctc", "folder", "/own", parameters=94_000_000)
HUB = ModelSpec("wav2vec2", "ctc", "hub", "a/wav2vec2", parameters=94_000_000, languages=("en",))
DEMOS = (
    ModelSpec("ctc-en", "ctc", "bundled", "/ctc", parameters=5_000_000, languages=("en",)),
    ModelSpec("whisper-en", "seq2seq", "bundled", "/w", parameters=4_000_000, languages=("en",)),
)
CLIPS_OF = {"english": "en-GB", "german": "deu", "cherokee": "chr", "unnamed": None}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that are on this machine; the others of KEPT can be fetched."""
    names = ["ctc-en", "whisper-en"]

    def state(spec: ModelSpec) -> str:
        if spec.name in names:
            return "here"
        return "fetchable" if spec.source in ("fetched", "added") else "hub"

    monkeypatch.setattr(ranking, "state_of", state)
    monkeypatch.setattr(languages, "local_folder", lambda spec: None)
    return names


@pytest.mark.parametrize(
    ("on_this_machine", "expected"),
    [
        ("", "ctc-en ctc-en ctc-en ctc-en"),
        ("whisper-tiny.en", "whisper-tiny.en ctc-en ctc-en whisper-tiny.en"),
        ("whisper-base", "whisper-base whisper-base whisper-base whisper-base"),
        ("whisper-tiny.en whisper-base", "whisper-tiny.en whisper-base whisper-base whisper-tiny.en"),
        ("whisper-tiny.en whisper-base german", "whisper-tiny.en german whisper-base whisper-tiny.en"),
        ("whisper-tiny.en own", "whisper-tiny.en own own whisper-tiny.en"),
        ("wav2vec2 whisper-tiny.en", "whisper-tiny.en wav2vec2 wav2vec2 whisper-tiny.en"),
        ("wav2vec2 whisper-base", "wav2vec2 whisper-base whisper-base wav2vec2"),
    ],
)
def test_the_best_that_is_here(here: list[str], on_this_machine: str, expected: str) -> None:
    here += on_this_machine.split()
    for clips, name in zip(CLIPS_OF, expected.split(), strict=True):
        for specs in ((*DEMOS, TINY, BASE, GERMAN, OWN, HUB), (HUB, OWN, GERMAN, BASE, TINY, *DEMOS)):
            assert best_at_hand(specs, CLIPS_OF[clips]).name == name, clips


def test_what_to_get_is_said_where_nothing_real_knows_the_language(here: list[str]) -> None:
    specs = (*DEMOS, TINY, replace(BASE, languages=()), HUB)

    def wanted(language: str | None) -> str | None:
        found = worth_getting(specs, language)
        return found.name if found else None

    assert (wanted("en"), wanted("de"), wanted(None)) == ("whisper-tiny.en", "whisper-base", "whisper-tiny.en")
    here.append("whisper-tiny.en")
    assert (wanted("en"), wanted("de"), wanted("chr")) == (None, "whisper-base", "whisper-base")
    here.append("whisper-base")
    assert wanted("chr") is None, "it is here, and nothing else can be had"


def test_a_card_without_languages_is_told_by_the_generation_settings(tmp_path: Path) -> None:
    spec = ModelSpec("w", "seq2seq", "folder", str(tmp_path))
    assert languages_of(spec) == ()
    assert knows(spec, "en") == "not stated"
    settings = tmp_path / "generation_config.json"
    settings.write_text('{"is_multilingual": false}')
    assert knows(spec, "de") == "not it"
    settings.write_text(json.dumps({"lang_to_id": {f"<|{code}|>": i for i, code in enumerate(MANY)}}))
    assert (knows(spec, "de"), knows(spec, "chr")) == ("among many", "not it, but many")
    settings.write_text("no JSON")
    assert languages_of(spec) == ()


def test_every_model_on_offer_stands_under_one_heading() -> None:
    groups = {spec.name: group_of(spec) for spec in Catalog().specs}
    assert {groups["ctc-en"], groups["whisper-en"]} == {"demo"}
    assert {groups["whisper-tiny.en"], groups["whisper-base"]} == {"fetchable"}, "none of this machine's in tests"
    assert groups["wav2vec2-base-960h"] == "hub"
    assert best_at_hand(Catalog().specs, "en").name == "ctc-en"


def test_the_starter_is_where_a_newcomer_begins(real_model) -> None:
    real_model("whisper-tiny.en")
    specs = Catalog().specs
    assert best_at_hand(specs, "en").name == "whisper-tiny.en"
    real_model("whisper-base")
    assert best_at_hand(specs, "hsb").name == "whisper-base"
    assert best_at_hand(specs, "fr").name == "whisper-base"
