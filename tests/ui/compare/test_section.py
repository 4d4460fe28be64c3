"""Compare's handlers and pictures: which sides stand against each other, and what a clip's lanes hold."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from tests.services.finished import finished_run, waiting_run
from tests.ui.conftest import HOSTILE
from workbench.core.evaluation.blend import SHARES, BlendCurve, Point, Sample
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.word_times import WordTimes
from workbench.services.jobs.startup import LAUNCHED
from workbench.services.storage.word_times import add_times
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run
from workbench.ui import text
from workbench.ui.charts.error_mix import error_mix
from workbench.ui.charts.terms import terms
from workbench.ui.compare.section import Compare

Fill = Callable[..., list[int]]
OVERALL, DETAILS, LIST, TIMELINE, TEXTS, CLIP, TICKER, BLENDS = 4, 5, 6, 7, 8, 9, 10, 12  # among the outputs


def done(bench: Workbench, monkeypatch: pytest.MonkeyPatch, **more: Any) -> str:
    run = finished_run(bench, monkeypatch, "tones", **more)
    (bench.workspace.run_folder(run) / LAUNCHED).unlink()  # as its worker would
    return run


def token(run: str) -> str:
    return f"{run}|done|now|12"


def test_a_clip_comes_with_its_lanes_and_times(bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill("tones", 12, text="abba zoo")
    run = done(bench, monkeypatch, folds=2)
    section = Compare(bench)
    shown = section.show(token(run), "", "", "", "", 0)
    number = shown[CLIP]
    drawn = shown[TIMELINE]
    assert drawn["placing"] == "missing"
    assert [lane["role"] for lane in drawn["lanes"]] == ["reference", "base", "adapted"]
    assert [w["kind"] for w in drawn["lanes"][1]["words"]] == ["wrong", "right", "right"]
    assert drawn["lanes"][1]["words"][0]["said"] == "abba"
    assert {w["from"] for lane in drawn["lanes"] for w in lane["words"]} == {None}
    times = WordTimes(((0.0, 0.1), (0.1, 0.2), (0.2, 0.3)))
    add_times(bench.workspace.run_folder(run), {number: dict.fromkeys(("reference", "base", "adapted"), times)})
    again, ticker = section.look(token(run), "", "", "", number)
    assert again["placing"] == "there"
    assert not ticker.active
    assert [w["from"] for w in again["lanes"][2]["words"]] == [0.0, 0.1, 0.2]
    assert again["sound"] == f"sounds/{number}?of={run}"


def test_two_runs_stand_side_by_side_and_different_test_clips_are_said(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("tones", 12, text="abba zoo")
    first = done(bench, monkeypatch, folds=2)
    only_first = [bench.labelling.clips("tones")[0].id]
    bench.collecting.delete_clips(only_first)
    second = done(bench, monkeypatch, folds=2, hear=lambda i, label: ("x", label))
    bench.collecting.undo_delete(clip_ids=only_first)
    section = Compare(bench)
    event = gr.EventData(None, {"first": first, "second": second})
    shown = section.pair(event, token(second), "")
    assert f"<small>{first}" not in shown[TEXTS], "the run's name stands once"
    assert f"aria-label='{first} transcript'" in shown[TEXTS]
    assert "11 clips that both tested" in shown[OVERALL]
    assert f"{first} tested 1 more" in shown[OVERALL]
    assert shown[TIMELINE]["lanes"][1]["title"] == first
    one = section.show(token(second), first, second, "none", second, 0)
    assert "“none” text rules (normalizer)" in one[DETAILS]
    base = section.show(token(second), second, second, "", second, 0)
    assert "aria-label='Base transcript'" in base[TEXTS], "a run against itself is a run against its base"
    other = section.show(token(first), first, second, "", second, 0)
    assert "aria-label='Base transcript'" in other[TEXTS], "another run begins with its base"


def test_a_clip_is_chosen_without_sending_the_list_again(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill("tones", 12, text="abba zoo")
    run = done(bench, monkeypatch, folds=2)
    drawn, texts, number, _ = Compare(bench).choose(gr.EventData(None, {"id": ids[3]}), token(run), "", "", "")
    assert (drawn["clip"], number) == (str(ids[3]), ids[3])
    assert "abba zoo 3" in texts
    assert Compare(bench).show("run-9|queued|None|1", "", "", "", "", 0)[LIST]["clips"] == []


def test_the_clip_of_an_address_waits_for_a_comparison_that_comes_later(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill("tones", 12, text="abba zoo")
    run, section = done(bench, monkeypatch, folds=2), Compare(bench)
    before_it_is_known = section.show("", "", "", "", "", ids[3])
    assert before_it_is_known[CLIP] == gr.skip(), "else the next answer knows of no clip and takes the first"
    assert section.show(token(run), "", "", "", "", ids[3])[CLIP] == ids[3]


def test_errors_and_terms_are_drawn_and_said() -> None:
    rows = [ComparisonRow("a", "one two three four", "one too four five", "one two three four", clip_id=1)] * 4
    found = compare(rows, normalizer="marks", terms=["two", HOSTILE])
    html = error_mix(found, (HOSTILE, "After"))
    assert "<script" not in html
    assert html.count("class='wrong'") == 1, "only a side with errors has a part of this kind"
    assert "role='img'" in html
    table = terms(found, ("Base", "Adapted"))
    assert "▲ +4" in table
    assert "before 0 % (0 to" in table
    assert "In no test clip" in table
    assert error_mix(compare([ComparisonRow("a", "one", "one", "one")], normalizer="marks"), ("B", "A")) == ""


def test_while_a_run_works_the_comparison_that_was_read_stays(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("tones", 12, text="abba zoo")
    section = Compare(bench)
    first = waiting_run(bench, monkeypatch, "tones", folds=2)
    assert text.RESULT_PENDING in section.show(f"{first}|running|None|12", "", "", "", "", 0)[OVERALL]
    older, newer = done(bench, monkeypatch, folds=2), done(bench, monkeypatch, folds=2)
    run = waiting_run(bench, monkeypatch, "tones", folds=2)
    for status in ("queued", "running"):
        shown = section.show(f"{run}|{status}|None|12", "", "", "", "", 0)
        assert f"{run} is not done yet. Until it is, this is the comparison of {newer}." in shown[OVERALL]
        read = section.show(f"{run}|{status}|None|12", "", older, "", older, shown[CLIP])
        assert (read[2]["value"], read[3]) == (older, older)
        assert read[CLIP] == shown[CLIP]
        assert len(read[LIST]["clips"]) == 12
    assert (
        section.choose(gr.EventData(None, {"id": read[CLIP]}), f"{run}|running|None|12", "", older, "")[2] == read[CLIP]
    )
    assert f"{run} ended without" in section.show(f"{run}|failed|now|12", "", older, "", older, 0)[OVERALL]
    ended = section.show(token(newer), "", older, "", older, 0)  # another run, and done
    assert ended[2]["value"] == newer
    assert "not done yet" not in ended[OVERALL]


def test_another_share_is_offered_where_one_was_chosen_and_makes_a_run(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("tones", 12, text="abba zoo")
    run = done(bench, monkeypatch, folds=2)
    section = Compare(bench)
    plain = section.show(token(run), "", "", "", "", 0)
    assert not plain[BLENDS]["visible"]
    assert text.BLEND_TITLE not in plain[DETAILS]
    points = tuple(Point(share, (1,) * 8, (1,) * 8, 0) for share in SHARES)
    sample = Sample((10,) * 8, (2,) * 8, (None,) * 8)
    with bench.store.session() as session:
        row = find_run(session, run)
        trainings = [{"steps": 4, "best_step": 2, "checks": []}]
        curve = BlendCurve(sample, sample, points, 0.005).summary()
        row.result = {**row.result, "trainings": trainings, "blend": 0.25, "blend_curve": curve}
    shown = Compare(bench).show(token(run), "", "", "", "", 0)
    assert shown[BLENDS]["visible"]
    assert "25 % of what was learned is kept" in shown[DETAILS]
    (bench.workspace.run_folder(run) / "training").mkdir()
    other = section.keep_other(run, 0.5)
    view = bench.adaptation.view(other)
    assert (view.config.blend, view.set_name, view.strategy) == (0.5, "tones", "head")
    assert (bench.workspace.run_folder(other) / "training").is_dir()
