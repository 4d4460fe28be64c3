"""Several processes look at one workspace's runs: a page, a terminal, the workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock

from tests.services.inprocess import import_tones
from workbench.disk import DiskFullError
from workbench.errors import WorkbenchError
from workbench.services.jobs.locks import ALIVE
from workbench.services.jobs.startup import LAUNCHED, STARTING, announce, is_starting
from workbench.services.workbench import Workbench

Popen = subprocess.Popen
Waiting = tuple[Workbench, Workbench, str]


class Sleeper:
    """In place of the worker: a process that lives and does nothing, as one on a very busy machine."""

    started: "list[subprocess.Popen[bytes]]"

    def __init__(self) -> None:
        self.started = []

    def __call__(self, *_: Any, **__: Any) -> "subprocess.Popen[bytes]":
        self.started.append(Popen([sys.executable, "-c", "import time; time.sleep(300)"]))
        return self.started[-1]


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Sleeper()
    monkeypatch.setattr("workbench.services.jobs.workers.subprocess.Popen", made)
    yield made
    for process in made.started:
        process.kill()
        process.wait()


@pytest.fixture
def waiting(tmp_path: Path, sleeper: Sleeper) -> Waiting:
    """Two views of one workspace, and a run whose worker takes its time to come up."""
    terminal, page = (Workbench.open(tmp_path / "workspace") for _ in range(2))
    import_tones(terminal, tmp_path / "tones", range(12), "tones")
    run = terminal.adaptation.start("tones", "ctc-en", "head", {"folds": 0, "general_set": "none"})
    return terminal, page, run


def kill(process: "subprocess.Popen[bytes]") -> None:
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(process.pid) and psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_started_elsewhere_is_not_called_dead_while_its_worker_comes_up(waiting: Waiting) -> None:
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


def test_a_worker_killed_before_it_takes_its_lock_is_told_at_once_by_every_process(
    waiting: Waiting, sleeper: Sleeper
) -> None:
    terminal, page, run = waiting
    kill(sleeper.started[0])
    assert page.adaptation.view(run).status == "interrupted"
    assert terminal.adaptation.view(run).status == "interrupted"
    terminal.adaptation.resume(run)
    assert page.adaptation.view(run).status == "queued"


def test_a_worker_that_takes_very_long_to_come_up_is_not_called_dead(waiting: Waiting) -> None:
    _, page, run = waiting
    long_ago = time.time() - 100 * STARTING
    os.utime(page.workspace.run_folder(run) / LAUNCHED, (long_ago, long_ago))
    assert page.adaptation.view(run).status == "queued"


def test_another_process_with_the_same_number_is_not_the_worker(waiting: Waiting) -> None:
    _, page, run = waiting
    file = page.workspace.run_folder(run) / LAUNCHED
    number, start, machine = file.read_text().split(" ")
    file.write_text(f"{number} {float(start) - 60} {machine}")
    assert page.adaptation.view(run).status == "interrupted"


def test_a_launcher_killed_between_its_announcement_and_the_launch_is_noticed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from workbench.services.jobs.startup import announce; "
        "announce(Path(sys.argv[1])); print('announced', flush=True); time.sleep(300)"
    )
    launcher = Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == b"announced\n"
    assert is_starting(tmp_path)
    kill(launcher)
    assert not is_starting(tmp_path)
    launcher.wait()
    launcher.stdout.close()
    assert not is_starting(tmp_path)


@pytest.mark.parametrize("said", ["", "4194300 12.0 another-machine"])
def test_where_nobody_of_this_machine_is_named_the_clock_tells(tmp_path: Path, said: str) -> None:
    assert not is_starting(tmp_path)
    (tmp_path / LAUNCHED).write_text(said)  # empty: as earlier versions wrote it
    assert is_starting(tmp_path)
    long_ago = time.time() - STARTING - 1
    os.utime(tmp_path / LAUNCHED, (long_ago, long_ago))
    assert not is_starting(tmp_path)


def test_one_that_never_was_is_not_waited_for(tmp_path: Path) -> None:
    gone = Popen([sys.executable, "-c", ""])
    gone.wait()
    announce(tmp_path, gone.pid)
    assert not is_starting(tmp_path)


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (OSError(28, "No space left on device"), DiskFullError, "The run was not started, because the disk is full"),
        (OSError(11, "Resource temporarily unavailable"), WorkbenchError, "could not be started"),
    ],
)
def test_a_worker_that_cannot_be_launched_is_said_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, kind: type[WorkbenchError], sentence: str
) -> None:
    bench = Workbench.open(tmp_path / "workspace")
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    monkeypatch.setattr("workbench.services.jobs.workers.subprocess.Popen", _raiser(error))
    with pytest.raises(kind, match=sentence):
        bench.adaptation.start("tones", "ctc-en", "head", {"folds": 0, "general_set": "none"})
    assert [view.status for view in bench.adaptation.runs()] == ["interrupted"]
    bench.close()


def _raiser(error: Exception) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


def test_a_resumed_run_waits_again(waiting: Waiting) -> None:
    terminal, page, run = waiting
    (page.workspace.run_folder(run) / LAUNCHED).unlink()
    assert page.adaptation.view(run).status == "interrupted"
    terminal.adaptation.resume(run)
    view = page.adaptation.view(run)
    assert (view.status, view.progress["phase"]) == ("queued", "queued")
