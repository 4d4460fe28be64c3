"""The end of a comparison in a browser: a model is packed, seen after a reload, and downloaded; voice and report."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import go, still, until, write_samples
from tests.services.finished import finished_run
from workbench.services.exports import taking
from workbench.services.exports.take import FORMS, PACKING, take_run
from workbench.services.jobs.steps import Watch
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


@pytest.mark.timeout(400)
def test_a_model_is_packed_downloaded_and_stopped(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is packed is one file, and in this process: what a real archive holds is tested where it is written."""
    going: list[str] = ["wait"]

    def write(workspace: Any, store: Any, name: str, folder: Path, watch: Watch) -> int:
        while going:
            watch.bytes(PACKING, 25_000_000, 100_000_000)
        (folder / "model.safetensors").write_bytes(bytes(5000))
        return 3

    monkeypatch.setitem(FORMS, "transformers", write)
    monkeypatch.setattr(
        taking, "take_beside", lambda workspace, run, form, watch: take_run(workspace, bench.store, run, form, watch)
    )
    bench.collecting.import_path(write_samples(tmp_path / "taken", n=12), "taken")
    run = finished_run(bench, monkeypatch, "taken")
    page = open_page("taken", step="compare")
    panel = page.locator("#take")
    panel.get_by_role("heading", name=f"What comes next with {run}").wait_for()
    with page.expect_download() as report:
        panel.get_by_role("link", name="Send the report").click()
    assert report.value.suggested_filename.startswith(run)
    take = panel.get_by_role("button", name="Take the model")
    assert take.get_attribute("aria-expanded") == "false"
    take.click()
    way = panel.get_by_role("region", name="A folder for transformers")
    way.get_by_role("button", name="Pack it").click()
    way.get_by_text("25 of 100 MB").wait_for()
    go(page, page.url)  # it is the server's, not the tab's
    way.get_by_text("25 of 100 MB").wait_for()
    way.get_by_role("button", name="Stop").click()
    way.get_by_text("Stopped; nothing was packed.").wait_for()
    going.clear()
    way.get_by_role("button", name="Pack it").click()
    link = way.get_by_role("link", name=f"Download {run}-transformers.zip")
    link.wait_for()
    way.get_by_text("3 clips transcribed by plain transformers").wait_for()
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == [f"{run}/model.safetensors"]
    panel.get_by_text("nothing says under which licence").first.wait_for()
    still(page)
    page.screenshot(path=str(tmp_path / "take.png"), full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    still(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=str(tmp_path / "take-phone.png"), full_page=True)
    panel.get_by_role("button", name="Try it by voice").click()
    until(page, lambda: page.locator("#voice-panel").is_visible())
