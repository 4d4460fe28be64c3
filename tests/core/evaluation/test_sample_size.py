"""How many clips are enough follows from the rules by which runs are judged; guide, form and verdict say the same."""

import pytest

from workbench.core.config import FOLDS_BELOW_CLIPS
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.evaluation.intervals import provable_change
from workbench.core.evaluation.sample_size import FEWEST_TEST_CLIPS, Enough
from workbench.core.splits import SplitCandidate, assign


def test_the_smallest_test_set_is_that_of_the_first_set_judged_without_folds() -> None:
    clips = [SplitCandidate(i, f"sentence {i}") for i in range(FOLDS_BELOW_CLIPS)]
    dealt = assign(clips).splits
    assert sum(split == "test" for split in dealt.values()) == FEWEST_TEST_CLIPS


@pytest.mark.parametrize("errors", [3, 5, 10])
def test_a_good_base_needs_more_clips_until_something_can_be_proven(errors: int) -> None:
    needed = Enough(10, errors).needed
    assert provable_change(round(needed * errors / 10)) is not None
    assert provable_change(round((needed - 4) * errors / 10)) is None
    assert needed > FEWEST_TEST_CLIPS


def test_a_poor_base_still_needs_the_smallest_test_set() -> None:
    assert Enough(10, 90).needed == Enough(10, None).needed == Enough(0, None).needed == FEWEST_TEST_CLIPS


def test_with_folds_every_clip_tests_and_without_one_in_five() -> None:
    assert Enough(12, None).more_labelled == 4
    assert Enough(12, None, "test").more_labelled == 20
    assert Enough(25, None).more_labelled == 0
    assert Enough(30, 32).more_labelled == 4
    assert Enough(30, 32, "given").more_labelled == 4


@pytest.mark.parametrize(
    ("enough", "said"),
    [
        (
            Enough(16, 38),
            "16 test clips with about 38 base errors can prove a halving; a smaller gain may stay unproven.",
        ),
        (
            Enough(30, 32),
            "30 test clips with about 32 base errors are too few to prove even a halving; about 4 more labelled clips "
            "could.",
        ),
        (
            Enough(30, 32, "test"),
            "30 test clips with about 32 base errors are too few to prove even a halving; about 4 more test clips "
            "could (about 20 more labelled ones).",
        ),
        (
            Enough(35, 35, "given"),
            "35 test clips with about 35 base errors are too few to prove even a halving; about 1 more test clip "
            "could.",
        ),
        (Enough(1, 1), "1 test clip with about 1 base error are too few to prove even a halving; about 35 more"),
        (
            Enough(60, 125),
            "60 test clips with about 125 base errors can prove that about 20 % of the errors are gone; a smaller gain "
            "may stay unproven.",
        ),
        (Enough(20, 0), "20 test clips without base errors leave nothing to gain; add clips that are heard wrong."),
        (Enough(20, None), ""),
    ],
)
def test_what_is_said(enough: Enough, said: str) -> None:
    assert enough.sentence().startswith(said) if said else enough.sentence() == ""


def test_the_verdict_says_the_same() -> None:
    adapted = ("one two three four",) * 2 + ("one two tree fore",) + ("one two tree four",) * 2
    rows = [ComparisonRow(str(i), "one two three four", "one two tree four", adapted[i % 5]) for i in range(20)]
    found = compare(rows, normalizer="marks", scheme="out-of-fold")
    assert found.verdict == "no proof"
    assert Enough(20, 20).sentence(earlier=True) in found.sentence()
