"""Whether a run delivers the unchanged base, and the one sentence that says so wherever the run is spoken of."""

import statistics
from collections.abc import Mapping
from typing import Any

from workbench.core.choosing import BASE

NOTHING_KEPT = "Nothing of the training was kept: {why}. This is the unchanged base model."


def kept_base(result: Mapping[str, Any], status: str) -> str:
    """Why a run's model is the unchanged base; empty where it has learned something, or has not ended.

    Args:
        result: Of a run, as the store holds it.
        status: Of the run.
    """
    trainings = result.get("trainings")
    if status not in ("done", "stopped") or not trainings or not result.get("base_delivered", _is_base(result, status)):
        return ""
    return NOTHING_KEPT.format(why=_why(result, status))


def _is_base(result: Mapping[str, Any], status: str) -> bool:
    """For the results of earlier versions, which do not say it."""
    steps = [int(training["best_step"]) for training in result["trainings"]]
    if status == "done" and len(steps) > 1 and not result.get("sweep"):
        return round(statistics.median(steps)) == 0
    return not any(steps)


def _why(result: Mapping[str, Any], status: str) -> str:
    if status == "stopped":
        return "it was stopped before any state of it did better on the steering (dev) clips than the base"
    if (result.get("sweep") or {}).get("chosen") == BASE:
        return "the sweep found nothing that beats the base beyond the noise"
    if any(training["best_step"] for training in result["trainings"]):
        return "too few of the folds found a state that does better on the steering (dev) clips than the base"
    return "no state of it did better on the steering (dev) clips than the base"
