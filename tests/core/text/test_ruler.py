"""The right ruler for every language: which one is taken, what it calls equal, and what stays different.

Each decision has its source: UTS 10 (collation ignores joiners, section 3.6), Unicode 16 section 3.13 (full case
folding: final sigma, ß) and chapter 9.2 (Arabic presentation forms), the Council for German Orthography (§25 E2:
ss where ß cannot be written), CLDR's root collation (decimal digits of all scripts are equal in value).
"""

import pytest

from tests.core.evaluation.test_intervals import paired_bootstrap
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.text.normalize import NORMALIZERS
from workbench.core.text.ruler import choose_ruler

# Language, a sentence, what is the same for its readers, what is another word.
LANGUAGES = [
    (
        "en",
        "I don't know, it's 3 o'clock",
        "i don\u2019t know it\u2019s three o\u2019clock",
        "I don't know, it's 4 o'clock",
    ),
    ("de", "Die Straße ist schön", "die STRASSE ist SCHÖN!", "die Straße ist schon"),
    ("de-CH", "Die Strasse ist gross", "die Straße ist groß", "die Strasse ist grob"),
    ("fr", "L'été, ça commence", "l\u2019été ça commence", "l'ete ça commence"),
    ("es", "¿Qué año es?", "qué año es", "qué ano es"),
    ("pt", "A avó e o avô", "a avó e o avô.", "a avó e o avó"),
    ("it", "È così, perché?", "è così perché", "e così perché"),
    ("ca", "col·legi", "Col·legi", "colegi"),
    ("pl", "Zażółć gęślą jaźń", "ZAŻÓŁĆ GĘŚLĄ JAŹŃ", "zazolc gesla jazn"),
    ("cs", "Příliš žluťoučký kůň", "příliš žluťoučký KŮŇ", "prilis zlutoucky kun"),
    ("tr", "IŞIK İSTANBUL'da", "ışık istanbul'da", "işik istanbul'da"),
    ("az", "İKİ QIZIL", "iki qızıl", "iki qizil"),
    ("el", "Ο ΔΡΟΜΟΣ", "ο δρομος", "ο δρομο"),
    ("ru", "Ёлка и ель", "ёлка и ель", "елка и ель"),
    ("uk", "Її пам'ять", "її пам\u2019ять", "ії пам'ять"),
    ("hi", "लड़की ३ बजे आती है", "लड़की 3 बजे आती है।", "लड़का 3 बजे आता है"),
    ("ta", "தமிழ் மொழி", "தமிழ் மொழி.", "தமிழ மொழி"),
    ("bn", "সে ৫টা বই", "সে 5টা বই", "সে ৫টি বই"),
    ("ar", "السلام عليكم", "\ufe8d\ufedf\ufeb4\ufefc\ufee1 عليكم", "السلم عليكم"),
    ("fa", "می\u200cخواهم بروم", "میخواهم بروم", "می\u200cخواهد برود"),
    ("he", "שלום עולם", "שלום, עולם", "שלום עולמי"),
    ("vi", "Tôi muốn ăn phở", "tôi muốn ăn phở", "tôi muôn ăn phơ"),
    ("chr", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ.", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏔ"),
    ("zh", "今天天气很好", "今天 天气，很好。", "今天天气不好"),
    ("ja", "今日は晴れです", "今日は、晴れです。", "今日は雨です"),
    ("th", "น้ำป่า", "น้ำ ป่า", "นาปา"),
    ("lo", "ສະບາຍດີ", "ສະ ບາຍ ດີ", "ສະບາຍດາ"),
    ("km", "សួស្តី", "សួ ស្តី", "សួស្តា"),
    ("my", "မင်္ဂလာပါ", "မင်္ဂလာ ပါ", "မင်္ဂလာပာ"),
    ("ko", "안녕하세요 여러분", "안녕하세요, 여러분!", "안녕하세요 여러군"),
]


@pytest.mark.parametrize(("language", "text", "same", "other"), LANGUAGES)
def test_what_readers_call_equal_and_what_they_do_not(language: str, text: str, same: str, other: str) -> None:
    normalize = NORMALIZERS[choose_ruler([text], language).normalizer]
    assert normalize(text) == normalize(same)
    assert normalize(text) != normalize(other)


@pytest.mark.parametrize(("language", "text", "same", "other"), LANGUAGES)
def test_without_a_language_no_other_word_counts_as_right(language: str, text: str, same: str, other: str) -> None:
    ruler = choose_ruler([text], None)
    assert NORMALIZERS[ruler.normalizer](text) != NORMALIZERS[ruler.normalizer](other)
    assert ruler.normalizer == "english" or language not in ("en", "de-CH")
    assert ruler.reason.endswith(".")


@pytest.mark.parametrize(
    ("texts", "language", "normalizer", "measure"),
    [
        (["hello there"], None, "english", "wer"),
        (["schön"], None, "marks", "wer"),
        (["น้ำป่า"], None, "characters", "cer"),
        (["今日は晴れ OK"], None, "characters", "cer"),
        (["안녕하세요"], None, "marks", "wer"),
        (["A B one 2"], None, "marks", "wer"),
        (["12 13"], None, "marks", "wer"),
        ([], None, "marks", "wer"),
        (["hello"], "tr", "turkic", "wer"),
        (["hello"], "aze", "turkic", "wer"),
        (["hello"], "kk", "turkic", "wer"),
        (["hello"], "Turkish", "turkic", "wer"),
        (["hello"], "Japanese", "characters", "cer"),
        (["Ich bin da"] * 30 + ["Frau Işık kommt"], None, "marks", "wer"),
        (["ışık"] * 3 + ["merhaba"], None, "turkic", "wer"),
        (["hello"], "th-TH", "characters", "cer"),
        (["hello"], "yue", "characters", "cer"),
        (["hello"], "", "english", "wer"),
    ],
)
def test_which_ruler(texts: list[str], language: str | None, normalizer: str, measure: str) -> None:
    ruler = choose_ruler(texts, language)
    assert (ruler.normalizer, ruler.measure) == (normalizer, measure)


def test_characters_are_judged_by_cer_and_a_wrong_one_is_one() -> None:
    rows = [ComparisonRow(str(i), "今天天气很好", "今天天气不好", "今天天气很好") for i in range(12)]
    found = compare(rows, normalizer="characters", language="zh")
    assert (found.measure, found.verdict) == ("cer", "better")
    assert found.base.wer == found.base.cer == pytest.approx(1 / 6)
    assert found.judging == found.cer_interval
    document = found.to_json()
    assert document["measure"] == "cer"
    assert document["cer_change"]["estimate"] == pytest.approx(-1 / 6)
    assert "CER fell from 16.7 % to 0.0 %" in found.sentence()
    assert "characters are compared" in document["normalizer_reason"]


def test_both_changes_are_given_whichever_judges() -> None:
    rows = [ComparisonRow(str(i), "go to three", "go too three", "go to three") for i in range(10)]
    found = compare(rows, normalizer="marks", language="en")
    assert found.judging == found.interval
    expected = paired_bootstrap([1] * 10, [0] * 10, [11] * 10)
    assert found.cer_interval.estimate == expected.estimate
    assert found.normalizer_reason == "Chosen by hand; these texts are usually compared with english."
