"""Sentences to read aloud: every term in several, none twice, and the same again tomorrow."""

from collections import Counter

import pytest

from workbench.core.text.carrier_sentences import CARRIERS, SLOT, carried, carriers
from workbench.core.text.normalize import normalize_marks

TERMS = ["metoprolol", "atrial fibrillation", "warfarin", "mRNA", "edema"]


@pytest.mark.parametrize("language", CARRIERS)
def test_each_sentence_has_one_place_and_is_unlike_the_others(language: str) -> None:
    frames = CARRIERS[language]
    assert all(frame.count(SLOT) == 1 for frame in frames)
    assert len({normalize_marks(frame) for frame in frames}) == len(frames)
    starts = [frame.startswith(SLOT) for frame in frames]
    ends = [normalize_marks(frame.split(SLOT)[1]) == "" for frame in frames]
    assert any(starts)
    assert any(ends)


def test_every_term_comes_as_often_as_asked_and_once_before_any_comes_again() -> None:
    sentences = carried(TERMS, "en", per_term=3)
    assert len(sentences) == len(set(map(normalize_marks, sentences))) == 15
    for start in (0, 5, 10):
        found = [term for s in sentences[start : start + 5] for term in TERMS if term.lower() in s.lower()]
        assert Counter(found) == Counter(TERMS)


def test_a_list_that_grows_keeps_its_sentences() -> None:
    before, after = carried(TERMS, "en"), carried([*TERMS, "troponin"], "en")
    assert set(before) < set(after)
    assert carried(TERMS, "en") == before
    assert carried(TERMS, "en", seed=1) != before


def test_terms_are_written_as_they_were_but_for_a_capital_in_front() -> None:
    sentences = carried(["edema", "mRNA", "approx."], "en", per_term=8)
    assert any(s.startswith("Edema ") for s in sentences)
    assert all("mRNA" in s for s in sentences if "mrna" in s.lower())
    assert not any(".." in s for s in sentences)


def test_repeated_and_empty_terms_count_once_or_not_at_all() -> None:
    assert carried(["Edema", "edema.", " ", "—"], "en", per_term=1) == carried(["Edema"], "en", per_term=1)
    assert carried([], "en") == []


def test_a_language_without_sentences_has_the_terms_alone() -> None:
    assert carriers("chr") == ()
    assert sorted(carried(["ᎣᏏᏲ", "ᏩᏙ"], "chr", per_term=3)) == ["ᎣᏏᏲ", "ᏩᏙ"]
    assert carriers("de-AT") == CARRIERS["de"]
    assert carriers(None) == CARRIERS["en"]
