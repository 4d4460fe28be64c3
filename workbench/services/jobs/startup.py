"""Who is bringing up a run's worker, so that a process killed on the way is noticed at once and a slow one never is.

A file in the run's folder names a process by its number, its start (numbers come again) and its machine: first the one
that launches, then the worker itself, which removes the file when it holds its lock.
"""

import os
import platform
import time
from pathlib import Path
from typing import Final

import psutil

from workbench.atomic import write_text
from workbench.core.types import Seconds

LAUNCHED: Final = ".launched"  # in the run's folder, from the launch until the worker holds its lock
STARTING: Final[Seconds] = 120.0  # where nobody is named, or somebody on another machine, only the clock can tell
SAME_START: Final[Seconds] = 2.0  # the system tells when it was started to the second


def announce(folder: Path, process: int | None = None) -> None:
    """Say that a process is bringing up this run's worker.

    Args:
        process: Its number; this process by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = os.getpid() if process is None else process
    write_text(folder / LAUNCHED, f"{number} {_start(number)} {platform.node()}")


def withdraw(folder: Path) -> None:
    """The worker is up, or will not come up."""
    (folder / LAUNCHED).unlink(missing_ok=True)


def is_starting(folder: Path) -> bool:
    """Whether somebody who lives is bringing up this run's worker."""
    file = folder / LAUNCHED
    try:
        said = file.read_text(encoding="utf-8").split(" ", 2)
        if len(said) == 3 and said[2] == platform.node():
            return _lives(int(said[0]), float(said[1]))
        return time.time() - file.stat().st_mtime < STARTING
    except FileNotFoundError:
        return False


def _start(number: int) -> Seconds:
    """When a process was started, since the machine was: setting the clock does not change it. -1 for none."""
    try:
        return float(psutil.Process(number).create_time() - psutil.boot_time())
    except psutil.Error:
        return -1.0


def _lives(number: int, start: Seconds) -> bool:
    try:
        ended = psutil.Process(number).status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # it may not be looked at, but it is there
        return True
    return not ended and abs(_start(number) - start) <= SAME_START
