"""Sentences: English strings everywhere, and worded in another language where a page asks."""

import copy
import json
import pickle
from typing import Any

import pytest

from workbench.errors import DataError, UnknownNameError
from workbench.language.forms import Forms
from workbench.language.said import STORED, Said, count, english, listing, restored, say, stored
from workbench.language.spoken import preferred, speaking, spoken

pytestmark = pytest.mark.usefixtures("german")


def test_a_sentence_is_english_and_another_where_a_page_asks() -> None:
    said = say("There is no clip {clip} in {name}.", clip=7, name="ward")
    assert said == "There is no clip 7 in ward." == english(said)
    assert json.dumps([said]) == '["There is no clip 7 in ward."]'
    with speaking("de"):
        assert str(said) == f"{said}" == "In ward gibt es keinen Clip 7."
        assert "%s" % said == str(said)  # noqa: UP031 - as logging writes it
        assert english(said) == "There is no clip 7 in ward."
    assert str(said) == said


def test_what_stands_in_a_sentence_is_worded_with_it() -> None:
    said = say("Left out: {clips}.", clips=listing([count(1, "{n:,} clip", "{n:,} clips"), "b"]))
    many = say("Left out: {clips}.", clips=count(1200, "{n:,} clip", "{n:,} clips"))
    assert (said, many) == ("Left out: 1 clip, b.", "Left out: 1,200 clips.")
    with speaking("de"):
        assert (str(said), str(many)) == ("Weggelassen: 1 Aufnahme, b.", "Weggelassen: 1.200 Aufnahmen.")


def test_an_error_tells_its_sentence() -> None:
    why = DataError(say("There is no clip {clip} in {name}.", clip=7, name="ward"))
    with speaking("de"):
        assert str(why) == "In ward gibt es keinen Clip 7."
        assert str(say("{why} Look.", why=why)) == "In ward gibt es keinen Clip 7. Look."
    assert str(UnknownNameError("strategy", "x", ["a", "b"])) == "There is no strategy called 'x'; choose one of: a, b."


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))])
def test_a_sentence_survives_copies_and_other_processes(way: Any) -> None:
    said = way(say("Left out: {clips}.", clips=count(3, "{n:,} clip", "{n:,} clips")))
    with speaking("de"):
        assert str(said) == "Weggelassen: 3 Aufnahmen."


def test_a_stored_sentence_comes_back() -> None:
    said = say("Left out: {clips}.", clips=listing([count(3, "{n:,} clip", "{n:,} clips"), "{brace}", 4, None]))
    back = restored(said.stored())
    assert isinstance(back, Said)
    assert back == said == "Left out: 3 clips, {brace}, 4, None."
    with speaking("de"):
        assert str(back) == "Weggelassen: 3 Aufnahmen, {brace}, 4, None."


HOSTILE = STORED + '{"say": "{x:>999999999}", "values": {"x": 1}}'


@pytest.mark.parametrize("text", ["plain", "", STORED, HOSTILE, STORED + '"plain"', STORED + STORED])
def test_what_somebody_wrote_comes_back_as_it_was_written(text: str) -> None:
    back = restored(stored(text))
    assert back == text
    assert type(back) is str


@pytest.mark.parametrize("text", ["plain", "", STORED, STORED + "[]", STORED + '{"say": 1}', STORED + '{"say": "{x}"}'])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert restored(text) == text


def test_a_catalogue_that_names_other_values_does_not_hide_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with speaking("de"):
        assert str(say("Mistyped in {name}.", name="ward")) == "Mistyped in ward."
    assert "cannot be worded" in caplog.text


def test_a_piece_may_begin_a_sentence() -> None:
    said = say("{reason:capital}.", reason=count(3, "{n:,} clip", "{n:,} clips"))
    assert say("{reason:capital}.", reason=say("the ward")) == "The ward."
    assert said == "3 clips."
    with speaking("de"):
        assert str(say("{reason:capital}!", reason=say("the ward"))) == "Die Station!"
    assert say("{reason:capital}.", reason="no sound; é") == "No sound; é."


def test_braces_of_people_are_no_places() -> None:
    assert say("{name}", name="{clip} {0}") == "{clip} {0}"
    assert say("{{x}} {n:.1f}", n=2.25) == "{x} 2.2"


def test_nouns_take_the_form_of_their_number() -> None:
    assert [Forms("clip").of(n) for n in (0, 1, 2)] == ["clips", "clip", "clips"]
    french = Forms("clip", "clips", form=lambda n: int(n > 1))
    assert [french.of(n) for n in (0, 1, 2)] == ["clip", "clip", "clips"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("ja,fr-CA;q=0.7,en;q=0.5", "fr"),
        ("en;q=0.2, es;q=0.9", "es"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("de;q=nonsense,es", "es"),
        (";;;,,,", "en"),
    ],
)
def test_the_browsers_language(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_a_language_that_is_not_there_is_english() -> None:
    with speaking("xx"):
        assert spoken() == "en"
