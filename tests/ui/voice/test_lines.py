"""Pieces that many speak at once, over a real connection: they leave threads for others and end with their page."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from tests.services.clips.test_prompts import take
from tests.ui.voice.test_section import Models, models, run, spoken  # noqa: F401 (fixtures)
from workbench.services.workbench import Workbench
from workbench.ui.kit.scripts import UI
from workbench.ui.voice.voice_routes import AT_ONCE, PAGE_SENDS, add_voice_routes

POOL = 40  # threads that all routes share (anyio)
PATIENCE_S = 30
HEADERS = {"Content-Type": "audio/wav", "X-Take": "%7B%22set%22%3A%20%22tones%22%7D"}


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.01)


@pytest.fixture
def server(bench: Workbench) -> Iterator[uvicorn.Server]:
    app = FastAPI()
    add_voice_routes(app, bench)
    served = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    until(lambda: served.started)
    yield served
    served.should_exit = True
    thread.join(PATIENCE_S)


@pytest.fixture
def slow(bench: Workbench, models: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:  # noqa: F811
    """Models that answer once this is set."""
    go = threading.Event()

    def ask(request: dict[str, Any], **more: Any) -> dict[str, Any]:
        models.asked.append(request)
        assert go.wait(PATIENCE_S)
        return {"text": "close valve", "seconds": 0.5}

    monkeypatch.setattr(bench.models, "ask", ask)
    yield go
    go.set()


def address(server: uvicorn.Server) -> str:
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


def test_what_was_spoken_is_taken_in_while_many_pieces_are_heard(
    server: uvicorn.Server,
    run: str,  # noqa: F811
    models: Models,  # noqa: F811
    slow: threading.Event,
) -> None:
    def speak(_: int) -> int:
        return len(httpx.post(f"{url}/voice/pieces", content=take(1.0), headers=HEADERS, timeout=60).text.splitlines())

    url = address(server)
    with ThreadPoolExecutor(POOL + 5) as people:
        lines = people.map(speak, range(POOL + 5))
        until(lambda: len(server.server_state.connections) == POOL + 5 and len(models.asked) >= AT_ONCE)
        assert "token" in httpx.post(f"{url}/voice/sounds", json=spoken(), timeout=10).json()
        assert len(models.asked) == AT_ONCE, "the others wait"
        slow.set()
        assert list(lines) == [3] * (POOL + 5), "and each is heard"


def test_of_a_piece_whose_page_is_gone_no_other_model_is_asked(
    server: uvicorn.Server,
    run: str,  # noqa: F811
    models: Models,  # noqa: F811
    slow: threading.Event,
) -> None:
    with httpx.stream("POST", f"{address(server)}/voice/pieces", content=take(1.0), headers=HEADERS):
        until(lambda: len(models.asked) == 1)
    until(lambda: not server.server_state.connections)
    slow.set()
    until(lambda: not server.server_state.tasks)
    assert len(models.asked) == 1


def test_the_page_sends_as_many_pieces_at_once_as_the_server_reckons_with() -> None:
    rules = Path(UI / "voice" / "voice_rules.js").read_text(encoding="utf-8")
    found = re.search(r"MOST_SENT = (\d+);", rules)
    assert found
    assert int(found[1]) == PAGE_SENDS
