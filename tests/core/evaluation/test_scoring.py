"""Scores: known alignments, agreement with jiwer, and the conventions for nothing."""

import random

import jiwer
import pytest

from workbench.core.evaluation.scoring import Evaluation, WordOp, evaluate, score_clip
from workbench.errors import DataError, UnknownNameError


def random_texts(seed: int, n: int, *, empty: bool) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices("abcde", k=rng.randrange(0 if empty else 1, 9))) for _ in range(n)]


def test_known_alignment() -> None:
    score = score_clip("the cat sat on the mat", "the bat sat the mat now", "none")
    assert [op.kind for op in score.alignment] == [
        "equal", "substitute", "equal", "delete", "equal", "equal", "insert",
    ]  # fmt: skip
    assert score.alignment[1] == WordOp("substitute", "cat", "bat")
    assert score.alignment[3] == WordOp("delete", "on", "")
    assert score.alignment[6] == WordOp("insert", "", "now")
    assert (score.hits, score.substitutions, score.deletions, score.insertions) == (4, 1, 1, 1)
    assert score.wer == 3 / 6


@pytest.mark.parametrize(
    ("reference", "hypothesis", "wer", "cer"),
    [("", "", 0.0, 0.0), ("", "two words", 1.0, 1.0), ("two words", "", 1.0, 1.0), ("a", "a b c", 2.0, 4.0)],
)
@pytest.mark.parametrize("name", ["none", "marks"])
def test_nothing_on_one_side(reference: str, hypothesis: str, wer: float, cer: float, name: str) -> None:
    score = score_clip(reference, hypothesis, name)
    assert (score.wer, score.cer) == (wer, cer)


def test_reference_that_normalises_to_nothing() -> None:
    assert score_clip("[noise]", "hello", "english").wer == 1.0
    assert score_clip("...", "", "marks").wer == 0.0


def test_all_empty() -> None:
    none = evaluate([], [], "marks")
    assert (none.wer, none.cer, none.reference_words) == (0.0, 0.0, 0)
    silent = evaluate(["", ""], ["", ""], "english")
    assert silent.wer == 0.0
    assert evaluate(["", ""], ["", "ghost"], "english").wer == 1.0


def test_agrees_with_jiwer_on_random_texts() -> None:
    references, hypotheses = random_texts(1, 300, empty=False), random_texts(2, 300, empty=True)
    result = evaluate(references, hypotheses, "none")
    expected = jiwer.process_words(references, hypotheses)
    assert result.wer == pytest.approx(expected.wer)
    assert result.cer == pytest.approx(jiwer.cer(references, hypotheses))
    counts = (result.hits, result.substitutions, result.deletions, result.insertions)
    assert counts == (expected.hits, expected.substitutions, expected.deletions, expected.insertions)


def test_alignment_holds_both_texts_whole() -> None:
    references, hypotheses = random_texts(3, 200, empty=True), random_texts(4, 200, empty=True)
    for clip, reference, hypothesis in zip(
        evaluate(references, hypotheses, "none").clips, references, hypotheses, strict=True
    ):
        assert " ".join(op.reference for op in clip.alignment if op.reference) == reference
        assert " ".join(op.hypothesis for op in clip.alignment if op.hypothesis) == hypothesis
        assert clip.reference_words == len(reference.split())
        assert all((op.reference == op.hypothesis) == (op.kind == "equal") for op in clip.alignment)


def test_bulk_equals_one_by_one() -> None:
    references, hypotheses = random_texts(5, 50, empty=True), random_texts(6, 50, empty=True)
    singles = tuple(score_clip(r, h, "marks") for r, h in zip(references, hypotheses, strict=True))
    assert evaluate(references, hypotheses, "marks") == Evaluation("marks", singles)


def test_pooled_not_averaged() -> None:
    result = evaluate(["a", "b c d e f g h i j"], ["x", "b c d e f g h i j"], "none")
    assert result.wer == 1 / 10


def test_json_is_plain() -> None:
    document = evaluate(["a b"], ["a c"], "none").to_json()
    assert document == {
        "wer": 0.5, "cer": 1 / 3, "hits": 1, "substitutions": 1, "deletions": 0, "insertions": 0, "reference_words": 2,
    }  # fmt: skip
    assert {type(value) for value in document.values()} == {int, float}


def test_markup_is_only_words() -> None:
    score = score_clip("<script>alert(1)</script> ${x}", "<script>alert(1)</script> {{x}}", "none")
    assert score.alignment == (
        WordOp("equal", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        WordOp("substitute", "${x}", "{{x}}"),
    )


def test_wrong_use() -> None:
    with pytest.raises(DataError, match="2 references but 1 hypotheses"):
        evaluate(["a", "b"], ["a"], "none")
    with pytest.raises(UnknownNameError):
        evaluate(["a"], ["a"], "whisper")
