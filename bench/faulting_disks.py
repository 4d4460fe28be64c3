"""Full disks for `faults.py`: a small file system of its own, filled but for a random number of bytes."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.faulting import N_CLIPS, Outcome, Try, check_acts, kill_at_line, look, said, start

SIZE: Final = 64 * 2**20  # bytes
MOST_LEFT: Final = 300 * 2**10  # bytes left free
KILLED_TOO: Final = 0.3  # of the tries
MOST_LINES: Final = 60  # that a process may write before it is killed


def may_mount(folder: Path) -> bool:
    """Whether a small file system can be mounted here."""
    try:
        with small_disk(folder / "may-mount"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system in memory, gone with the block."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)
        folder.rmdir()


def disk_try(this: Try) -> Outcome:
    """Something is done on a full disk; what was acknowledged is there, then and when there is room again."""
    role = this.chance.choice(["labels", "flood", "bin", "open", "upgrade"])
    revision = this.chance.choice([kind for kind in this.prepared if kind.isdigit()])
    workspace = this.workspace(revision if role == "upgrade" else "labelled")
    if this.chance.random() < 0.5:  # a workspace that was used before has its reserve
        said(start("open", workspace, 0))
    filler = _fill(this.folder, this.chance.randrange(MOST_LEFT))
    process = start("open" if role == "upgrade" else role, workspace, this.seed)
    if this.chance.random() < KILLED_TOO:
        this.outcome.broken_off, lines = kill_at_line(process, this.chance.randint(1, MOST_LINES), 0.0)
    else:
        lines = said(process)
    this.outcome.note(lines)
    # On the full disk a sentence is enough; with room everything has to be there.
    this.outcome.note([line for line in said(start("look", workspace, 0)) if "raised" in line])
    filler.unlink()
    if role == "upgrade":
        _check_upgraded(workspace, this.outcome)
    else:
        check_acts(workspace, lines, this.outcome)
    return this.outcome


def _fill(disk: Path, left: int) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        for size in (2**20, 2**12):
            while shutil.disk_usage(disk).free > left + size:
                file.write(b"\0" * size)
                file.flush()
    return filler


def _check_upgraded(workspace: Path, outcome: Outcome) -> None:
    found = look(workspace, outcome)
    if found is not None:
        kept = sum(clip["text"] == f"old label {clip['id']}" for clip in found["clips"])
        if kept < N_CLIPS:
            outcome.lose(f"{N_CLIPS - kept} labels of an earlier schema")
