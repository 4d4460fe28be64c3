"""The last megabytes of a disk: what a full one is told by, and whom they belong to.

Labels and deleting come first: some megabytes are held back for them in a file that really takes its place, and are
given up when nothing else is left. What can be made again, such as caches, leaves as much again untouched.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from workbench.errors import WorkbenchError
from workbench.language.said import say

HELD: Final = 16 * 2**20  # bytes; thousands of labels
SHARE: Final = 1 / 8  # of a small disk
FULL_ERRNOS: Final = frozenset((errno.ENOSPC, errno.EDQUOT))
# What libraries that hide the number write: the system's words, and Rust's (safetensors).
FULL_WORDS: Final = ("no space left on device", "disk quota exceeded", "disk is full", "os error 28", "storagefull")
# SQLite's names for failing to grow one of its files, which on a full disk is not called full.
GROWING: Final = ("SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMMAP", "SQLITE_CANTOPEN")
TORCH_WRITER: Final = "inline_container"  # torch.save tells where in its code it failed, not why
NEARLY_NOTHING: Final = 64 * 2**10  # bytes
LOOSE: Final = 2 * NEARLY_NOTHING  # bytes that are not held back again: SQLite's shared memory takes 32 kB


class DiskFullError(WorkbenchError):
    """Something was not saved, or not done, for lack of room.

    Args:
        lost: What was not saved, as the beginning of a sentence.
        folder: A folder of the disk that is full.
    """

    def __init__(self, lost: str, folder: Path | None = None) -> None:
        self.lost, self.folder = lost, folder
        super().__init__(say("{lost}, because the disk is full; {remedy}.", lost=lost, remedy=remedy(folder)))


def remedy(folder: Path | None) -> str:
    """What helps, without a full stop."""
    if folder is None:
        return say("make room on it and try again")
    size = max(1, round(3 * reserve_size(folder) / 1e6))
    return say("make at least {size_mb} MB free on the disk that holds {folder}", size_mb=size, folder=folder)


def is_full(error: BaseException, folder: Path | None = None) -> bool:
    """Whether an error, or one that it came of, says that the disk is full.

    Args:
        folder: Of the disk in question: some kinds are told from other faults only by the room there is.
    """
    return any(_says_full(one, folder) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        original = getattr(one, "orig", None)  # SQLAlchemy's wrapping
        waiting += [one.__cause__, original if isinstance(original, BaseException) else None]


def _says_full(error: BaseException, folder: Path | None) -> bool:
    if isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in FULL_ERRNOS):
        return True
    growing = isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", None) in GROWING
    growing |= isinstance(error, RuntimeError) and TORCH_WRITER in str(error)
    if growing and folder is not None and free(folder) < NEARLY_NOTHING:
        return True
    # A user's words may stand in an error of ours.
    return not isinstance(error, WorkbenchError) and any(words in str(error).lower() for words in FULL_WORDS)


def is_held(error: BaseException) -> bool:
    """Whether an error says that another process held a lock of the workspace for too long."""
    return any(
        isinstance(one, TimeoutError) or (isinstance(one, sqlite3.Error) and "locked" in str(one))
        for one in _causes(error)
    )


def free(folder: Path) -> int:
    """Bytes that may still be written to a folder's disk."""
    return shutil.disk_usage(folder).free


def reserve_size(folder: Path) -> int:
    """Bytes that are held back on a folder's disk: fewer on a small one."""
    return min(HELD, int(shutil.disk_usage(folder).total * SHARE))


def spare(folder: Path) -> int:
    """Bytes that what can be made again may still take: all but twice what is held back."""
    return max(0, free(folder) - 2 * reserve_size(folder))


class Reserve:
    """The bytes held back in one workspace.

    Args:
        root: The workspace's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / ".reserve"

    def take(self) -> None:
        """Hold the bytes back where there is room for twice as many; nothing where they are held already."""
        with suppress(OSError):
            size = reserve_size(self.root)
            if self._held() < size and free(self.root) >= 2 * size:
                self._hold(size)

    def needed(self) -> bool:
        """Whether there is less room left than is held back."""
        try:
            return free(self.root) < reserve_size(self.root)
        except OSError:
            return False

    def give(self) -> None:
        """Give the bytes up."""
        with suppress(OSError):
            self.file.unlink(missing_ok=True)

    def take_rest(self) -> None:
        """After some of what was given up has been used: hold the rest back, but for what reading may need."""
        with suppress(OSError):
            size = reserve_size(self.root)
            left = min(size, free(self.root) - LOOSE)
            if self._held() == 0 and left > 0:
                self._hold(left)

    def _held(self) -> int:
        try:
            return self.file.stat().st_blocks * 512
        except FileNotFoundError:
            return 0

    def _hold(self, size: int) -> None:
        """Bytes that the disk has really set aside."""
        handle = os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            with closing(os.fdopen(handle, "r+b")) as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.write(os.urandom(size))  # zeros would take no room on a disk that compresses
        except OSError:
            self.give()
            raise
