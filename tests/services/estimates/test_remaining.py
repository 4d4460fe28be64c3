"""The course of a whole run: its stages weighted by what was foretold, corrected by what they take, never backwards."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, import_tones
from workbench.asr.training.trainer import TrainingOutcome
from workbench.core.types import Split
from workbench.services.estimates import remaining as course
from workbench.services.estimates.duration import Expectation
from workbench.services.estimates.remaining import Course, Stage
from workbench.services.estimates.workload import Load
from workbench.services.runs.execute import execute
from workbench.services.runs.finish import learned_from
from workbench.services.runs.progress import Progress
from workbench.services.workbench import Workbench

TINY = {**{k: v for k, v in QUICK.items() if k != "learning_rate"}, "general_set": "none", "patience": 0}


class Clock:
    """The monotonic clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(course.time, "monotonic", lambda: self.now)


def test_stages_weigh_what_they_take_and_learn_from_what_they_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    loads = {"prefix": Load(10), "training": Load(90), "evaluation": Load(10)}
    run = Course.foretold(Expectation({"prefix": 1.0, "training": 90.0, "evaluation": 9.0}, loads))
    run.enter("prefix")
    clock.now += 1
    run.made(10)
    assert run.share() == pytest.approx(0.01)
    assert run.left() == pytest.approx(99.0)
    run.enter("training")
    for _ in range(45):
        clock.now += 4
        run.made(1)
    assert run.left() == pytest.approx(45 * 4 + 9, rel=0.1), "four seconds an update, though one was foretold"
    halfway = run.share()
    run.stages["training"].behind = 90  # it ended early
    assert run.left() == pytest.approx(9.0)
    assert run.share() > 0.9 > halfway
    run.stages["training"] = Stage(1.0, 9000)
    assert run.share() > 0.9, "a bar never goes back"


def test_what_lies_in_the_cache_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    run = Course({name: Stage(1.0, 100) for name in ("prefix", "training", "evaluation", "rest")})
    run.enter("prefix")
    run.passed(98)
    clock.now += 4
    run.made(2)
    assert run.stages["prefix"].left() == 0
    run.stages["prefix"].units = 200
    assert run.stages["prefix"].left() == pytest.approx(100 * (10 + 4) / 12), "what was found says nothing of the pace"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    monkeypatch.setattr(opened.adaptation.jobs, "launch", lambda name: None)
    import_tones(opened, tmp_path / "tones", range(16), "tones")
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folds", "sweep", "curve"])
def test_a_run_of_many_trainings_fills_its_bar_once(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    spec = bench.catalog.resolve(str(save_model(tmp_path / "model", "wav2vec2-layer")))
    seen: list[dict[str, Any]] = []
    write = Progress.write

    def noted(self: Progress, *, throttled: bool = False) -> None:
        write(self)
        seen.append(dict(self.state))

    monkeypatch.setattr(Progress, "write", noted)
    if kind == "sweep":
        run = bench.adaptation.start_sweep("tones", spec, ["head", "top-1"], [1e-3], {**TINY, "folds": 2})
    elif kind == "curve":
        run = bench.adaptation.start("tones", spec, "head", {**TINY, "folds": 0, "epochs": 1}, curve_draws=1)
    else:
        run = bench.adaptation.start("tones", spec, "head", {**TINY, "folds": 2})
    foretold = bench.adaptation.view(run).progress["seconds_left"]
    assert foretold > 0, "known while it waits"
    began = time.monotonic()
    executed = execute(bench.workspace, bench.store, run)
    took = time.monotonic() - began
    known = [state for state in seen if state["phase"] != "loading"]
    assert seen[0]["seconds_left"] == foretold
    assert all(before["share"] <= after["share"] for before, after in pairwise(known))
    assert known[0]["share"] < 0.2
    assert known[-1]["phase"] == "saving"
    stages = executed.context.run.progress.course.stages  # type: ignore[union-attr]
    ahead = {name: stage.units - stage.behind for name, stage in stages.items() if name != "rest"}
    assert ahead["training"] == 0
    assert max(ahead.values()) <= 0, "everything that was foretold is behind"
    assert sum(stage.spent for stage in stages.values()) <= took


def test_a_stopped_run_has_learned_from_what_it_was_trained_on() -> None:
    splits = (Split((1, 2), (3,), (4,), rule=""), Split((3, 4), (1,), (2,), rule=""))
    context: Any = SimpleNamespace(splits=splits, labels=dict.fromkeys((1, 2, 3, 4), "a"))

    def learned(*steps: int) -> set[int]:
        outcomes = [TrainingOutcome(n, n, (), stopped=True) for n in steps]
        return learned_from(context, outcomes)

    assert learned(9) == {1, 2}, "stopped in the first fold, whose model it is"
    assert learned(9, 9) == {1, 2, 3, 4}
    assert learned(0, 0) == set()
