"""Carries out one run, in the worker process: load, prepare, train, finish.

Each finished fold leaves its outcome on disk and each training its checkpoints, so that a run whose process was killed
goes on where it stood.
"""

import time
from dataclasses import dataclass
from typing import Final

from workbench.services.estimates.hardware import OtherLoad
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext, Trainer
from workbench.services.runs.fine_tune import FineTune
from workbench.services.runs.finish import finish
from workbench.services.runs.learning_curve import Curve
from workbench.services.runs.loaded import load_run
from workbench.services.runs.prepare import prepare
from workbench.services.runs.sweep import Sweep
from workbench.store.database import Store
from workbench.store.models import CURVE, FINE_TUNE, SWEEP
from workbench.store.runs import find_run
from workbench.workspace import Workspace

TRAINERS: Final[dict[str, Trainer]] = {FINE_TUNE: FineTune(), SWEEP: Sweep(), CURVE: Curve()}


@dataclass(frozen=True)
class Executed:
    """A run that is over.

    Attributes:
        arm: Whose weights its model has.
    """

    context: RunContext
    arm: Arm


def execute(workspace: Workspace, store: Store, name: str) -> Executed:
    """Do it all; the store then holds the result and the status.

    Raises:
        WorkbenchError: It cannot be done; the message is for the user.
        StopRequested: Stopped before anything was learned.
    """
    began, others = time.monotonic(), OtherLoad()
    with store.session() as session:
        row = find_run(session, name)
    trainer = TRAINERS[row.kind]
    run = load_run(workspace, store, name, trainer.wanted)
    context = prepare(run, lambda expecting, work, arms: trainer.expected(run.row, expecting, work, arms))
    return Executed(context, finish(context, trainer.train(context), began, others))
