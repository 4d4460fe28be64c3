"""The bootstrap covers, repeats itself, respects speakers; the verdict follows it."""

from itertools import pairwise

import numpy as np
import pytest

from bench.coverage import Cell, draw, intervals, true_changes
from workbench.core.evaluation.intervals import EARLIER_METHOD, Interval, paired_bootstrap, provable_change, verdict
from workbench.errors import DataError


def test_estimate_is_the_pooled_change() -> None:
    interval = paired_bootstrap([2, 4, 0], [1, 1, 1], [10, 10, 5])
    assert interval.estimate == pytest.approx((3 - 6) / 25)
    assert (interval.over, interval.groups) == ("clips", 3)
    assert interval.low <= interval.estimate <= interval.high


def test_deterministic_and_seeded() -> None:
    rng = np.random.default_rng(0)
    base, adapted = rng.poisson(3, 60).tolist(), rng.poisson(2, 60).tolist()
    words = [10] * 60
    assert paired_bootstrap(base, adapted, words) == paired_bootstrap(base, adapted, words)
    assert paired_bootstrap(base, adapted, words) != paired_bootstrap(base, adapted, words, seed=1)


def test_blocks_do_not_change_the_distribution() -> None:
    """More clips than fit one block of draws: the interval of a normal mean, 1.96 standard errors wide."""
    rng = np.random.default_rng(1)
    base, adapted = rng.poisson(2, 4000), rng.poisson(2, 4000)
    interval = paired_bootstrap(base.tolist(), adapted.tolist(), [10] * 4000, resamples=2000)
    width = 2 * 1.96 * np.std(adapted - base) / np.sqrt(4000) / 10
    assert interval.high - interval.low == pytest.approx(width, rel=0.1)


def test_coverage_without_a_change() -> None:
    """No true change: about 5 % of intervals exclude zero; a band that a wrong tail or factor would leave."""
    rng = np.random.default_rng(2)
    excluded = 0
    for seed in range(300):
        difficulty = rng.gamma(1.0, 2.0, 60)
        base, adapted = rng.poisson(difficulty).tolist(), rng.poisson(difficulty).tolist()
        interval = paired_bootstrap(base, adapted, [10] * 60, resamples=1000, seed=seed)
        excluded += verdict(interval) != "no proof"
    assert 0.015 <= excluded / 300 <= 0.11


def test_speaker_blocks_widen_the_interval() -> None:
    """Ten speakers, each with its own effect on all twenty clips: clips alone would look too sure."""
    rng = np.random.default_rng(3)
    speakers = np.repeat(np.arange(10), 20)
    effect = rng.normal(0, 2, 10)[speakers]
    base = np.full(200, 8)
    adapted = np.maximum(0, base + effect.round().astype(int))
    names = [f"speaker {number}" for number in speakers]
    clips = paired_bootstrap(base.tolist(), adapted.tolist(), [20] * 200)
    blocked = paired_bootstrap(base.tolist(), adapted.tolist(), [20] * 200, names)
    assert (blocked.over, blocked.groups) == ("speakers", 10)
    assert blocked.estimate == pytest.approx(clips.estimate)
    assert blocked.high - blocked.low > 2 * (clips.high - clips.low)


@pytest.mark.parametrize(
    "speakers",
    [None, [], [f"s{i % 7}" for i in range(40)], [None, *(f"s{i % 9}" for i in range(39))], [*["s"] * 39, ""]],
)
def test_clips_where_speakers_are_few_or_unknown(speakers: list[str | None] | None) -> None:
    interval = paired_bootstrap([1] * 40, [0] * 40, [5] * 40, speakers)
    assert (interval.over, interval.groups) == ("clips", 40)


def test_edges() -> None:
    assert paired_bootstrap([], [], []) == Interval(0.0, 0.0, 0.0, "clips", 0, 0)
    one = paired_bootstrap([5], [0], [5])
    assert (one.low, one.high) == (-1.0, -1.0)
    assert verdict(one) == "no proof"  # one clip proves nothing
    wordless = paired_bootstrap([0, 1], [2, 0], [0, 0])
    assert (wordless.estimate, wordless.low, wordless.high) == (0.0, 0.0, 0.0)
    with pytest.raises(DataError):
        paired_bootstrap([1, 2], [1], [1, 1])


def test_the_interval_of_few_clips_is_wider_than_its_percentiles() -> None:
    """Ten clips, drawn as the bench draws them: the percentile interval held in 86 of 100 trials."""
    rng, wider, held, trials = np.random.default_rng(5), 0, 0, 400
    for seed in range(trials):
        q = rng.beta(0.6, 1.4, 10)
        base, adapted = rng.binomial(10, q), rng.binomial(10, 0.5 * q)
        interval = paired_bootstrap(base.tolist(), adapted.tolist(), [10] * 10, resamples=1000, seed=seed)
        drawn = np.random.default_rng(seed).integers(0, 10, (1000, 10))
        low, high = np.quantile((adapted - base)[drawn].sum(axis=1) / 100, [0.025, 0.975])
        wider += interval.low <= low and interval.high >= high
        held += interval.low <= -0.15 <= interval.high
    assert wider == trials
    assert held / trials >= 0.93


def test_the_interval_is_not_cut_off_at_the_errors_of_these_clips() -> None:
    """Of twelve clips in which all errors went, others of the kind may hold more that go."""
    base = np.random.default_rng(6).poisson(1.0, 12)
    interval = paired_bootstrap(base.tolist(), [0] * 12, [10] * 12)
    assert interval.differing >= 6
    assert interval.low < -base.sum() / 120 == pytest.approx(interval.estimate)


def test_the_interval_holds_where_the_base_was_lucky() -> None:
    """Twenty speakers, 5 % wrong, halved, six or seven of them differ: cut off at their errors it held in 79 of 100."""
    cell, rng = Cell(80, 0.05, 0.5, speakers=20), np.random.default_rng(35)
    drawn = draw(cell, 1500, rng)
    truth = true_changes(cell, drawn, rng)[0]
    held = [i.low <= truth <= i.high for i in intervals(drawn) if i.differing in (6, 7)]
    assert len(held) > 200
    assert np.mean(held) >= 0.84


@pytest.mark.parametrize(
    ("low", "high", "differing", "expected"),
    [
        (-0.2, -0.01, 30, "better"),
        (-0.2, 0.0, 30, "no proof"),
        (-0.2, 0.1, 30, "no proof"),
        (0.0, 0.2, 30, "no proof"),
        (0.01, 0.2, 30, "worse"),
        (0.01, 0.2, 1, "no proof"),
        (-0.2, -0.01, 0, "no proof"),
        (-0.2, -0.01, 5, "no proof"),  # five that differ may all improve by luck
        (-0.2, -0.01, 6, "better"),
    ],
)
def test_verdict(low: float, high: float, differing: int, expected: str) -> None:
    assert verdict(Interval((low + high) / 2, low, high, "clips", 30, differing)) == expected


@pytest.mark.parametrize(
    ("errors", "change"), [(35, None), (36, 0.5), (67, 0.3), (129, 0.2), (432, 0.1), (4 * 432, 0.05)]
)
def test_provable_change_at_the_points_of_the_rule(errors: int, change: float | None) -> None:
    assert provable_change(errors) == (None if change is None else pytest.approx(change))


def test_provable_change_only_shrinks() -> None:
    changes = [provable_change(errors) or 1.0 for errors in range(0, 2000)]
    assert all(later <= earlier for earlier, later in pairwise(changes))


def test_earlier_runs_keep_their_plain_percentiles() -> None:
    rng = np.random.default_rng(3)
    base, adapted, words = rng.poisson(2, 14), rng.poisson(1.4, 14), [10] * 14
    before = paired_bootstrap(base.tolist(), adapted.tolist(), words, method=EARLIER_METHOD)
    now = paired_bootstrap(base.tolist(), adapted.tolist(), words)
    assert (before.method, before.estimate) == (EARLIER_METHOD, now.estimate)
    assert now.low < before.low
    assert before.high < now.high
    draws = np.random.default_rng(0).integers(0, 14, (4_000, 14))
    rates = (adapted - base)[draws].sum(axis=1) / 140
    assert (before.low, before.high) == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])), abs=0.01)


def test_what_was_judged_by_five_clips_stays_so() -> None:
    assert Interval(-0.1, -0.2, -0.01, "clips", 30, 5, EARLIER_METHOD).judges
    assert verdict(Interval(-0.1, -0.2, -0.01, "clips", 30, 5, EARLIER_METHOD)) == "better"
