"""What a worker says of a run that it did not get far with: what stood stands, Resume is offered where it may help."""

import json

import pytest

from tests.conftest import speechlike
from tests.services.finished import finished_run, waiting_run
from workbench.core.word_times import WordTimes
from workbench.errors import ModelError, TooLargeError, TrainingError, WorkbenchError
from workbench.services import worker
from workbench.services.jobs.stop import StopRequested
from workbench.services.storage.word_times import add_times, read_times
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run

LEARNED = "Stopped before it learned anything new; what it had learned before stands."
NOTHING = "nothing was learned"


@pytest.fixture
def few(bench: Workbench, make_wav) -> Workbench:
    sounds = [(make_wav(f"{i}.wav", samples=speechlike(0.4, seed=i)), f"{i}.wav") for i in range(12)]
    bench.collecting.add_files("s", sounds, language="en")
    for clip in bench.labelling.clips("s"):
        bench.labelling.save(clip.id, f"alpha beta {clip.id}", author="ada", confirmed=True)
    return bench


def turn(bench: Workbench, run: str) -> None:
    worker._take_turn(bench.workspace, bench.store, run)


def ending(monkeypatch, error: Exception) -> None:
    def execute(*_: object) -> None:
        raise error

    monkeypatch.setattr("workbench.services.runs.execute.execute", execute)


@pytest.mark.parametrize("when", ["while it waits", "while it loads"])
def test_stopped_soon_after_resume_a_run_keeps_what_stood(few: Workbench, monkeypatch, when: str) -> None:
    run = finished_run(few, monkeypatch, "s")
    with few.store.session() as session:
        find_run(session, run).status = "stopped"
    before = few.comparing.document(run)
    folder = few.workspace.run_folder(run)
    add_times(folder, {1: {"reference": WordTimes(((0.0, 0.1),))}})
    few.adaptation.resume(run)
    if when == "while it waits":
        few.adaptation.stop(run)
    ending(monkeypatch, StopRequested())
    turn(few, run)
    view = few.adaptation.view(run)
    assert (view.status, view.message) == ("stopped", LEARNED)
    assert few.comparing.document(run) == before
    assert read_times(folder), "the words of what stands are still where they were said"


@pytest.mark.parametrize("when", ["while it waits", "while it loads"])
def test_stopped_before_it_went_on_a_run_has_its_checkpoints(few: Workbench, monkeypatch, when: str) -> None:
    run = waiting_run(few, monkeypatch, "s")
    folder = few.workspace.run_folder(run) / "training"
    folder.mkdir(parents=True)
    (folder / "checks.json").write_text(json.dumps([]))
    if when == "while it waits":
        few.adaptation.stop(run)
    ending(monkeypatch, StopRequested())
    turn(few, run)
    assert few.adaptation.view(run).message == "Stopped before it went on; Resume goes on from its last checkpoint."


@pytest.mark.parametrize("when", ["while it waits", "while it loads"])
def test_a_new_run_that_was_stopped_at_once_has_learned_nothing(few: Workbench, monkeypatch, when: str) -> None:
    run = waiting_run(few, monkeypatch, "s")
    if when == "while it waits":
        few.adaptation.stop(run)
    ending(monkeypatch, StopRequested())
    turn(few, run)
    assert NOTHING in few.adaptation.view(run).message


@pytest.mark.parametrize(
    ("error", "resumable"),
    [
        (ModelError("has weights that are no numbers"), False),
        (TrainingError("The loss is not a number any more"), False),
        (TooLargeError("close other programs"), True),
        (WorkbenchError("check the disk"), True),
        (MemoryError(), True),
        (OSError(5, "Input/output error"), True),
    ],
)
def test_resume_is_offered_where_it_may_go_otherwise(few: Workbench, monkeypatch, error, resumable: bool) -> None:
    run = waiting_run(few, monkeypatch, "s")
    assert not few.adaptation.view(run).resumable  # it waits
    ending(monkeypatch, error)
    turn(few, run)
    view = few.adaptation.view(run)
    assert (view.status, view.resumable) == ("failed", resumable)
    few.adaptation.resume(run)  # whoever has mended the cause may still say so
    assert few.adaptation.view(run).status == "queued"


def test_a_model_that_is_not_here_may_come_back(few: Workbench, monkeypatch) -> None:
    run = waiting_run(few, monkeypatch, "s")
    with few.store.session() as session:
        row = find_run(session, run)
        row.model = {**row.model, "location": str(few.workspace.root / "gone")}
    ending(monkeypatch, ModelError("The model is no longer there; put it back"))
    turn(few, run)
    assert few.adaptation.view(run).resumable


def test_a_finished_run_is_not_resumed(few: Workbench, monkeypatch) -> None:
    assert not few.adaptation.view(finished_run(few, monkeypatch, "s")).resumable
