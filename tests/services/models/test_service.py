"""Fetching from the page: a thread whose state every page sees, stopped, gone on with, and chosen for who asked."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.services.models.test_fetch import Hub, files, hub, left, offer  # noqa: F401 - fixtures
from workbench.asr.catalog.catalog import state_of
from workbench.asr.catalog.offers import Offer
from workbench.errors import DataError, WorkbenchError
from workbench.services.jobs.background import JobView
from workbench.services.jobs.steps import Step, Watch
from workbench.services.jobs.stop import StopRequested
from workbench.services.models import service as getting
from workbench.services.models.fetch import fetch_model
from workbench.services.models.process import fetch_beside
from workbench.services.workbench import Workbench

PATIENCE_S = 60


@pytest.fixture
def bench(
    offer: Offer,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workbench]:
    # The offer is this process's own: another one would not know it.
    monkeypatch.setattr(getting, "fetch_beside", fetch_model)
    opened = Workbench.open(tmp_path / "workspace")
    opened.collecting.create_set("asks", "en")
    opened.collecting.create_set("other", "en")
    yield opened
    opened.close()


def ended(bench: Workbench, model: str) -> JobView:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        view = bench.getting.view(model)
        if view is not None and not view.active:
            return view
        time.sleep(0.02)
    raise AssertionError("the fetch did not end")


def test_a_model_comes_is_seen_by_everybody_and_chosen_for_who_asked(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
) -> None:
    assert state_of(bench.catalog.find(offer.name)) == "fetchable"
    before = bench.catalog.look()
    bench.getting.start(offer.name, "asks")
    bench.getting.start(offer.name)  # another page asks too: the same fetch
    view = ended(bench, offer.name)
    assert (view.failed, view.message) == (False, f"{offer.name} is here.")
    assert bench.catalog.look() != before
    assert state_of(bench.transcribing.catalog.find(offer.name)) == "here"
    assert bench.base_models.of_set("asks").name == offer.name
    assert bench.base_models.chosen("other") is None
    assert len([path for path, _ in hub.asked if path.endswith("model.bin")]) == 1
    with pytest.raises(DataError, match="nothing to fetch"):
        bench.getting.start(offer.name)


def test_stop_keeps_what_has_come_and_get_goes_on(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch, seen = getting.fetch_beside, []

    def slowly(name: str, watch: Watch) -> object:
        def tell(step: object) -> None:
            watch.tell(step)  # type: ignore[arg-type]
            view = bench.getting.view(name)
            assert view is not None
            seen.append(view)
            if view.done > 2000 and view.total:
                bench.getting.stop(name)

        return fetch(name, Watch(tell, watch.stopped))

    monkeypatch.setattr(getting, "fetch_beside", slowly)
    bench.getting.start(offer.name, "asks")
    view = ended(bench, offer.name)
    assert view.failed
    assert view.message.startswith("Stopped")
    assert any(v.total == offer.size for v in seen)
    assert left() == set()
    assert bench.base_models.chosen("asks") is None
    monkeypatch.setattr(getting, "fetch_beside", fetch)
    bench.getting.start(offer.name, "asks")
    assert not ended(bench, offer.name).failed
    assert bench.base_models.of_set("asks").name == offer.name


def test_without_a_network_it_is_one_sentence(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench.getting.start(offer.name)
    view = ended(bench, offer.name)
    assert view.failed
    assert "could not be fetched" in view.message
    assert "Traceback" not in caplog.text
    assert bench.catalog.find(offer.name).source == "fetched"


def test_a_model_that_another_process_brought_is_noticed(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
) -> None:
    before = bench.catalog.look()
    fetch_model(offer.name)
    assert bench.catalog.look() != before
    assert state_of(bench.catalog.find(offer.name)) == "here"


def test_only_what_can_be_fetched_is(bench: Workbench) -> None:
    for name in ("ctc-en", "facebook/wav2vec2-base"):
        with pytest.raises(DataError, match="nothing to fetch"):
            bench.getting.start(name)


def test_the_process_beside_says_why_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of the real offer, with no network: one sentence, told by the child, and nothing half left."""
    monkeypatch.setenv("WORKBENCH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for name in ("UV_NO_INDEX", "UV_OFFLINE", "PIP_NO_INDEX"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    seen: list[Step] = []
    with pytest.raises(WorkbenchError, match="could not be fetched"):
        fetch_beside("whisper-tiny.en", Watch(seen.append))
    assert seen, "its steps are told"
    with pytest.raises(WorkbenchError, match="no-such-model"):
        fetch_beside("no-such-model", Watch())


def test_the_process_beside_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that sends its first bytes and then no more; asked to stop, the child ends."""
    reached = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100000000")
            self.end_headers()
            reached.set()
            try:
                while True:
                    self.wfile.write(bytes(2**20))
                    time.sleep(0.05)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("WORKBENCH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    with pytest.raises(StopRequested):
        fetch_beside("whisper-tiny.en", Watch(stopped=reached.is_set))
    server.shutdown()
    server.server_close()


def test_a_process_that_dies_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.services.jobs.beside.sys.executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="without a word"):
        fetch_beside("whisper-tiny.en", Watch())


def test_the_server_stays_light_while_it_fetches() -> None:
    program = (
        "import sys, workbench.services.models.service, workbench.services.models.process; "
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
