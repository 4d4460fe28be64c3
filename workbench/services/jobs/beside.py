"""Work in a process of its own beside the server, which never loads torch: its steps come as lines of JSON.

The process ends when its input does: the server asks it to stop that way, and a server that dies leaves none behind.
"""

import _thread
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from workbench.errors import WorkbenchError
from workbench.language.documents import kept, read
from workbench.language.said import sentence
from workbench.services.jobs.stop import StopRequested

LOOK_SECONDS: Final = 0.2  # between two looks whether the user has asked to stop
END_SECONDS: Final = 60.0  # for what is at work to come to its next step

Tell = Callable[[dict[str, Any]], None]  # a step
Stopped = Callable[[], bool]


def work_beside(module: str, arguments: Sequence[str], tell: Tell, stopped: Stopped) -> dict[str, Any]:
    """Run a module that ends in `report`; what it has done.

    Args:
        tell: Called with each step.
        stopped: Whether the user has asked to stop.

    Raises:
        WorkbenchError: It failed; the message is for the user.
        StopRequested: It was stopped.
        RuntimeError: The process ended without a word; its own are in the server's log.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
    ) as process:
        ended = threading.Event()
        threading.Thread(target=_pass_stop_on, args=(process, stopped, ended), daemon=True).start()
        last: dict[str, Any] = {}
        try:
            assert process.stdout is not None
            for line in process.stdout:
                last = read(json.loads(line))
                if "step" in last:
                    tell(last["step"])
        finally:
            ended.set()
            _end(process)
    return _ending(last, stopped(), module)


def _ending(last: dict[str, Any], stopped: bool, module: str) -> dict[str, Any]:
    if "error" in last:
        raise WorkbenchError(last["error"])
    if "done" in last:
        return dict(last["done"])
    if "stopped" in last or stopped:
        raise StopRequested
    raise RuntimeError(f"the process of {module} ended without a word")


def _pass_stop_on(process: "subprocess.Popen[str]", stopped: Stopped, ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        if stopped():
            _end(process)
            return


def _end(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def report(work: Callable[[Tell, Stopped], dict[str, Any]]) -> None:
    """The process's own side: do the work, and say how far it is and how it ended.

    Asked to stop, the work ends at its next step; in the first one, which loads torch for up to a minute, at once.

    Args:
        work: Told where to say its steps, and how to ask whether it is to stop.
    """
    said = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log, not among the steps
    stopped, past_loading = threading.Event(), threading.Event()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background has it ignored

    def wait_for_the_end() -> None:
        sys.stdin.read()
        stopped.set()
        if not past_loading.is_set():
            _thread.interrupt_main()

    threading.Thread(target=wait_for_the_end, daemon=True).start()

    def tell(**document: Any) -> None:
        said.write(json.dumps(kept(document)) + "\n")

    steps = 0

    def step_on(step: dict[str, Any]) -> None:
        nonlocal steps
        steps += 1
        if steps > 1:
            past_loading.set()
        tell(step=step)

    try:
        done = work(step_on, stopped.is_set)
        past_loading.set()
        tell(done=done)
    except (StopRequested, KeyboardInterrupt):
        tell(stopped=True)
    except WorkbenchError as e:
        tell(error=sentence(e))
