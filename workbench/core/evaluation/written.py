"""A comparison in the words that were really written.

Scores belong to normalised words ("three" counts as "3", "I'd" as "I would"). Shown as if the model had written them,
they would be a lie. Here each step of an alignment goes back to the words on both sides that it came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.core.evaluation.scoring import ClipScore, WordOp
from workbench.core.text.normalize import normalize_marks
from workbench.core.word_times import origins

WrittenKind = Literal["equal", "alike", "ignored", "substitute", "delete", "insert"]


@dataclass(frozen=True)
class WrittenOp:
    """One step, in written words.

    Attributes:
        kind: "alike": not the same words, but equal to the ruler; "ignored": heard words that the ruler leaves out.
        said: Places of the reference's words, split at spaces.
        heard: Places of the hypothesis's words.
    """

    kind: WrittenKind
    reference: str
    hypothesis: str
    said: range
    heard: range


def as_written(reference: str, hypothesis: str, score: ClipScore, normalize: Callable[[str], str]) -> list[WrittenOp]:
    """The steps of an alignment in the words as they were written; those that share a written word are one.

    Args:
        score: Of these two texts, with this normalizer.
    """
    written = reference.split(), hypothesis.split()
    said = iter(_places(written[0], normalize, [op.reference for op in score.alignment if op.kind != "insert"]))
    heard = iter(_places(written[1], normalize, [op.hypothesis for op in score.alignment if op.kind != "delete"]))
    placed = [
        (op, next(said) if op.kind != "insert" else range(0), next(heard) if op.kind != "delete" else range(0))
        for op in score.alignment
    ]
    last: dict[tuple[str, int], int] = {}  # written word -> the last step that it belongs to
    for n, (_, left, right) in enumerate(placed):
        last |= {("said", i): n for i in left} | {("heard", i): n for i in right}
    found: list[WrittenOp] = []
    block = _Block()
    done = until = 0  # words of the hypothesis that are shown; the step up to which the block stays open
    for n, (op, left, right) in enumerate(placed):
        if block.ops and n > until:
            done = _close(block, written, done, found)
            block = _Block()
        block.ops.append(op)
        block.said, block.heard = _hull(block.said, left), _hull(block.heard, right)
        until = max([until, n, *(last["said", i] for i in left), *(last["heard", i] for i in right)])
    if block.ops:
        done = _close(block, written, done, found)
    if done < len(written[1]):
        found.append(_ignored(written[1], done, len(written[1])))
    return found


@dataclass
class _Block:
    """Steps that share written words."""

    ops: list[WordOp] = field(default_factory=list)
    said: range = range(0)
    heard: range = range(0)


def _close(block: _Block, written: tuple[Sequence[str], Sequence[str]], done: int, found: list[WrittenOp]) -> int:
    """Append a block, and before it what the hypothesis holds in between; returns how many of its words are shown."""
    if block.heard and block.heard.start > done:
        found.append(_ignored(written[1], done, block.heard.start))
    reference = " ".join(written[0][block.said.start : block.said.stop])
    hypothesis = " ".join(written[1][block.heard.start : block.heard.stop])
    found.append(WrittenOp(_kind(block.ops, reference, hypothesis), reference, hypothesis, block.said, block.heard))
    return max(done, block.heard.stop) if block.heard else done


def _kind(ops: Sequence[WordOp], reference: str, hypothesis: str) -> WrittenKind:
    if all(op.kind == "equal" for op in ops):
        # Case and punctuation are nobody's business here; a quiet sign is for other words.
        return "equal" if normalize_marks(reference) == normalize_marks(hypothesis) else "alike"
    if not hypothesis:
        return "delete"
    return "insert" if not reference else "substitute"


def _ignored(words: Sequence[str], start: int, stop: int) -> WrittenOp:
    return WrittenOp("ignored", "", " ".join(words[start:stop]), range(0), range(start, stop))


def _places(written: Sequence[str], normalize: Callable[[str], str], compared: Sequence[str]) -> list[range]:
    return origins(written, normalize, compared) if written else [range(0)] * len(compared)


def _hull(one: range, other: range) -> range:
    if not one or not other:
        return one or other
    return range(min(one.start, other.start), max(one.stop, other.stop))
