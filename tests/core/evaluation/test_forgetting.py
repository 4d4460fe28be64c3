"""The red line: what is said follows the interval, not the estimate alone."""

import pytest

from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.evaluation.forgetting import Forgetting, against_line
from workbench.core.evaluation.intervals import Interval

LINE = 0.03


@pytest.mark.parametrize(
    ("low", "estimate", "high", "groups", "standing"),
    [
        (0.04, 0.06, 0.08, 60, "forgot"),
        (0.01, 0.04, 0.07, 60, "maybe forgot"),
        (-0.01, 0.02, 0.05, 60, "cannot tell"),
        (-0.02, 0.0, 0.03, 60, "within"),
        (-0.2, -0.1, -0.05, 60, "within"),
        (0.03, 0.05, 0.07, 60, "maybe forgot"),  # an interval that begins on the line does not prove more
        (0.5, 0.5, 0.5, 1, "cannot tell"),  # one clip proves nothing
        (0.04, 0.06, 0.08, 5, "maybe forgot"),  # nor do five
    ],
)
def test_the_standing_follows_the_interval(
    low: float, estimate: float, high: float, groups: int, standing: str
) -> None:
    assert against_line(Interval(estimate, low, high, "clips", groups, groups), LINE) == standing


def check(base: str, adapted: str, *, n: int = 40, changed: int = 40, red_line: float = LINE) -> Forgetting:
    """n clips of ten words; the adapted model writes another text in the first `changed` of them."""
    reference = "a b c d e f g h i j"
    rows = [ComparisonRow(str(i), reference, base, adapted if i < changed else base) for i in range(n)]
    return Forgetting("general", red_line, compare(rows, normalizer="marks", scheme="given"), left_out=2)


RIGHT, ONE_WRONG, ALL_WRONG = "a b c d e f g h i j", "x b c d e f g h i j", "k l m n o p q r s t"


def test_each_verdict_in_one_sentence() -> None:
    forgot = check(RIGHT, ONE_WRONG)
    assert forgot.standing == "forgot"
    assert forgot.sentence().startswith("Forgot more general speech than the red line of +3.0 points allows, and")
    assert "from 0.0 % to 10.0 % on 40 general clips (set “general”)" in forgot.sentence()
    assert "2 clips of it were left out: the model has learned from them" in forgot.sentence()
    maybe = check(RIGHT, ONE_WRONG, changed=14)
    assert maybe.standing == "maybe forgot"
    assert "by what was measured, but that is not proven" in maybe.sentence()
    unsure = check(RIGHT, ONE_WRONG, changed=9)
    assert unsure.standing == "cannot tell"
    assert unsure.sentence().startswith("Cannot tell whether forgetting stays within")
    assert check(RIGHT, RIGHT).standing == "within"
    assert check(RIGHT, ONE_WRONG, red_line=0.2).sentence().startswith("Forgetting stays within the red line of +20.0")
    assert "Only 3 clips: take it as a hint" in check(RIGHT, ONE_WRONG, n=3).sentence()


def test_a_base_that_hears_nothing_has_nothing_to_forget() -> None:
    same = check(ALL_WRONG, ALL_WRONG)
    assert same.standing == "cannot tell"
    assert "the base itself gets most of these words wrong" in same.sentence()


def test_what_was_not_scored_says_why_and_has_no_figures() -> None:
    unscored = Forgetting("general", LINE, None, 0, "The general set was not scored: the run was stopped before.")
    document = unscored.to_json()
    assert document["verdict"] == "cannot tell"
    assert document["summary"] == unscored.unscored
    assert "base" not in document
    scored = check(RIGHT, ONE_WRONG).to_json()
    assert (scored["clips"], scored["red_line"], scored["base"]["wer"]) == (40, LINE, 0.0)
    assert scored["wer_change"]["estimate"] == pytest.approx(0.1)
