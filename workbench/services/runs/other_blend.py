"""Another blend of a finished run, as a run of its own: judged by the same clips, and nothing is learned twice.

The new run begins with the other one's trainings, as a run does whose process was killed: what was made is not made
again. What its folds chose and wrote is left behind, since that is what becomes another.
"""

import os
import shutil
from pathlib import Path
from typing import Any, Final

from workbench.core.config import TrainingConfig
from workbench.core.run_result import RunResult
from workbench.errors import TrainingError
from workbench.language.said import say
from workbench.store.models import CURVE, FINE_TUNE, SWEEP, RunRow

OF_A_BLEND: Final = "outcome.json"  # what a fold has chosen and written


def with_blend(row: RunRow, share: float) -> RunRow:
    """A run like a finished one that keeps another share of what it learned; not stored yet.

    Raises:
        WorkbenchError: It has not finished, it has learned nothing, or there is no such share.
    """
    _check_learned(row)
    config = {k: v for k, v in row.config.items() if k != CURVE}
    config |= TrainingConfig.from_json({**row.config, "blend": share}).to_json()
    if row.kind == SWEEP:
        config[SWEEP] = {**row.config[SWEEP], "arms": [_arm(arm, share) for arm in row.config[SWEEP]["arms"]]}
    return RunRow(
        set_id=row.set_id,
        kind=FINE_TUNE if row.kind == CURVE else row.kind,
        strategy=row.strategy,
        model=row.model,
        config=config,
        plan=row.plan,
        split=row.split,
        labels=row.labels,
        cuts=row.cuts,
        words=row.words,
        progress={"phase": "queued", "message": say("Waiting for its turn"), "seconds_left": None},
    )


def take_trainings(source: Path, target: Path) -> None:
    """Let a run begin with the trainings of another one.

    Args:
        source, target: The runs' folders.
    """
    for folder in (source / "training", *source.glob("fold-*")):
        if folder.is_dir():
            shutil.copytree(
                folder, target / folder.name, copy_function=_link, ignore=shutil.ignore_patterns(OF_A_BLEND)
            )


def _link(source: str, target: str) -> None:
    """The same file at another place: files of trainings are replaced and never written to."""
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copy2(source, target)


def _arm(arm: dict[str, Any], share: float) -> dict[str, Any]:
    return {**arm, "settings": {**arm["settings"], "blend": share}}


def _check_learned(row: RunRow) -> None:
    result = RunResult.from_json(row.result)
    if row.status != "done" or result is None:
        raise TrainingError(
            say("{run} has not finished; let it finish, or resume it, before you choose a blend.", run=row.name)
        )
    if not any(training.best_step for training in result.trainings):
        raise TrainingError(say("{run} has learned nothing that could be blended with its base.", run=row.name))
