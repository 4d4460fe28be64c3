"""A power law is found again, the band widens beyond the data, and the sentence says whether more clips help."""

import numpy as np
import pytest

from workbench.core.evaluation.learning_curve import FURTHEST, Point, fit, sizes_for

WORDS = [10] * 60


def points(law: object, sizes: tuple[int, ...], draws: int = 3, seed: int = 0) -> list[Point]:
    rng = np.random.default_rng(seed)
    return [Point(n, tuple(rng.binomial(10, law(n), len(WORDS)))) for n in sizes for _ in range(draws)]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("clips", "expected"), [(160, (10, 20, 40, 80, 160)), (64, (4, 8, 16, 32, 64)), (6, (4, 5, 6)), (3, (3,))]
)
def test_sizes_are_nested_in_equal_steps_of_the_logarithm(clips: int, expected: tuple[int, ...]) -> None:
    assert sizes_for(clips) == expected


def test_a_power_law_is_found_again_and_forecast() -> None:
    def law(n: float) -> float:
        return 0.05 + 1.6 * n**-0.5

    curve = fit(points(law, (10, 20, 40, 80, 160)), WORDS, 160)
    assert curve.here.estimate == pytest.approx(law(160), abs=0.02)
    then = curve.at(320)
    assert then.clips == 320
    assert then.low <= law(320) <= then.high
    assert curve.forecasts[-1].clips == FURTHEST * 160
    assert curve.sizes == (10, 20, 40, 80, 160)
    assert "160 more clips would bring the WER from about 1" in curve.sentence()


def test_a_flat_curve_says_that_more_of_the_same_does_not_help() -> None:
    curve = fit(points(lambda n: 0.3, (10, 20, 40, 80, 160)), WORDS, 160)
    assert curve.sentence().startswith("More of the same would not help much: with 160 more clips")
    assert curve.here.estimate == pytest.approx(0.3, abs=0.03)


def test_a_rising_curve_is_fitted_by_its_mean() -> None:
    curve = fit(points(lambda n: 0.2 + 0.001 * n, (10, 20, 40, 80, 160)), WORDS, 160)
    assert curve.here.estimate < 0.36
    assert "would not help" in curve.sentence()


def test_the_band_holds_the_truth_about_as_often_as_it_says() -> None:
    def law(n: float) -> float:
        return 0.1 + 1.2 * n**-0.6

    inside = 0
    for seed in range(30):
        then = fit(points(law, (8, 16, 32, 64, 128), seed=seed), WORDS, 128, seed=seed).at(256)
        inside += then.low <= law(256) <= then.high
    assert inside >= 20


def test_one_size_gives_a_flat_curve() -> None:
    curve = fit(points(lambda n: 0.4, (4,)), WORDS, 4)
    assert curve.here.estimate == pytest.approx(0.4, abs=0.05)
