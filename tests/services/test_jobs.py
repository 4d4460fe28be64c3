"""Several processes look at one workspace's runs: a page, a terminal, the workers."""

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.services.inprocess import import_tones
from workbench.services.workbench import Workbench
from workbench.services.worker import ALIVE, LAUNCHED, STARTING_SECONDS


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Workbench, Workbench, str]:
    """Two views of one workspace, and a run whose worker takes its time to come up."""
    terminal, page = (Workbench.open(tmp_path / "workspace") for _ in range(2))
    import_tones(terminal, tmp_path / "tones", range(12), "tones")
    monkeypatch.setattr("workbench.services.jobs.subprocess.Popen", _NoProcess)
    run = terminal.adaptation.start("tones", "ctc-en", "head", {"folds": 0, "general_set": "none"})
    return terminal, page, run


class _NoProcess:
    def __init__(self, *_: object, **__: object) -> None: ...

    def wait(self) -> None: ...


def test_a_run_started_elsewhere_is_not_called_dead_while_its_worker_comes_up(
    waiting: tuple[Workbench, Workbench, str],
) -> None:
    terminal, page, run = waiting
    for _ in range(3):
        assert page.adaptation.view(run).status == "queued"
        assert terminal.adaptation.view(run).status == "queued"
    folder = page.workspace.run_folder(run)
    with FileLock(folder / ALIVE):  # the worker is up
        (folder / LAUNCHED).unlink()
        assert page.adaptation.view(run).status == "queued"
        assert terminal.adaptation.view(run).status == "queued"
    assert page.adaptation.view(run).status == "interrupted"  # and gone


def test_a_worker_that_never_comes_up_is_noticed(waiting: tuple[Workbench, Workbench, str]) -> None:
    _, page, run = waiting
    long_ago = time.time() - STARTING_SECONDS - 1
    os.utime(page.workspace.run_folder(run) / LAUNCHED, (long_ago, long_ago))
    assert page.adaptation.view(run).status == "interrupted"


def test_a_resumed_run_waits_again(waiting: tuple[Workbench, Workbench, str]) -> None:
    terminal, page, run = waiting
    (page.workspace.run_folder(run) / LAUNCHED).unlink()
    assert page.adaptation.view(run).status == "interrupted"
    terminal.adaptation.resume(run)
    view = page.adaptation.view(run)
    assert (view.status, view.progress["phase"]) == ("queued", "queued")
