"""A sentence that stands in another loses its full stop, in any language."""

import pytest

from workbench.language.said import phrase, restored, say, stored
from workbench.language.spoken import speaking


@pytest.mark.usefixtures("german")
def test_a_phrase_has_no_full_stop() -> None:
    sentence = say("It was left out of {name}.", name="the ward.")
    told = say("{reason}; add others.", reason=phrase(sentence))
    assert (sentence, told) == ("It was left out of the ward..", "It was left out of the ward; add others.")
    with speaking("de"):
        assert str(told) == "Es fehlt in the ward; add others."
        assert told == "It was left out of the ward; add others.", "what is compared stays English"


def test_plain_text_is_shortened_as_well() -> None:
    assert phrase("Somebody's own words.") == "Somebody's own words"


def test_a_phrase_can_be_stored() -> None:
    kept = restored(stored(phrase(say("{n} left out.", n=3))))
    assert kept == "3 left out"
