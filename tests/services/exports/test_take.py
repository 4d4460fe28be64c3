"""Taking a model along: one archive that plain transformers loads, proven, without labels, and never in the way."""

import json
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import disk
from workbench.disk import DiskFullError
from workbench.errors import UnknownNameError, WorkbenchError
from workbench.services.exports import model, take, taking
from workbench.services.exports.take import FOLDER, remove_taken, take_run
from workbench.services.jobs.background import JobView
from workbench.services.jobs.steps import Step, Watch
from workbench.services.jobs.stop import StopRequested
from workbench.services.results.comparison import Comparing
from workbench.services.workbench import Workbench

PATIENCE_S = 180
FORM = "transformers"


@pytest.fixture
def ours(trained: tuple[Workbench, str]) -> Iterator[tuple[Workbench, str]]:
    """A run whose model nobody has packed yet."""
    bench, run = trained
    yield bench, run
    for path in (bench.workspace.run_folder(run) / FOLDER).glob("*"):
        path.unlink()


def pack(bench: Workbench, run: str, watch: Watch | None = None) -> dict[str, Any]:
    return take_run(bench.workspace, bench.store, run, FORM, watch or Watch())


def ended(bench: Workbench, run: str) -> JobView:
    deadline = time.monotonic() + PATIENCE_S
    while (view := bench.taking.view(run, FORM)) is None or view.active:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return view


def leftovers(bench: Workbench, run: str) -> list[Path]:
    folders = (bench.workspace.temporary, bench.workspace.run_folder(run) / FOLDER)
    return [path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()]


def test_the_archive_loads_in_plain_transformers_and_holds_no_words(
    ours: tuple[Workbench, str], tmp_path: Path
) -> None:
    import transformers

    bench, run = ours
    steps: list[Step] = []
    assert bench.taking.taken(run, FORM) is None
    done = pack(bench, run, Watch(steps.append))
    found = bench.taking.taken(run, FORM)
    assert found
    assert (found.size, found.proof_clips) == (found.path.stat().st_size, done["proof_clips"])
    assert found.proof_clips == 3
    with zipfile.ZipFile(found.path) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.filename.split("/")[0] for entry in archive.infolist()} == {run}
        archive.extractall(tmp_path)
    assert transformers.AutoModelForCTC.from_pretrained(tmp_path / run).config.vocab_size > 0
    figures = json.loads((tmp_path / run / "metrics.json").read_text())
    assert figures["run"] == run
    assert not set(figures) & {"per_clip", "terms", "mistakes", "new_characters", "notes"}
    messages = list(dict.fromkeys(step.message for step in steps))
    assert messages == ["Loading the model", "Writing the model", "Trying it on 3 clips", take.PACKING]
    assert (steps[-1].done, steps[-1].total) == (steps[-1].total, sum(e.file_size for e in archive.infolist()))


def test_a_run_that_was_resumed_is_packed_again(ours: tuple[Workbench, str]) -> None:
    bench, run = ours
    pack(bench, run)
    found = bench.taking.taken(run, FORM)
    assert found
    os.utime(found.path, (1, 1))
    assert bench.taking.taken(run, FORM) is None
    with pytest.raises(UnknownNameError):
        bench.taking.file(run, FORM)


def test_stop_and_a_full_disk_leave_nothing(ours: tuple[Workbench, str], monkeypatch: pytest.MonkeyPatch) -> None:
    bench, run = ours
    for last in ("Writing the model", take.PACKING):
        steps: list[str] = []
        watch = Watch(lambda step, said=steps: said.append(step.message), lambda said=steps, at=last: at in said)
        with pytest.raises(StopRequested):
            pack(bench, run, watch)
    monkeypatch.setattr(take, "spare", lambda folder: 0)
    with pytest.raises(DiskFullError, match="The model was not packed, because the disk is full"):
        pack(bench, run)
    monkeypatch.undo()

    def full(*given: Any) -> int:
        raise OSError(next(iter(disk.FULL_ERRNOS)), "full")

    monkeypatch.setitem(take.FORMS, FORM, full)
    with pytest.raises(DiskFullError):
        pack(bench, run)
    assert leftovers(bench, run) == []


@pytest.mark.slow  # it loads torch again, and stands back behind all else
def test_a_process_of_its_own_packs_it_and_everybody_is_told(ours: tuple[Workbench, str]) -> None:
    bench, run = ours
    before = bench.watch.token()
    bench.taking.start(run, FORM)
    assert bench.watch.token() != before
    view = ended(bench, run)
    assert (view.failed, view.message) == (False, f"{run} is packed.")
    assert bench.taking.file(run, FORM).is_file()


def test_one_is_packed_at_a_time_and_waiting_can_be_stopped(
    ours: tuple[Workbench, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, run = ours
    monkeypatch.setattr(taking, "take_beside", lambda *given: pytest.fail("it was not its turn"))
    with bench.taking._turn:
        bench.taking.start(run, FORM)
        bench.taking.stop(run, FORM)
        view = ended(bench, run)
    assert (view.failed, view.message) == (True, taking.STOPPED)


def test_what_cannot_be_taken_is_told(ours: tuple[Workbench, str]) -> None:
    bench, run = ours
    assert bench.taking.hindrance(run, FORM) == ""
    assert "run-99" in bench.taking.hindrance("run-99", FORM)
    assert "no form called 'gguf'" in bench.taking.hindrance(run, "gguf")
    for name in ("run-99", "../tones", "", f"{run}/../{run}"):
        with pytest.raises(WorkbenchError):
            bench.taking.start(name, FORM)
    (bench.workspace.run_folder(run) / "model").rename(aside := bench.workspace.run_folder(run) / "aside")
    assert "has no model yet" in bench.taking.hindrance(run, FORM)
    aside.rename(bench.workspace.run_folder(run) / "model")


def test_archives_go_after_a_day(ours: tuple[Workbench, str]) -> None:
    bench, run = ours
    pack(bench, run)
    path = bench.taking.file(run, FORM)
    remove_taken(bench.workspace, path.stat().st_mtime - 1)
    assert path.exists()
    remove_taken(bench.workspace, path.stat().st_mtime + 1)
    assert not path.exists()


def test_an_archive_that_goes_meanwhile_does_not_end_upkeep(
    ours: tuple[Workbench, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that upkeep has listed, and another process has erased with its run."""
    bench, run = ours
    gone, kept = (bench.workspace.run_folder(run) / FOLDER / name for name in ("a.zip", "b.zip"))
    kept.parent.mkdir(exist_ok=True)
    kept.touch()
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone, kept]))
    remove_taken(bench.workspace, time.time() + 1)
    assert not kept.exists()


@pytest.mark.parametrize(("name", "told"), [("ward-seven-patients", False), ("general", True), ("none", True)])
def test_the_card_of_what_leaves_names_no_set_of_the_users(
    name: str, told: bool, ours: tuple[Workbench, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what was measured on it, which names it too."""
    bench, run = ours
    file = bench.workspace.run_folder(run) / "model" / "run.json"
    about = file.read_text()
    document = bench.comparing.document(run)
    general = {"set": name, "summary": f"On '{name}' nothing was lost."} if name != "none" else None
    monkeypatch.setattr(Comparing, "document", lambda *_: {**document, "general": general})
    monkeypatch.setattr(model, "_prove", lambda *_: 3)  # what it says is another test's
    settings = json.loads(about)
    file.write_text(json.dumps({**settings, "config": {**settings["config"], "general_set": name}}))
    for away in (True, False):
        folder = tmp_path / str(away)
        folder.mkdir()
        model.write_run(bench.workspace, bench.store, run, folder, away=away)
        texts = (folder / "README.md").read_text() + (folder / "metrics.json").read_text() * away
        assert (name in texts) == (told or not away)
        assert ("General speech:" in texts) == (general is not None and (told or not away))
    file.write_text(about)
