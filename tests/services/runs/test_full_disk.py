"""A run on a full disk: one sentence, and when there is room it goes on."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, import_tones
from tests.small_disk import fill, small_disk
from workbench.services import worker
from workbench.services.jobs.workers import RESUMABLE
from workbench.services.workbench import Workbench

FULL = "The run stopped, because the disk is full; make at least"


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[Workbench, str]]:
    """waiting(root): a workbench with a run whose worker was not launched."""

    def make(root: Path) -> tuple[Workbench, str]:
        bench = Workbench.open(root)
        import_tones(bench, tmp_path / "tones", range(12), "tones")
        spec = bench.catalog.resolve(str(save_model(tmp_path / "model", "wav2vec2-layer")))
        with monkeypatch.context() as patched:
            patched.setattr(bench.adaptation.jobs, "launch", lambda name: None)
            return bench, bench.adaptation.start("tones", spec, "head", {**QUICK, "folds": 0, "general_set": "none"})

    return make


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:671] . unexpected pos 64 vs 0"),
    ],
)
def test_whatever_tells_of_the_full_disk_is_one_sentence(
    waiting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def burst(*_: object) -> None:
        raise error

    bench, run = waiting(tmp_path / "ws")
    monkeypatch.setattr("workbench.services.runs.execute.execute", burst)
    monkeypatch.setattr("workbench.disk.free", lambda folder: 0)
    worker._take_turn(bench.workspace, bench.store, run)
    view = bench.adaptation.view(run)
    assert view.status == "failed"
    assert view.message.startswith(FULL)
    assert view.message.endswith("then resume it.")
    assert view.status in RESUMABLE
    bench.close()


def test_a_broken_writer_on_a_disk_with_room_is_not_called_a_full_disk(
    waiting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise RuntimeError("[enforce fail at inline_container.cc:671] . unexpected pos 64 vs 0")

    bench, run = waiting(tmp_path / "ws")
    monkeypatch.setattr("workbench.services.runs.execute.execute", burst)
    worker._take_turn(bench.workspace, bench.store, run)
    assert "unexpected error" in bench.adaptation.view(run).message
    bench.close()


@pytest.mark.slow
def test_a_real_run_on_a_real_full_disk_says_so_and_goes_on_when_there_is_room(waiting: Any, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "32m") as disk:
        bench, run = waiting(disk / "ws")
        filler = fill(disk, leave=300_000)
        command = [sys.executable, "-m", "workbench.services.worker", str(bench.workspace.root), run]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        view = bench.adaptation.view(run)
        assert (view.status, "disk is full" in view.message) == ("failed", True), view.message
        filler.unlink()
        bench.adaptation.jobs.resume(run)
        assert bench.adaptation.jobs.wait(run).status == "done"
        bench.close()
