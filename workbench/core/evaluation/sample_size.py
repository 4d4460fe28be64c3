"""How many clips are enough: what a test set can prove, and how many labelled clips are missing until it can.

The guide, the form and the verdict all ask here. Two rules that hold elsewhere decide it: the smallest test set by
which a run judges without folds, and the fewest errors of the base that can prove a halving (`intervals.PROVABLE`).
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

from workbench.core.config import FOLDS_BELOW_CLIPS
from workbench.core.evaluation.intervals import PROVABLE, provable_change
from workbench.core.splits import TARGET_TENTHS
from workbench.language.said import count, say

TEST_TENTHS = TARGET_TENTHS["test"]
FEWEST_TEST_CLIPS = FOLDS_BELOW_CLIPS * TEST_TENTHS // 10
FEWEST_ERRORS = PROVABLE[0][0]

Scheme = Literal["test", "out-of-fold", "given"]


@dataclass(frozen=True)
class Enough:
    """What some test clips can prove.

    Attributes:
        tested: Test clips; with folds every confirmed clip is one.
        errors: Words that the base gets wrong in them, measured or estimated; None where it has heard none.
        scheme: "test" (a part of the set), "out-of-fold" (each clip tests once) or "given" (texts from a file).
    """

    tested: int
    errors: int | None
    scheme: Scheme = "out-of-fold"

    @property
    def needed(self) -> int:
        """Test clips that could prove a halving of the errors; the smallest test set while the errors are unknown.

        A base that makes few errors leaves few to be mended, so that more clips are needed to prove that they were.
        One without any error leaves nothing to prove; the smallest test set is asked for until it makes some.
        """
        if not self.errors or not self.tested:
            return FEWEST_TEST_CLIPS
        return max(FEWEST_TEST_CLIPS, ceil(FEWEST_ERRORS * self.tested / self.errors))

    @property
    def more_tests(self) -> int:
        return max(0, self.needed - self.tested)

    @property
    def more_labelled(self) -> int:
        """Labelled clips that are missing; where a part of them tests, the others learn."""
        return ceil(10 * self.more_tests / TEST_TENTHS) if self.scheme == "test" else self.more_tests

    def sentence(self, *, earlier: bool = False) -> str:
        """What the clips can prove, and what is missing; empty where the errors are unknown.

        Args:
            earlier: Whether the errors are said to be those before; of two runs, the first one's are not the base's.
        """
        if self.errors is None:
            return ""
        clips = count(self.tested, "{n:,} test clip", "{n:,} test clips")
        if not self.errors:
            return _nothing_to_gain(clips, earlier=earlier)
        errors = _about(self.errors, earlier=earlier)
        reduction = provable_change(self.errors)
        if reduction is None:
            return say(
                "{clips} with {errors} are too few to prove even a halving; {missing}",
                clips=clips,
                errors=errors,
                missing=self._missing(),
            )
        if reduction > 0.45:
            return say(
                "{clips} with {errors} can prove a halving; a smaller gain may stay unproven.",
                clips=clips,
                errors=errors,
            )
        return say(
            "{clips} with {errors} can prove that about {percent} % of the errors are gone; a smaller gain may stay "
            "unproven.",
            clips=clips,
            errors=errors,
            percent=max(1, round(100 * reduction)),
        )

    def _missing(self) -> str:
        wanted = self.more_tests
        if self.scheme == "out-of-fold":
            return count(wanted, "about {n:,} more labelled clip could.", "about {n:,} more labelled clips could.")
        if self.scheme == "given":
            return count(wanted, "about {n:,} more test clip could.", "about {n:,} more test clips could.")
        return count(
            wanted,
            "about {n:,} more test clip could (about {labelled:,} more labelled ones).",
            "about {n:,} more test clips could (about {labelled:,} more labelled ones).",
            labelled=self.more_labelled,
        )


def _about(errors: int, *, earlier: bool) -> str:
    if earlier:
        return count(errors, "about {n:,} error before", "about {n:,} errors before")
    return count(errors, "about {n:,} base error", "about {n:,} base errors")


def _nothing_to_gain(clips: str, *, earlier: bool) -> str:
    if earlier:
        return say("{clips} without errors before leave nothing to gain; add clips that are heard wrong.", clips=clips)
    return say("{clips} without base errors leave nothing to gain; add clips that are heard wrong.", clips=clips)
