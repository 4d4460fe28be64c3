"""What a browser can fetch over raw HTTP, and above all what it cannot."""

import http.client
import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ui.served import started
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path_factory.mktemp("serving") / "workspace")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(bench: Workbench) -> Iterator[Server]:
    with Server(bench) as running:
        yield running


def get(server: Server, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    """The path is sent as it is: a client's own tidying up would hide an attack."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("GET", path, skip_host=False)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, {k.lower(): v for k, v in answer.getheaders()}


@pytest.fixture(scope="module")
def clip_id(bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> int:
    import soundfile

    from tests.conftest import speechlike

    wav = tmp_path_factory.mktemp("sounds") / "one.wav"
    soundfile.write(wav, speechlike(1.0), 16_000)
    bench.collecting.add_files("served", [(wav, "one.wav")])
    return bench.labelling.clips("served")[0].id


def test_a_sound_is_served_by_its_id_in_parts_too(server: Server, clip_id: int) -> None:
    status, body, headers = get(server, f"/sounds/{clip_id}")
    assert (status, body[:4], headers["content-type"]) == (200, b"fLaC", "audio/flac")
    assert "no-store" in headers["cache-control"]
    status, part, _ = get(server, f"/sounds/{clip_id}", {"Range": "bytes=0-3"})
    assert (status, part) == (206, b"fLaC")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_spectrogram_is_served_and_kept(server: Server, bench: Workbench, clip_id: int, theme: str) -> None:
    status, body, _ = get(server, f"/pictures/{clip_id}-{theme}.png")
    assert (status, body[:4]) == (200, b"\x89PNG")
    assert list((bench.workspace.cache / "pictures").glob(f"*-{theme}.png"))


def test_a_deleted_clip_is_not_found_and_an_erased_one_leaves_no_picture(
    server: Server, bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    bench.collecting.add_files("gone", [(make_wav("gone.wav", seed=9), "gone.wav")])
    clip = bench.labelling.clips("gone")[0]
    assert get(server, f"/pictures/{clip.id}-light.png")[0] == 200
    bench.collecting.delete_clips([clip.id])
    assert get(server, f"/sounds/{clip.id}")[0] == 404
    assert get(server, f"/pictures/{clip.id}-light.png")[0] == 404
    bench.collecting.erase(clip_ids=[clip.id])
    assert not [f for f in bench.workspace.root.rglob("*") if f.name.startswith(clip.sha256)]


def test_texts_are_served_as_files_to_save(server: Server, bench: Workbench, clip_id: int) -> None:
    bench.labelling.save(clip_id, "<script>ᎣᏏᏲ</script>", author="a", confirmed=True)
    status, body, headers = get(server, "/texts/vtt?of=served")
    assert (status, headers["content-type"]) == (200, "text/vtt; charset=utf-8")
    assert "&lt;script&gt;ᎣᏏᏲ" in body.decode()
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''one.vtt"
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("private, no-store", "nosniff")
    for wrong in ("/texts/vtt?of=nobody", "/texts/docx?of=served", "/texts/csv?of=run-99", "/texts/csv?of=../../etc"):
        assert get(server, wrong)[0] == 404
    assert get(server, "/texts/csv")[0] == 422


@pytest.mark.parametrize("path", ["/sounds/999999", "/sounds/abc", "/sounds/-1", "/pictures/1-blue.png"])
def test_what_does_not_exist_is_refused_without_a_trace(server: Server, path: str) -> None:
    status, body, _ = get(server, path)
    assert status in (404, 422)
    assert b"Traceback" not in body


def attacks(root: Path) -> list[str]:
    database, clip = root / "workbench.db", next((root / "clips").rglob("*.flac"), root / "clips" / "x.flac")
    return [
        f"/gradio_api/file={database}",
        f"/gradio_api/file={clip}",
        f"/gradio_api/file={root / 'tmp' / 'uploads'}/../../workbench.db",
        f"/gradio_api/file={root / 'tmp' / 'uploads'}/..%2f..%2fworkbench.db",
        f"/gradio_api/file%3D{database}",
        f"/file={database}",
        "/sounds/../workbench.db",
        "/sounds/..%2f..%2fworkbench.db",
        "/sounds/%2e%2e/%2e%2e/workbench.db",
        "/pictures/../../workbench.db-light.png",
        "/static/../../workbench.db",
        "/assets/..%2f..%2f..%2fworkbench.db",
        "/workbench.db",
        "/gradio_api/file=/etc/passwd",
    ]


def test_neither_the_database_nor_any_file_is_reachable_by_its_path(
    server: Server, bench: Workbench, clip_id: int
) -> None:
    for path in attacks(bench.workspace.root):
        _, body, _ = get(server, path)
        assert b"SQLite format 3" not in body, path
        assert body[:4] != b"fLaC", path
        assert b"root:" not in body, path


def test_the_page_reveals_no_paths_and_offers_no_public_api(server: Server, bench: Workbench) -> None:
    status, body, _ = get(server, "/config")
    assert status == 200
    assert str(bench.workspace.root).encode() not in body
    config = json.loads(body)
    assert not [d["api_name"] for d in config["dependencies"] if d.get("api_visibility") == "public"]
    assert get(server, "/docs")[1][:200].count(b"swagger") == 0


def test_nothing_on_the_page_waits_until_it_is_opened_to_be_drawn(server: Server) -> None:
    """What is typed into a part that Gradio draws late can be lost; see `fold`."""
    accordions = [c["props"] for c in json.loads(get(server, "/config")[1])["components"] if c["type"] == "accordion"]
    assert len(accordions) > 3
    assert [props["label"] for props in accordions if props["open"] is False] == []


@pytest.mark.slow
def test_the_end_is_quiet_while_a_page_is_open(tmp_path: Path) -> None:
    """Ctrl+C with an open tab: its streams are cut, which uvicorn tells in a hundred lines for each."""
    with started(tmp_path / "workspace") as served:
        tab = served.page()
        head = "".join(f"{name}: {value}\r\n" for name, value in tab.headers.items())
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as stream:
            asked = f"GET /gradio_api/heartbeat/{tab.session} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n{head}\r\n"
            stream.sendall(asked.encode())
            assert b"200" in stream.recv(100)
            served.process.send_signal(signal.SIGINT)
            assert served.process.wait(60) == 0
    said = "".join(served.lines)
    assert "Closing" in said
    assert "Traceback" not in said
    assert "ERROR" not in said
