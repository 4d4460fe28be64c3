"""A label as a CTC model writes it: nothing vanishes without being named."""

import random
import string

import pytest
from num2words import CONVERTER_CLASSES

from workbench.core.text.normalize import Alphabet, ModelText, ctc_frames_needed, explain_model_text, to_model_text
from workbench.core.text.numbers import can_spell, language_code, spell_numbers

LOWER = Alphabet(frozenset(string.ascii_lowercase + "'"))
UPPER = Alphabet(frozenset(string.ascii_uppercase + "'"))
GERMAN = Alphabet(frozenset(string.ascii_lowercase + "äöüß"))


def written(text: str, alphabet: Alphabet = LOWER, language: str | None = "en") -> str:
    return to_model_text(text, alphabet, language).text


@pytest.mark.parametrize(
    ("characters", "case"), [("abc'", "lower"), ("ABC", "upper"), ("aB", "mixed"), ("あア1", "none"), ("", "none")]
)
def test_case_of_an_alphabet(characters: str, case: str) -> None:
    assert Alphabet(frozenset(characters)).case == case


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "twelve"),
        ("21st of May", "twenty first of may"),
        ("1,234", "one thousand two hundred and thirty four"),
        ("3.50 mg", "three point five zero milligrams"),
        ("1 mg", "one milligram"),
        ("5%", "five percent"),
        ("B12 and 12B", "b twelve and twelve b"),
        ("H2O", "h two o"),
        ("007", "zero zero seven"),
        ("555-1234567", "five hundred and fifty five one two three four five six seven"),
        ("in 1995, the 1960s", "in nineteen ninety five the nineteen sixties"),
        ("-5 °C", "minus five degrees celsius"),
        ("5-10", "five ten"),
        ("$5.50", "five dollars and fifty cents"),
        ("12:30", "twelve thirty"),
        ("192.168.1.1", "one hundred and ninety two one hundred and sixty eight one one"),
        ("3mg.", "three milligrams"),
    ],
)
def test_english_numbers(text: str, expected: str) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("1.234,5 %", "de-AT", "eintausendzweihundertvierunddreißig komma fünf prozent"),
        ("am 1.2.2024", "de", "am eins zwei zweitausendvierundzwanzig"),
        ("1er", "fr", "premier"),
        ("2\u00aa", "es", "segunda"),
        ("3,5", "it", "tre virgola cinque"),
        ("1\u202f000", "fr", "mille"),
    ],
)
def test_numbers_by_language(text: str, language: str, expected: str) -> None:
    assert written(text, GERMAN, language) == expected


@pytest.mark.parametrize("language", sorted(CONVERTER_CLASSES))
def test_no_language_loses_a_number_silently(language: str) -> None:
    """Spelled or left as digits, which are then unknown: never gone."""
    for number in ("0", "7", "12", "-5", "3,5", "3.5", "1.000.000", "007", "12345678", "9" * 400):
        text, spelled = spell_numbers(number, language)
        assert text.strip()
        assert spelled or text == number
        assert all(words and words[0].isalpha() for _, words in spelled)


def test_a_language_without_numbers_keeps_its_digits_as_unknown() -> None:
    assert not can_spell("chr")
    assert not can_spell("est")  # Estonian, which num2words would cut to "es" and spell in Spanish
    label = to_model_text("room 12", LOWER, "chr")
    assert (label.text, label.unknown, label.spelled) == ("room 12", ("1", "2"), ())


def test_digits_stay_where_the_model_writes_them() -> None:
    label = to_model_text("Room 12, 5%", Alphabet(frozenset(string.ascii_lowercase + string.digits)), "en")
    assert (label.text, label.spelled, label.dropped) == ("room 12 5", (), (",", "%"))


@pytest.mark.parametrize(
    ("language", "code"), [(None, "en"), ("en_US", "en"), ("DEU", "de"), ("English", "en"), ("chr", "chr")]
)
def test_language_code(language: str | None, code: str) -> None:
    assert language_code(language) == code


@pytest.mark.parametrize(
    ("text", "alphabet", "expected"),
    [
        ("Don\u2019t", LOWER, "don't"),
        ("Don\u2019t", UPPER, "DON'T"),
        ("Don't", Alphabet(frozenset(string.ascii_lowercase)), "dont"),
        (
            "He said \u2018don\u2019t go\u2019 and left the dogs\u2019 home",
            LOWER,
            "he said don't go and left the dogs' home",
        ),
        ("state-of-the-art", LOWER, "state of the art"),
        ("a-b", Alphabet(frozenset("ab-")), "a-b"),
        ("Straße", UPPER, "STRASSE"),
        ("\ufb01ne \uff12", LOWER, "fine two"),
        ("tab\tand\nline", LOWER, "tab and line"),
        ("soft\u00adhyphen \ufeff", LOWER, "softhyphen"),
    ],
)
def test_writing(text: str, alphabet: Alphabet, expected: str) -> None:
    assert written(text, alphabet) == expected
    assert to_model_text(text, alphabet, "en").unknown == ()


def test_turkish_case() -> None:
    turkish = Alphabet(frozenset("abcçdefgğhıijklmnoöprsştuüvyz"))
    assert written("IŞIK İYİ", turkish, "tr") == "ışık iyi"


def test_orthographic_colon_is_unknown_not_dropped() -> None:
    label = to_model_text("Su:li: s\u01d4 v\u030b.", LOWER, "chr")
    assert label.text == "su:li s\u01d4 v\u030b"
    assert label.unknown == (":", "\u01d4", "\u030b")
    assert label.dropped == (":", ".")


def test_composed_character_is_written_by_its_parts() -> None:
    parts = Alphabet(frozenset("su\u030c"))
    assert to_model_text("s\u01d4", parts, "chr") == ModelText("su\u030c", (), (), ())


@pytest.mark.parametrize(
    "text", ["<script>alert('x')</script>", "${jndi:ldap}", "{{7*7}}", "\ud800", "\x00\x1b[31m", "'" * 5000, "9" * 5000]
)
def test_hostile_text_is_only_text(text: str) -> None:
    label = to_model_text(text, LOWER, "en")
    assert set(label.text) <= LOWER.characters | {" "} | set(label.unknown)
    assert explain_model_text(label)


def test_unknown_names_exactly_what_the_model_cannot_write() -> None:
    rng = random.Random(0)
    pool = string.printable + "äéß\u030b\u2019\u201c\u2026ǔ東\u00b7:\u00a0½²Ω😀"
    for _ in range(500):
        text = "".join(rng.choices(pool, k=rng.randrange(25)))
        for alphabet in (LOWER, UPPER, GERMAN):
            label = to_model_text(text, alphabet, "en")
            assert {c for c in label.text if c != " "} - alphabet.characters == set(label.unknown)
            extended = Alphabet(alphabet.characters | set(label.unknown))
            assert to_model_text(label.text, extended, "en").unknown == ()
            assert label.text == " ".join(label.text.split())


@pytest.mark.parametrize(("text", "frames"), [("", 0), ("a", 1), ("aa", 3), ("hello", 6), ("aaa", 5), ("a a", 3)])
def test_frames_needed(text: str, frames: int) -> None:
    assert ctc_frames_needed(text) == frames


def test_explanation() -> None:
    label = to_model_text("Take 12, s\u01d4 v\u030b", LOWER, "en")
    assert explain_model_text(label) == (
        "Written as “take twelve s\u01d4 v\u030b”; spelled out “12”; dropped “,”; cannot write “\u01d4” “\u25cc\u030b”."
    )
    assert explain_model_text(to_model_text("!!", LOWER, "en")) == "Nothing is left for the model to write."
