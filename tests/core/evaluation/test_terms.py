"""The word list: recall, its interval, false alarms."""

import random

import pytest

from workbench.core.evaluation.scoring import evaluate
from workbench.core.evaluation.terms import (
    TermCount,
    TermScore,
    occurrences,
    pooled,
    score_rare_words,
    score_terms,
    wilson_interval,
)
from workbench.errors import DataError


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_against_published_values(hits: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_edges() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(5, 5)[1] == 1.0
    low, high = wilson_interval(5, 5)
    mirrored = wilson_interval(0, 5)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)


def score(terms: list[str], lines: list[tuple[str, str, str]], train: list[str] | None = None) -> dict[str, TermScore]:
    """Terms by name, from (reference, base, adapted) lines."""
    references, base, adapted = (list(side) for side in zip(*lines, strict=True))
    scores = score_terms(
        terms, evaluate(references, base, "marks"), evaluate(references, adapted, "marks"), train or []
    )
    return {term.term: term for term in scores}


def test_hits_misses_and_false_alarms() -> None:
    scores = score(
        ["Ramipril", "atrial fibrillation", "never said"],
        [
            (
                "ramipril for atrial fibrillation",
                "ram april for a trial fibrillation",
                "ramipril for atrial fibrillation",
            ),
            ("no atrial fibrillation today", "no atrial fibrillation today", "no atrial big fibrillation today"),
            ("plain words", "plain ramipril", "plain words"),
        ],
        ["Ramipril, ramipril!", "atrial flutter"],
    )
    assert scores["Ramipril"].base == TermCount(0, 1, 1)
    assert scores["Ramipril"].adapted == TermCount(1, 1, 0)
    assert scores["Ramipril"].train_occurrences == 2
    assert scores["atrial fibrillation"].base == TermCount(1, 2, 0)
    assert scores["atrial fibrillation"].adapted == TermCount(1, 2, 0)  # a word in between is no hit
    assert scores["never said"].to_json() == {
        "term": "never said",
        "occurrences": 0,
        "train_occurrences": 0,
        "base": {"hits": 0, "recall": None, "low": 0.0, "high": 1.0, "false_alarms": 0},
        "adapted": {"hits": 0, "recall": None, "low": 0.0, "high": 1.0, "false_alarms": 0},
    }


def test_terms_equal_after_normalising_count_once() -> None:
    scores = score([" Latte ", "latte!", "LATTE", "", "..."], [("a latte", "a latte", "a lot")])
    assert list(scores) == ["Latte"]
    assert scores["Latte"].base == TermCount(1, 1, 0)


def test_terms_within_terms_count_for_themselves() -> None:
    scores = score(["iced coffee", "coffee", "iced"], [("iced coffee", "iced coffee", "ice coffee")])
    assert {name: (term.base.hits, term.adapted.hits) for name, term in scores.items()} == {
        "iced coffee": (1, 0),
        "coffee": (1, 1),
        "iced": (1, 0),
    }


def test_counts_are_consistent_on_random_texts() -> None:
    rng = random.Random(0)
    lines = [tuple(" ".join(rng.choices("abc", k=rng.randrange(8))) for _ in range(3)) for _ in range(200)]
    for name, term in score(["a", "a b", "b b", "c a b"], lines).items():  # type: ignore[arg-type]
        found = sum(f" {line[0]} ".replace(" ", "  ").count(f" {name} ".replace(" ", "  ")) for line in lines)
        assert term.base.occurrences == term.adapted.occurrences >= found
        assert 0 <= term.base.hits <= term.base.occurrences
        assert term.base.false_alarms >= 0


def test_same_texts_give_full_recall() -> None:
    text = "a b b b c a b"
    for term in score(["a", "b b", "a b"], [(text, text, text)]).values():
        assert term.base.recall == 1.0
        assert term.base.false_alarms == 0


def test_rare_words_count_only_where_listed() -> None:
    references = ["anon he came", "anon again", "not here"]
    hypotheses = ["a non he came", "anon again", "anon here"]
    base, adapted = evaluate(references, hypotheses, "marks"), evaluate(references, references, "marks")
    (anon,) = score_rare_words([["Anon"], [], None], base, adapted)
    assert anon.base == TermCount(hits=0, occurrences=1, false_alarms=1)
    assert anon.adapted == TermCount(hits=1, occurrences=1, false_alarms=0)
    with pytest.raises(DataError, match="2 lists of rare words for 3 lines"):
        score_rare_words([[], []], base, adapted)


def test_pooled() -> None:
    scores = score(["a", "b"], [("a b", "a x", "a b")], ["a a b"])
    everything = pooled(scores.values())
    assert (everything.term, everything.train_occurrences) == ("all terms", 3)
    assert (everything.base, everything.adapted) == (TermCount(1, 2, 0), TermCount(2, 2, 0))
    assert pooled([]).base.recall is None


def test_different_clips_are_refused() -> None:
    with pytest.raises(DataError, match="same clips"):
        score_terms(["a"], evaluate(["a"], ["a"], "none"), evaluate(["a"], ["a"], "marks"))


def test_occurrences_name_the_texts_that_hold_a_term_by_the_rules_that_compare() -> None:
    texts = ["Atrial fibrillation again.", "the colour of it", "fibrillation", "atrial fibrillation"]
    found = occurrences(["atrial fibrillation", "color", "zebra", "…"], texts, "english")
    assert found == {"atrial fibrillation": [0, 3], "color": [1], "zebra": []}
