"""Drafts on the page as `make app` serves it: its process stays light, and a draft outlives reloads and the server."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.browser.conftest import PATIENCE_MS, choose, go, write_samples
from tests.ui.served import Served, started
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

N_CLIPS = 8


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a set that nobody has labelled."""
    folder = write_samples(tmp_path / "clips", n=N_CLIPS)
    (folder / "manifest.jsonl").unlink()
    bench = Workbench.open(tmp_path / "workspace")
    bench.collecting.import_path(folder, "clinic")
    bench.close()
    return bench.workspace.root


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def show(page: Any, served: Served) -> None:
    go(page, f"http://127.0.0.1:{served.port}")
    choose(page, "clinic")


def holds_torch(process: psutil.Process) -> bool:
    return any("libtorch" in mapped.path for mapped in process.memory_maps())


def model_process(server: psutil.Process) -> psutil.Process:
    (found,) = (p for p in server.children() if "workbench.services.inference.server" in p.cmdline())
    return found


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="what a process holds is read from /proc")
def test_the_server_stays_light_and_a_draft_outlives_it(page: Any, root: Path) -> None:
    with started(root) as served:
        assert served.process is not None
        server = psutil.Process(served.process.pid)
        show(page, served)
        page.get_by_role("button", name="Draft all").click()
        page.get_by_text(f"{N_CLIPS} clips drafted by ctc-en").wait_for()
        page.wait_for_function("[...document.querySelectorAll('li.clip textarea')].every((t) => t.value)")
        models = model_process(server)
        assert holds_torch(models)
        assert not holds_torch(server)

        models.send_signal(signal.SIGSTOP)  # so that the draft is at work for as long as this takes
        page.get_by_role("button", name="Draft all").click()
        page.get_by_text(f"Getting ready with ctc-en · 0 of {N_CLIPS}").wait_for()
        show(page, served)
        page.get_by_text(f"Getting ready with ctc-en · 0 of {N_CLIPS}").wait_for()
        page.get_by_role("button", name="Stop").first.wait_for()
        server.kill()
        models.kill()
        server.wait(10)
    with started(root) as served:
        show(page, served)
        page.get_by_text(f"0 of {N_CLIPS} clips drafted before the server ended; start again to go on.").wait_for()
        page.get_by_role("button", name="Draft all").click()
        page.get_by_text(f"{N_CLIPS} clips drafted by ctc-en").wait_for()
