"""Whether a run delivers the unchanged base, the one sentence that says so everywhere, and what would help."""

import statistics

from workbench.core.config import EFFORTS
from workbench.core.evaluation.selection import BASE
from workbench.core.run_result import RunResult
from workbench.language.said import Said, count, listing, say

GOOD_WER = 0.05  # of the base in the test clips; what is left is mostly chance
FEW_ERRORS = 10  # of the base in the steering clips: one clip more or less decides
FEW_UPDATES = 30  # in the longest training


def kept_base(result: RunResult | None, status: str) -> str:
    """Why a run's model is the unchanged base; empty where it has learned something, or has not ended.

    Args:
        status: Of the run.
    """
    if result is None or status not in ("done", "stopped") or not result.trainings:
        return ""
    delivered = _is_base(result, status) if result.base_delivered is None else result.base_delivered
    return _nothing_kept(result, status) if delivered else ""


def _is_base(result: RunResult, status: str) -> bool:
    """For the results of earlier versions, which do not say it."""
    steps = [training.best_step for training in result.trainings]
    if status == "done" and len(steps) > 1 and not result.sweep:
        return round(statistics.median(steps)) == 0
    return not any(steps)


def _nothing_kept(result: RunResult, status: str) -> str:
    if status == "stopped":
        return say(
            "Nothing of the training was kept: it was stopped before any state of it did better on the steering (dev) "
            "clips than the base. This is the unchanged base model."
        )
    if (result.sweep or {}).get("chosen") == BASE:
        return say(
            "Nothing of the training was kept: the sweep found nothing that beats the base beyond the noise. This is "
            "the unchanged base model."
        )
    if (result.blend_curve or {}).get("recommended") == 0:
        return say(
            "Nothing of the training was kept: whatever does better on the steering (dev) clips than the base forgets "
            "more than the {points:g} points of general speech that are allowed. This is the unchanged base model; "
            "allow more (max forgetting), or choose a blend.",
            points=100 * (result.blend_curve or {})["allowed"],
        )
    if len(result.trainings) == 1 and result.trainings[0].best_step:
        return say("Nothing of the training was kept, as a blend of 0 asks for. This is the unchanged base model.")
    if any(training.best_step for training in result.trainings):
        return say(
            "Nothing of the training was kept: too few of the folds found a state that does better on the steering "
            "(dev) clips than the base. This is the unchanged base model."
        )
    return say(
        "Nothing of the training was kept: no state of it did better on the steering (dev) clips than the base. This "
        "is the unchanged base model."
    )


def what_would_help(*, errors: int, words: int, steering_errors: float, updates: int, effort: str) -> str:
    """What may bring more than the base was, in a sentence or two.

    Args:
        errors: Of the base in the test clips.
        words: That were said in them.
        steering_errors: Of the base in the dev clips, on which a state has to do better.
        updates: Of the longest training.
        effort: How thorough the run was.
    """
    said = []
    if errors <= GOOD_WER * words:
        said.append(
            say(
                "The base is good at these clips already: {errors} of {words} words wrong in the test clips.",
                errors=errors,
                words=words,
            )
        )
    if steering_errors < FEW_ERRORS:
        said.append(
            say(
                "The steering (dev) clips hold about {errors:.0f} of the base's errors, too few to tell a better state "
                "by; confirm more clips that it gets wrong.",
                errors=steering_errors,
            )
        )
    if updates < FEW_UPDATES:
        said.append(_few_updates(updates, effort))
    return listing(said, " ") or say("Another strategy or learning rate may do better; a sweep tries several.")


def _few_updates(updates: int, effort: str) -> Said:
    more = EFFORTS[EFFORTS.index(effort) + 1 :]
    if not more:
        return count(
            updates,
            "Training made {n} update at most; confirm more clips.",
            "Training made {n} updates at most; confirm more clips.",
        )
    return count(
        updates,
        "Training made {n} update at most; choose {effort}, or confirm more clips.",
        "Training made {n} updates at most; choose {effort}, or confirm more clips.",
        effort=more[0],
    )
