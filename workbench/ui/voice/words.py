"""What models wrote as words with a kind each, plain data for voice.js: held against one another, or what was said."""

from collections.abc import Sequence
from typing import Any, Final

from workbench.core.evaluation.scoring import ClipScore, WordOp, score_clip
from workbench.core.evaluation.written import WrittenOp, as_written
from workbench.core.text.normalize import normalizer as find_normalizer
from workbench.core.text.ruler import measure_of
from workbench.ui import text
from workbench.ui.kit.html import percent, plural

Words = list[dict[str, str]]
KINDS: Final = {"substitute": "wrong", "delete": "missing", "insert": "extra", "alike": "alike", "ignored": "alike"}
DIFFERING: Final = ("substitute", "delete", "insert")


def plain(written: str) -> Words:
    """A text that is held against nothing."""
    return [_word(word) for word in written.split()]


def unlike(base: str, adapted: str, normalizer: str) -> tuple[Words, Words]:
    """Both texts, words that the other one has not as "unlike"; words that count as equal are no difference."""
    score = score_clip(adapted, base, normalizer)
    if measure_of(normalizer) == "cer":
        ops = score.alignment
        left = [_word(op.hypothesis, "" if op.kind == "equal" else "unlike") for op in ops if op.hypothesis]
        right = [_word(op.reference, "" if op.kind == "equal" else "unlike") for op in ops if op.reference]
        return left, right
    differing = [op for op in _written(adapted, base, score, normalizer) if op.kind in DIFFERING]
    heard = {i for op in differing for i in op.heard}
    said = {i for op in differing for i in op.said}
    return _marked(base, heard), _marked(adapted, said)


def judged(said: str, written: str, normalizer: str) -> dict[str, Any]:
    """A text held against what was said: its words, and how many are wrong."""
    score = score_clip(said, written, normalizer)
    ops = score.alignment if measure_of(normalizer) == "cer" else _written(said, written, score, normalizer)
    errors = text.ERRORS.format(wrong=score.substitutions, missing=score.deletions, extra=score.insertions)
    return {
        "words": [_op(op) for op in ops],
        "score": f"{percent(score.wer)} WER",
        "errors": f"{errors} · {plural(score.reference_words, text.WORD)}",
    }


def glue(normalizer: str) -> str:
    """What stands between the words: nothing where characters are compared."""
    return "" if measure_of(normalizer) == "cer" else " "


def _written(reference: str, heard: str, score: ClipScore, normalizer: str) -> Sequence[WrittenOp]:
    return as_written(reference, heard, score, find_normalizer(normalizer))


def _marked(written: str, differing: set[int]) -> Words:
    return [_word(word, "unlike" if i in differing else "") for i, word in enumerate(written.split())]


def _op(op: WordOp | WrittenOp) -> dict[str, str]:
    if op.kind == "delete":
        return _word(op.reference, "missing")
    return _word(op.hypothesis, KINDS.get(op.kind, ""), op.reference if op.kind == "substitute" else "")


def _word(word: str, kind: str = "", said: str = "") -> dict[str, str]:
    return {"text": word, "kind": kind, "said": said}
