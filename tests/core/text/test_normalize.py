"""Normalizers as scores name them, and which one a set gets."""

import json
from pathlib import Path

import pytest

from workbench.core.text.normalize import NORMALIZERS, normalize_marks, normalizer
from workbench.core.text.ruler import choose_ruler
from workbench.errors import UnknownNameError

SHARED_AUDIO = Path(__file__).resolve().parents[4] / "shared" / "audio"


def manifest(name: str) -> list[dict[str, str]]:
    path = SHARED_AUDIO / name / "manifest.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_unknown_normalizer_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match="none, english, marks"):
        normalizer("basic")


@pytest.mark.parametrize("name", list(NORMALIZERS))
@pytest.mark.parametrize("text", ["", "   ", "...", "\u00a0\t\n"])
def test_normalizers_survive_nothing(name: str, text: str) -> None:
    assert NORMALIZERS[name](text) in ("", text.strip())


@pytest.mark.parametrize("name", list(NORMALIZERS))
def test_normalizers_are_idempotent_on_speech(name: str) -> None:
    once = NORMALIZERS[name]("Take  3 tablets, Dr. Smith — don't wait!")
    assert NORMALIZERS[name](once) == once


def test_none_collapses_whitespace_only() -> None:
    assert NORMALIZERS["none"]("  Hello,\u00a0 <b>World</b>\n") == "Hello, <b>World</b>"


def test_english_is_whispers() -> None:
    assert NORMALIZERS["english"]("It's twenty-five colours, um.") == "it is 25 colors"
    assert NORMALIZERS["english"]("Well... $5, 7%, hello...") == "well $5 7% hello"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Su:li.", "su:li"),
        ("Ga: da", "ga da"),
        ("Note: this", "note this"),
        ("12:30", "12 30"),
        ("Don\u2019t!", "don't"),
        ("'quoted'", "quoted"),
        ("col\u00b7lecció", "col\u00b7lecció"),
        ("well-known and/or", "well known and or"),
        ("3.5", "3 5"),
        ("SU\u030cN", "s\u01d4n"),  # composed where Unicode has a composed letter
        ("V\u030b", "v\u030b"),  # and kept apart, not torn off, where it has none
        ("a\u030b:da", "a\u030b:da"),  # a letter with a mark is a letter
        ("{{x}} ${y}", "x y"),
        ("می\u200cروم", "میروم"),  # collation ignores joiners (UTS 10)
    ],
)
def test_marks(text: str, expected: str) -> None:
    assert normalize_marks(text) == expected


def test_marks_keeps_codes_apart() -> None:
    assert normalize_marks("one one two").split() == ["one", "one", "two"]
    assert normalize_marks("o") != normalize_marks("zero")
    assert NORMALIZERS["english"]("o") == NORMALIZERS["english"]("zero")  # why codes are not scored with it


def test_cherokee_words_are_not_torn() -> None:
    texts = [row["text"] for row in manifest("cherokee_phrases")]
    assert sum(len(normalize_marks(text).split()) for text in texts) == 1356


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fsdd_digits", "marks"),
        ("english_alphanumeric", "marks"),
        ("coffee_commands", "english"),
        ("librispeech_other", "english"),
        ("cherokee_phrases", "marks"),
    ],
)
def test_choice_on_real_sets(name: str, expected: str) -> None:
    rows = manifest(name)
    assert choose_ruler([row["text"] for row in rows], rows[0].get("language")).normalizer == expected


@pytest.mark.parametrize(
    ("texts", "language", "expected"),
    [
        ([], None, "marks"),  # nothing that says English
        (["", "  "], "en", "english"),
        (["hello there"], None, "english"),
        (["hello there"], "en-GB", "english"),
        (["hello there"], "eng", "english"),
        (["hallo"], "de", "marks"),
        (["A B one 2", "hello there", "", ""], None, "marks"),  # half of the non-empty ones
        (["A B one 2", "hello there", "good day"], None, "english"),
        (["oh seven seven"], None, "marks"),
    ],
)
def test_choice(texts: list[str], language: str | None, expected: str) -> None:
    assert choose_ruler(texts, language).normalizer == expected


def test_the_short_way_of_the_marks_normalizer_is_the_long_one() -> None:
    """Texts without apostrophe, colon and middle dot are translated at once; a last apostrophe changes nothing."""
    for text in (
        "Take 5 tablets, please!",
        "ᏣᎳᎩ Su̱nali",
        "naïve — façade…",
        "a_b\u200dc ˥˩ 3²",
        "İstanbul ǅ",
        "日本語。",
    ):
        assert normalize_marks(text) == normalize_marks(f"{text} '")
