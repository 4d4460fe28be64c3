"""The page as `make app` starts it, attacked over raw HTTP: what was stolen, planted or hung before, and is not now."""

import io
import itertools
import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import soundfile

from tests.conftest import speechlike
from tests.ui.served import Served, Tab, end_workers, started
from workbench.services.workbench import Workbench

CANARY = b"canary:yellow-feathers-42"
SPOKEN = "a sentence that nobody uploaded"
FILE_DATA = {"_type": "gradio.FileData"}


@pytest.fixture(scope="module")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a visitor must not get: a text, a recording with its label, a file with an ending that browsers play."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "secret.txt").write_bytes(CANARY)
    soundfile.write(folder / "secret.wav", speechlike(1.0, seed=77), 16_000)
    (folder / "secret.jsonl").write_text(json.dumps({"audio_filepath": "secret.wav", "text": SPOKEN}))
    (folder / "secret.mp3").write_bytes(CANARY)
    return folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one clip."""
    folder = tmp_path_factory.mktemp("gate")
    wav = folder / "one.wav"
    soundfile.write(wav, speechlike(1.0), 16_000)
    bench = Workbench.open(folder / "workspace")
    bench.collecting.add_files("served", [(wav, "one.wav")])
    bench.close()
    return folder / "workspace"


@pytest.fixture(scope="module")
def served(workspace: Path) -> Iterator[Served]:
    with started(workspace) as running:
        yield running


@pytest.fixture
def tab(served: Served) -> Tab:
    return served.page()


def config_of(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.ask("GET", "/config").json
    return found


def wav_bytes(seed: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, speechlike(1.0, seed=seed), 16_000, format="WAV")
    return file.getvalue()


def kinds_of(config: dict[str, Any]) -> dict[int, str]:
    return {component["id"]: component["type"] for component in config["components"]}


def files_function(config: dict[str, Any]) -> tuple[int, list[int]]:
    """The function that adds uploaded files, and its inputs."""
    kinds = kinds_of(config)
    found = [d for d in config["dependencies"] if "file" in [kinds[i] for i in d["inputs"]]]
    assert len(found) == 1
    return found[0]["id"], found[0]["inputs"]


# ---- files of the server ----


def hostile(folder: Path, own: str, foreign: str, workspace: Path, port: int) -> list[Any]:
    """Payloads that mean a file which this visitor has not uploaded, or an address.

    Args:
        own: A handle of the visitor's own upload.
        foreign: One of another visitor's.
    """
    secret = str(folder / "secret.txt")
    paths = [secret, str(folder / "secret.wav"), str(workspace / "workbench.db"), "/etc/passwd", "/proc/self/environ"]
    paths += ["/dev/zero", os.path.relpath(secret), f"file://{secret}", foreign, f"{own}/../../../{secret}", ""]
    paths += [f"http://127.0.0.1:{port}/config", str(workspace / "tmp" / "uploads")]
    whole = [{"path": path, "meta": FILE_DATA} for path in paths]
    return [
        *whole,
        {"path": own, "url": f"http://127.0.0.1:{port}/config", "meta": FILE_DATA, "is_stream": True},
        {"path": secret, "url": secret, "orig_name": "a.wav", "mime_type": "audio/wav", "meta": FILE_DATA},
        {"url": f"file://{secret}", "meta": FILE_DATA},
        {"path": secret},
        [whole[0]],
        [[whole[0]]],
        {"value": whole[0]},
        {"a": [{"b": whole[0]}]},
        {"__type__": "update", "value": whole[0]},
        {"__type__": "update", "value": "x", "visible": True},
        {"meta": FILE_DATA, "path": [secret]},
        {"video": whole[0], "subtitles": None},
    ]


def test_no_function_of_the_page_takes_a_file_that_its_visitor_has_not_uploaded(
    served: Served, tab: Tab, secrets_folder: Path, workspace: Path
) -> None:
    """Generated: every input of every function and what comes with an event, with some of the payloads in turn."""
    assert _walk(served, tab, secrets_folder, workspace, payloads_a_place=3) > 1_000


@pytest.mark.slow
def test_none_takes_any_of_them(served: Served, tab: Tab, secrets_folder: Path, workspace: Path) -> None:
    """The same with every payload in every place."""
    assert _walk(served, tab, secrets_folder, workspace, payloads_a_place=100) > 8_000


def _walk(served: Served, tab: Tab, secrets_folder: Path, workspace: Path, *, payloads_a_place: int) -> int:
    """How many payloads were sent; all of them were refused."""
    own = tab.upload(("mine.wav", wav_bytes(1))).json[0]
    foreign = served.page().upload(("theirs.wav", wav_bytes(2))).json[0]
    config = config_of(served)
    kinds, payloads = kinds_of(config), hostile(secrets_folder, own, foreign, workspace, served.port)
    turn, refused = itertools.count(), 0
    for dependency in config["dependencies"]:
        inputs = [kinds[i] for i in dependency["inputs"]]
        # What is sent for a State is not looked at; see the next test.
        for place in [*(p for p, kind in enumerate(inputs) if kind != "state"), None]:
            for _ in range(min(payloads_a_place, len(payloads))):
                payload = payloads[next(turn) % len(payloads)]
                if place is not None and inputs[place] in ("file", "audio") and _is_own(payload, own):
                    continue
                data: list[Any] = [payload if p == place else None for p in range(len(inputs))]
                answer = tab.join(dependency["id"], data, event_data=payload if place is None else None)
                assert answer.status in (400, 403), (dependency["id"], place, payload, answer.body[:300])
                refused += 1
    return refused


def _is_own(payload: Any, own: str) -> bool:
    return isinstance(payload, dict) and payload.get("path") == own


def test_every_function_answers_a_plain_event_and_none_tells_of_a_file(
    served: Served, tab: Tab, secrets_folder: Path, workspace: Path
) -> None:
    """The other side of the walk: the gate lets through what it should, and a State takes nothing from outside."""
    config = config_of(served)
    kinds = kinds_of(config)
    planted = {"path": str(secrets_folder / "secret.txt"), "meta": FILE_DATA}
    joined = 0
    for dependency in config["dependencies"]:
        if not dependency["backend_fn"]:
            continue
        data = [planted if kinds[i] == "state" else None for i in dependency["inputs"]]
        assert tab.join(dependency["id"], data).status == 200
        joined += 1
        if joined % 40 == 0:
            _check_silent(tab.answers(40), workspace)
    if joined % 40:  # of none left, the first would be waited for
        _check_silent(tab.answers(joined % 40), workspace)
    end_workers(workspace)
    assert joined > 80


def _check_silent(answers: list[dict[str, Any]], workspace: Path) -> None:
    told = json.dumps(answers).encode()
    for forbidden in (CANARY, b"FileData", b"/gradio_api/file=", str(workspace).encode(), b"Traceback"):
        assert forbidden not in told


@pytest.mark.slow
def test_a_secret_named_in_an_event_cannot_be_fetched_afterwards(served: Served, secrets_folder: Path) -> None:
    """The theft as it was: a value that is echoed is copied into the cache on its way, and fetched from there."""
    for dependency in config_of(served)["dependencies"]:
        tab = served.page()
        payload = {"path": str(secrets_folder / "secret.txt"), "meta": FILE_DATA}
        if tab.join(dependency["id"], [payload] * len(dependency["inputs"])).status != 200:
            continue
        for address in re.findall(r"/gradio_api/file=[^\"]+", json.dumps(tab.answers())):
            assert CANARY not in served.ask("GET", address).body, dependency["id"]


def test_what_was_uploaded_is_added_and_nothing_else(
    served: Served, tab: Tab, secrets_folder: Path, workspace: Path
) -> None:
    function, inputs = files_function(config_of(served))
    kinds = kinds_of(config_of(served))
    assert [kinds[i] for i in inputs][:2] == ["state", "file"]
    wav = secrets_folder / "secret.wav"
    for path in (str(wav), str(secrets_folder), str(secrets_folder / "secret.jsonl")):
        assert tab.join(function, [None, [{"path": path, "meta": FILE_DATA}], "", False]).status == 403
    listing = json.dumps({"audio_filepath": str(wav), "text": SPOKEN}).encode()
    (handle,) = tab.upload(("list.jsonl", listing)).json
    assert str(workspace) not in handle
    assert tab.join(function, [None, [{"path": handle, "meta": FILE_DATA}], "", False]).status == 200
    tab.answers()
    bench = Workbench.open(workspace)
    assert not [
        clip for info in bench.collecting.sets() for clip in bench.labelling.clips(info.name) if SPOKEN in clip.text
    ]
    bench.close()


def test_an_upload_is_served_to_who_holds_its_handle_and_by_no_path(served: Served, tab: Tab, workspace: Path) -> None:
    sound = wav_bytes(3)
    (handle,) = tab.upload(("Grün & <b>.wav", sound)).json
    assert handle.endswith("/Grün & _b_.wav")
    answer = served.ask("GET", f"/gradio_api/file={quote(handle)}")
    assert (answer.status, answer.body) == (200, sound)
    part = served.ask("GET", f"/gradio_api/file={quote(handle)}", headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, b"RIFF")
    lying = next((workspace / "tmp" / "uploads").rglob("*.wav"))
    for path in (str(lying), handle.split("/")[0], "x/" + handle, str(workspace / "workbench.db"), "/etc/passwd"):
        assert served.ask("GET", f"/gradio_api/file={quote(path)}").status == 404


def test_an_html_file_that_was_uploaded_is_saved_not_shown(served: Served, tab: Tab) -> None:
    (handle,) = tab.upload(("x.html", b"<script>alert(1)</script>")).json
    answer = served.ask("GET", f"/gradio_api/file={handle}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "script-src" not in answer.headers["content-security-policy"]


# ---- other web sites ----

ASKED = [
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/sounds/1"),
    ("GET", "/waves/1"),
    ("GET", "/models/run-1.zip"),
    ("GET", "/texts/csv?of=served"),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/assets/nothing.js"),
    ("POST", "/takes"),
    ("POST", "/prompts"),
    ("POST", "/prompts/check"),
    ("POST", "/voice/pieces"),
    ("POST", "/voice/files"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/queue/join"),
]


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_a_name_that_was_not_allowed_is_not_answered(served: Served, tab: Tab, method: str, path: str) -> None:
    """DNS rebinding: another site's name leads here, and its scripts count as this server's own."""
    names = [
        "foo.example",
        f"foo.example:{served.port}",
        "localhost.foo.example",
        "127.0.0.1.foo.example",
        "8.8.8.8",
        "",
    ]
    names += ["user@127.0.0.1", "0.0.0.0", f"[::2]:{served.port}"]
    for name in names:
        origin = {"Origin": f"http://{name}"} if name else {}
        answer = served.ask(method, path, b"{}" if method == "POST" else None, {**tab.headers, **origin}, host=name)
        assert answer.status in (421, 400), name
        assert b"served" not in answer.body


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:7860", "[::1]:7860"])
def test_this_machines_own_names_are_answered(served: Served, name: str) -> None:
    assert served.ask("GET", "/", host=name).status == 200


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_another_sites_request_is_refused_and_no_cors_header_is_sent(
    served: Served, tab: Tab, method: str, path: str
) -> None:
    body = b"{}" if method == "POST" else None
    own = f"http://127.0.0.1:{served.port}"
    for told in (
        {"Origin": "https://foo.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another program of this machine
        {"Origin": own.replace("http", "ftp")},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "audio"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Referer": "https://foo.example/page"},
    ):
        if (method, path) == ("GET", "/") and "Referer" in told:
            continue  # a link from a mail or another page opens this one
        answer = served.ask(method, path, body, {**tab.headers, **told})
        assert answer.status == 403, (told, answer.status)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_page_opens_from_a_mails_link_but_nothing_else_does(served: Served) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert served.ask("GET", "/", headers=followed).status == 200
    for path in ("/sounds/1", "/texts/csv?of=served", "/config"):
        assert served.ask("GET", path, headers=followed).status == 403


def test_no_origin_is_told_that_it_may_ask(served: Served) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-page-token"}
    for origin in ("https://foo.example", f"http://127.0.0.1:{served.port}"):
        answer = served.ask("OPTIONS", "/gradio_api/queue/join", headers={"Origin": origin, **asked})
        assert answer.status in (403, 405)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/", "/config", "/sounds/1", "/theme.css", "/no/such", "/gradio_api/queue/join", "/texts/csv?of=served"]
)
def test_every_answer_says_who_may_show_it(served: Served, path: str) -> None:
    headers = served.ask("GET", path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "'unsafe-inline'" not in headers["content-security-policy"].split("style-src")[0]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


def test_writing_needs_a_token_that_a_page_was_given(served: Served, tab: Tab) -> None:
    stranger = Tab(served, "", b"")
    forged = Tab(served, tab.token[:-1] + ("0" if tab.token[-1] != "0" else "1"), b"")
    for other in (stranger, forged, Tab(served, "79cb2-x.é", b"")):
        assert other.upload(("a.wav", wav_bytes(4))).status == 403
        assert other.join(0, []).status == 403
        assert other.post("/prompts", {"set": "served", "lines": "one"}).status == 403
    assert tab.post("/prompts", {"set": "served", "lines": "one"}).status == 200


def test_one_page_cannot_use_anothers_session(served: Served, tab: Tab) -> None:
    function = next(d["id"] for d in config_of(served)["dependencies"] if d["backend_fn"] and not d["inputs"])
    tab.session = "mine123"
    assert tab.join(function, []).status == 200
    other = served.page()
    other.session = "mine123"
    assert other.join(function, []).status == 403
    stolen = served.ask("GET", "/gradio_api/queue/data?session_hash=mine123", headers=other.headers)
    assert stolen.status == 403
    assert len(tab.answers()) == 1


# ---- limits ----


@pytest.mark.slow
def test_streams_that_nobody_reads_are_limited_and_the_page_goes_on(served: Served) -> None:
    """600 were accepted before, and the page hung for everybody."""
    opened: list[socket.socket] = []
    accepted = 0
    try:
        for number in range(75):
            tab = served.page()
            for stream in range(8):
                sock = socket.create_connection(("127.0.0.1", served.port), timeout=60)
                opened.append(sock)
                head = f"GET /gradio_api/heartbeat/s{number}x{stream} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
                sock.sendall(f"{head}X-Page-Token: {tab.token}\r\n\r\n".encode())
                accepted += b" 200 " in sock.recv(64)
        assert 100 <= accepted <= 400
        assert served.page().join(0, [None] * len(config_of(served)["dependencies"][0]["inputs"])).status == 200
    finally:
        for sock in opened:
            sock.close()


@pytest.mark.parametrize(
    "path",
    [
        "heartbeat/" + "x" * 65,
        "heartbeat/a%20b",
        "queue/data?session_hash=",
        "queue/data?session_hash=" + "x" * 50_000,
        "upload_progress?upload_id=" + "x" * 50_000,
    ],
)
def test_a_name_that_no_page_gives_itself_is_not_kept(served: Served, tab: Tab, path: str) -> None:
    assert served.ask("GET", f"/gradio_api/{path}", headers=tab.headers).status in (403, 404)


def test_events_whose_answers_nobody_reads_are_limited(served: Served, tab: Tab) -> None:
    function = next(d["id"] for d in config_of(served)["dependencies"] if d["backend_fn"] and not d["inputs"])
    tab.session = "unread"
    statuses = [tab.join(function, []).status for _ in range(150)]
    assert statuses[0] == 200
    assert statuses.count(200) <= 110
    assert 429 in statuses
    other = served.page()
    other.session = "another"
    assert other.join(function, []).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"data":[' + b"[" * 40 + b"]" * 40 + b'],"fn_index":0,"session_hash":"a"}',
        b'{"data":[' + b"1," * 300_000 + b'1],"fn_index":0,"session_hash":"a"}',
        b'{"data":[],"fn_index":9223372036854775808,"session_hash":"a"}',
        b'{"data":[],"fn_index":99999,"session_hash":"a"}',
        b'{"data":[],"fn_index":true,"session_hash":"a"}',
        b'{"data":[],"fn_index":0,"session_hash":"../../x"}',
        b'{"data":[NaN],"fn_index":0,"session_hash":"a"}',
        b'{"data":"x","fn_index":0,"session_hash":"a"}',
        b"\xff\xfe",
        b"",
    ],
)
def test_deep_endless_or_wrong_json_is_refused(served: Served, tab: Tab, body: bytes) -> None:
    for path in ("/gradio_api/queue/join", "/prompts"):
        answer = tab.post(path, body)
        assert answer.status in (400, 413, 422), (path, answer.status)
        assert b"Traceback" not in answer.body


def test_what_is_larger_than_an_event_is_not_read(served: Served, tab: Tab) -> None:
    assert tab.post("/gradio_api/queue/join", b'"' + b"x" * 5_000_000 + b'"').status == 413


def test_an_upload_without_end_or_form_is_refused(served: Served, tab: Tab) -> None:
    huge = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(10**13), **tab.headers}
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as sock:
        head = "".join(f"{k}: {v}\r\n" for k, v in huge.items())
        sock.sendall(f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
        assert b" 413 " in sock.recv(200)
    for body, kind in (
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"--x\r\nbad", "multipart/form-data; boundary=x"),
    ):
        answer = served.ask("POST", "/gradio_api/upload", body, {"Content-Type": kind, **tab.headers})
        assert answer.status in (200, 400), kind
        assert answer.status == 400 or answer.json == []


# ---- every route ----


STAY_OPEN = ("heartbeat", "queue/data", "progress", "/changes")


@pytest.mark.slow
def test_every_route_bears_hostile_parts_and_methods(
    served: Served, tab: Tab, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generated from the application's own routes, Gradio's included."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))  # making the application sets it for the whole process
    values = ["1", "0", "-1", "9223372036854775808", "1e9", "a" * 5_000, "%00", "%ff", "..%2f..%2fetc%2fpasswd"]
    values += ["%2e%2e/%2e%2e/workbench.db", "%ed%a0%80", "NaN", "run-99999999999999999999", "$%7B7*7%7D", "<b>"]
    bodies = [None, b"", b"{}", b'{"data":[],"session_hash":"x","fn_index":0,"component_id":1,"fn_name":"x"}']
    tried = 0
    for path in _routes(tmp_path / "other"):
        for value in values if "{" in path else values[:1]:
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"):
                for body in bodies[:1] if method in ("GET", "HEAD") else bodies[2:]:
                    if method == "GET" and any(part in path for part in STAY_OPEN):
                        continue  # answers that stay open have tests of their own
                    answer = served.ask(method, _filled(path, value), body, tab.headers)
                    assert answer.status < 500, (method, path, value, answer.body[:200])
                    assert not [name for name in answer.headers if name.startswith("access-control")]
                    for forbidden in (CANARY, b"SQLite format 3", b"root:x:", b"Traceback", str(workspace).encode()):
                        assert forbidden not in answer.body, (method, path, value)
                    tried += 1
    assert tried > 2_000


def _filled(path: str, value: str) -> str:
    return re.sub(r"\{[^}]*\}", value, path)


def _routes(root: Path) -> list[str]:
    """Every path of the application, mounted ones too."""
    from workbench.ui.launch import make_app

    bench = Workbench.open(root)
    found: list[str] = []

    def walk(routes: Any, before: str) -> None:
        for route in routes:
            path = before + (getattr(route, "path", "") or "")
            inside = getattr(route, "original_router", None) or getattr(route, "app", None)
            if inner := getattr(inside, "routes", None):
                walk(inner, path.rstrip("/"))
            elif path:
                found.append(path)

    walk(make_app(bench)._app.routes, "")
    bench.close()
    assert len(found) > 80
    return sorted(set(found))
