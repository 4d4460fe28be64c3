"""Fetches in a process of its own, so that the server never loads torch: `python -m workbench.services.models.process`.

It takes a model's name; see `jobs.beside`.
"""

import sys
from dataclasses import asdict
from typing import Any, Final

from workbench.services.jobs.beside import report, work_beside
from workbench.services.jobs.niceness import WORKING, stand_back
from workbench.services.jobs.steps import Step, Watch
from workbench.services.models.fetch import fetch_model

MODULE: Final = "workbench.services.models.process"


def fetch_beside(name: str, watch: Watch) -> dict[str, Any]:
    """`fetch_model` in a process of its own.

    Raises:
        WorkbenchError: As `fetch_model`.
        StopRequested: As `fetch_model`.
        RuntimeError: The process ended without a word; its own are in the server's log.
    """
    return work_beside(MODULE, [name], lambda step: watch.tell(Step(**step)), watch.stopped)


if __name__ == "__main__":
    stand_back(WORKING)
    report(lambda tell, stopped: fetch_model(sys.argv[1], Watch(lambda step: tell(asdict(step)), stopped)))
