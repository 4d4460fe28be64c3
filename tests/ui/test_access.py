"""Who may open the page: flags, names, signing in, behind a proxy."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.ui.served import ROOT, Answer, Served, started
from workbench.errors import WorkbenchError
from workbench.ui.gate.access import Access, hostname

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
                settings = answer.body.replace(b'\\"', b'"')  # they stand there as a text of JSON
                assert f'"root":"https://{name}/ward"'.encode() in settings
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
