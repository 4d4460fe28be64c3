"""The lanes of a tested clip: what was said, and what a model wrote, with what it left out where that was said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from workbench.core.evaluation.written import WrittenKind, WrittenOp
from workbench.core.word_times import LaneKind, LaneWord, Text, hull, spans_of

_KINDS: Final[dict[WrittenKind, LaneKind]] = {
    "equal": "right",
    "alike": "right",
    "ignored": "right",
    "substitute": "wrong",
    "insert": "extra",
}


def reference_lane(reference: Text) -> list[LaneWord]:
    """The words that were said."""
    words = reference.written.split()
    return [LaneWord(word, "said", span=span) for word, span in zip(words, spans_of(reference), strict=True)]


def heard_lane(heard: Text, ops: Sequence[WrittenOp], said: Sequence[LaneWord]) -> list[LaneWord]:
    """The words that a model wrote, with those that it left out at the time when they were said.

    Args:
        ops: The reference and this text, step by step.
        said: The reference's lane.
    """
    spans = spans_of(heard)
    lane: list[LaneWord] = []
    for op in ops:
        if op.kind == "delete":
            lane += [replace(said[i], kind="missing") for i in op.said]
            continue
        right = op.reference if op.kind == "substitute" else ""
        then = hull([said[i].span for i in op.said]) if right else None
        lane.append(LaneWord(op.hypothesis, _KINDS[op.kind], right, hull([spans[i] for i in op.heard]), then))
    return lane
