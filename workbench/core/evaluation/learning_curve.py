"""What more clips would bring: WER over the number of training clips, a power law with a band, and one sentence.

The error of a learner falls with its data as a power of it, down to a floor (Hestness et al. 2017, arXiv 1712.00409).
Few points determine such a law badly, so the forecast is a band over bootstrap samples of clips and draws, and goes to
twice the data at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.language.said import say

FURTHEST = 2.0  # times the clips there are
EXPONENTS = np.linspace(0.05, 1.5, 59)
FLOORS = np.linspace(0.0, 0.95, 20)  # share of the lowest error seen
SAMPLES = 400
CONFIDENCE = 0.8  # of the band: an even bet would be too narrow, 95 % of so few points says nothing


@dataclass(frozen=True)
class Point:
    """One training on part of the clips.

    Attributes:
        clips: It learned from so many.
        errors: (n_test_clips,) word errors on each test clip.
    """

    clips: int
    errors: tuple[int, ...]


@dataclass(frozen=True)
class Forecast:
    """WER at a number of clips, as fractions."""

    clips: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """A fitted curve.

    Attributes:
        sizes: Numbers of clips that were tried, ascending.
        means: Mean WER over the draws at each size.
        forecasts: The band at each size and beyond, up to twice the clips there are.
        here: The band at the number of clips there are.
    """

    sizes: tuple[int, ...]
    means: tuple[float, ...]
    forecasts: tuple[Forecast, ...]
    here: Forecast

    def at(self, clips: int) -> Forecast:
        """The forecast at the number of clips nearest to this one."""
        return min(self.forecasts, key=lambda f: abs(f.clips - clips))

    def sentence(self) -> str:
        """What an expert needs to know: whether recording more of the same is worth the trouble."""
        now = self.here
        more = max(1, round(now.clips * (FURTHEST - 1)))
        then = self.at(now.clips + more)
        gain = now.estimate - then.high
        figures = {
            "clips": more,
            "before": _percent(now.estimate),
            "low": _percent(then.low),
            "high": _percent(then.high),
        }
        if then.high - then.low > max(0.1, 0.5 * now.estimate):
            return say(
                "These clips cannot tell: with {clips} more, the WER of about {before} would come to anything from "
                "{low} to {high}. More test clips or draws would tell more.",
                **figures,
            )
        if gain < max(0.01, 0.05 * now.estimate):
            return say(
                "More of the same would not help much: with {clips} more clips the WER would go from about {before} "
                "to {low}–{high}. Other speakers, rooms or words may.",
                **figures,
            )
        return say("{clips} more clips would bring the WER from about {before} to {low}–{high}.", **figures)


def _percent(rate: float) -> str:
    return say("{percent:.0f}%", percent=100 * rate)


def sizes_for(clips: int, *, at_least: int = 5, smallest: int = 4) -> tuple[int, ...]:
    """Five or more nested sizes up to all clips, in equal steps of the logarithm; fewer where clips are few."""
    low = max(smallest, clips // 16)
    wanted = np.unique(np.rint(np.geomspace(low, clips, at_least)).astype(int)) if clips > low else np.array([clips])
    return tuple(int(n) for n in wanted)


def fit(points: Sequence[Point], reference_words: Sequence[int], clips: int, *, seed: int = 0) -> LearningCurve:
    """Fit WER = floor + scale · n^−exponent and forecast to twice the clips.

    Args:
        points: Trainings, several a size.
        reference_words: (n_test_clips,) words of each test clip.
        clips: How many training clips there are.
        seed: Makes the band repeatable.
    """
    words = np.asarray(reference_words, dtype=np.float64)
    errors = np.asarray([p.errors for p in points], dtype=np.float64)  # (n_points, n_test_clips)
    counts = np.asarray([p.clips for p in points], dtype=np.float64)
    rates = errors.sum(1) / words.sum()
    grid = np.unique(np.rint(np.geomspace(counts.min(), FURTHEST * clips, 40)).astype(int))
    grid = np.union1d(grid, [clips])
    law = _predict(_best_law(counts, rates), grid)
    rng = np.random.default_rng(seed)
    bands = np.empty((SAMPLES, len(grid)))
    for i in range(SAMPLES):
        drawn = rng.integers(0, len(words), len(words))
        chosen = _redrawn(counts, rng)
        sample = errors[chosen][:, drawn].sum(1) / max(1.0, words[drawn].sum())
        bands[i] = _predict(_best_law(counts[chosen], sample), grid)
    low, high = np.quantile(bands, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    forecasts = tuple(
        Forecast(int(n), float(e), float(min(lo, e)), float(max(hi, e)))
        for n, e, lo, hi in zip(grid, law, low, high, strict=True)
    )
    sizes = tuple(int(n) for n in np.unique(counts))
    means = tuple(float(rates[counts == n].mean()) for n in sizes)
    here = next(f for f in forecasts if f.clips == clips)
    return LearningCurve(sizes, means, forecasts, here)


def _redrawn(counts: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Points drawn with replacement, within each size, so that every size stays in the fit."""
    parts = [np.flatnonzero(counts == n) for n in np.unique(counts)]
    return np.concatenate([rng.choice(part, len(part)) for part in parts])


def _best_law(counts: NDArray[np.float64], rates: NDArray[np.float64]) -> tuple[float, float, float]:
    """Floor, scale and exponent with the least squared error: a grid of floors and exponents, the scale in closed form.

    The scale is not negative: a curve that rises with more clips is fitted by its mean.
    """
    floors = FLOORS * rates.min()
    shapes = counts[None, :] ** -EXPONENTS[:, None]  # (n_exponents, n_points)
    rest = rates[None, :] - floors[:, None]  # (n_floors, n_points)
    scales = np.maximum(0.0, rest @ shapes.T / (shapes**2).sum(1))  # (n_floors, n_exponents)
    residuals = ((rest[:, None, :] - scales[..., None] * shapes) ** 2).sum(-1)
    floor, exponent = np.unravel_index(residuals.argmin(), residuals.shape)
    return float(floors[floor]), float(scales[floor, exponent]), float(EXPONENTS[exponent])


def _predict(law: tuple[float, float, float], grid: NDArray[np.int64]) -> NDArray[np.float64]:
    floor, scale, exponent = law
    return floor + scale * grid.astype(np.float64) ** -exponent
