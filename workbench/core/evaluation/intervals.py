"""Is the change real? A paired bootstrap of the WER difference, the verdict, and what a test set can prove at all.

Bisani & Ney 2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP; clips of one
speaker depend on one another, hence blocks: Liu & Peng 2019, https://arxiv.org/abs/1912.09508.

Of few clips the usual percentile interval is too narrow (Hesterberg 2015, "What Teachers Should Know About the
Bootstrap", https://doi.org/10.1080/00031305.2015.1089789). So it is widened as he gives it, by Student's t and
sqrt(n / (n - 1)), where n lies halfway between all clips and those that differ: clips without a change tell little of
how far changes spread. And because errors are skewed, each end is the farther one of that interval and of a studentised
bootstrap (Efron & Tibshirani 1993, "An Introduction to the Bootstrap", 12.5). How often that holds:
`bench/coverage.py`, docs/honesty.md.

No end is cut off at the errors that the base made in these clips: the interval is about all clips of their kind, and of
those the base may get more wrong. Cut off, it missed changes that were larger than these clips could show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from workbench.core.types import Verdict
from workbench.errors import DataError
from workbench.language.said import say

MIN_SPEAKERS = 8  # fewer blocks make the bootstrap's interval far too narrow
CONFIDENCE = 0.95
FEWEST_DIFFERING = 6  # that all of fewer clips improve by luck is more likely than 5 %, two-sided: 2 * 0.5 ** 5
METHOD = "wider of studentised and t-expanded percentile bootstrap, t by the mean of all and differing"
EARLIER_METHOD = "percentile bootstrap"  # of runs that finished before
_DRAWS_PER_BLOCK = 200_000  # so that they stay in the cache: three times as fast as a million

# Base errors in the test set -> smallest relative WER reduction that a paired bootstrap proves with 80 % power.
# From `bench/coverage.py`, the larger figure of its two bases.
PROVABLE = ((36, 0.5), (67, 0.3), (129, 0.2), (432, 0.1))


@dataclass(frozen=True)
class Interval:
    """A change in pooled WER, adapted minus base, as a fraction: negative is better.

    Attributes:
        estimate: The change that was measured.
        low: Lower end of the 95 % interval.
        high: Upper end.
        over: What was resampled.
        groups: How many of these there are.
        differing: How many of them have another number of errors than before.
        method: How the interval was made.
    """

    estimate: float
    low: float
    high: float
    over: Literal["clips", "speakers"]
    groups: int
    differing: int
    method: str = METHOD

    @property
    def judges(self) -> bool:
        """Whether enough clips, or speakers, differ for the interval to judge; see `FEWEST_DIFFERING`."""
        return self.differing >= FEWEST_DIFFERING or self.method == EARLIER_METHOD

    def to_json(self) -> dict[str, Any]:
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "over": self.over,
            "groups": self.groups,
            "differing": self.differing,
            "method": self.method,
        }


def paired_bootstrap(
    base_errors: Sequence[int],
    adapted_errors: Sequence[int],
    reference_words: Sequence[int],
    speakers: Sequence[str | None] | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    method: str = METHOD,
) -> Interval:
    """The change in pooled WER with its 95 % interval, by resampling clips or speakers with replacement.

    Where fewer than `FEWEST_DIFFERING` of them differ the studentised interval means nothing and is left out.

    Args:
        base_errors: Word errors of the base, one per clip.
        adapted_errors: Word errors of the adapted model on the same clips.
        reference_words: Reference words per clip.
        speakers: Speaker per clip; blocks are speakers where every clip has one and at least 8 differ, else clips.
        resamples: Number of bootstrap samples.
        seed: Makes the interval repeatable.
        method: `METHOD`, or `EARLIER_METHOD` for the figures of runs from before it.

    Raises:
        DataError: The lists differ in length.
    """
    if not len(base_errors) == len(adapted_errors) == len(reference_words) == len(speakers or base_errors):
        raise DataError(say("The bootstrap needs base errors, adapted errors, words and speakers for the same clips."))
    change = np.asarray(adapted_errors, dtype=np.float64) - np.asarray(base_errors, dtype=np.float64)
    words = np.asarray(reference_words, dtype=np.float64)
    over: Literal["clips", "speakers"] = "clips"
    if speakers and all(speakers) and len(set(speakers)) >= MIN_SPEAKERS:
        over = "speakers"
        _, block = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
        change, words = _sum_blocks(block, change), _sum_blocks(block, words)
    if not len(change):
        return Interval(0.0, 0.0, 0.0, over, 0, 0)
    estimate = float(_rate(change.sum(keepdims=True), words.sum(keepdims=True))[0])
    differing = int(np.count_nonzero(change))
    if method == EARLIER_METHOD:
        low, high = _percentiles(change, words, (resamples, seed))
        return Interval(estimate, low, high, over, len(change), differing, method)
    low, high = _ends(change, words, estimate, studentise=differing >= FEWEST_DIFFERING, draws=(resamples, seed))
    return Interval(estimate, low, high, over, len(change), differing)


def verdict(interval: Interval) -> Verdict:
    """Say "better" or "worse" where the interval excludes zero and enough clips, or speakers, differ."""
    if not interval.judges:
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


def _sum_blocks(block: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.bincount(block, weights=values).astype(np.float64)


def _ends(
    change: NDArray[np.float64],
    words: NDArray[np.float64],
    estimate: float,
    *,
    studentise: bool,
    draws: tuple[int, int],
) -> tuple[float, float]:
    """Both ends of the interval of the pooled change.

    Args:
        draws: Number of bootstrap samples, and their seed.
    """
    units, tail = max(2.0, (len(change) + np.count_nonzero(change)) / 2), (1 - CONFIDENCE) / 2
    moments = np.stack([change, words, change**2, change * words, words**2], axis=1)
    sums = _resample(moments, draws)
    rates = _rate(sums[:, 0], sums[:, 1])
    wider = float(ndtr(stdtrit(units - 1, tail) * sqrt(units / (units - 1))))
    low, high = (float(end) for end in np.quantile(rates, [wider, 1 - wider]))
    if not studentise:
        return low, high
    errors = _standard_errors(rates, sums)
    own = float(_standard_errors(np.array([estimate]), moments.sum(axis=0, keepdims=True))[0])
    found = errors > 0  # a sample in which nothing differs has no error of its own
    if not found.any():
        return low, high
    from_below, from_above = np.quantile((rates[found] - estimate) / errors[found], [tail, 1 - tail])
    return min(low, estimate - float(from_above) * own), max(high, estimate - float(from_below) * own)


def _percentiles(
    change: NDArray[np.float64], words: NDArray[np.float64], draws: tuple[int, int]
) -> tuple[float, float]:
    """Both ends as they were found before: plain percentiles, too narrow for few clips."""
    sums = _resample(np.stack([change, words], axis=1), draws)
    tail = (1 - CONFIDENCE) / 2
    low, high = (float(end) for end in np.quantile(_rate(sums[:, 0], sums[:, 1]), [tail, 1 - tail]))
    return low, high


def _standard_errors(rates: NDArray[np.float64], sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The standard error of a ratio of sums, by its linearisation, but for a factor that all samples share.

    Args:
        rates: (samples,) the ratios.
        sums: (samples, 5) sums of change, words, change², change * words and words² in each sample.
    """
    _, words, squares, products, squared_words = sums.T
    squares = squares - 2 * rates * products + rates**2 * squared_words
    return _rate(np.sqrt(np.maximum(squares, 0.0)), words)


def _resample(values: NDArray[np.float64], draws: tuple[int, int]) -> NDArray[np.float64]:
    """The sums of (groups, n) values in each bootstrap sample, (resamples, n)."""
    (resamples, seed), groups = draws, len(values)
    rng, rows = np.random.default_rng(seed), max(1, _DRAWS_PER_BLOCK // groups)
    parts = []
    for start in range(0, resamples, rows):
        drawn = rng.integers(0, groups, size=(min(rows, resamples - start), groups), dtype=np.int64)
        drawn += groups * np.arange(len(drawn))[:, None]
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        parts.append(times.astype(np.float64) @ values)  # a product of integers takes no fast path
    return np.concatenate(parts)


def _rate(change: NDArray[np.float64], words: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors per word, 0 where a sample holds no reference word."""
    return np.divide(change, words, out=np.zeros_like(change), where=words > 0)
