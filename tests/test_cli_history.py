"""The verbs about past runs: names, notes, the bin, the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.finished import finished_run
from workbench.cli import main
from workbench.services.workbench import Workbench

Say = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_wav: Callable[..., Path]) -> str:
    bench = Workbench.open(tmp_path / "workspace")
    bench.collecting.add_files("s", [(make_wav(f"{i}.wav", 0.4, seed=i), f"{i}.wav") for i in range(12)], language="en")
    for clip in bench.labelling.clips("s"):
        bench.labelling.save(clip.id, f"alpha beta {clip.id}", author="ada", confirmed=True)
    name = finished_run(bench, monkeypatch, "s")
    bench.close()
    return name


def test_runs_are_named_noted_deleted_and_brought_back(say: Say, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("rename", run, " Ward <3> ") == {"run": run, "name": "Ward <3>"}
    assert say("note", run, "tried\nat night") == {"run": run, "note": "tried\nat night"}
    (listed,) = say("runs", "--set", "s")
    assert (listed["name"], listed["note"], listed["seconds"]) == ("Ward <3>", "tried\nat night", 6.0)
    assert listed["test_clips"] > 0
    assert listed["adapted_wer"] < listed["base_wer"]
    with pytest.raises(SystemExit):
        main(["runs"])
    shown = capsys.readouterr().out
    assert f"{run} “Ward <3>”: tried / at night" in shown
    assert f"{listed['base_wer']:.1%} → {listed['adapted_wer']:.1%}" in shown
    assert say("delete", run) == {"run": run, "deleted": True}
    assert say("runs") == []
    assert "no run called" in say("compare", run, status=1)
    assert "There is no clip set called 'elsewhere'" in say("runs", "--set", "elsewhere", status=1)
    assert say("undelete", run) == {"run": run, "restored": True}
    assert [r["run"] for r in say("runs")] == [run]
    assert "whole" in say("delete", run, "--clip", "1", status=2)
    assert say("erase", run, "--yes") == {"run": run, "erased": True}
    assert "no run called" in say("undelete", run, status=1)


def test_a_report_is_written_once_and_of_the_clips_that_were_named(say: Say, run: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.html"
    document = say("report", run, "--out", str(out))
    assert len(document["clips"]) == 10
    assert document["bytes"] == out.stat().st_size
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "exists already" in say("report", run, "--out", str(out), status=1)
    wanted = document["clips"][4:1:-1]
    flags = [word for clip in wanted for word in ("--clip", str(clip))]
    assert say("report", run, "--out", str(tmp_path / "own.html"), *flags)["clips"] == wanted
    assert "no run called" in say("report", "run-9", "--out", str(tmp_path / "x.html"), status=1)
