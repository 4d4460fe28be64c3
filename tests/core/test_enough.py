"""How many labelled clips are missing follows from the rules by which runs are judged."""

import pytest

from workbench.core.config import FOLDS_BELOW_CLIPS
from workbench.core.enough import FEWEST_TEST_CLIPS, clips_worth_reading, more_labelled
from workbench.core.splits import SplitCandidate, assign
from workbench.core.statistics import provable_change


def test_the_smallest_test_set_is_that_of_the_first_set_judged_without_folds() -> None:
    clips = [SplitCandidate(i, f"sentence {i}") for i in range(FOLDS_BELOW_CLIPS)]
    dealt = assign(clips).splits
    assert sum(split == "test" for split in dealt.values()) == FEWEST_TEST_CLIPS


@pytest.mark.parametrize("errors", [0.3, 0.5, 1.0])
def test_a_good_base_needs_more_clips_until_something_can_be_proven(errors: float) -> None:
    needed = clips_worth_reading(errors)
    assert provable_change(round(needed * errors)) is not None
    assert needed > FEWEST_TEST_CLIPS


def test_a_poor_base_still_needs_the_smallest_test_set() -> None:
    assert clips_worth_reading(9.0) == clips_worth_reading(None) == FEWEST_TEST_CLIPS


def test_with_folds_every_clip_tests_and_without_one_in_five() -> None:
    assert more_labelled(12, 20, in_folds=True) == 8
    assert more_labelled(12, 20, in_folds=False) == 40
    assert more_labelled(25, 20, in_folds=True) == 0
