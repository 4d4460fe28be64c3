"""Packs a model in a process of its own: `python -m workbench.services.exports.take_process ROOT RUN FORM`."""

import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any

from workbench.services.exports.take import take_run
from workbench.services.jobs.beside import Stopped, Tell, report
from workbench.services.jobs.niceness import LISTENING, stand_back
from workbench.services.jobs.steps import Watch
from workbench.store.database import Store
from workbench.workspace import Workspace


def take(root: str, run: str, form: str, tell: Tell, stopped: Stopped) -> dict[str, Any]:
    """Pack a run's model."""
    workspace = Workspace.open(root)
    with closing(Store.open(workspace)) as store:
        return take_run(workspace, store, run, form, Watch(lambda step: tell(asdict(step)), stopped))


if __name__ == "__main__":
    stand_back(LISTENING)  # somebody waits for it, while runs take hours
    report(lambda tell, stopped: take(sys.argv[1], sys.argv[2], sys.argv[3], tell, stopped))
