"""The process beside the page: whose turn it is, and what is told and kept when it dies."""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from workbench.errors import WorkbenchError
from workbench.services.inference.process import CLOSING, ModelProcess, ProcessEndedError
from workbench.services.inference.turns import Turns
from workbench.workspace import Workspace


def test_whoever_waits_for_it_goes_first_else_in_order() -> None:
    turns, took, threads = Turns(), list[str](), list[threading.Thread]()

    def work(name: str, behind: bool) -> None:
        with turns.take(behind=behind):
            took.append(name)

    with turns.take():
        for n, (name, behind) in enumerate((("a", True), ("b", True), ("c", False), ("d", False))):
            threads.append(threading.Thread(target=work, args=(name, behind)))
            threads[-1].start()
            while len(turns._waiting) <= n:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert took == ["c", "d", "a", "b"]


def test_a_long_work_lets_others_in_between_its_pieces() -> None:
    """The thread that has just had a turn asks again at once; a plain lock would mostly be its again."""
    turns, took = Turns(), list[str]()
    begun = threading.Event()

    def drafts() -> None:
        for _ in range(50):
            with turns.take(behind=True):
                took.append("draft")
                begun.set()
                time.sleep(0.005)

    thread = threading.Thread(target=drafts)
    thread.start()
    assert begun.wait(10)
    for _ in range(5):
        with turns.take():
            took.append("try")
    thread.join(10)
    assert took.index("try") <= 3
    assert len(took) == 55


PLAYING = """
import json, os, signal, sys
for line in sys.stdin:
    request = json.loads(line)
    if request.get("half"):
        print('{"half', end="", flush=True)
    if request.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    print(json.dumps({"pid": os.getpid()}), flush=True)
    if request.get("last"):
        break
"""


@pytest.fixture
def process(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelProcess]:
    """A process that says its number; the real one starts, and dies, in the same way."""
    found = ModelProcess(workspace)
    monkeypatch.setattr(found, "_command", lambda: [sys.executable, "-c", PLAYING])
    yield found
    found.close()


@pytest.mark.parametrize("how", [{}, {"half": True}])
def test_one_that_dies_over_a_request_is_told_once_and_the_next_gets_another(process: ModelProcess, how: Any) -> None:
    first = process.ask({})["pid"]
    assert process.ask({})["pid"] == first
    with pytest.raises(ProcessEndedError, match="ended without a word, perhaps for lack of memory"):
        process.ask({"die": True, **how})
    assert process.ask({})["pid"] != first


def test_one_that_ends_idle_is_replaced_and_nothing_is_said(process: ModelProcess) -> None:
    first = process.ask({"last": True})["pid"]
    assert process.ask({"last": True})["pid"] != first


def test_closing_ends_it_and_whoever_waits_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    process, told, started = ModelProcess(workspace), list[str](), threading.Event()

    def command() -> list[str]:
        started.set()
        return ["sleep", "60"]  # it never answers

    def ask() -> None:
        with pytest.raises(WorkbenchError) as raised:
            process.ask({"do": "nothing"})
        told.append(str(raised.value))

    monkeypatch.setattr(process, "_command", command)
    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    assert started.wait(10)
    began = time.monotonic()
    process.close()
    for thread in asking:
        thread.join(10)
    assert told == [CLOSING, CLOSING]
    assert time.monotonic() - began < 5
    assert process._process is None
