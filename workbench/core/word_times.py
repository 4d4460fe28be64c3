"""When the words of a comparison were said: reference, base and adapted as three lanes over one time axis.

Times and lanes belong to the words as they were written, scores to the words as a normalizer compares them, and a model
may write a third way ("25 mg" is "twenty five mg"). So each kind of word knows which words of another it came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz.distance import Levenshtein

from workbench.core.types import Seconds

Span = tuple[Seconds, Seconds]  # from, to; from the clip's beginning
LaneKind = Literal["said", "right", "wrong", "missing", "extra"]


@dataclass(frozen=True)
class WordTimes:
    """When each word of a text was said.

    Attributes:
        spans: For each word of the text as written, split at spaces; None for one that makes no sound of its own.
        why: Where the text has no times at all, the reason in one sentence; `spans` is empty then.
    """

    spans: tuple[Span | None, ...] = ()
    why: str = ""

    def shifted(self, by: Seconds) -> "WordTimes":
        """The same words that much later; earlier where it is negative."""
        return replace(self, spans=tuple(span and (span[0] + by, span[1] + by) for span in self.spans))


@dataclass(frozen=True)
class LaneWord:
    """One word of a lane.

    Attributes:
        kind: "said" in the reference's lane; else how it compares; "missing" for a word that was said and not written.
        said: The word of the reference, for wrong ones.
        span: None where no time is known.
        said_span: Of the word of the reference, for wrong ones; None where it is not known.
    """

    text: str
    kind: LaneKind
    said: str = ""
    span: Span | None = None
    said_span: Span | None = None


@dataclass(frozen=True)
class Text:
    """A text as it was written, with its times where they are known."""

    written: str
    times: WordTimes | None = None


def later(times: WordTimes, by: Seconds) -> WordTimes:
    """The times of a piece as those of the whole that it begins so much later in."""
    return replace(times, spans=tuple(None if s is None else (s[0] + by, s[1] + by) for s in times.spans))


def joined(parts: Sequence[WordTimes]) -> WordTimes:
    """The times of pieces that follow one another; none where a piece has none."""
    why = next((part.why for part in parts if part.why), "")
    return WordTimes(why=why) if why else WordTimes(tuple(span for part in parts for span in part.spans))


def origins(written: Sequence[str], convert: Callable[[str], str], whole: Sequence[str]) -> list[range]:
    """For each word of a converted text the written words that it came from.

    Args:
        written: The words before.
        convert: What was done to the text; tried on each word alone to see what became of it.
        whole: The words after, as the whole text gave them.
    """
    pieces = [(i, piece) for i, word in enumerate(written) for piece in convert(word).split()]
    owner = [i for i, _ in pieces]
    if not owner:
        return [range(0, len(written))] * len(whole)
    found: list[range] = []
    for before, after in _runs([piece for _, piece in pieces], list(whole)):
        for k in range(len(after)):
            low = before.start + len(before) * k // len(after)
            high = before.start + -(-len(before) * (k + 1) // len(after))
            if not before:  # the whole text has a word that no single word gave: it belongs to the one before
                low = max(before.start - 1, 0)
            first, last = owner[min(low, len(owner) - 1)], owner[min(max(high, low + 1), len(owner)) - 1]
            found.append(range(first, last + 1))
    return found


def _runs(before: Sequence[str], after: Sequence[str]) -> list[tuple[range, range]]:
    """Positions that correspond: word by word where both are equal, else stretch by stretch."""
    found: list[tuple[range, range]] = []
    differs = False
    for op in Levenshtein.opcodes(before, after):
        if op.tag == "equal":
            pairs = zip(range(op.src_start, op.src_end), range(op.dest_start, op.dest_end), strict=True)
            found += [(range(i, i + 1), range(j, j + 1)) for i, j in pairs]
        elif differs:  # "twenty five" for "25" is a word exchanged and one deleted: one stretch
            left, right = found[-1]
            found[-1] = range(left.start, op.src_end), range(right.start, op.dest_end)
        else:
            found.append((range(op.src_start, op.src_end), range(op.dest_start, op.dest_end)))
        differs = op.tag != "equal"
    return found


def spans_before(spans: Sequence[Span | None], came_from: Sequence[range], n: int) -> tuple[Span | None, ...]:
    """Times of the n words before a conversion, from those of the words after it."""
    found: list[Span | None] = [None] * n
    for span, places in zip(spans, came_from, strict=True):
        for i in places:
            found[i] = _hull(found[i], span)
    return tuple(found)


def _hull(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def spans_of(text: Text) -> list[Span | None]:
    """Times of a text's words as they were written; None for each where none are known."""
    written = text.written.split()
    if text.times is None or len(text.times.spans) != len(written):
        return [None] * len(written)
    return list(text.times.spans)


def hull(spans: Sequence[Span | None]) -> Span | None:
    """The time that these take together; None where none is known."""
    whole: Span | None = None
    for span in spans:
        whole = _hull(whole, span)
    return whole
