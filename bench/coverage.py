"""How often the interval of a change in WER holds, and how often "better" is said where nothing changed.

Clips are drawn as they are met: of unlike difficulty (a beta distribution of the share of wrong words, concentration
2), with about ten words; of what one side gets wrong the other repeats 60 %. Speakers differ in difficulty, and in what
adapting does for them; so do the models of five folds, whose clips are pooled. Without an effect both sides are drawn
alike. Each trial is judged by the product's own interval, and by the plain percentile interval that stood before it.
Of folds the interval is held against what their five models truly change, as is said of them; what the procedure would
change on average, with other models, is told apart.

    python -m bench.coverage [--trials 8000] [--smoke]
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.report import RESULTS, show, write
from workbench.core.evaluation.intervals import FEWEST_DIFFERING, Interval, paired_bootstrap, verdict

WORDS, LEAST_WORDS = 10, 3  # of a clip
CONCENTRATION = 2.0  # of the clips' difficulty: many are easy, some are hopeless
SHARED = 0.6  # of the errors
SPEAKER_SPREAD, SPEAKER_EFFECT, FOLD_EFFECT = 0.5, 0.3, 0.15  # standard deviations of logarithms
MOST = 0.98  # share of wrong words
PER_SPEAKER, FOLDS = 4, 5
RESAMPLES = 2_000  # a simulation averages over trials, so that fewer than the product's will do
POWER = 0.8
REDUCTIONS = (0.5, 0.3, 0.2, 0.1)
LADDER = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 450, 640)  # clips


@dataclass(frozen=True)
class Cell:
    """One kind of test set.

    Attributes:
        wer: Of the base.
        effect: Share of the errors that adapting takes away.
        speakers: How many there are; 0 where clips are independent.
        folds: Whether each clip is tested by one of five models.
    """

    clips: int
    wer: float
    effect: float
    speakers: int = 0
    folds: bool = False


def cells() -> Iterator[Cell]:
    for wer in (0.05, 0.2):
        for effect in (0.0, 0.3, 0.5):
            for clips in (10, 16, 20, 30, 60, 100, 200):
                yield Cell(clips, wer, effect)
            for speakers in (8, 12, 20, 40):
                yield Cell(PER_SPEAKER * speakers, wer, effect, speakers=speakers)
            for clips in (30, 60):
                yield Cell(clips, wer, effect, folds=True)


@dataclass(frozen=True)
class Drawn:
    """Test sets of one cell.

    Attributes:
        base, adapted, words: (trials, clips) errors, errors and words.
        speakers: Of each clip; None where clips are independent.
        factors: (trials, folds) what each fold's model makes of the share of wrong words; None without folds.
        change: Mean of the true change over all trials.
    """

    base: NDArray[np.int64]
    adapted: NDArray[np.int64]
    words: NDArray[np.int64]
    speakers: list[str | None]
    factors: NDArray[np.float64] | None
    change: float


def draw(cell: Cell, trials: int, rng: np.random.Generator) -> Drawn:
    """Test sets of a cell."""
    shape = (trials, cell.clips)
    words = np.maximum(LEAST_WORDS, rng.poisson(WORDS, shape))
    wrong = rng.beta(cell.wer * CONCENTRATION, (1 - cell.wer) * CONCENTRATION, shape)
    base_factor, factor = np.ones(shape), np.full(shape, 1 - cell.effect)
    if cell.speakers:
        who = np.arange(cell.clips) % cell.speakers
        wrong = wrong * _factors(rng, (trials, cell.speakers), SPEAKER_SPREAD)[:, who]
        base_factor = base_factor * _factors(rng, (trials, cell.speakers), SPEAKER_EFFECT)[:, who]
        factor = factor * _factors(rng, (trials, cell.speakers), SPEAKER_EFFECT)[:, who]
    factors = None
    if cell.folds:
        factors = (1 - cell.effect) * _factors(rng, (trials, FOLDS), FOLD_EFFECT)
        factor = factors[:, np.arange(cell.clips) % FOLDS]
    p, q = np.minimum(MOST, wrong * base_factor), np.minimum(MOST, wrong * factor)
    both = SHARED * np.minimum(p, q) + (1 - SHARED) * p * q
    base = rng.binomial(words, p)
    kept = np.clip(np.divide(both, p, out=np.zeros(shape), where=p > 0), 0, 1)
    new = np.clip((q - both) / (1 - p), 0, 1)
    adapted = rng.binomial(base, kept) + rng.binomial(words - base, new)
    speakers: list[str | None] = [f"s{i % cell.speakers}" if cell.speakers else None for i in range(cell.clips)]
    return Drawn(base, adapted, words, speakers, factors, float((words * (q - p)).sum() / words.sum()))


def _factors(rng: np.random.Generator, shape: tuple[int, int], spread: float) -> NDArray[np.float64]:
    """Factors around 1, which is their mean."""
    return np.exp(rng.normal(-spread * spread / 2, spread, shape))


def true_changes(cell: Cell, drawn: Drawn, rng: np.random.Generator) -> NDArray[np.float64]:
    """What each trial's models truly change, (trials,): of the crowd that its clips, or speakers, were drawn from."""
    trials = len(drawn.base)
    if drawn.factors is None:
        whole = draw(cell, max(1, 1_000_000 // cell.clips), rng).change if cell.effect else 0.0
        return np.full(trials, whole)
    wrong = rng.beta(cell.wer * CONCENTRATION, (1 - cell.wer) * CONCENTRATION, 100_000)
    steps = np.linspace(0.0, 3.0, 301)
    changes = [float((np.minimum(MOST, wrong * f) - np.minimum(MOST, wrong)).mean()) for f in steps]
    found: NDArray[np.float64] = np.interp(drawn.factors, steps, changes).mean(axis=1)
    return found


def intervals(drawn: Drawn) -> list[Interval]:
    """The product's interval of each trial."""
    sides = zip(drawn.base.tolist(), drawn.adapted.tolist(), drawn.words.tolist(), strict=True)
    return [
        paired_bootstrap(*side, drawn.speakers, resamples=RESAMPLES, seed=trial) for trial, side in enumerate(sides)
    ]


def percentiles(drawn: Drawn, cell: Cell) -> NDArray[np.float64]:
    """What stood before, (trials, 2): the 2.5 and 97.5 percentiles of the resampled change."""
    change, words = (drawn.adapted - drawn.base).T.astype(float), drawn.words.T.astype(float)
    if cell.speakers:
        who = np.arange(cell.clips) % cell.speakers
        change, words = (np.stack([x[who == s].sum(axis=0) for s in range(cell.speakers)]) for x in (change, words))
    groups = len(change)
    times = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), RESAMPLES).astype(float)
    ends: NDArray[np.float64] = np.quantile((times @ change) / (times @ words), [0.025, 0.975], axis=0).T
    return ends


def measure(cell: Cell, trials: int, seed: int) -> dict[str, Any]:
    """One row."""
    rng = np.random.default_rng(seed)
    drawn = draw(cell, trials, rng)
    truth = true_changes(cell, drawn, rng)
    found, before = intervals(drawn), percentiles(drawn, cell)
    ends, judges = np.array([(i.low, i.high) for i in found]), np.array([i.judges for i in found])
    verdicts = np.array([verdict(i) for i in found])
    wrong = ((verdicts == "better") & (truth >= 0)) | ((verdicts == "worse") & (truth <= 0))
    return {
        "clips": cell.clips,
        "speakers": cell.speakers,
        "folds": cell.folds,
        "wer": cell.wer,
        "effect": cell.effect,
        "base_errors": round(float(drawn.base.sum(axis=1).mean())),
        "too_few": _share(~judges),
        "holds": _share(_held(ends, truth)[judges]) if judges.any() else None,
        "held_before": _share(_held(before, truth)),
        "holds_of_procedure": _share(_held(ends, np.full(trials, truth.mean()))[judges]) if cell.folds else None,
        "better": _share(verdicts == "better"),
        "better_before": _share(before[:, 1] < 0),
        "wrong": _share(wrong),
    }


def _held(ends: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (ends[:, 0] - 1e-12 <= truth) & (truth <= ends[:, 1] + 1e-12)
    return found


def _share(which: NDArray[np.bool_]) -> float:
    return round(float(which.mean()), 4)


def errors_to_prove(effect: float, wer: float, trials: int) -> int | None:
    """Base errors in the test clips with which so large an effect is proven in 80 % of the trials; None beyond."""
    last = None
    for clips in LADDER:
        drawn = draw(Cell(clips, wer, effect), trials, np.random.default_rng(clips))
        share = sum(verdict(i) == "better" for i in intervals(drawn)) / trials
        errors = float(drawn.base.sum(axis=1).mean())
        if share >= POWER:
            if last is None or last[0] >= share:
                return round(errors)
            part = (POWER - last[0]) / (share - last[0])
            return round(exp(log(last[1]) + part * (log(errors) - log(last[1]))))
        last = share, errors
    return None


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8000)
    parser.add_argument("--smoke", action="store_true", help="two cells and few trials, to see that it runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    chosen = [Cell(16, 0.2, 0.0), Cell(32, 0.2, 0.5, speakers=8)] if given.smoke else list(cells())
    trials = 40 if given.smoke else given.trials
    rows = [measure(cell, trials, seed) for seed, cell in enumerate(chosen)]
    show(f"How often the 95 % interval holds, {trials:,} trials a row (judged: {FEWEST_DIFFERING} differ)", rows)
    wanted = REDUCTIONS[:1] if given.smoke else REDUCTIONS
    proven = [
        {"effect": r, **{f"at_{100 * wer:.0f}": errors_to_prove(r, wer, trials // 2) for wer in (0.1, 0.2)}}
        for r in wanted
    ]
    show("Base errors with which such a reduction is proven in 80 % of the trials, at 10 and 20 % WER", proven)
    write("coverage", {"trials": trials, "cells": rows, "provable": proven}, given.out)


if __name__ == "__main__":
    main()
