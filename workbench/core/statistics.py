"""Is the change real? Paired bootstrap of the WER difference, the verdict, and what a test set can prove at all.

Bisani & Ney 2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP; clips of one
speaker depend on one another, hence blocks: Liu & Peng 2019, https://arxiv.org/abs/1912.09508.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.types import Verdict
from workbench.errors import DataError

MIN_SPEAKERS = 8  # fewer blocks make the bootstrap's interval far too narrow
CONFIDENCE = 0.95
_DRAWS_PER_BLOCK = 1_000_000  # bounds memory to some tens of MB

# Base errors in the test set -> smallest relative WER reduction that a paired bootstrap proves with 80 % power.
# From the project's simulation (recipes, Statistics): one-sided 2.5 %, overdispersed clips, 60 % shared errors.
PROVABLE = ((30, 0.5), (65, 0.3), (125, 0.2), (400, 0.1))


@dataclass(frozen=True)
class Interval:
    """A change in pooled WER, adapted minus base, as a fraction: negative is better.

    Attributes:
        estimate: The change that was measured.
        low: Lower end of the 95 % percentile interval.
        high: Upper end.
        over: What was resampled.
        groups: How many of these there are.
    """

    estimate: float
    low: float
    high: float
    over: Literal["clips", "speakers"]
    groups: int

    def to_json(self) -> dict[str, Any]:
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "over": self.over,
            "groups": self.groups,
        }


def paired_bootstrap(
    base_errors: Sequence[int],
    adapted_errors: Sequence[int],
    reference_words: Sequence[int],
    speakers: Sequence[str | None] | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """The change in pooled WER with its 95 % percentile interval, by resampling clips or speakers with replacement.

    Args:
        base_errors: Word errors of the base, one per clip.
        adapted_errors: Word errors of the adapted model on the same clips.
        reference_words: Reference words per clip.
        speakers: Speaker per clip; blocks are speakers where every clip has one and at least 8 differ, else clips.
        resamples: Number of bootstrap samples.
        seed: Makes the interval repeatable.

    Raises:
        DataError: The lists differ in length.
    """
    if not len(base_errors) == len(adapted_errors) == len(reference_words) == len(speakers or base_errors):
        raise DataError("The bootstrap needs base errors, adapted errors, words and speakers for the same clips.")
    change = np.asarray(adapted_errors, dtype=np.float64) - np.asarray(base_errors, dtype=np.float64)
    words = np.asarray(reference_words, dtype=np.float64)
    over: Literal["clips", "speakers"] = "clips"
    if speakers and all(speakers) and len(set(speakers)) >= MIN_SPEAKERS:
        over = "speakers"
        _, block = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
        change, words = _sum_blocks(block, change), _sum_blocks(block, words)
    estimate = float(_rate(change.sum(keepdims=True), words.sum(keepdims=True))[0])
    if not len(change):
        return Interval(0.0, 0.0, 0.0, over, 0)
    changes = _resample(change, words, resamples=resamples, seed=seed)
    low, high = np.quantile(changes, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(estimate, float(low), float(high), over, len(change))


def verdict(interval: Interval) -> Verdict:
    """Say "better" or "worse" where the interval excludes zero; fewer than two clips prove nothing."""
    if interval.groups < 2:
        return "no proof"
    if interval.high < 0:
        return "better"
    return "worse" if interval.low > 0 else "no proof"


def provable_change(base_errors: int) -> float | None:
    """The smallest relative WER reduction that so many base errors in the test set prove with 80 % power.

    Interpolated log-log between the points of PROVABLE; beyond them it shrinks with the square root of the errors.

    Returns:
        A fraction (0.5: only a halving), or None where not even a halving can be proved.
    """
    fewest, most = PROVABLE[0][0], PROVABLE[-1][0]
    if base_errors < fewest:
        return None
    if base_errors > most:
        return PROVABLE[-1][1] * sqrt(most / base_errors)
    errors, reductions = zip(*((log(count), log(reduction)) for count, reduction in PROVABLE), strict=True)
    return exp(float(np.interp(log(base_errors), errors, reductions)))


def provable_sentence(test_clips: int, base_errors: int, called: str = "base errors") -> str:
    """Say what a test set can prove at all.

    Args:
        called: The errors' name, a plural; of two runs, the first one's errors are not the base's.
    """
    clips = f"{test_clips:,} test clip{'' if test_clips == 1 else 's'}"
    errors = f"about {base_errors:,} {called.replace('errors', 'error') if base_errors == 1 else called}"
    reduction = provable_change(base_errors)
    if reduction is None:
        return f"{clips} with {errors} can prove no change, not even a halving; add test clips."
    if reduction > 0.45:
        return f"{clips} with {errors} can prove a halving; a smaller gain may stay unproven."
    percent = max(1, round(100 * reduction))
    provable = f"can prove that about {percent} % of the errors are gone; a smaller gain may stay unproven."
    return f"{clips} with {errors} {provable}"


def _sum_blocks(block: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.bincount(block, weights=values).astype(np.float64)


def _resample(
    change: NDArray[np.float64], words: NDArray[np.float64], *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """The pooled change in each bootstrap sample, (resamples,) float64."""
    rng, groups = np.random.default_rng(seed), len(change)
    rows = max(1, _DRAWS_PER_BLOCK // groups)
    parts = []
    for start in range(0, resamples, rows):
        drawn = rng.integers(0, groups, size=(min(rows, resamples - start), groups), dtype=np.int32)
        parts.append(_rate(change[drawn].sum(axis=1), words[drawn].sum(axis=1)))
    return np.concatenate(parts)


def _rate(change: NDArray[np.float64], words: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors per word, 0 where a sample holds no reference word."""
    return np.divide(change, words, out=np.zeros_like(change), where=words > 0)
