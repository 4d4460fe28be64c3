"""A run's curves in TensorBoard or trackio: in the run's folder, where asked for, and never in the run's way."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare
from workbench.asr.training import trackers
from workbench.core.run_result import RunResult
from workbench.core.types import ModelSpec
from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", "wav2vec2-layer")


@pytest.fixture
def spec(bench: Workbench, tiny: Path, tmp_path: Path) -> ModelSpec:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    return bench.catalog.resolve(str(tiny))


class Kept:
    """A writer that keeps what it is told, and breaks at an update where it is asked to."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self.told: list[tuple[int, dict[str, float]]] = []
        self.closed, self.breaks_at = 0, breaks_at
        self.opened: list[tuple[Path, str]] = []

    def __call__(self, folder: Path, series: str) -> "Kept":
        self.opened.append((folder, series))
        return self

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        if step == self.breaks_at:
            raise OSError("the tracker's\ndisk is gone")
        self.told.append((step, dict(figures)))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def tracked(bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, RunResult]]:
    """tracked(name, writer, …): a run in this process that this writer follows; its name and result."""

    def run(name: str, writer: Any = None, **settings: Any) -> tuple[str, RunResult]:
        monkeypatch.setattr("workbench.services.runs.plan.check_installed", lambda name: None)
        if writer:
            monkeypatch.setitem(trackers.TRACKERS, name, writer)
        started = prepare(bench, monkeypatch, spec, "tones", tracker=name, **{"folds": 0, **settings})
        execute(bench, started)
        with bench.store.session() as session:
            row = find_run(session, started)
            assert row.status == "done"
            result = RunResult.from_json(row.result)
        assert result
        return started, result

    return run


def test_a_tracker_that_is_missing_is_told_before_the_run(
    bench: Workbench, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(WorkbenchError, match=r"tracker trackio is not installed.*pip install trackio.*tracker none"):
        prepare(bench, monkeypatch, spec, "tones", tracker="trackio")
    assert bench.adaptation.runs() == []
    with pytest.raises(WorkbenchError, match="tracker cannot be wandb; choose none, tensorboard or trackio"):
        prepare(bench, monkeypatch, spec, "tones", tracker="wandb")
    assert prepare(bench, monkeypatch, spec, "tones", tracker="none") == "run-1"


@pytest.mark.slow
def test_every_update_and_every_check_is_told(tracked: Callable[..., tuple[str, RunResult]], bench: Workbench) -> None:
    writer = Kept()
    name, result = tracked("tensorboard", writer)
    (training,) = result.trainings
    updates = [(step, told) for step, told in writer.told if "loss" in told]
    checks = [(step, told["dev_wer"], told["dev_cer"]) for step, told in writer.told if "dev_wer" in told]
    assert [step for step, _ in updates] == list(range(1, training.steps + 1))
    assert all(told["loss"] > 0 and told["learning_rate"] > 0 for _, told in updates)
    assert checks == [(c["step"], c["wer"], c["cer"]) for c in training.checks]
    assert checks[0][0] == 0, "the base is where the curve begins"
    assert writer.opened == [(bench.workspace.run_folder(name), "training")]
    assert writer.closed == 1
    assert not any("tracker" in note for note in result.notes)


def test_folds_have_curves_of_their_own(tracked: Callable[..., tuple[str, RunResult]]) -> None:
    writer = Kept()
    tracked("tensorboard", writer, folds=2)
    assert [series for _, series in writer.opened] == ["fold-1", "fold-2", "training"]
    assert writer.closed == 3


@pytest.mark.slow
def test_what_fails_in_every_fold_is_told_once(tracked: Callable[..., tuple[str, RunResult]]) -> None:
    _, result = tracked("tensorboard", Kept(breaks_at=1), folds=2)
    assert sum("tracker" in note for note in result.notes) == 1


@pytest.mark.parametrize("moment", ["opening", "an update"])
def test_a_tracker_that_fails_is_a_warning_and_the_run_goes_on(
    moment: str, tracked: Callable[..., tuple[str, RunResult]]
) -> None:
    def shut(folder: Path, series: str) -> Kept:
        raise OSError("the tracker's\ndisk is gone")

    writer = Kept(breaks_at=2)
    _, result = tracked("trackio", shut if moment == "opening" else writer)
    (told,) = (note for note in result.notes if "tracker" in note)
    assert told.startswith("The tracker trackio failed (OSError: the tracker's disk is gone); the training went on")
    assert result.trainings[0].steps > 2
    assert max((step for step, _ in writer.told), default=1) == 1, "it is asked no more"


def test_trackio_is_told_to_keep_it_here(
    tracked: Callable[..., tuple[str, RunResult]], bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in: what trackio is called with, and in which environment."""
    calls: list[tuple[str, Any]] = []
    module: Any = ModuleType("trackio")

    class Run:
        def log(self, figures: dict[str, float], step: int) -> None:
            calls.append(("log", (step, sorted(figures))))

        def finish(self) -> None:
            calls.append(("finish", None))

    def init(project: str, **options: Any) -> Run:
        calls.append(("init", (project, options, {k: v for k, v in os.environ.items() if k.startswith("TRACKIO")})))
        return Run()

    module.init = init
    monkeypatch.setitem(sys.modules, "trackio", module)
    for variable in trackers.LEAVING:
        monkeypatch.setenv(variable, "someone/space")
    monkeypatch.setenv(trackers.PLACE, "/elsewhere")
    name, _ = tracked("trackio")
    assert calls[0][0] == "init"
    project, options, environment = calls[0][1]
    assert project == "speech-workbench"
    assert options == {
        "name": f"{name} training", "resume": "allow", "embed": False, "auto_log_gpu": False, "auto_log_cpu": False,
    }  # fmt: skip
    assert environment == {"TRACKIO_DIR": str(bench.workspace.run_folder(name) / "trackio")}
    assert ("log", (1, ["learning_rate", "loss"])) in calls
    assert calls[-1][0] == "finish"


def test_tensorboard_reads_the_curves_back(tracked: Callable[..., tuple[str, RunResult]], bench: Workbench) -> None:
    """With the real one, where it is installed."""
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    name, result = tracked("tensorboard")
    folder = bench.workspace.run_folder(name) / "tensorboard" / "training"
    events = reading.EventAccumulator(str(folder))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "learning_rate", "dev_wer", "dev_cer"}
    read = [(event.step, event.value) for event in events.Scalars("dev_wer")]
    assert read == [(c["step"], pytest.approx(c["wer"])) for c in result.trainings[0].checks]
    bench.history.erase(name)
    assert not folder.exists()
