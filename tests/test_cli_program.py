"""The program itself: a mistyped folder, a mistyped name, a mixed-up format, Ctrl+C."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from tests.services.finished import finished_run
from workbench.cli import load_verbs, main
from workbench.cli.common import app
from workbench.services.workbench import Workbench

BEGINNING = {"import", "serve", "score", "fetch", "add-model"}  # those that begin a workspace, or need none
SET, OUT = ["--set", "s"], ["--out", "x"]
ARGUMENTS = {
    **{verb: ["run-1"] for verb in ("stop", "resume", "compare", "delete", "undelete")},
    **{verb: SET for verb in ("adapt", "sweep", "curve", "doctor")},
    **{verb: ["run-1", "a"] for verb in ("rename", "note")},
    "transcribe": [*SET, "--model", "ctc-en"],
    "words": [*SET, __file__],
    "report": ["run-1", *OUT],
    "push": ["run-1"],
    "blend": ["run-1", "--at", "0.5"],
    "licence": ["s", "CC0-1.0"],
    "export": ["run-1", "--format", "csv", *OUT],
    "erase": ["run-1", "--yes"],
    "overview": ["s"],
    "trim": ["1", "--start", "0.1"],
    "set": ["rename", "a", "b"],
    **{verb: ["run-1"] for verb in ("star", "unstar")},
}


def verbs() -> list[str]:
    load_verbs()
    return list(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def refused(capsys: pytest.CaptureFixture[str], *words: str, status: int = 1) -> str:
    """What stands on stderr after a verb that failed."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (status, ""), printed
    return printed.err


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_wav: Callable[..., Path]) -> str:
    """A finished run in the workspace of the environment."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "workspace"))
    bench = Workbench.open(tmp_path / "workspace")
    bench.collecting.add_files("s", [(make_wav(f"{i}.wav", 0.4, seed=i), f"{i}.wav") for i in range(12)], language="en")
    for clip in bench.labelling.clips("s"):
        bench.labelling.save(clip.id, f"alpha beta {clip.id}", author="ada", confirmed=True)
    name = finished_run(bench, monkeypatch, "s")
    bench.close()
    return name


@pytest.mark.parametrize("verb", sorted(set(verbs()) - BEGINNING))
def test_a_mistyped_folder_is_refused_and_not_made(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    typo = tmp_path / "typo"
    told = refused(capsys, "--workspace", str(typo), verb, *ARGUMENTS.get(verb, []))
    assert "is no workspace" in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_models_and_files_need_no_workspace_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "new"))
    with pytest.raises(SystemExit, match="0"):
        main(["models"])
    assert "ctc-en" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main(["sets"])


def test_a_run_is_meant_by_the_name_that_it_was_given(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["rename", run, "only the head"], ["compare", "only the head"], ["note", "only the head", "why"]):
        with pytest.raises(SystemExit, match="0"):
            main(words)
    assert "alpha beta" in capsys.readouterr().out
    assert "no run called 'the head'" in refused(capsys, "compare", "the head")


def test_a_name_of_two_runs_is_asked_back_and_an_id_is_an_id(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Workbench.open(tmp_path / "workspace")
    other = finished_run(bench, monkeypatch, "s")
    for name in (run, other):
        bench.history.rename(name, "twice")
    with pytest.raises(Exception, match=f"2 runs are called 'twice': {other}, {run}"):
        bench.history.called("twice")
    bench.history.rename(other, run)
    assert bench.history.called(run) == run
    bench.close()


def test_a_wrong_choice_is_told_without_pydantics_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["import", str(tmp_path), "--set", "s"], ["export", "run-1", "--out", "x"]):
        told = refused(capsys, *words, "--format", "foo", status=2)
        assert "Invalid value for '--format': 'foo' is not one of" in told


def test_a_run_is_no_set_and_a_set_is_no_run(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    told = refused(capsys, "export", run, "--format", "dataset", "--out", out)
    assert told == (
        f"{run} is a run, and --format dataset writes a clip set; name the set, or write the run's model with "
        "--format hf.\n"
    )
    assert "'s' is a clip set, and --format hf" in refused(capsys, "export", "s", "--format", "hf", "--out", out)


# Ctrl+C arrives as the named function is called, whatever the machine is busy with.
PRESSED = """
import importlib, os, signal, sys
module, name = sys.argv[1].rsplit(".", 1)
meant = getattr(importlib.import_module(module), name)
def press(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGINT)
    return meant(*args, **kwargs)
setattr(importlib.import_module(module), name, press)
from workbench.cli import main
main(sys.argv[2:])
"""
MOMENTS = (
    "workbench.cli.load_verbs",
    "workbench.services.workbench.opened_first",
    "workbench.services.clips.sets.read_path",
    "workbench.services.clips.ingest._clip",
    "workbench.cli.data.emit",
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_says_a_sentence_and_leaves_a_workspace_that_opens(
    moment: str, tmp_path: Path, make_wav: Callable[..., Path]
) -> None:
    for i in range(4):
        make_wav(f"sounds/{i}.wav", 0.4, seed=i)
    sounds = tmp_path / "sounds"
    words = ["--workspace", str(tmp_path / "w"), "import", str(sounds), "--set", "s"]
    command = [sys.executable, "-c", PRESSED, moment, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "Stopped. What was stored so far is kept.\n")
    bench = Workbench.open(tmp_path / "w")
    bench.collecting.import_path(sounds, "s")
    assert bench.collecting.set_info("s").clips == 4
    bench.close()
