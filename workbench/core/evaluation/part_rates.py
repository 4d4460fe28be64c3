"""The error rates on the words that matter and on all others: a model may hear the drug names and forget the rest.

Le et al. 2021, https://arxiv.org/abs/2104.02194, call them B-WER (biased words) and U-WER (unbiased).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.evaluation.intervals import METHOD, Interval, paired_bootstrap
from workbench.core.evaluation.scoring import Evaluation
from workbench.core.evaluation.terms import term_errors


@dataclass(frozen=True)
class PartRate:
    """The word error rate on some of the words, before and after.

    Attributes:
        words: How many of them were said.
        change: Adapted minus base.
    """

    words: int
    base: float
    adapted: float
    change: Interval

    def to_json(self) -> dict[str, Any]:
        return {"words": self.words, "base": self.base, "adapted": self.adapted, "change": self.change.to_json()}


def part_rates(
    terms: Sequence[str],
    rare_words_per_line: Sequence[Sequence[str] | None] | None,
    base: Evaluation,
    adapted: Evaluation,
    speakers: Sequence[str | None],
    *,
    seed: int = 0,
    method: str = METHOD,
) -> tuple[PartRate | None, PartRate | None]:
    """The rates on words of terms and on all others.

    Args:
        terms: The word list.
        rare_words_per_line: Each line's own words, in place of a list.

    Returns:
        None for either where no such word was said; for both where no list is known.
    """
    if not terms and rare_words_per_line is None:
        return None, None
    before, after = (term_errors(terms, rare_words_per_line, side) for side in (base, adapted))
    words = [said for _, said in before]
    rest = [clip.reference_words - said for clip, said in zip(base.clips, words, strict=True)]
    return (
        _rate([wrong for wrong, _ in before], [wrong for wrong, _ in after], words, speakers, seed, method),
        _rate(_others(base, before), _others(adapted, after), rest, speakers, seed, method),
    )


def _others(side: Evaluation, found: Sequence[tuple[int, int]]) -> list[int]:
    return [clip.errors - wrong for clip, (wrong, _) in zip(side.clips, found, strict=True)]


def _rate(
    before: Sequence[int],
    after: Sequence[int],
    words: Sequence[int],
    speakers: Sequence[str | None],
    seed: int,
    method: str,
) -> PartRate | None:
    total = sum(words)
    if not total:
        return None
    change = paired_bootstrap(before, after, words, speakers, seed=seed, method=method)
    return PartRate(total, sum(before) / total, sum(after) / total, change)
