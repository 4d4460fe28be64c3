"""The one process beside the page that runs models for it, so that the page's own never loads torch.

It is started when it is first needed, keeps its models for the next request, and ends by itself when nothing has come
for a while or when the page's process is gone. Requests and answers are lines of JSON; what the process does with them
stands in `server`. It answers one at a time, so whoever has much to ask asks for a few seconds of work at once.
"""

import json
import subprocess
import sys
from typing import Any, Final

from workbench.errors import WorkbenchError
from workbench.language.documents import read
from workbench.language.said import say
from workbench.services.inference.turns import Turns
from workbench.workspace import Workspace

LOG: Final = "models.log"  # in the workspace's folder of temporary files
END_SECONDS: Final = 5.0
ENDED: Final = say(
    "The process that runs the models ended without a word, perhaps for lack of memory; close other programs, or "
    "choose a smaller model."
)
CLOSING: Final = say("The workbench is closing.")


class ProcessEndedError(WorkbenchError):
    """The process died over a request."""


class ModelProcess:
    """One such process; asked by several threads, it answers one after another."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._process: subprocess.Popen[str] | None = None
        self._turns = Turns()
        self._closed = False

    def ask(self, request: dict[str, Any], *, behind: bool = False) -> dict[str, Any]:
        """Send a request and wait for the answer.

        Args:
            behind: Whether requests that somebody waits for go first: this one is a piece of a longer work.

        Raises:
            ProcessEndedError: The process died over it; the next request starts another one.
            WorkbenchError: It cannot be done.
        """
        line = json.dumps(request) + "\n"
        with self._turns.take(behind=behind):
            answer, ended = self._exchange(line)
            if not answer and ended == 0:  # by itself, idle, at this very moment
                answer, ended = self._exchange(line)
        if self._closed:
            raise WorkbenchError(CLOSING)
        if not answer:
            raise ProcessEndedError(ENDED)
        document: dict[str, Any] = read(json.loads(answer))
        if "error" in document:
            raise WorkbenchError(document["error"])
        return document

    def close(self) -> None:
        """End the process, if there is one; what it is at is dropped."""
        self._closed = True
        process = self._process
        if process is not None:
            process.terminate()
        with self._turns.take():
            self._end()

    def _exchange(self, line: str) -> tuple[str, int]:
        """The answer, and 0; where the process is gone, nothing, and its exit status."""
        if self._closed:
            return "", 0
        process = self._process if self._process is not None and self._process.poll() is None else self._start()
        if self._closed:  # meanwhile, so that nobody else ends this one
            process.terminate()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        return (answer, 0) if answer.endswith("\n") else ("", self._end())

    def _start(self) -> "subprocess.Popen[str]":
        self._end()
        with (self._workspace.temporary / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl+C is for the page; the process sees its input end
            )
        return self._process

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "workbench.services.inference.server", str(self._workspace.root)]

    def _end(self) -> int:
        """Let go of the process, if there is one; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                continue
        try:
            return process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
