"""A disk of a few megabytes for tests of what a full one does: a tmpfs, where this process may mount one."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str = "8m") -> Iterator[Path]:
    """A disk of its own at `folder`; the test is skipped where mounting is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("mount") is None:
        pytest.skip("no mount command on this machine, so no small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here ({mounted.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Write to a folder's disk until `leave` bytes are free; the file that takes all the room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        while (room := shutil.disk_usage(folder).free - leave) > 0:
            try:
                file.write(b"x" * min(room, 2**20))
            except OSError:
                break
    return filler
