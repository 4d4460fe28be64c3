"""The verbs that change what is there: trims, whole sets, stars."""

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
    bench.collecting.add_files("s", [(make_wav(f"{i}.wav", 1.0, seed=i), f"{i}.wav") for i in range(12)], language="en")
    for clip in bench.labelling.clips("s"):
        bench.labelling.save(clip.id, f"alpha beta {clip.id}", author="ada", confirmed=True)
    bench.labelling.save_drafts("m", {1: "alpha"})
    name = finished_run(bench, monkeypatch, "s")
    bench.close()
    return name


def test_a_clip_is_trimmed_and_the_trim_undone(say: Say, run: str) -> None:
    first = say("trim", "1", "--start", "0.25")
    assert first == {
        "clip": 1, "name": "0.wav", "start": 0.25, "end": 1.0, "duration": 0.75, "whole": 1.0, "revision": 1,
        "stale_draft": True,
    }  # fmt: skip
    assert say("trim", "1", "--end", "0.75")["start"] == 0.25
    assert "Only 0.05 s would be left" in say("trim", "1", "--start", "0.7", status=1)
    assert say("trim", "1", "--undo")["end"] == 1.0
    assert (say("trim", "1", "--undo")["duration"], say("sets")[0]["duration"]) == (1.0, 12.0)
    assert "no trim of clip 1 (0.wav) to undo" in say("trim", "1", "--undo", status=1)
    assert "does not exist any more" in say("trim", "99", "--start", "0.1", status=1)
    for wrong in ([], ["--undo", "--start", "0.1"]):
        assert "--undo" in say("trim", "1", *wrong, status=2)


def test_a_set_is_renamed_copied_and_archived(say: Say, run: str, make_wav: Callable[..., Path]) -> None:
    assert say("set", "rename", "s", "ward 7")["name"] == "ward 7"
    assert say("runs", "--set", "ward 7")[0]["run"] == run
    assert (say("set", "copy", "ward 7", "twin")["clips"], say("runs", "--set", "twin")) == (12, [])
    assert "already a clip set" in say("set", "copy", "ward 7", "twin", status=1)
    assert say("set", "archive", "ward 7")["archived"]
    assert [(s["name"], s["archived"]) for s in say("sets")] == [("twin", False), ("ward 7", True)]
    assert "is archived" in say("import", str(make_wav("new.wav")), "--set", "ward 7", status=1)
    assert "is archived" in say("adapt", "--set", "ward 7", status=1)
    assert not say("set", "unarchive", "ward 7")["archived"]
    assert "no clip set called 'none'" in say("set", "archive", "none", status=1)


def test_archived_sets_are_listed_apart(say: Say, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    say("set", "copy", "s", "twin")
    say("set", "archive", "s")
    with pytest.raises(SystemExit):
        main(["sets"])
    before, _, after = capsys.readouterr().out.partition("Archived:")
    assert "twin" in before
    assert "twin" not in after
    assert "\ns " in after.replace("\n ", "\n")


def test_a_run_is_starred(say: Say, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("star", run) == {"run": run, "starred": True, "set": "s", "base": "ctc-en"}
    assert say("runs")[0]["starred"]
    with pytest.raises(SystemExit):
        main(["runs"])
    assert f"{run} ★" in capsys.readouterr().out
    assert say("unstar", run)["starred"] is False
    assert not say("runs")[0]["starred"]
    assert "no run called" in say("star", "run-9", status=1)


def test_adapting_begins_with_the_starred_runs_base_and_says_so(
    say: Say, run: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say("star", run)
    monkeypatch.setattr("workbench.services.jobs.workers.Jobs.launch", lambda self, name: None)
    monkeypatch.setattr("workbench.cli.models._follow", lambda bench, name: None)
    monkeypatch.setattr("workbench.services.results.comparison.Comparing.document", lambda self, name: {"run": name})
    with pytest.raises(SystemExit):
        main(["adapt", "--set", "s", "--folds", "0", "--general-set", "none", "--json"])
    assert f"Base model: ctc-en, as of {run}, the run that s goes by." in capsys.readouterr().err


def test_transcribing_a_set_listens_with_what_it_goes_by(
    say: Say, run: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say("star", run)
    heard = []
    monkeypatch.setattr(
        "workbench.services.inference.transcribe.Transcribing.clip_set",
        lambda self, model, name, **_: heard.append((model, name)) or [],
    )
    assert say("transcribe", "--set", "s") == []
    assert heard == [(run, "s")]
    assert "--model" in say("transcribe", "a.wav", status=2)
