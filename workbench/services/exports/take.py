"""Packs a run's model into one archive to download: written, proven, then packed; a table says which forms there are.

The archive lies within the run's own folder, so that it goes with an erased run; upkeep takes it away after a day.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workbench.atomic import replacing
from workbench.disk import DiskFullError, is_full, spare
from workbench.errors import UnknownNameError, WorkbenchError
from workbench.language.said import say
from workbench.services.jobs.beside import work_beside
from workbench.services.jobs.steps import Step, Watch
from workbench.services.models.source import PIECE
from workbench.services.results.comparison import FINISHED
from workbench.store.database import Store
from workbench.store.runs import STATUSES, find_run
from workbench.workspace import Workspace

PROCESS: Final = "workbench.services.exports.take_process"
FOLDER: Final = "taken"  # in the folder of a run
LEAST_BYTES: Final = 2  # of a weight: half precision
LOST: Final = say("The model was not packed")
PACKING: Final = say("Packing it")

# Writes a run's model into an empty folder and proves it there; the number of clips that prove it.
Write = Callable[[Workspace, Store, str, Path, Watch], int]


@dataclass(frozen=True)
class Taken:
    """An archive that is there.

    Attributes:
        size: Bytes.
        proof_clips: How many clips what is in it has transcribed as the run's own model does.
    """

    path: Path
    size: int
    proof_clips: int


def write_transformers(workspace: Workspace, store: Store, run: str, folder: Path, watch: Watch) -> int:
    """A folder that plain transformers loads, without the words of labels."""
    from workbench.services.exports.model import write_run

    return write_run(workspace, store, run, folder, watch, away=True).verified_clips


FORMS: Final[dict[str, Write]] = {"transformers": write_transformers}


def check_take(workspace: Workspace, store: Store, run: str, form: str) -> None:
    """Whether a run has a model to take in this form.

    Raises:
        WorkbenchError: No such run, no such form, or the run has no model.
    """
    if form not in FORMS:
        raise UnknownNameError(say("form"), form, list(FORMS))
    with store.session() as session:
        status = find_run(session, run).status
    if status not in FINISHED or not _model(workspace, run).is_dir():
        raise WorkbenchError(
            say(
                "{run} has no model yet (it is {status}); wait until it is done, or resume it.",
                run=run,
                status=STATUSES[status],
            )
        )


def find_taken(workspace: Workspace, store: Store, run: str, form: str) -> Taken | None:
    """The archive of a run's model as it is now; None where it has to be packed first.

    Raises:
        WorkbenchError: As `check_take`.
    """
    check_take(workspace, store, run, form)
    path = _archive(workspace, run, form)
    try:
        about = path.stat()
        if about.st_mtime < max(file.stat().st_mtime for file in _model(workspace, run).iterdir()):
            return None  # the run was resumed since
        with zipfile.ZipFile(path) as archive:
            return Taken(path, about.st_size, int(json.loads(archive.comment)["proof_clips"]))
    except FileNotFoundError:
        return None


def take_run(workspace: Workspace, store: Store, run: str, form: str, watch: Watch) -> dict[str, Any]:
    """Write a run's model, prove it, and pack it; the archive appears whole or not at all.

    Returns:
        {"run", "form", "size", "proof_clips"}.

    Raises:
        WorkbenchError: As `check_take`; it does not say the same as the run's own model; or the disk is full.
        StopRequested: The user has asked to stop.
    """
    check_take(workspace, store, run, form)
    with store.session() as session:
        weights = int(find_run(session, run).plan["total_parameters"])
    target = _archive(workspace, run, form)
    with _told_when_full(workspace), tempfile.TemporaryDirectory(dir=workspace.temporary, prefix="take-") as scratch:
        _check_room(workspace, 2 * LEAST_BYTES * weights)  # the folder and the archive
        folder = Path(scratch) / run
        folder.mkdir()
        clips = FORMS[form](workspace, store, run, folder, watch)
        _check_room(workspace, sum(path.stat().st_size for path in _files(folder)))
        target.parent.mkdir(exist_ok=True)
        with replacing(target) as temporary:
            _pack(folder, temporary, {"run": run, "form": form, "proof_clips": clips}, watch)
    return {"run": run, "form": form, "size": target.stat().st_size, "proof_clips": clips}


def take_beside(workspace: Workspace, run: str, form: str, watch: Watch) -> dict[str, Any]:
    """`take_run` in a process of its own, which loads torch.

    Raises:
        WorkbenchError: As `take_run`.
        StopRequested: As `take_run`.
        RuntimeError: The process ended without a word.
    """
    return work_beside(PROCESS, [str(workspace.root), run, form], lambda step: watch.tell(Step(**step)), watch.stopped)


def _model(workspace: Workspace, run: str) -> Path:
    return workspace.run_folder(run) / "model"


def _archive(workspace: Workspace, run: str, form: str) -> Path:
    return workspace.run_folder(run) / FOLDER / f"{form}.zip"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pack(folder: Path, archive: Path, about: dict[str, Any], watch: Watch) -> None:
    """Files below the folder's own name, uncompressed: weights hardly become smaller. Their proof is the comment."""
    files = _files(folder)
    done, total = 0, sum(path.stat().st_size for path in files)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        packed.comment = json.dumps(about).encode("utf-8")
        for path in files:
            entry = zipfile.ZipInfo.from_file(path, path.relative_to(folder.parent).as_posix())
            with path.open("rb") as source, packed.open(entry, "w") as copy:
                while piece := source.read(PIECE):
                    copy.write(piece)
                    done += len(piece)
                    watch.bytes(PACKING, done, total)


def _check_room(workspace: Workspace, size: int) -> None:
    """What can be made again leaves the disk's last bytes to labels."""
    if spare(workspace.root) < size:
        raise DiskFullError(LOST, workspace.root)


@contextmanager
def _told_when_full(workspace: Workspace) -> Iterator[None]:
    try:
        yield
    except Exception as e:  # libraries that write weights have errors of their own for a full disk
        if isinstance(e, DiskFullError) or not is_full(e, workspace.root):
            raise
        raise DiskFullError(LOST, workspace.root) from e


def remove_taken(workspace: Workspace, before: float) -> None:
    """Take away what was packed before a time, in seconds since 1970; it can be packed again."""
    for path in workspace.runs.glob(f"*/{FOLDER}/*.zip"):
        with suppress(FileNotFoundError):  # erased with its run meanwhile
            if path.stat().st_mtime < before:
                path.unlink()
