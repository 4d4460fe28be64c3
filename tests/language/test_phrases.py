"""A sentence that stands in another loses its full stop, in any language."""

import pytest

from workbench.language import catalogue
from workbench.language.said import phrase, restored, say
from workbench.language.spoken import speaking


class Shouting:
    """A language that writes every template in capitals."""

    language = "de"

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        return (said if others is None or n == 1 else others).replace("left out", "LEFT OUT")

    def number(self, value: float, spec: str = "") -> str:
        return format(value, spec)


def test_a_phrase_has_no_full_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "catalogue", lambda language: Shouting())
    sentence = say("It was left out of {name}.", name="the ward.")
    told = say("{reason}; add others.", reason=phrase(sentence))
    assert (sentence, told) == ("It was left out of the ward..", "It was left out of the ward; add others.")
    with speaking("de"):
        assert str(told) == "It was LEFT OUT of the ward; add others."
        assert told == "It was left out of the ward; add others.", "what is compared stays English"


def test_plain_text_is_shortened_as_well() -> None:
    assert phrase("Somebody's own words.") == "Somebody's own words"


def test_a_phrase_can_be_stored() -> None:
    kept = restored(phrase(say("{n} left out.", n=3)).stored())  # type: ignore[attr-defined]
    assert kept == "3 left out"
