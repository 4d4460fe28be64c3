"""Figures as tables: what a notebook reads is what the page says, typed and without a gap in its columns."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import workbench
from tests.services.finished import finished_run, waiting_run
from workbench.errors import UnknownNameError, WorkbenchError
from workbench.services.results.tables import CLIP_COLUMNS, RUN_COLUMNS
from workbench.services.workbench import Workbench
from workbench.store.models import EvaluationRow
from workbench.store.runs import find_run


@pytest.fixture
def bench(tmp_path: Path, make_wav: Callable[..., Path]) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    opened.collecting.add_files(
        "s", [(make_wav(f"{i}.wav", 0.4, seed=i), f"{i}.wav") for i in range(12)], language="en"
    )
    for clip in opened.labelling.clips("s"):
        opened.labelling.save(clip.id, f"NA alpha, {clip.id}", author="ada", confirmed=True)
    yield opened
    opened.close()


def test_a_run_s_clips_are_a_table(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, root = finished_run(bench, monkeypatch, "s"), bench.workspace.root
    said = bench.comparing.of_run(run).comparison
    table = workbench.results(run, workspace=root)
    assert list(table.columns) == list(CLIP_COLUMNS)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == CLIP_COLUMNS
    assert table["clip"].tolist() == [row.clip_id for row in said.rows]
    assert table["reference"].tolist() == [row.reference for row in said.rows]
    assert table["base_errors"].sum() / table["reference_words"].sum() == pytest.approx(said.base.wer)
    assert table["adapted_wer"].tolist() == [clip.wer for clip in said.adapted.clips]
    assert table["duration"].tolist() == pytest.approx([0.4] * len(table), abs=0.01)
    assert table["fold"].isna().all()
    assert table["speaker"].isna().all()
    expected = {"run": run, "set": "s", "model": "ctc-en", "strategy": "head", "verdict": said.verdict}
    expected |= {"base_wer": said.base.wer, "adapted_wer": said.adapted.wer, "summary": said.sentence()}
    expected |= {"normalizer": said.normalizer, "wer_change": said.interval.to_json(), "notes": ["One note."]}
    assert {name: table.attrs[name] for name in expected} == expected
    raw = workbench.results(run, workspace=root, normalizer="none")
    assert (raw.attrs["normalizer"], table.attrs["normalizer"] != "none") == ("none", True)


def test_folds_count_from_one(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(bench, monkeypatch, "s", folds=2)
    with bench.store.session() as session:
        parts = find_run(session, run).split["folds"]
        for row in session.query(EvaluationRow):
            row.fold = next(number for number, part in enumerate(parts) if row.clip_id in part["test"])
    table = workbench.results(run, workspace=bench.workspace.root)
    assert set(table["fold"]) == {1, 2}
    assert table.attrs["scheme"] == "out-of-fold"


def test_runs_are_a_table(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    root = bench.workspace.root
    empty = workbench.runs(workspace=root)
    assert (len(empty), {n: str(k) for n, k in empty.dtypes.items()}) == (0, RUN_COLUMNS)
    done = finished_run(bench, monkeypatch, "s")
    bench.history.rename(done, "first try")
    waiting = waiting_run(bench, monkeypatch, "s")
    table = workbench.runs("s", workspace=root).set_index("run")
    assert table.index.tolist() == [waiting, done]
    assert {"run": "string", **{n: str(k) for n, k in table.dtypes.items()}} == RUN_COLUMNS
    figures = bench.history.entries("s")[1].figures
    assert figures is not None
    assert table.loc[done, ["name", "base_wer", "change", "outcome"]].tolist() == [
        "first try",
        figures.base_wer,
        figures.change.estimate,
        figures.outcome,
    ]
    assert table.loc[waiting, ["base_wer", "outcome", "seconds"]].isna().all()
    assert (pd.Timestamp.now("UTC") - table["created"]).max() < pd.Timedelta("1h")


def test_what_is_not_there_is_said(bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root, waiting = bench.workspace.root, waiting_run(bench, monkeypatch, "s")
    with pytest.raises(UnknownNameError, match=rf"run called 'run-99'.*{waiting}"):
        workbench.results("run-99", workspace=root)
    with pytest.raises(WorkbenchError, match="has measured nothing yet"):
        workbench.results(waiting, workspace=root)
    with pytest.raises(UnknownNameError, match="normalizer called 'plain'"):
        workbench.results(finished_run(bench, monkeypatch, "s"), workspace=root, normalizer="plain")
    with pytest.raises(UnknownNameError, match="choose one of: s"):
        workbench.runs("t", workspace=root)
    with pytest.raises(WorkbenchError, match="nowhere is no workspace"):
        workbench.runs(workspace=tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_pandas_comes_with_the_first_table() -> None:
    program = "import sys, workbench, workbench.services.workbench; print('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "False"
