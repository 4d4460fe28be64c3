"""The simplest arm within the noise of the best, hopeless arms dropped early."""

import itertools
import random

import pytest

from workbench.core.evaluation.selection import BASE, Candidate, choose, rungs, survivors

WORDS = [10] * 40


def arm(name: str, size: int, rate: float, seed: int = 0) -> Candidate:
    rng = random.Random(seed)
    return Candidate(name, size, tuple(sum(rng.random() < rate for _ in range(10)) for _ in WORDS))


def test_a_clearly_better_arm_is_taken_however_large() -> None:
    arms = [arm(BASE, 0, 0.5), arm("head", 10, 0.45, 1), arm("full", 1000, 0.2, 2)]
    choice = choose(arms, WORDS)
    assert (choice.best, choice.chosen, choice.train) == ("full", "full", True)
    assert choice.lead == choice.noise == 0


def test_within_the_noise_the_simpler_arm_is_taken() -> None:
    small, large = arm("top-1", 100, 0.2, 1), arm("full", 1000, 0.2, 2)
    better = min((small, large), key=lambda c: sum(c.errors))
    choice = choose([arm(BASE, 0, 0.5), large, small], WORDS)
    assert choice.chosen == "top-1"
    assert choice.best == better.name
    assert choice.lead <= choice.noise


def test_where_nothing_beats_the_base_by_more_than_noise_nothing_is_trained() -> None:
    base = arm(BASE, 0, 0.3)
    lucky = Candidate("full", 1000, (base.errors[0] - 1, *base.errors[1:]))
    worse = arm("head", 10, 0.6, 3)
    choice = choose([base, worse, lucky], WORDS)
    assert (choice.best, choice.chosen, choice.train) == ("full", BASE, False)


def test_the_choice_is_repeatable_and_needs_no_words() -> None:
    arms = [arm(BASE, 0, 0.5), arm("a", 5, 0.4, 1), arm("b", 5, 0.4, 2)]
    assert choose(arms, WORDS) == choose(list(reversed(arms)), WORDS)
    silent = [Candidate(BASE, 0, (0, 0)), Candidate("a", 5, (0, 0))]
    assert choose(silent, [0, 0]).chosen == BASE


@pytest.mark.parametrize("arms", [1, 2, 3, 12, 50])
def test_every_rung_halves_the_arms_and_doubles_the_updates(arms: int) -> None:
    plan = rungs(arms, 400)
    assert plan[0][0] == arms
    assert plan[-1][1] == 400
    assert all(later[0] == -(-earlier[0] // 2) for earlier, later in itertools.pairwise(plan))
    assert all(abs(earlier[1] * 2 - later[1]) <= 1 for earlier, later in itertools.pairwise(plan))
    cost = sum(count * (made - before) for (count, made), before in zip(plan, [0, *(m for _, m in plan)], strict=False))
    assert cost <= 400 * (2 + len(plan))  # far less than 400 each


def test_survivors_are_the_lowest_by_wer_then_cer() -> None:
    scores = {"a": (0.5, 0.2), "b": (0.4, 0.3), "c": (0.4, 0.2), "d": (0.9, 0.1)}
    assert survivors(scores, 3) == ["c", "b", "a"]
