"""The history as the page's handlers give it, and the report as a browser fetches it."""

import http.client
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from tests.services.finished import finished_run, waiting_run
from tests.ui.conftest import HOSTILE
from workbench.services.workbench import Workbench
from workbench.store.models import CURVE
from workbench.store.runs import find_run
from workbench.ui import text
from workbench.ui.history.section import History
from workbench.ui.launch import Server
from workbench.ui.page import Page

Fill = Callable[..., list[int]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sentences that the section says."""
    heard: list[str] = []
    monkeypatch.setattr("workbench.ui.history.section.say", heard.append)
    return heard


def event(**data: object) -> gr.EventData:
    return gr.EventData(None, data)


def test_a_row_says_what_was_tried_and_what_came_out(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("s", 12, text="hello there")
    run, waiting = finished_run(bench, monkeypatch, "s"), waiting_run(bench, monkeypatch, "s")
    newest, row = History(bench).view("s", run)["runs"]
    said = bench.comparing.of_run(run).comparison
    assert row["wer"] == f"{100 * said.base.wer:.1f} % → {100 * said.adapted.wer:.1f} %"
    assert row["clips"] == f"12 learned, {len(said.rows)} tested"
    assert (row["took"], row["tested"], row["active"]) == ("6 s", True, False)
    assert row["what"] == "head · ctc-en"
    assert row["point"]["wer"] == said.adapted.wer
    assert (row["point"]["outcome"], newest["point"]) == (said.outcome, None)
    assert row["point"]["low"] == said.base.wer + said.interval.low
    assert (newest["id"], newest["verdict"], newest["wer"], newest["active"]) == (waiting, "waiting", "–", True)
    assert newest["clips"] == "12 to learn from, 12 to be tested"
    for status, clips in (("stopped", "nothing learned, nothing tested"), ("failed", "did not finish: nothing kept")):
        with bench.store.session() as session:
            find_run(session, waiting).status = status
        assert History(bench).view("s", run)["runs"][0]["clips"].startswith(clips)
    assert History(bench).view("", "") == {}


def test_the_best_run_says_why_and_a_star_can_be_given_and_taken(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    fill("s", 12, text="hello there")
    good = finished_run(bench, monkeypatch, "s", lambda _, label: ("x", label))
    other = finished_run(bench, monkeypatch, "s", seed=1)
    waiting = waiting_run(bench, monkeypatch, "s")
    history = History(bench)

    def best(view: dict[str, Any]) -> dict[str, str]:
        return {row["id"]: row["best"] for row in view["runs"] if row["best"]}

    assert best(history.view("s", "")) == {good: text.BEST_BY_ITSELF}
    token = history.token(bench.best_runs.runs("s"))
    assert best(history.star(event(id=other), "s", "")) == {other: text.BEST_BY_STAR}
    assert said[-1] == text.RUN_STARRED.format(run=other, base="ctc-en")
    assert history.token(bench.best_runs.runs("s")) != token  # other tabs draw it too
    with pytest.raises(gr.Error, match="star a run that is done"):
        history.star(event(id=waiting), "s", "")
    assert best(history.unstar(event(id=other), "s", "")) == {good: text.BEST_BY_ITSELF}
    assert said[-1] == text.RUN_UNSTARRED.format(run=other, best=good)
    usable = {row["id"]: row["usable"] for row in history.view("s", "")["runs"]}
    assert usable == {waiting: False, other: True, good: True}


def test_names_are_kept_and_a_run_at_work_is_not_deleted(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("s", 12, text="hello there")
    run, waiting = finished_run(bench, monkeypatch, "s"), waiting_run(bench, monkeypatch, "s")
    history = History(bench)
    token = history.token(bench.adaptation.runs("s"))
    found = history.save(event(id=run, title=HOSTILE[:60], note="a\nb"), "s", run)
    assert (found["saved"], found["runs"][1]["title"], found["runs"][1]["note"]) == (run, HOSTILE[:60], "a\nb")
    assert history.token(bench.adaptation.runs("s")) != token  # other tabs draw it too
    with pytest.raises(gr.Error, match="stop it first"):
        history.remove(event(id=waiting), "s", run)
    gone = history.remove(event(id=run), "s", run)
    assert ([r["id"] for r in gone["runs"]], [d["id"] for d in gone["deleted"]]) == ([waiting], [run])
    back = history.restore(event(id=run), "s", run)
    assert ([r["id"] for r in back["runs"]], back["deleted"]) == ([waiting, run], [])
    offered = history.offer(event(id=run), "s", run)["offered"]
    assert {c["id"] for c in offered["clips"]} == {r.clip_id for r in bench.comparing.of_run(run).comparison.rows}
    history.remove(event(id=run), "s", run)
    assert history.erase(event(id=run), "s", run)["deleted"] == []


def test_a_report_is_fetched_by_the_runs_name(bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = fill("s", 12, text="hello there")
    other = fill("other", 1, text="hello")[0]
    run = finished_run(bench, monkeypatch, "s")
    bench.history.rename(run, "Ärzte/4")

    def get(path: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}

    with Server(bench) as server:
        status, body, headers = get(f"/reports/{run}")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert headers["content-disposition"] == f"attachment; filename*=UTF-8''{run}%20%C3%84rzte%204.html"
        assert headers["cache-control"] == "private, no-store"
        assert body.count(b"data:audio/mpeg") == 10
        tested = [i for i in ids if i in {r.clip_id for r in bench.comparing.of_run(run).comparison.rows}]
        assert get(f"/reports/{run}?clip={tested[0]}&clip={tested[1]}")[1].count(b"data:audio/mpeg") == 2
        for wrong in ("/reports/run-99", f"/reports/{run}?clip={other}", "/reports/..%2f..%2fworkbench.db"):
            assert get(wrong)[0] == 404
        bench.history.delete(run)
        assert get(f"/reports/{run}")[0] == 404


def test_a_trial_that_ends_brings_the_best_run_back(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("s", 12, text="hello there")
    best = finished_run(bench, monkeypatch, "s", lambda _, label: ("x", label))
    trial = waiting_run(bench, monkeypatch, "s")
    with bench.store.session() as session:
        find_run(session, trial).kind = CURVE
    told: list[str] = []
    monkeypatch.setattr("workbench.ui.page.say", told.append)
    page = Page(bench)
    page.build()
    seen, shown = _shown(page.look("s", trial, {}))
    assert (shown, told) == (trial, [])
    with bench.store.session() as session:
        find_run(session, trial).status = "stopped"
    seen, shown = _shown(page.look("s", trial, seen))
    assert (shown, told) == (best, [text.TRIAL_ENDED.format(run=trial, best=best)])
    assert _shown(page.look("s", trial, seen))[1] == trial, "it is shown where it is chosen now"


def _shown(found: list[Any]) -> tuple[dict[str, str], str]:
    """What a tab has seen, and the run that it shows."""
    return found[0], found[11]
