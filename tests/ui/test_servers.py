"""What outlives what: pages, servers on one workspace, connections, uploads."""

import itertools
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ui.served import PATIENCE_S, ROOT, Served, started
from workbench.services.workbench import Workbench
from workbench.ui.gate.pages import KEY_FILE, Pages, page_key
from workbench.ui.launch import Server


def test_a_page_outlives_its_server_and_is_none_of_another_workspace(tmp_path: Path) -> None:
    token = Pages(page_key(tmp_path)).issue()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert Pages(page_key(tmp_path)).find(token)
    (tmp_path / "other").mkdir()
    assert Pages(page_key(tmp_path / "other")).find(token) is None


def test_a_page_that_is_open_for_months_has_to_be_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(page_key(tmp_path))
    token = pages.issue()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 31 * 24 * 3600)
    assert pages.find(token) is None


@pytest.mark.slow
def test_a_second_server_on_a_workspace_says_where_the_first_is(tmp_path: Path) -> None:
    with started(tmp_path / "w") as served:
        second = [sys.executable, "app.py", "--workspace", str(tmp_path / "w"), "--port", "0"]
        out = subprocess.run(second, capture_output=True, text=True, cwd=ROOT, timeout=60)
        assert out.returncode == 1
        assert f"served already, at http://127.0.0.1:{served.port} (process {served.process.pid})" in out.stderr  # type: ignore[union-attr]
        assert "Traceback" not in out.stderr


@pytest.mark.slow
def test_a_killed_server_leaves_its_workspace_free(tmp_path: Path) -> None:
    with started(tmp_path / "w") as served:
        assert served.process
        served.process.kill()
        served.process.wait()
    with started(tmp_path / "w") as served:
        assert served.page().token


def test_what_gradio_keeps_of_tabs_is_bounded(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds every tab's components for good; a page that is loaded often must not fill the memory."""
    from workbench.ui import launch

    monkeypatch.setattr(launch, "KEPT_TABS", 2)
    app = launch.make_app(bench)
    holder = app._waiting._blocks.state_holder
    for tab in range(5):
        holder[f"tab{tab}"]
    assert list(holder.session_data) == ["tab3", "tab4"]


def test_a_tab_begins_without_a_copy_of_all_components(bench: Workbench) -> None:
    """Gradio made one before its first answer; what is asked for is there all the same."""
    from workbench.ui import launch

    blocks = launch.make_app(bench)._waiting._blocks
    tab = blocks.state_holder["tab"]
    assert tab.config_values == {}
    assert tab.blocks_config.fns == blocks.fns
    assert all(number in tab for number, block in blocks.blocks.items() if not block.stateful)


def test_connections_that_ask_for_nothing_are_dropped(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent, or with a head that never ends; what is being answered stays."""
    from workbench.ui.gate import connections

    monkeypatch.setattr(connections, "SILENT_S", 0.5)
    with Server(bench) as running:
        served = Served(running.port)
        tab = served.page()
        silent, slow, stream, again = (
            socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S) for _ in range(4)
        )
        with silent, slow, stream, again:
            stream.sendall(
                f"GET /gradio_api/heartbeat/{tab.session} HTTP/1.1\r\nHost: localhost\r\n"
                f"X-Page-Token: {tab.token}\r\n\r\n".encode()
            )
            again.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in again.recv(4096)
            assert silent.recv(1) == b""
            with suppress(ConnectionError):
                for part in itertools.chain([b"GET / HTTP/1.1\r\nX: "], itertools.repeat(b"a")):
                    slow.sendall(part)
                    if select.select([slow], [], [], 0.05)[0]:
                        assert slow.recv(1) == b""
                        break
            assert b"200 OK" in stream.recv(4096)
            while select.select([stream], [], [], 0)[0]:
                assert stream.recv(4096)  # nothing would be its end
        served.close()


def test_who_goes_away_while_sending_is_no_fault(bench: Workbench, caplog: pytest.LogCaptureFixture) -> None:
    with Server(bench) as running:
        served = Served(running.port)
        tab = served.page()
        head = f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nX-Page-Token: {tab.token}\r\n"
        with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S) as gone:
            gone.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            time.sleep(0.2)
        assert served.page().token
        served.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_takes_beyond_some_wait_instead_of_filling_the_memory(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from workbench.ui.collect import recording_routes as recordings

    monkeypatch.setattr(recordings, "AT_ONCE", 1)
    with Server(bench) as running:
        served = Served(running.port)
        tab = served.page()
        head = (
            f"POST /takes HTTP/1.1\r\nHost: localhost\r\nX-Page-Token: {tab.token}\r\nContent-Type: audio/wav\r\n"
            "X-Take: {}\r\nContent-Length: 1000\r\n\r\n"
        ).encode()
        half, whole = (socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S) for _ in range(2))
        with half, whole:
            half.sendall(head + b"RIFF")
            assert served.ask("GET", "/robots.txt").status == 200  # after the half one
            whole.sendall(head + b"x" * 1000)
            assert not select.select([whole], [], [], 0.5)[0]
            half.close()
            assert b" 422 " in whole.recv(4096)
        served.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


# ---- uploads ----


def test_uploads_go_with_their_page(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    from workbench.ui.gate import gate, pages

    monkeypatch.setattr(gate, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(pages.Page.closed, "__defaults__", (0.2,))

    def uploads() -> list[str]:
        # os.walk bears folders that go while it looks
        return [name for _, _, files in os.walk(bench.uploads.root) for name in files if name.endswith(".wav")]

    with Server(bench) as running:
        served = Served(running.port)
        tab = served.page()
        (handle,) = tab.upload(("a.wav", b"RIFF")).json
        assert uploads() == ["a.wav"]
        eventually(lambda: not uploads())
        assert served.ask("GET", f"/gradio_api/file={handle}").status == 404
        assert tab.post("/prompts", {"set": "nobody", "lines": ""}).status == 422  # the page itself goes on
        served.close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    def wait(true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait


def test_a_full_disk_takes_no_upload_and_keeps_nothing_of_it(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.ui.gate import receiving

    with Server(bench) as running:
        served = Served(running.port)
        tab = served.page()
        monkeypatch.setattr(receiving, "_free", lambda folder: 100)
        answer = tab.upload(("a.wav", b"x" * 1_000))
        assert answer.status == 507
        assert "no room" in answer.json["error"]
        monkeypatch.setattr(receiving, "_free", lambda folder: 10**9 if folder == bench.uploads.root else 0)
        monkeypatch.setattr(receiving, "LOOK_EVERY", 10)
        assert tab.upload(("a.wav", b"x" * 100_000)).status == 507
        monkeypatch.setattr(receiving, "_free", lambda folder: 10**12)
        monkeypatch.setattr(receiving, "LARGEST_FILE", 1_000)
        answer = tab.upload(("a.wav", b"x" * 1_001))
        assert answer.status == 413
        monkeypatch.setattr(receiving, "MOST_FILES", 2)
        assert tab.upload(*[(f"{n}.wav", b"x") for n in range(3)]).status == 413
        assert [p for p in bench.uploads.root.rglob("*") if p.is_file()] == []
        served.close()
