"""The rule by which a blend is chosen: the best domain WER among those that forget no more than is allowed."""

from dataclasses import replace

import pytest

from workbench.core.evaluation.blend import BlendCurve, Point, Sample, pooled

DOMAIN = Sample((10, 10), (5, 5), ("a", "b"))
GENERAL = Sample((100, 100), (2, 2), ("c", "d"))


def point(share: float, domain: int, forgotten: int, characters: int = 0) -> Point:
    return Point(share, (domain, 0), (2 + forgotten, 2), characters)


def curve(*points: Point, allowed: float = 0.005) -> BlendCurve:
    return BlendCurve(DOMAIN, GENERAL, points, allowed)


BASE = point(0.0, 10, 0)


def test_the_best_of_those_that_forget_little_is_taken() -> None:
    found = curve(BASE, point(0.25, 6, 0), point(0.5, 4, 1), point(0.75, 3, 2), point(1.0, 2, 4))
    assert found.recommended.share == 0.5  # one word of 200 is just what is allowed
    assert replace(found, allowed=0.0).recommended.share == 0.25
    assert replace(found, allowed=0.02).recommended.share == 1.0


def test_what_forgets_less_than_the_base_is_allowed() -> None:
    assert curve(BASE, point(1.0, 3, -2), allowed=0.0).recommended.share == 1.0


def test_among_equals_characters_decide_and_then_the_smaller_share() -> None:
    assert curve(BASE, point(0.5, 3, 0, 7), point(1.0, 3, 0, 6)).recommended.share == 1.0
    assert curve(BASE, point(0.5, 3, 0, 6), point(1.0, 3, 0, 6)).recommended.share == 0.5
    assert curve(BASE, point(0.5, 10, 0), point(1.0, 10, 0)).recommended.share == 0.0


def test_without_dev_clips_the_largest_share_that_forgets_little_is_taken() -> None:
    points = tuple(Point(share, (), (2 + lost, 2), 0) for share, lost in ((0.0, 0), (0.5, 1), (0.75, 0), (1.0, 9)))
    assert BlendCurve(Sample((), (), ()), GENERAL, points, 0.005).recommended.share == 0.75


def test_where_none_forgets_so_little_the_one_that_forgets_least_is_taken() -> None:
    assert curve(point(0.0, 9, 3), point(0.5, 4, 2), point(1.0, 2, 5)).recommended.share == 0.5


def test_folds_are_chosen_from_together_as_if_their_clips_were_of_one() -> None:
    first = curve(BASE, point(0.5, 4, 0), point(1.0, 3, 2))
    second = curve(BASE, point(0.5, 5, 0), point(1.0, 7, 0))
    both = pooled([first, second])
    assert (first.recommended.share, second.recommended.share, both.recommended.share) == (0.5, 0.5, 0.5)
    assert both.recommended.domain == (4, 0, 5, 0)
    assert both.general.words == (100, 100) * 2


def test_a_curve_comes_back_from_what_is_kept_and_its_rates_hold_their_intervals() -> None:
    found = curve(BASE, point(0.5, 4, 1), point(1.0, 2, 4))
    assert BlendCurve.from_json(found.to_json()) == found
    told = found.summary()
    assert (told["recommended"], told["dev_clips"], told["general_clips"]) == (0.5, 2, 2)
    assert told["base"] == {"wer": 0.5, "general_wer": pytest.approx(0.02)}
    assert [p["allowed"] for p in told["points"]] == [True, True, False]
    for p in told["points"]:
        for rate in (p["wer"], p["general_wer"]):
            assert rate["low"] <= rate["value"] <= rate["high"]
        assert p["wer"]["value"] - told["base"]["wer"] == pytest.approx(p["wer_change"]["estimate"])
