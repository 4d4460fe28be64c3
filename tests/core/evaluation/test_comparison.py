"""The comparison: one document, one sentence, no more than the numbers allow."""

import json
import random
import re
from dataclasses import replace

import pytest

from workbench.core.evaluation.comparison import Comparison, ComparisonRow, compare
from workbench.core.evaluation.intervals import paired_bootstrap
from workbench.core.evaluation.scoring import evaluate
from workbench.language.said import English, Said


def rows_with(n_clips: int, base_wrong: float, adapted_wrong: float, *, speakers: int = 0) -> list[ComparisonRow]:
    """Clips of ten words, each wrong with a probability."""
    rng = random.Random(0)

    def heard(words: list[str], wrong: float) -> str:
        return " ".join("wrong" if rng.random() < wrong else word for word in words)

    rows = []
    for number in range(n_clips):
        words = [f"word{rng.randrange(50)}" for _ in range(10)]
        speaker = f"speaker {number % speakers}" if speakers else None
        base, adapted = heard(words, base_wrong), heard(words, adapted_wrong)
        rows.append(ComparisonRow(f"clip {number}", " ".join(words), base, adapted, speaker, clip_id=number))
    return rows


def numbers_in(document: object) -> list[object]:
    if isinstance(document, dict):
        return [leaf for value in document.values() for leaf in numbers_in(value)]
    if isinstance(document, list):
        return [leaf for value in document for leaf in numbers_in(value)]
    return [document]


def better() -> Comparison:
    return compare(rows_with(40, 0.5, 0.2, speakers=5), normalizer="marks", terms=["word7"], train_texts=["word7"])


class Marked(English):
    """A language of the same templates in square brackets, which writes commas in numbers."""

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        return f"[{super().template(said, others, n)}]"

    def number(self, value: float, spec: str) -> str:
        return format(value, spec).replace(".", ",")


@pytest.mark.parametrize("wrong", [0.0, 0.2, 0.5, 0.8])
def test_all_of_the_verdict_can_be_worded_in_another_language(wrong: float) -> None:
    comparison = compare(rows_with(40, 0.5, wrong), normalizer="marks", terms=["word7"])
    for said in (comparison.sentence(), comparison.parts_sentence(), comparison.normalizer_reason):
        assert isinstance(said, Said)
        worded = said.worded(Marked())
        assert worded.startswith("[")
        assert worded.endswith("]")
        assert not re.search(r"\d\.\d", worded), "a number was written before the language was known"


def test_document() -> None:
    comparison = better()
    document = comparison.to_json()
    assert list(document) == [
        "normalizer", "normalizer_reason", "measure", "test_clips", "scheme", "base", "adapted", "wer_change",
        "cer_change", "verdict", "terms", "term_recall", "term_wer", "other_wer", "missed_words", "confusions", "fixed",
        "broken",
    ]  # fmt: skip
    assert list(document["wer_change"]) == ["estimate", "low", "high", "over", "groups", "differing", "method"]
    assert set(document["base"]) == {
        "wer", "cer", "hits", "substitutions", "deletions", "insertions", "reference_words", "raw",
    }  # fmt: skip
    assert (document["verdict"], document["test_clips"], document["scheme"]) == ("better", 40, "test")
    assert document["wer_change"]["estimate"] == pytest.approx(document["adapted"]["wer"] - document["base"]["wer"])
    assert document["terms"][0]["train_occurrences"] == 1
    assert document["term_recall"]["term"] == "all terms"
    assert document["fixed"] + document["broken"] <= 40


def test_json_is_plain_python() -> None:
    comparison = better()
    for document in (comparison.to_json(), comparison.clips_json()):
        json.dumps(document, allow_nan=False)
        assert {type(leaf) for leaf in numbers_in(document)} <= {int, float, str, type(None)}


def test_raw_and_normalised_sides() -> None:
    comparison = compare([ComparisonRow("a", "Hello, World", "hello world", "Hello, World")], normalizer="marks")
    document = comparison.to_json()
    assert (document["base"]["wer"], document["base"]["raw"]["wer"]) == (0.0, 1.0)
    assert (document["adapted"]["wer"], document["adapted"]["raw"]["wer"]) == (0.0, 0.0)


def test_equals_its_parts() -> None:
    rows = rows_with(30, 0.4, 0.3)
    comparison = compare(rows, normalizer="english", seed=3)
    references = [row.reference for row in rows]
    assert comparison.base == evaluate(references, [row.base for row in rows], "english")
    assert comparison.adapted == evaluate(references, [row.adapted for row in rows], "english")
    errors = [[clip.errors for clip in side.clips] for side in (comparison.base, comparison.adapted)]
    words = [clip.reference_words for clip in comparison.base.clips]
    assert comparison.interval == paired_bootstrap(*errors, words, seed=3)


def test_swapping_the_sides_swaps_the_verdict() -> None:
    swapped = [
        ComparisonRow(row.name, row.reference, row.adapted, row.base, row.speaker, row.clip_id) for row in better().rows
    ]
    worse = compare(swapped, normalizer="marks")
    assert worse.verdict == "worse"
    assert worse.interval.estimate == pytest.approx(-better().interval.estimate)
    assert (worse.n_fixed, worse.n_broken) == (better().n_broken, better().n_fixed)


def test_the_same_texts_prove_nothing() -> None:
    rows = [ComparisonRow("a", "one two", "one", "one")] * 30
    comparison = compare(rows, normalizer="marks")
    assert (comparison.verdict, comparison.interval.estimate) == ("no proof", 0.0)
    assert (comparison.n_fixed, comparison.n_broken) == (0, 0)


def test_clips_most_improved_first() -> None:
    clips = better().clips_json()
    assert list(clips[0]) == [
        "clip", "name", "speaker", "reference", "base", "adapted", "base_wer", "adapted_wer", "wer_change",
    ]  # fmt: skip
    changes = [clip["wer_change"] for clip in clips]
    assert changes == sorted(changes)
    assert sorted(clip["clip"] for clip in clips) == list(range(40))


def test_rare_words_take_the_place_of_terms() -> None:
    rows = [
        ComparisonRow("1", "anon he came", "a non he came", "anon he came", rare_words=("anon",)),
        ComparisonRow("2", "anon he went", "anon he went", "anon he went", rare_words=()),
    ]
    (anon,) = compare(rows, normalizer="marks", scheme="given").terms
    assert (anon.term, anon.base.occurrences, anon.base.hits, anon.adapted.hits) == ("anon", 1, 0, 1)
    assert compare(rows[1:], normalizer="marks").to_json()["term_recall"] is None


def test_hostile_texts_pass_unchanged() -> None:
    hostile = "<script>alert(1)</script> ${x} {{7*7}}"
    comparison = compare([ComparisonRow(hostile, hostile, hostile, hostile, hostile)], normalizer="none")
    (clip,) = comparison.clips_json()
    assert {clip[key] for key in ("name", "speaker", "reference", "base", "adapted")} == {hostile}


def test_sentence_for_better() -> None:
    comparison = compare(rows_with(40, 0.5, 0.2, speakers=5), normalizer="marks")
    sentence = comparison.sentence()
    assert sentence.startswith("Better: WER fell from ")
    assert "on 40 test clips" in sentence
    assert "over clips, for these 5 speakers; marks normalizer" in sentence
    assert "\N{MINUS SIGN}" in sentence
    over_speakers = compare(rows_with(80, 0.5, 0.2, speakers=10), normalizer="marks").sentence()
    assert "over 10 speakers; marks" in over_speakers


def test_sentence_for_worse_and_no_proof() -> None:
    assert compare(rows_with(40, 0.2, 0.5), normalizer="marks").sentence().startswith("Worse: WER rose from ")
    unsure = compare(rows_with(20, 0.2, 0.19), normalizer="marks", scheme="out-of-fold").sentence()
    assert unsure.startswith("No proof yet: WER went from ")
    assert "20 clips heard out of fold, but the interval includes zero" in unsure
    assert "can prove" in unsure


def test_sentence_for_almost_nothing() -> None:
    assert compare([], normalizer="marks").sentence() == "No proof: there is no test clip."
    assert compare([], normalizer="marks").to_json()["verdict"] == "no proof"
    one = compare(rows_with(1, 1.0, 0.0), normalizer="marks")
    assert one.verdict == "no proof"
    assert "one clip proves nothing" in one.sentence()


def test_few_clips_that_differ_prove_nothing_whatever_the_interval_says() -> None:
    """Four of thirty clips improved and none got worse: by luck that happens in one of eight such tests."""
    said, wrong = "one two three four", "one two three"
    base = [wrong] * 9 + [said] * 21
    adapted = [said] * 4 + base[4:]
    rows = [ComparisonRow(f"clip {i}", said, *pair) for i, pair in enumerate(zip(base, adapted, strict=True))]
    few = compare(rows, normalizer="none")
    assert few.interval.high < 0
    assert few.verdict == "no proof"
    assert few.sentence().startswith(
        "Too few to judge: WER went from 7.5 % to 4.2 % on 30 test clips, but only 4 of them"
    )
    assert "fewer than 6 prove nothing" in few.sentence()
    same = compare([replace(row, adapted=row.base) for row in rows], normalizer="none")
    assert "but none of them has another number of errors than before" in same.sentence()


def test_empty_texts_are_scored() -> None:
    rows = [ComparisonRow("a", "", "", "ghost"), ComparisonRow("b", "word", "", "word"), ComparisonRow("c", "", "", "")]
    comparison = compare(rows, normalizer="english")
    assert [clip["wer_change"] for clip in comparison.clips_json()] == [-1.0, 0.0, 1.0]
    json.dumps(comparison.to_json(), allow_nan=False)


def test_a_model_without_one_right_word_is_not_called_better() -> None:
    rows = [ComparisonRow(f"clip {i}", "one two three four", "a b c d e f g h", "x", clip_id=i) for i in range(12)]
    comparison = compare(rows, normalizer="none")
    assert comparison.interval.high < 0
    assert comparison.verdict == "no proof"
    assert "an empty text would score 100.0 %" in comparison.sentence()
    rows = [ComparisonRow(f"clip {i}", "one two", "a b c d e f g h", "one b c", clip_id=i) for i in range(12)]
    assert compare(rows, normalizer="none").verdict == "no proof"
    rows = [ComparisonRow(f"clip {i}", "one two", "a b c d e f g h", "one b", clip_id=i) for i in range(12)]
    assert compare(rows, normalizer="none").verdict == "better"
