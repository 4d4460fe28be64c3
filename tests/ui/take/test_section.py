"""What a comparison ends with, as the page's handlers give it, and the packed model as a browser fetches it."""

import http.client
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.services.finished import finished_run, waiting_run
from workbench.services.exports import push, take
from workbench.services.exports.take import FORMS, take_run
from workbench.services.jobs.background import Background, JobView
from workbench.services.jobs.steps import Watch
from workbench.services.workbench import Workbench
from workbench.ui.compare.section import Compare
from workbench.ui.launch import Server
from workbench.ui.page import Page
from workbench.ui.take import text
from workbench.ui.take.section import Take
from workbench.ui.take.view import standing, take_view

Fill = Callable[..., list[int]]
FORM = "transformers"
CONTENT = bytes(range(256)) * 100


def event(**data: object) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.fixture
def run(bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> str:
    """A finished run; its model is one file, since what is in an archive is tested where it is written."""

    def write(workspace: Any, store: Any, name: str, folder: Path, watch: Watch) -> int:
        (folder / "model.safetensors").write_bytes(CONTENT)
        return 3

    monkeypatch.setitem(FORMS, FORM, write)
    fill("s", 12, text="hello there")
    return finished_run(bench, monkeypatch, "s")


def pack(bench: Workbench, run: str) -> None:
    take_run(bench.workspace, bench.store, run, FORM, Watch())


def export(bench: Workbench, run: str) -> dict[str, Any]:
    (found,) = take_view(bench, run)["exports"]
    return dict(found)


def test_every_form_has_its_words() -> None:
    assert set(text.EXPORTS) == set(FORMS)


def test_a_model_is_offered_to_be_packed_then_to_be_downloaded(bench: Workbench, run: str) -> None:
    assert take_view(bench, "") == {}
    before = export(bench, run)
    assert (before["get"], before["ready"], before["busy"]) == (text.GET, None, None)
    pack(bench, run)
    after = export(bench, run)
    assert after["get"] == ""
    assert after["ready"]["href"] == f"models/{run}.zip?form=transformers"
    assert "3 clips transcribed by plain transformers, word for word as here" in after["ready"]["said"]
    view = take_view(bench, run)
    assert view["report"] == f"reports/{run}"
    assert next(href for _, href in view["texts"]) == f"texts/csv?of={run}"


def test_a_run_without_a_model_says_why(
    bench: Workbench, run: str, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = waiting_run(bench, monkeypatch, "s", seed=3)
    assert "has no model yet" in export(bench, waiting)["hindrance"]
    assert "measured nothing yet" in take_view(bench, waiting)["push"]["hindrance"]
    assert "run-99" in export(bench, "run-99")["hindrance"]


def test_packing_pushing_and_stopping_are_the_services(
    bench: Workbench, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Background, "start", lambda self, key, work: asked.append(("start", key)))
    monkeypatch.setattr(Background, "stop", lambda self, key: asked.append(("stop", key)))
    panel = Take(bench)
    panel.pack(event(form=FORM), run)
    panel.rest(event(form=FORM), run)
    panel.push(event(to=" ada/words ", public=False), run)
    panel.hold(run)
    assert asked == [("start", (run, FORM)), ("stop", (run, FORM)), ("start", run), ("stop", run)]
    for wrong in (event(form="../x"), event(form="")):
        with pytest.raises(gr.Error, match="no form"):
            panel.pack(wrong, run)
    with pytest.raises(gr.Error, match="names no repository"):
        panel.push(event(to="no repository", public=False), run)
    with pytest.raises(gr.Error, match="nothing says under which licence"):
        panel.push(event(to="", public=True), run)
    assert len(asked) == 4


def test_what_goes_on_is_said_in_bytes_and_time_and_a_failure_stays() -> None:
    going = JobView(take.PACKING, 25_000_000, 100_000_000, 30.0)
    shown = standing(going)["busy"]
    assert (shown["text"], shown["share"]) == ("Packing it · 25 of 100 MB · about 30 s left", 0.25)
    assert standing(replace(going, stopping=True))["busy"] == {"text": "Stopping", "share": 0.25, "stopping": True}
    assert standing(JobView("Writing the model"))["busy"]["share"] is None
    ended = JobView(push.STOPPED, active=False, failed=True)
    assert standing(ended) == {"busy": None, "failed": push.STOPPED}
    assert standing(None) == {"busy": None, "failed": ""}


def test_the_panel_is_of_the_run_on_the_right_side_and_tabs_see_what_is_packed(
    bench: Workbench, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = finished_run(bench, monkeypatch, "s", seed=2)
    compare = Compare(bench)
    token = compare.token(bench.adaptation.view(other), 12)
    assert compare.choose_sides(token, "", run, "", 0)[-2] == run
    assert compare.show(token, "", "", "", "", 0)[-2] == other
    assert compare.show("", "", "", "", "", 0)[-2] == ""
    page = Page(bench)
    page.build()
    seen = page.look("s", other, {})
    pack_key = (run, FORM)
    bench.taking._going._views[pack_key] = JobView("Writing the model")
    again = page.look("s", other, seen[0])
    assert "Writing the model" in again[-2]


def test_a_packed_model_is_fetched_by_the_runs_name_and_nothing_else_is(bench: Workbench, run: str) -> None:
    def get(path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}

    with Server(bench) as server:
        assert get(f"/models/{run}.zip")[0] == 404
        pack(bench, run)
        status, body, headers = get(f"/models/{run}.zip?form=transformers")
        assert (status, headers["content-type"]) == (200, "application/zip")
        assert headers["content-disposition"] == f'attachment; filename="{run}-transformers.zip"'
        assert headers["cache-control"] == "private, no-store"
        assert headers["content-length"] == str(len(body))
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.read(f"{run}/model.safetensors") == CONTENT
        assert get(f"/models/{run}.zip", Range="bytes=0-3")[:2] == (206, body[:4])
        assert get(f"/models/{run}.zip", Host="evil.example")[0] in (400, 403, 421)
        for wrong in (
            "/models/run-99.zip",
            f"/models/{run}.zip?form=gguf",
            f"/models/{run}.zip?form=..%2fmodel%2fweights",
            "/models/..%2f..%2fworkbench.zip",
            f"/models/..%2fruns%2f{run}.zip",
            f"/models/{'r' * 300}.zip",
            "/models/%ed%a0%80.zip",
        ):
            assert get(wrong)[0] in (404, 422), wrong
        bench.history.delete(run)
        assert get(f"/models/{run}.zip")[0] == 404
        bench.history.erase(run)
        assert not bench.workspace.run_folder(run).exists()
