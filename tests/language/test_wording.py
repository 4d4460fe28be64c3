"""Every catalogue words everything that the code says, with the same values in it, and nothing else."""

import re
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tools.wording import main, messages
from workbench.language.catalogue import WORDING, catalogue, unchecked
from workbench.language.spoken import ENGLISH, LANGUAGES

OTHERS = [code for code in LANGUAGES if code != ENGLISH]
# What may stand in a text besides its values: marks of the page's own, and no tag that a catalogue could bring in.
TAGS = re.compile(r"</?[a-z][^>]*>|<script|javascript:", re.I)


def read(language: str) -> Catalog:
    with (WORDING / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def values(text: str) -> set[str]:
    """The places of a template, each with the way its value is written."""
    return {f"{name}:{spec}!{how or ''}" for _, name, spec, how in Formatter().parse(text) if name is not None}


def test_the_catalogues_list_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out
    assert len(messages()) > 1500


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    left = [f"{m.context or ''} {m.id}" for m in read(language) if m.id and not _worded(m.string)]
    assert not left, f"{len(left)} messages have no wording in {LANGUAGES[language]}: {left[:5]}"


@pytest.mark.parametrize("language", OTHERS)
def test_values_are_the_same(language: str) -> None:
    """A value that is missing is not told; one that is not there ends in an error while somebody reads."""
    wrong = []
    for m in read(language):
        if m.id and _worded(m.string):
            english = [m.id] if isinstance(m.id, str) else list(m.id)
            worded = [m.string] if isinstance(m.string, str) else list(m.string or ())
            allowed = set().union(*map(values, english))
            if any(values(text or "") - allowed for text in worded) or values(english[-1]) - values(worded[-1] or ""):
                wrong.append((m.context, m.id))
    assert not wrong


@pytest.mark.parametrize("language", OTHERS)
def test_no_catalogue_brings_markup(language: str) -> None:
    brought = []
    for m in read(language):
        if m.id:
            english = m.id if isinstance(m.id, str) else " ".join(m.id)
            worded = m.string if isinstance(m.string, str) else " ".join(m.string or ())
            if set(TAGS.findall(worded or "")) - set(TAGS.findall(english)):
                brought.append(m.id)
    assert not brought


@pytest.mark.parametrize("language", OTHERS)
def test_ends_are_alike(language: str) -> None:
    """Pieces that are put together keep the spaces at their ends."""
    for m in read(language):
        if isinstance(m.id, str) and m.id and isinstance(m.string, str) and m.string:
            assert (m.id[:1] == " ", m.id[-1:] == " ") == (m.string[:1] == " ", m.string[-1:] == " "), m.id


@pytest.mark.parametrize("language", OTHERS)
def test_who_checked_a_wording_is_said(language: str) -> None:
    found = read(language)
    assert found.last_translator
    assert unchecked(language) == found.fuzzy
    assert not unchecked(ENGLISH)


@pytest.mark.parametrize(
    ("language", "value", "spec", "written"),
    [
        ("de", 1234.5, ",.1f", "1.234,5"),
        ("de", 0.25, ".2f", "0,25"),
        ("de", 1234, "", "1234"),
        ("fr", 1234567, ",", "1\u202f234\u202f567"),
        ("es", 1234, ",", "1.234"),
        ("es", 12345, ",", "12.345"),
        ("de", 3.25, "+.1f", "+3,2"),
        ("de", -3, "+", "-3"),
        ("de", 3.5, "", "3,5"),
        ("de", 7, "04x", "0007"),  # no number that people read
    ],
)
def test_numbers(language: str, value: float, spec: str, written: str) -> None:
    assert catalogue(language).number(value, spec) == written


def _worded(string: object) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))  # type: ignore[call-overload]
