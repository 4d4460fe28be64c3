"""The stream of changes passes the gate: with a page's token, within its limits, and with nothing else in it."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ui.served import PATIENCE_S, Served, Tab, started
from workbench.services.workbench import Workbench
from workbench.ui.gate.pages import STREAMS_A_PAGE


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    workspace = tmp_path_factory.mktemp("changes") / "workspace"
    with started(workspace) as running:
        yield running


def call(tab: Tab) -> socket.socket:
    """A stream of a tab, with its answer's head unread."""
    sock = socket.create_connection(("127.0.0.1", tab.served.port), timeout=PATIENCE_S)
    head = "".join(f"{name}: {value}\r\n" for name, value in tab.headers.items())
    sock.sendall(f"GET /changes HTTP/1.1\r\nHost: 127.0.0.1:{tab.served.port}\r\n{head}\r\n".encode())
    return sock


def test_a_page_hears_of_what_another_process_writes(served: Served, tmp_path: Path) -> None:
    with call(served.page()) as sock:
        lines = sock.makefile("rb")
        told = (line for line in lines if line.startswith(b"data: "))
        first = next(told)
        bench = Workbench.open(served.workspace)
        bench.collecting.create_set("elsewhere")
        bench.close()
        second = next(told)
    assert first != second
    for line in (first, second):
        assert len(bytes.fromhex(line[6:].decode())) == 8, "a hash and nothing of what it stands for"


def test_nobody_hears_without_a_pages_token(served: Served) -> None:
    assert served.ask("GET", "/changes").status == 403
    assert served.ask("GET", "/changes", headers={"X-Page-Token": "a.b"}).status == 403


def test_streams_of_a_page_are_limited_and_given_back(served: Served) -> None:
    tab = served.page()
    with ExitStack() as calls:
        for _ in range(STREAMS_A_PAGE):
            assert b" 200 " in calls.enter_context(call(tab)).makefile("rb").readline()
        refused = served.ask("GET", "/changes", headers=tab.headers)
        assert refused.status == 429
        assert json.loads(refused.body)["error"]
    for _ in range(1_000):  # the server hears of each that hung up
        with call(tab) as sock:
            if b" 200 " in sock.makefile("rb").readline():
                return
    raise AssertionError("a stream that was ended still counts")
