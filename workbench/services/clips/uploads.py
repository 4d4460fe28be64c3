"""Files that browsers sent: each belongs to the page that sent it, and goes with it, or once it was taken in.

A file lies under tmp/uploads/PAGE/UPLOAD/NUMBER/ with the name its owner gave it, and is known to the browser by a
handle alone that nobody can guess. What is being imported is moved out first, so that it outlives the page.
"""

import os
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.workspace import Workspace

LONGEST_NAME: Final = 200  # bytes of UTF-8; file systems hold 255
_UNFIT: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]')  # in a file's name, here or on another system


@dataclass(frozen=True)
class Upload:
    """One file.

    Attributes:
        handle: Names it to the browser.
        page: Whose it is.
        name: What its owner calls it.
        size: Bytes.
    """

    handle: str
    page: str
    path: Path
    name: str
    size: int


@dataclass
class Taken:
    """Uploads that were moved out of their page's folder.

    Attributes:
        files: Where each lies now, and what its owner calls it.
    """

    files: list[tuple[Path, str]] = field(default_factory=list)
    origins: list[Path] = field(default_factory=list)
    keep: bool = False

    def give_back(self) -> list[str]:
        """Put them back, because something has to be asked first; where they lie then."""
        self.keep = True
        for (path, _), origin in zip(self.files, self.origins, strict=True):
            origin.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, origin)
        return [str(origin) for origin in self.origins]


class Uploads:
    """The uploads of one workspace; one server at a time uses it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.root = workspace.temporary / "uploads"
        self._known: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Remove what an earlier server left; for the start of one."""
        with self._lock:
            self._known.clear()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True, exist_ok=True)

    def folder(self, page: str) -> Path:
        """A new folder for what one request sends."""
        path = self.root / page / secrets.token_urlsafe(16)
        path.mkdir(parents=True)
        return path

    def keep(self, page: str, folder: Path, files: Sequence[tuple[Path, str]]) -> list[Upload]:
        """Give files that were received their names.

        Args:
            folder: From `folder`; the files lie in it.
            files: Where each lies, and what the browser calls it.
        """
        kept = []
        for number, (received, written) in enumerate(files):
            name = fit_name(written)
            place = folder / str(number) / name
            place.parent.mkdir()
            os.replace(received, place)
            handle = f"{secrets.token_urlsafe(18)}/{name}"
            kept.append(Upload(handle, page, place, name, place.stat().st_size))
        with self._lock:
            self._known.update((upload.handle, upload) for upload in kept)
        return kept

    def find(self, handle: str, page: str | None = None) -> Upload | None:
        """The upload of this handle, of this page where one is given; None where there is none, or not any more."""
        found = self._known.get(handle)
        if found is None or (page is not None and found.page != page):
            return None
        return found if found.path.is_file() else None

    @contextmanager
    def taken(self, paths: Sequence[str | os.PathLike[str]]) -> Iterator[Taken]:
        """Take uploads out of their page's folder for as long as the block runs; then they are removed.

        Files that are gone are passed over: what is dropped while others are being added comes with those again.

        Args:
            paths: As an event's handler got them; files elsewhere are left alone.
        """
        found = [Path(path) for path in paths]
        mine = [path for path in found if path.resolve().is_relative_to(self.root.resolve()) and path.is_file()]
        taken = Taken()
        with tempfile.TemporaryDirectory(dir=self._workspace.temporary, prefix="import-") as scratch:
            for number, path in enumerate(dict.fromkeys(mine)):
                place = Path(scratch) / str(number) / path.name
                place.parent.mkdir()
                try:
                    os.replace(path, place)
                except FileNotFoundError:  # another event has taken it, or its page was closed, since it was seen
                    continue
                taken.files.append((place, path.name))
                taken.origins.append(path)
            yield taken
        if not taken.keep:
            gone = set(taken.origins)  # a request may send thousands, and nobody else's upload is to wait meanwhile
            self._forget(lambda upload: upload.path in gone)
            for origin in taken.origins:
                self._tidy(origin.parent)

    def discard(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        """Remove uploads that nobody wants any more."""
        with self.taken(paths):
            pass

    def forget(self, page: str) -> None:
        """Remove everything of a page that was closed."""
        self._forget(lambda upload: upload.page == page)
        shutil.rmtree(self.root / page, ignore_errors=True)

    def _forget(self, gone: Callable[[Upload], bool]) -> None:
        with self._lock:
            for handle in [handle for handle, upload in self._known.items() if gone(upload)]:
                del self._known[handle]

    def _tidy(self, folder: Path) -> None:
        """Remove folders that have become empty."""
        while folder != self.root and folder.is_relative_to(self.root):
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def fit_name(written: str) -> str:
    """A file's name that every file system takes, as near to what its owner wrote as can be."""
    name = _UNFIT.sub("_", written.replace("\\", "/").rpartition("/")[2]).strip(" ")
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        stem, suffix = name, ""
    ending = f".{suffix}" if suffix else ""
    while len((stem + ending).encode()) > LONGEST_NAME:
        stem, ending = (stem[:-1], ending) if len(stem) > 1 else (stem, ending[:-1])
    fit = stem + ending
    return fit if fit.strip(".") else "unnamed"
