"""Who may open the page: flags, names, signing in, behind a proxy, two servers on one workspace."""

import itertools
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.ui.served import PATIENCE_S, ROOT, Answer, Served, started
from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.ui.gate.access import Access, hostname
from workbench.ui.gate.pages import KEY_FILE, Pages, page_key
from workbench.ui.launch import Server

PASSWORD = "correct horse battery"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password.txt"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"allowed_hosts": ["http://a.example/x"]}, "no host name"),
        ({"allowed_hosts": ["a b"]}, "no host name"),
        ({"allowed_hosts": [""]}, "no host name"),
        ({"allowed_hosts": ["*"]}, "no host name"),
        ({"root_path": "speech"}, "--root-path"),
        ({"root_path": "/a/../b"}, "--root-path"),
        ({"root_path": "https://"}, "--root-path"),
        ({"root_path": "javascript://x"}, "--root-path"),
    ],
)
def test_a_wrong_flag_is_said_in_a_sentence(given: dict[str, object], said: str) -> None:
    with pytest.raises(WorkbenchError, match=said):
        Access.make(**given)  # type: ignore[arg-type]


def test_a_proxys_address_is_a_name_that_is_answered() -> None:
    access = Access.make(root_path="https://speech.example.org/ward/", allowed_hosts=["Other.example.org:8443"])
    assert access.allowed_hosts == ("other.example.org", "speech.example.org")
    assert access.prefix == "/ward"


def test_beyond_this_machine_something_is_asked_for_unless_told_otherwise(password_file: Path) -> None:
    assert not Access.make().asks
    assert Access.make("0.0.0.0").link
    assert not Access.make("0.0.0.0", insecure=True).asks
    with_password = Access.make("0.0.0.0", password_file=password_file)
    assert (with_password.password, with_password.link) == (PASSWORD, False)
    assert Access.make(password_file=password_file).asks
    with pytest.raises(WorkbenchError, match="contradict"):
        Access.make("0.0.0.0", password_file=password_file, insecure=True)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "0 characters"), (b"short\n", "5 characters"), (b"\xff" * 20, "UTF-8")]
)
def test_a_password_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(WorkbenchError, match=said):
        Access.make(password_file=tmp_path / "p")


def test_a_passwords_file_that_is_none_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", Path("/dev/zero")):
        with pytest.raises(WorkbenchError, match="no file"):
            Access.make(password_file=path)


@pytest.mark.parametrize("netloc", ["a@b", "a:b", "a/b", "a?b", "[::1", "", ":80", "a:99999999"])
def test_what_is_no_host_has_no_name(netloc: str) -> None:
    assert hostname(netloc) == ""


def test_the_entry_and_the_verb_take_the_same_flags() -> None:
    helps = []
    for command in (["app.py"], ["-m", "workbench.cli", "serve"]):
        run = [sys.executable, *command, "--help"]
        if command[0] == "-m":
            run = [sys.executable, "-c", "from workbench.cli import main; main(['serve', '--help'])"]
        out = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, check=True)
        helps.append(set(re.findall(r"--[a-z-]+", out.stdout)))
    assert helps[0] == helps[1]
    flags = {"--host", "--port", "--allowed-host", "--password-file", "--insecure", "--root-path", "--open", "--model"}
    assert flags < helps[0]


# ---- signing in ----


def sign_in(served: Served, **form: str) -> Answer:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return served.ask("POST", "/login", urlencode(form).encode(), kind)


def cookie_of(answer: Answer) -> str:
    return answer.headers.get("set-cookie", "").partition(";")[0]


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on every address of this machine, which prints a link."""
    with started(tmp_path_factory.mktemp("linked") / "w", "--host", "0.0.0.0") as served:
        yield served


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that asks for a password."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    with started(folder / "w", "--password-file", str(folder / "password")) as served:
        yield served


def links(served: Served) -> list[str]:
    return re.findall(r"/login\?key=(\S+)", "".join(served.lines))


def test_a_printed_link_signs_one_browser_in_and_the_next_is_printed(linked: Served) -> None:
    (key,) = links(linked)
    shown = linked.ask("GET", f"/login?key={key}")
    assert shown.status == 200  # a mail program's preview does not use it up
    answer = sign_in(linked, key=key)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    told = answer.headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    cookie = cookie_of(answer)
    assert linked.ask("GET", "/", headers={"Cookie": cookie}).status == 200
    assert linked.ask("GET", "/login", headers={"Cookie": cookie}).status == 303
    again = sign_in(linked, key=key)
    assert again.status == 403
    assert "used already" in again.body.decode()
    deadline = time.monotonic() + 30
    while len(links(linked)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sign_in(linked, key=links(linked)[1]).status == 303


@pytest.mark.slow
def test_a_link_opens_from_a_mail_though_others_have_guessed(tmp_path: Path) -> None:
    """A web mail's link comes from another site; somebody else's guesses must not keep its reader out."""
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    with started(tmp_path / "w", "--host", "0.0.0.0") as served:
        while not links(served):
            time.sleep(0.02)
        (key,) = links(served)
        shown = served.ask("GET", f"/login?key={key}", headers={**followed, "Referer": "https://mail.example/"})
        assert shown.status == 200
        framed = {**followed, "Sec-Fetch-Dest": "iframe"}
        assert served.ask("GET", f"/login?key={key}", headers=framed).status == 403
        assert {sign_in(served, key=f"guess {n}").status for n in range(12)} == {403, 429}
        assert sign_in(served, key=key).status == 303


def test_without_the_cookie_nothing_is_answered(guarded: Served) -> None:
    page = guarded.ask("GET", "/")
    assert page.status == 401
    assert b"url=/login" in page.body
    assert b"gradio" not in page.body
    for path in (
        "/config",
        "/sounds/1",
        "/models/run-1.zip",
        "/texts/csv?of=x",
        "/gradio_api/queue/data?session_hash=a",
        "/assets/a.js",
    ):
        assert guarded.ask("GET", path).status == 401
    for path in ("/takes", "/prompts", "/gradio_api/upload", "/gradio_api/queue/join"):
        assert guarded.ask("POST", path, b"{}").status == 401


def test_the_password_signs_in_and_a_wrong_one_does_not(guarded: Served) -> None:
    form = guarded.ask("GET", "/login")
    assert b"type='password'" in form.body
    assert "default-src 'none'" in form.headers["content-security-policy"]
    for wrong in ("", "wrong", PASSWORD + "x", PASSWORD.upper(), "x" * 10_000):
        answer = sign_in(guarded, password=wrong)
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
    cookie = cookie_of(sign_in(guarded, password=PASSWORD))
    assert guarded.ask("GET", "/config", headers={"Cookie": cookie}).status == 200
    assert guarded.ask("GET", "/config", headers={"Cookie": cookie + "x"}).status == 401


@pytest.mark.slow
def test_guessing_is_limited_for_the_right_password_too(tmp_path: Path, password_file: Path) -> None:
    with started(tmp_path / "w", "--password-file", str(password_file)) as served:
        statuses = [sign_in(served, password=f"guess {n}").status for n in range(12)]
        assert statuses == [403] * 10 + [429] * 2
        assert sign_in(served, password=PASSWORD).status == 429


def test_another_site_cannot_sign_a_visitor_in(guarded: Served) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://foo.example"}
    body = urlencode({"password": PASSWORD}).encode()
    assert guarded.ask("POST", "/login", body, headers).status == 403


def test_a_link_is_given_as_text_not_as_html(guarded: Served) -> None:
    shown = guarded.ask("GET", "/login?key=%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert b"<script" not in shown.body


# ---- behind a proxy ----


@pytest.mark.slow
def test_the_page_works_under_a_path_of_a_proxy_that_was_named(tmp_path: Path) -> None:
    name = "speech.example.org"
    with started(tmp_path / "w", "--root-path", f"https://{name}/ward") as served:
        told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": name, "X-Forwarded-For": "10.1.2.3"}
        # A proxy may pass the path on whole or without its own part, and its own name or this server's.
        for path in ("/", "/ward/", "/ward"):
            for host in (name, f"127.0.0.1:{served.port}"):
                answer = served.ask("GET", path, headers=told, host=host)
                assert answer.status == 200, (path, host)
                assert f'"root":"https://{name}/ward"'.encode() in answer.body
        token = re.search(rb'x-page-token", "([^"]+)"', answer.body)
        assert token
        asked = {**told, "X-Page-Token": token[1].decode(), "Content-Type": "application/json"}
        body = b'{"set": "nobody", "lines": "x"}'
        assert served.ask("POST", "/ward/prompts", body, {**asked, "Origin": f"https://{name}"}).status == 422
        assert served.ask("POST", "/ward/prompts", body, {**asked, "Origin": "https://other.example.org"}).status == 403


@pytest.mark.slow
def test_what_a_request_says_of_a_proxy_that_nobody_named_is_not_believed(tmp_path: Path) -> None:
    with started(tmp_path / "w") as served:
        answer = served.ask("GET", "/", headers={"X-Forwarded-Host": "foo.example", "Forwarded": "host=foo.example"})
        assert answer.status == 200
        assert b"foo.example" not in answer.body


# ---- pages, and servers beside each other ----


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
