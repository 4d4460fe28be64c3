"""Word times of a run: placed when it has finished, asked for where they are missing, erased with their clip."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.services.finished import finished_run
from tests.services.inprocess import import_tones, prepare
from workbench.core.word_times import WordTimes
from workbench.errors import WorkbenchError
from workbench.services.inference.models import Models
from workbench.services.inference.word_times import Aligning
from workbench.services.jobs.startup import LAUNCHED
from workbench.services.runs.execute import execute
from workbench.services.runs.word_times import place_run
from workbench.services.storage.word_times import add_times, forget_times, read_times
from workbench.services.workbench import Workbench
from workbench.store.runs import evaluations, find_run

TIMES = {"reference": WordTimes(((0.1, 0.25), None)), "base": WordTimes(why="No."), "adapted": WordTimes(((0.0, 1.0),))}


class Answering:
    """A model process that answers when it is let; what needs a model is tested in `test_a_finished_run…`."""

    def __init__(self, error: str = "") -> None:
        self.asked: list[list[int]] = []
        self.go, self.error = threading.Event(), error

    def ask(self, request: dict[str, Any], *, behind: bool) -> dict[str, Any]:
        self.asked.append(request["clips"])
        assert self.go.wait(30)
        if self.error:
            raise WorkbenchError(self.error)
        spans = {"spans": [[0, 0.5]], "why": ""}
        return {"clips": {str(i): dict.fromkeys(("reference", "base", "adapted"), spans) for i in request["clips"]}}


def aligning(bench: Workbench, process: Answering) -> Aligning:
    return Aligning(bench.workspace, bench.store, bench.adaptation.jobs, process)  # type: ignore[arg-type]


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_times_are_kept_without_texts_and_forgotten_on_request(tmp_path: Path) -> None:
    assert read_times(tmp_path) == {}
    add_times(tmp_path, {3: TIMES})
    add_times(tmp_path, {4: TIMES})
    assert read_times(tmp_path) == {3: TIMES, 4: TIMES}
    forget_times(tmp_path, [3, 99])
    assert set(read_times(tmp_path)) == {4}
    forget_times(tmp_path)
    assert read_times(tmp_path) == {}
    (tmp_path / "times.json").write_text("{half")
    assert read_times(tmp_path) == {}, "a damaged file counts as none"


def test_the_clip_that_is_looked_at_comes_first_and_everybody_sees_the_work(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = finished_run(bench, monkeypatch, "tones", folds=2)
    (bench.workspace.run_folder(run) / LAUNCHED).unlink()  # as its worker would
    with bench.store.session() as session:
        ids = [clip.id for _, clip in evaluations(session, find_run(session, run).id)]
    process = Answering()
    service, other = aligning(bench, process), aligning(bench, process)
    assert service.look(run, ids[-1]).state == "missing"
    service.start(run, ids[-1])
    service.start(run, ids[-1])  # a second click does nothing more
    assert service.look(run, ids[0]).state == "working"
    process.go.set()
    wait_for(lambda: service.look(run, ids[0]).state == "there" and run not in service._working)
    assert process.asked[0][0] == ids[-1]
    assert sorted(i for chunk in process.asked for i in chunk) == ids, "each clip once"
    assert other.of_clip(run, ids[3])["base"].spans == ((0.0, 0.5),), "a second server reads the same file"
    bench.collecting.delete_clips([ids[0]])
    bench.collecting.erase(clip_ids=[ids[0]])
    assert service.of_clip(run, ids[0]) == {}
    assert service.of_clip(run, ids[1])


def test_what_goes_wrong_is_said_and_can_be_tried_again(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = import_tones(bench, tmp_path / "tones", range(12), "tones")
    run = finished_run(bench, monkeypatch, "tones", folds=2)
    (bench.workspace.run_folder(run) / LAUNCHED).unlink()  # as its worker would
    process = Answering(error="The base model is gone.")
    process.go.set()
    service = aligning(bench, process)
    service.start(run, ids[0])
    wait_for(lambda: service.look(run, ids[0]).state == "missing")
    assert service.look(run, ids[0]).message == "The base model is gone."
    process.error = ""
    service.start(run, ids[0])
    wait_for(lambda: service.look(run, ids[0]).state == "there")


def test_a_finished_run_places_its_words_and_a_process_finds_the_same(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(12), "tones", n_samples=24_000)
    spec = bench.catalog.find("ctc-en")
    run = prepare(bench, monkeypatch, spec, "tones", folds=0, general_set="none")
    place_run(execute(bench.workspace, bench.store, run))
    with bench.store.session() as session:
        measured = evaluations(session, find_run(session, run).id)
    kept = read_times(bench.workspace.run_folder(run))
    assert sorted(kept) == sorted(clip.id for _, clip in measured)
    found = Models(bench.workspace, bench.store).times(run, list(kept))["clips"]
    for e, clip in measured:
        times = kept[clip.id]
        assert len(times["reference"].spans) == len(e.reference.split()) == 2
        assert all(span is not None and 0 <= span[0] < span[1] <= clip.duration for span in times["reference"].spans)
        for side in ("base", "adapted"):
            assert len(times[side].spans) == len(getattr(e, side).split())
            assert bool(times[side].spans) != bool(times[side].why), "times or a reason"
        again = found[clip.id]["reference"]["spans"]
        for one, other in zip(times["reference"].spans, again, strict=True):
            assert one == pytest.approx(other, abs=0.03), "from the cache or from the sound"
