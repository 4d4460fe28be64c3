"""A process beside the page that runs models for it, so that the page's own never loads torch for them.

It is started when it is first needed, keeps its models for the next request, and ends by itself when nothing has come
for a while or when the page's process is gone. Requests and answers are lines of JSON; what the process does with them
stands in `server`.
"""

import json
import subprocess
import sys
import threading
from typing import Any, Final

from workbench.errors import WorkbenchError
from workbench.workspace import Workspace

LOG: Final = "models.log"  # in the workspace's folder of temporary files
END_SECONDS: Final = 5.0
ENDED: Final = (
    "The process that runs the models ended without a word, perhaps for lack of memory; close other programs, or "
    "choose a smaller model."
)


class ModelProcess:
    """One such process; asked by several threads, it answers one after another."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for the answer.

        Raises:
            WorkbenchError: It cannot be done, or the process died over it.
        """
        line = json.dumps(request) + "\n"
        with self._lock:
            if self._closed:
                raise WorkbenchError("The workbench is closing.")
            answer = self._exchange(line) or self._exchange(line)  # it may have ended, idle, at this very moment
        if not answer:
            raise WorkbenchError(ENDED)
        document: dict[str, Any] = json.loads(answer)
        if "error" in document:
            raise WorkbenchError(document["error"])
        return document

    def close(self) -> None:
        """End the process, if there is one; what it is at is dropped."""
        self._closed = True
        process = self._process
        if process is not None:
            process.terminate()
        with self._lock:
            self._end()

    def _exchange(self, line: str) -> str:
        """The answer; empty where the process is gone."""
        process = self._process if self._process is not None and self._process.poll() is None else self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            self._end()
        return answer

    def _start(self) -> "subprocess.Popen[str]":
        self._end()
        command = [sys.executable, "-m", "workbench.services.inference.server", str(self._workspace.root)]
        with (self._workspace.temporary / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl+C is for the page; the process sees its input end
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                continue
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
