"""Recall of the words that matter: the expert's word list, or rare words listed line by line.

Each term's recall carries a Wilson score interval as a description, not as a test: E. B. Wilson, "Probable inference,
the law of succession, and statistical inference", JASA 22 (1927), 209-212. Rare words per line follow the biasing
lists of Le et al. 2021, https://arxiv.org/abs/2104.02194.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any

from workbench.core.evaluation.scoring import ClipScore, Evaluation, WordOp
from workbench.core.text.normalize import normalizer
from workbench.errors import DataError
from workbench.language.said import say

Words = tuple[str, ...]


def wilson_interval(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson 1927); 95 % by default, (0, 1) where nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    share, spread = hits / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return (0.0 if hits == 0 else max(0.0, centre - half)), (1.0 if hits == n else min(1.0, centre + half))


@dataclass(frozen=True)
class TermCount:
    """How often one side wrote a term.

    Attributes:
        hits: Occurrences in the references that were written whole and in place.
        occurrences: Occurrences in the references.
        false_alarms: Occurrences in the hypotheses that are no hit.
    """

    hits: int = 0
    occurrences: int = 0
    false_alarms: int = 0

    @property
    def recall(self) -> float | None:
        """Hits per occurrence, None where the term does not occur."""
        return self.hits / self.occurrences if self.occurrences else None

    @property
    def low(self) -> float:
        return wilson_interval(self.hits, self.occurrences)[0]

    @property
    def high(self) -> float:
        return wilson_interval(self.hits, self.occurrences)[1]

    def to_json(self) -> dict[str, float | int | None]:
        low, high = wilson_interval(self.hits, self.occurrences)
        return {
            "hits": self.hits,
            "recall": self.recall,
            "low": low,
            "high": high,
            "false_alarms": self.false_alarms,
        }


@dataclass(frozen=True)
class TermScore:
    """One term, before and after.

    Attributes:
        term: As the expert wrote it.
        train_occurrences: How often the training texts hold it.
    """

    term: str
    base: TermCount
    adapted: TermCount
    train_occurrences: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "term": self.term,
            "occurrences": self.base.occurrences,
            "train_occurrences": self.train_occurrences,
            "base": self.base.to_json(),
            "adapted": self.adapted.to_json(),
        }


def score_terms(
    terms: Iterable[str], base: Evaluation, adapted: Evaluation, train_texts: Iterable[str] = ()
) -> tuple[TermScore, ...]:
    """Count each term of a word list on both sides.

    An occurrence is the term's normalised words in a row in the reference; it is a hit if all of them are "equal" in
    the alignment with nothing inserted between. Overlapping occurrences count each.

    Args:
        terms: Words or phrases; those equal after normalising count once, those that normalise to nothing are left out.
        base: The base model's evaluation.
        adapted: The adapted model's, on the same clips with the same normalizer.
        train_texts: References the model was trained on.

    Raises:
        DataError: The two evaluations differ in clips or normalizer.
    """
    _check_same(base, adapted)
    index = _TermIndex.build(terms, base.normalizer)
    lines = [None] * len(base.clips)
    return _term_scores(index, (base, adapted), lines, train_texts)


def score_rare_words(
    rare_words_per_line: Sequence[Sequence[str] | None],
    base: Evaluation,
    adapted: Evaluation,
    train_texts: Iterable[str] = (),
) -> tuple[TermScore, ...]:
    """Like score_terms where each line has its own rare words: hits and occurrences count only in lines that list them.

    A false alarm counts in every line: a rare word written where nobody said it.

    Raises:
        DataError: The lists differ in length, or the evaluations in clips or normalizer.
    """
    _check_same(base, adapted)
    if len(rare_words_per_line) != len(base.clips):
        raise DataError(
            say(
                "{n} lists of rare words for {n2} lines; give one per line.",
                n=len(rare_words_per_line),
                n2=len(base.clips),
            )
        )
    index = _TermIndex.build((word for line in rare_words_per_line for word in line or ()), base.normalizer)
    lines = [{_compared(word, base.normalizer) for word in line or ()} for line in rare_words_per_line]
    return _term_scores(index, (base, adapted), lines, train_texts)


def term_errors(
    terms: Iterable[str], rare_words_per_line: Sequence[Sequence[str] | None] | None, side: Evaluation
) -> list[tuple[int, int]]:
    """Errors in the words of terms, and how many such words were said, clip by clip; all others are the rest.

    Le et al. 2021, https://arxiv.org/abs/2104.02194, call the rates B-WER (terms) and U-WER (the rest). A word of the
    reference counts with the terms where an occurrence of one covers it, an inserted one where the hypothesis holds a
    whole term there.

    Args:
        terms: The word list, for all clips; left aside where each line lists its own words.
    """
    per_line = rare_words_per_line
    listed = terms if per_line is None else [word for line in per_line for word in line or ()]
    index = _TermIndex.build(listed, side.normalizer)
    if per_line is None:
        return [_clip_term_errors(index, clip, None) for clip in side.clips]
    lines = [{_compared(word, side.normalizer) for word in line or ()} for line in per_line]
    return [_clip_term_errors(index, clip, line) for clip, line in zip(side.clips, lines, strict=True)]


def _clip_term_errors(index: "_TermIndex", clip: ClipScore, line: set[Words] | None) -> tuple[int, int]:
    wrong = 0
    said = _covered(index, [op.reference for op in clip.alignment if op.kind != "insert"], line)
    heard = _covered(index, [op.hypothesis for op in clip.alignment if op.kind != "delete"], line)
    at_said = at_heard = 0
    for op in clip.alignment:
        if op.kind == "insert":
            wrong += at_heard in heard
        elif op.kind != "equal":
            wrong += at_said in said
        at_said += op.kind != "insert"
        at_heard += op.kind != "delete"
    return wrong, len(said)


def _covered(index: "_TermIndex", words: Sequence[str], line: set[Words] | None) -> set[int]:
    """Places of the words that belong to an occurrence of a term."""
    found = ((term, start) for term, start in index.find(words) if line is None or term in line)
    return {start + k for term, start in found for k in range(len(term))}


def occurrences(terms: Iterable[str], texts: Sequence[str], normalizer_name: str) -> dict[str, list[int]]:
    """Which texts hold which terms, by the rules of `score_terms`.

    Returns:
        Term -> the places of the texts in which it occurs, in order; a term that occurs nowhere has none.
    """
    index = _TermIndex.build(terms, normalizer_name)
    found: dict[Words, list[int]] = {words: [] for words in index.names}
    for place, text in enumerate(texts if found else ()):
        for words in {words for words, _ in index.find(_compared(text, normalizer_name))}:
            found[words].append(place)
    return {name: found[words] for words, name in index.names.items()}


def pooled(term_scores: Iterable[TermScore]) -> TermScore:
    """All terms as one, named "all terms": each occurrence weighs the same."""
    scores = list(term_scores)
    return TermScore(
        "all terms",
        _sum(score.base for score in scores),
        _sum(score.adapted for score in scores),
        sum(score.train_occurrences for score in scores),
    )


@dataclass(frozen=True)
class _TermIndex:
    """Terms by their normalised words, and the lengths to try at each first word."""

    names: dict[Words, str]
    lengths: dict[str, tuple[int, ...]]

    @classmethod
    def build(cls, terms: Iterable[str], normalizer_name: str) -> "_TermIndex":
        names = dict[Words, str]()
        for term in dict.fromkeys(terms):
            if words := _compared(term, normalizer_name):
                names.setdefault(words, term.strip())
        lengths: dict[str, set[int]] = {}
        for words in names:
            lengths.setdefault(words[0], set()).add(len(words))
        return cls(names, {first: tuple(sorted(sizes)) for first, sizes in lengths.items()})

    def find(self, words: Sequence[str]) -> Iterator[tuple[Words, int]]:
        """Each occurrence of a term in a row of words, with the position of its first word."""
        for start, word in enumerate(words):
            for length in self.lengths.get(word, ()):
                candidate = tuple(words[start : start + length])
                if candidate in self.names:
                    yield candidate, start


@lru_cache(maxsize=100_000)
def _compared(term: str, normalizer_name: str) -> Words:
    """The words of a term, or of a text, as they are compared; both come again and again."""
    return tuple(normalizer(normalizer_name)(term).split())


def _term_scores(
    index: _TermIndex,
    sides: tuple[Evaluation, Evaluation],
    lines: Sequence[set[Words] | None],
    train_texts: Iterable[str],
) -> tuple[TermScore, ...]:
    base, adapted = (_count(index, side, lines) for side in sides)
    normalize = normalizer(sides[0].normalizer)
    train = Counter(term for text in train_texts for term, _ in index.find(normalize(text).split()))
    return tuple(TermScore(name, base[words], adapted[words], train[words]) for words, name in index.names.items())


def _count(index: _TermIndex, side: Evaluation, lines: Sequence[set[Words] | None]) -> dict[Words, TermCount]:
    """Count one side; a line's set limits which terms count there, None lets all count."""
    hits, occurrences, false_alarms = Counter[Words](), Counter[Words](), Counter[Words]()
    for clip, listed in zip(side.clips, lines, strict=True):
        for term, hit in _found(index, clip, "reference"):
            if listed is None or term in listed:
                occurrences[term] += 1
                hits[term] += hit
        false_alarms.update(term for term, hit in _found(index, clip, "hypothesis") if not hit)
    return {term: TermCount(hits[term], occurrences[term], false_alarms[term]) for term in index.names}


def _found(index: _TermIndex, clip: ClipScore, side: str) -> Iterator[tuple[Words, bool]]:
    """Terms in one side of an alignment, each with whether the other side has it at the same place."""
    absent = "insert" if side == "reference" else "delete"
    steps = [(place, op) for place, op in enumerate(clip.alignment) if op.kind != absent]
    words = [getattr(op, side) for _, op in steps]
    for term, start in index.find(words):
        yield term, _is_hit(steps[start : start + len(term)])


def _is_hit(steps: Sequence[tuple[int, WordOp]]) -> bool:
    in_a_row = steps[-1][0] - steps[0][0] == len(steps) - 1
    return in_a_row and all(op.kind == "equal" for _, op in steps)


def _sum(counts: Iterable[TermCount]) -> TermCount:
    rows = list(counts)
    return TermCount(
        sum(row.hits for row in rows), sum(row.occurrences for row in rows), sum(row.false_alarms for row in rows)
    )


def _check_same(base: Evaluation, adapted: Evaluation) -> None:
    if len(base.clips) != len(adapted.clips) or base.normalizer != adapted.normalizer:
        raise DataError(say("Base and adapted must be scored on the same clips with the same normalizer."))
