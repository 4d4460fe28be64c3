"""The runs of the past: their figures, names and notes, the bin, and what erasing leaves."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from tests.services.finished import finished_run, waiting_run
from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.services.workbench import Workbench
from workbench.store.models import ClockRow, EvaluationRow, HypothesisRow, RunRow, now
from workbench.store.runs import find_run

SECRET = "wolframite"


@pytest.fixture
def bench(tmp_path: Path, make_wav: Callable[..., Path]) -> Iterator[Workbench]:
    """A set of twelve labelled clips."""
    opened = Workbench.open(tmp_path / "workspace")
    opened.collecting.add_files(
        "s", [(make_wav(f"{i}.wav", 0.4, seed=i), f"{i}.wav") for i in range(12)], language="en"
    )
    for clip in opened.labelling.clips("s"):
        opened.labelling.save(clip.id, f"alpha {SECRET} {clip.id}", author="ada", confirmed=True)
    yield opened
    opened.close()


def test_the_history_says_what_a_comparison_says(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = finished_run(bench, monkeypatch, "s")
    waiting = waiting_run(bench, monkeypatch, "s")
    newest, oldest = bench.history.entries("s")
    assert (newest.id, newest.active, newest.figures, newest.seconds) == (waiting, True, None, None)
    said = bench.comparing.of_run(first).comparison
    assert oldest.figures is not None
    assert (oldest.figures.base_wer, oldest.figures.adapted_wer) == (said.base.wer, said.adapted.wer)
    assert (oldest.figures.change, oldest.figures.verdict) == (said.interval, said.verdict)
    assert (oldest.tested, oldest.seconds) == (len(said.rows), 6.0)
    assert (newest.learned, newest.tested) == (12, 12), "what it is to do"
    with bench.store.session() as session:  # stopped while it was still starting
        find_run(session, waiting).status = "stopped"
    assert [(e.learned, e.tested) for e in bench.history.entries("s")[:1]] == [(0, 0)]
    bench.collecting.delete_clips([said.rows[0].clip_id or 0])
    after = bench.history.entries("s")[1]
    assert after.tested == len(said.rows) - 1
    assert after.figures is not None
    assert after.figures.base_wer == bench.comparing.of_run(first).comparison.base.wer


def test_only_clips_that_are_gone_count_as_deleted(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip that the run itself left out, since its model hears no more than so many seconds, is still there."""
    run = finished_run(bench, monkeypatch, "s", folds=2)
    long, deleted, *_ = (clip.id for clip in bench.labelling.clips("s"))
    with bench.store.session() as session:
        session.execute(delete(EvaluationRow).where(EvaluationRow.clip_id == long))
    assert bench.comparing.of_run(run).notes == ("One note.",)
    bench.collecting.delete_clips([deleted])
    assert "1 of the run's test clips was deleted since" in bench.comparing.of_run(run).notes[1]


def test_a_name_and_a_note_are_kept_as_typed_but_for_what_nobody_sees(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished_run(bench, monkeypatch, "s")
    assert bench.history.rename(run, "  <b>Ward\u202e 3</b>\n") == "<b>Ward 3</b>"
    assert bench.history.annotate(run, "first  line\r\nsecond\n") == "first line\nsecond"
    view = bench.adaptation.view(run)
    assert (view.title, view.note) == ("<b>Ward 3</b>", "first line\nsecond")
    with pytest.raises(DataError, match="at most 80"):
        bench.history.rename(run, "x" * 81)
    with pytest.raises(DataError, match="at most 2,000"):
        bench.history.annotate(run, "x" * 2001)
    with pytest.raises(UnknownNameError):
        bench.history.rename("run-99", "x")
    assert bench.history.rename(run, "") == ""


def test_a_deleted_run_is_nowhere_and_comes_back_whole(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(bench, monkeypatch, "s")
    bench.history.delete(run)
    assert bench.history.entries("s") == []
    (gone,) = bench.history.deleted("s")
    assert (gone.id, gone.gone_at - gone.deleted_at) == (run, timedelta(days=7))
    for use in (bench.comparing.of_run, bench.adaptation.view, bench.history.delete, bench.reporting.of):
        with pytest.raises(UnknownNameError):
            use(run)
    assert bench.history.erase_expired() == 0
    bench.history.undelete(run)
    assert [e.id for e in bench.history.entries("s")] == [run]
    assert bench.comparing.of_run(run).comparison.rows
    assert bench.history.deleted("s") == []


def test_a_run_at_work_cannot_be_deleted(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = waiting_run(bench, monkeypatch, "s")
    for act in (bench.history.delete, bench.history.erase):
        with pytest.raises(WorkbenchError, match="stop it first"):
            act(run)
    assert [e.status for e in bench.history.entries("s")] == ["queued"]


def test_erasing_leaves_no_text_and_no_model_but_the_drafts_that_wait(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, run = finished_run(bench, monkeypatch, "s"), finished_run(bench, monkeypatch, "s")
    bench.history.annotate(run, SECRET)
    ids = [clip.id for clip in bench.labelling.clips("s")]
    bench.labelling.save_drafts(run, {ids[0]: "waits to be checked"})
    bench.labelling.save_drafts(run, {ids[1]: "only shown"}, draft=False)
    bench.history.erase(run)
    assert not bench.workspace.run_folder(run).exists()
    assert bench.workspace.run_folder(kept).exists()
    with bench.store.session() as session:
        numbers = {e.run_id for e in session.query(EvaluationRow)}
        assert numbers == {int(kept.split("-")[1])}
        assert [h.text for h in session.query(HypothesisRow).where(HypothesisRow.model == run)] == [
            "waits to be checked"
        ]
        row = session.get_one(RunRow, int(run.split("-")[1]))
        assert (row.note, row.result, row.labels, row.config) == ("", {}, {}, {})
    with pytest.raises(UnknownNameError):
        bench.history.undelete(run)
    # Its number is never given again: a text or an exported model that names it stays unambiguous.
    assert int(finished_run(bench, monkeypatch, "s").split("-")[1]) == int(run.split("-")[1]) + 1
    assert {e.id for e in bench.history.entries()} >= {kept}


def test_what_was_deleted_long_ago_is_erased(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    old, young = finished_run(bench, monkeypatch, "s"), finished_run(bench, monkeypatch, "s")
    for run in (old, young):
        bench.history.delete(run)
    with bench.store.session() as session:
        session.get_one(RunRow, int(old.split("-")[1])).deleted_at = now() - timedelta(days=8)
    assert bench.history.erase_expired() == 0  # a clock may say so; the database has not seen a week
    with bench.store.session() as session:
        session.execute(update(ClockRow).values(hours=24.0 * 7 + 0.1))
    assert bench.history.erase_expired() == 1
    assert [gone.id for gone in bench.history.deleted("s")] == [young]
