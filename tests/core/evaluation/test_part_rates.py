"""Errors on the words that matter, and on all others; which words are missed and confused most."""

import pytest

from workbench.core.evaluation.comparison import Comparison, ComparisonRow, compare
from workbench.core.evaluation.scoring import evaluate
from workbench.core.evaluation.terms import term_errors

Line = tuple[str, str, str]


def compared(*lines: Line, terms: tuple[str, ...] = (), rare: list[tuple[str, ...]] | None = None) -> Comparison:
    listed = rare or [None] * len(lines)
    rows = [
        ComparisonRow(str(i), *line, rare_words=words, clip_id=i + 1)
        for i, (line, words) in enumerate(zip(lines, listed, strict=True))
    ]
    return compare(rows, normalizer="marks", terms=terms)


@pytest.mark.parametrize(
    ("reference", "heard", "found"),
    [
        ("take zolpidem now", "take zolpidem now", (0, 1)),
        ("take zolpidem now", "take zol now", (1, 1)),
        ("take zolpidem now", "take now", (1, 1)),
        ("take zolpidem now", "bake zolpidem cow", (0, 1)),
        ("take this now", "take zolpidem this now", (1, 0)),  # inserted where nobody said it
        ("take this now", "take more this now", (0, 0)),
        ("give amoxicillin clavulanate", "give amoxicillin", (1, 2)),  # of two words, one is missing
        ("give amoxicillin", "give amoxicillin", (0, 0)),  # half a term is none
        ("zolpidem zolpidem", "zolpidem", (1, 2)),
    ],
)
def test_whose_error_it_is(reference: str, heard: str, found: tuple[int, int]) -> None:
    side = evaluate([reference], [heard], "marks")
    assert term_errors(["Zolpidem", "amoxicillin clavulanate"], None, side) == [found]


def test_terms_and_others_add_up_to_all() -> None:
    lines = [("take zolpidem now", "take soul now", "take zolpidem cow"), ("now go", "no go", "now go")] * 6
    found = compared(*lines, terms=("zolpidem",))
    terms, others = found.term_rate, found.other_rate
    assert terms is not None
    assert others is not None
    assert (terms.words, others.words) == (6, 24)
    assert (terms.base, terms.adapted) == (1.0, 0.0)
    assert (others.base, others.adapted) == (6 / 24, 6 / 24)
    for side in ("base", "adapted"):
        errors = getattr(terms, side) * terms.words + getattr(others, side) * others.words
        assert errors == getattr(found, side).errors
    assert terms.change.high < 0
    document = found.to_json()
    assert set(document["term_wer"]) == {"words", "base", "adapted", "change"}
    assert document["other_wer"]["change"]["estimate"] == 0
    said = found.parts_sentence()
    assert said.startswith("On the words of the list 100.0 % to 0.0 % WER (\N{MINUS SIGN}100.0 points")
    assert "; on all others 25.0 % to 25.0 % WER" in said


def test_rare_words_count_in_the_lines_that_list_them() -> None:
    lines = [("take zolpidem now", "take soul now", "take zolpidem now"), ("take zolpidem now", "take soul now", "x")]
    found = compared(*lines, rare=[("zolpidem",), ("now",)])
    assert found.term_rate is not None
    assert (found.term_rate.words, found.term_rate.base, found.term_rate.adapted) == (2, 0.5, 0.5)


def test_without_a_list_there_is_nothing_to_tell_apart() -> None:
    found = compared(("a b", "a c", "a b"))
    assert (found.term_rate, found.other_rate, found.parts_sentence()) == (None, None, "")
    assert found.to_json()["term_wer"] is None
    unsaid = compared(("a b", "a c", "a b"), terms=("zolpidem",))
    assert unsaid.term_rate is None


def test_words_missed_and_confused_the_most_frequent_first() -> None:
    found = compared(
        ("the dose is ten", "the those is ten", "the those is ten"),
        ("a dose now", "a those now", "a dose now"),
        ("ten more", "more", "then more"),
        ("go on", "go on", "go on"),
    )
    missed, confused = found.mistakes
    assert [(m.word, m.occurrences, m.base, m.adapted) for m in missed] == [("dose", 2, 2, 1), ("ten", 2, 1, 1)]
    assert [(c.said, c.heard, c.base, c.adapted) for c in confused] == [("dose", "those", 2, 1), ("ten", "then", 0, 1)]
    assert confused[0].clips == [0, 1]
    assert found.to_json()["confusions"][0] == {"said": "dose", "heard": "those", "base": 2, "adapted": 1}
    assert found.to_json()["missed_words"][0] == {"word": "dose", "occurrences": 2, "base": 2, "adapted": 1}
