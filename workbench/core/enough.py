"""How many more labelled clips a test set needs before its figures are worth reading.

Two rules that hold elsewhere decide it: the smallest test set by which a run judges without folds, and the fewest
errors of the base model that can prove anything at all (`statistics.PROVABLE`).
"""

from math import ceil

from workbench.core.config import FOLDS_BELOW_CLIPS
from workbench.core.splits import TARGET_TENTHS
from workbench.core.statistics import PROVABLE

TEST_TENTHS = TARGET_TENTHS["test"]
FEWEST_TEST_CLIPS = FOLDS_BELOW_CLIPS * TEST_TENTHS // 10
FEWEST_ERRORS = PROVABLE[0][0]


def clips_worth_reading(errors_per_clip: float | None = None) -> int:
    """How many test clips are worth reading.

    Args:
        errors_per_clip: Words that the base model gets wrong in a clip, where it has heard some. A base that makes few
            errors leaves few to be mended, so that more clips are needed to prove that they were.
    """
    if not errors_per_clip:
        return FEWEST_TEST_CLIPS
    return max(FEWEST_TEST_CLIPS, ceil(FEWEST_ERRORS / errors_per_clip))


def more_labelled(tested: int, needed: int, *, in_folds: bool) -> int:
    """How many labelled clips are missing until `needed` of them test; with folds each clip tests once."""
    missing = max(0, needed - tested)
    return missing if in_folds else ceil(10 * missing / TEST_TENTHS)
