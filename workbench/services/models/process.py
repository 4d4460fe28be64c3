"""Fetches in a process of its own, so that the server never loads torch: `python -m workbench.services.models.process`.

It takes a model's name and prints its steps as lines of JSON, the last one being how it ended. It ends when its input
does: the server asks it to stop that way, and a server that dies leaves none behind.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Any, Final

from workbench.errors import WorkbenchError
from workbench.services.jobs.niceness import WORKING, stand_back
from workbench.services.jobs.stop import StopRequested
from workbench.services.models.fetch import fetch_model
from workbench.services.models.progress import Step, Watch

LOOK_SECONDS: Final = 0.2  # between two looks whether the user has asked to stop
END_SECONDS: Final = 60.0  # for what is at work to come to its next step


def fetch_beside(name: str, watch: Watch) -> dict[str, Any]:
    """`fetch_model` in a process of its own.

    Raises:
        WorkbenchError: As `fetch_model`.
        StopRequested: As `fetch_model`.
        RuntimeError: The process ended without a word; its own are in the server's log.
    """
    command = [sys.executable, "-m", "workbench.services.models.process", name]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
    ) as process:
        ended = threading.Event()
        threading.Thread(target=_pass_stop_on, args=(process, watch, ended), daemon=True).start()
        last: dict[str, Any] = {}
        try:
            assert process.stdout is not None
            for line in process.stdout:
                last = json.loads(line)
                if "step" in last:
                    watch.tell(Step(**last["step"]))
        finally:
            ended.set()
            _end(process)
    if "error" in last:
        raise WorkbenchError(last["error"])
    if "stopped" in last:
        raise StopRequested
    if "done" not in last:
        raise RuntimeError(f"the process that fetched {name} ended without a word")
    return dict(last["done"])


def _pass_stop_on(process: "subprocess.Popen[str]", watch: Watch, ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        if watch.stopped():
            assert process.stdin is not None
            process.stdin.close()
            return


def _end(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def main(name: str) -> None:
    """Fetch, and say how far it is."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log, not among the steps
    stopped = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        stopped.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()

    def say(**document: Any) -> None:
        said.write(json.dumps(document) + "\n")

    try:
        say(done=fetch_model(name, Watch(lambda step: say(step=asdict(step)), stopped.is_set)))
    except StopRequested:
        say(stopped=True)
    except WorkbenchError as e:
        say(error=str(e))


if __name__ == "__main__":
    stand_back(WORKING)
    main(sys.argv[1])
