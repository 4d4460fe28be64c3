"""Pushes in a process of its own: `python -m workbench.services.exports.push_process ROOT WISH`; see `jobs.beside`."""

import json
import os
import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any

from workbench.services.exports.push import Wish, push_run
from workbench.services.jobs.beside import Stopped, Tell, report
from workbench.services.jobs.niceness import WORKING, stand_back
from workbench.services.jobs.steps import Watch
from workbench.store.database import Store
from workbench.workspace import Workspace


def push(root: str, wish: str, tell: Tell, stopped: Stopped) -> dict[str, Any]:
    """Push what a wish in JSON says."""
    # Files that say how far they are read are sent by HTTP; without this the library warns of it each time.
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    workspace = Workspace.open(root)
    with closing(Store.open(workspace)) as store:
        return push_run(workspace, store, Wish(**json.loads(wish)), Watch(lambda step: tell(asdict(step)), stopped))


if __name__ == "__main__":
    stand_back(WORKING)
    report(lambda tell, stopped: push(sys.argv[1], sys.argv[2], tell, stopped))
