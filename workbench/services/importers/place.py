"""Where an import looks: a folder, a checked archive, or files that were uploaded; readers see names, not paths."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.importers.candidates import AUDIO_SUFFIXES, MISSING, OUTSIDE, ImportScan, Refused, missing
from workbench.services.importers.spelling import Names, folded
from workbench.services.importers.survey import Sheet

SPECIAL: Final = say("a pipe, device or socket, not a file")
_UPLOAD_MARK: Final = re.compile(r"^[0-9a-f]{8}-")
_INSIDE: Final = say("move the sound into the folder of the list")
SPECIAL_REMEDY: Final = say("put the file itself in its place")


@dataclass
class Place:
    """Files by the names their owner knows.

    Attributes:
        title: What messages call the whole.
        files: Name with "/" between folders -> where the file lies now; in order.
        root: The folder on this machine, where it is one: lists may name files that are not in `files`.
        allow_outside: Whether a list in a folder may name existing files outside of it.
        flat: Uploads: a browser sends files without their folders, so that lists are matched by file name alone.
        chosen: The files were picked one by one, so that any list among them is meant, whatever its name.
        sheets: What may be a list among them, looked at once (`survey.py`).
        renamed: How a list writes a name -> the file that was taken for it, where their endings or folders differ.
    """

    title: str
    files: dict[str, Path] = field(default_factory=dict)
    root: Path | None = None
    allow_outside: bool = False
    flat: bool = False
    chosen: bool = False
    sheets: tuple[Sheet, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    _spelled: dict[tuple[int, str], Names] = field(default_factory=dict, repr=False)

    def named(self, *suffixes: str) -> list[str]:
        """Names with one of these endings, in order."""
        return [name for name in self.files if ending_of(name) in suffixes]

    def sounds(self) -> list[str]:
        return self.named(*AUDIO_SUFFIXES)

    def folders(self) -> list[str]:
        """The top folders, in order."""
        return list(dict.fromkeys(name.split("/")[0] for name in self.files if "/" in name))

    def beside(self, name: str, other: str) -> str | None:
        """The name of a file in the same folder as `name`, if it is there."""
        wanted = str(PurePosixPath(name).parent / other)
        if wanted in self.files:
            return wanted
        if self.root is not None and (self.root / wanted).is_file():
            self.files[wanted] = self.root / wanted
            return wanted
        found = self._names(PurePosixPath(wanted).parent).alike(wanted)
        if found and found not in self.files:
            self.files[found] = self._names(PurePosixPath(wanted).parent).files[found]
        return found

    def path(self, name: str) -> Path:
        return self.files[name]

    def locate(self, written: str, of: str, *, exact: bool = False) -> Path:
        """The file that a list means.

        Args:
            written: As the list writes it.
            of: The list's own name.
            exact: Whether it has to be spelled so; else case, composed letters and the ending may differ.

        Raises:
            Refused: There is none, or it lies outside.
        """
        try:
            if self.flat:
                return self._flat(written)
            return self._on_disk(written, of) if self.root is not None else self._in_archive(written, of)
        except Refused as refused:
            if exact or (refused.reason != MISSING and not written.startswith("/")):
                raise
            try:
                return self._otherwise_spelled(written, of)
            except Refused as other:
                raise (other if refused.reason == MISSING else refused) from None

    def locate_any(self, written: str, of: str) -> Path:
        """As `locate`; where that fails, the only file of the same name anywhere in the place.

        For formats whose lists hold another machine's absolute paths.
        """
        try:
            return self.locate(written, of)
        except Refused:
            wanted = PurePosixPath(written.replace("\\", "/")).name
            same = [path for name, path in self.files.items() if PurePosixPath(name).name == wanted]
            if wanted and len(same) == 1:
                return same[0]
            raise

    def _otherwise_spelled(self, written: str, of: str) -> Path:
        """The file that a list means though it writes another case, composition or ending.

        Raises:
            Refused: There is none, or more than one; says which name is nearly the same.
        """
        plain = PurePosixPath(written.replace("\\", "/"))
        elsewhere = plain.is_absolute() or (bool(plain.parts) and plain.parts[0].endswith(":"))
        if "?d=" in written:  # Label Studio's local files
            plain, elsewhere = PurePosixPath(written.partition("?d=")[2]), False
        if elsewhere:  # another machine's path, where only the file's own name means something here
            plain = PurePosixPath(plain.name)
        wanted = plain.name if self.flat else (PurePosixPath(of).parent / plain).as_posix()
        names = self._names(PurePosixPath(wanted).parent)
        if ".." in plain.parts or not plain.name:
            raise missing(written)
        found = names.alike(wanted)
        if found is None and names.several(wanted):
            one, two = (clean_name(PurePosixPath(n).name, 60) for n in names.several(wanted)[:2])
            remedy = say("write which of {one} and {two} is meant, letter for letter", one=one, two=two)
            raise Refused(MISSING, remedy)
        renamed = found is not None and elsewhere
        for guess in (wanted, self._without_upload_mark(wanted)):
            found = found or names.alike(guess) or names.with_other_ending(guess)
        renamed |= found is not None and bool(plain.suffix) and folded(found) != folded(wanted)
        if found is None and len(plain.parts) == 1:
            found = names.anywhere(plain.name) or names.anywhere(_UPLOAD_MARK.sub("", plain.name))
            renamed = found is not None
        if found is None:
            raise missing(written, names.nearly(wanted))
        if renamed:
            self.renamed[clean_name(written)] = found
        self._check_inside(names.files[found], of)
        return names.files[found]

    @staticmethod
    def _without_upload_mark(name: str) -> str:
        """A name without the eight digits that Label Studio writes before an upload's."""
        path = PurePosixPath(name)
        return str(path.with_name(_UPLOAD_MARK.sub("", path.name) or path.name))

    def _check_inside(self, path: Path, of: str) -> None:
        """Refuse a link that leads out of the list's folder, whatever its name."""
        if self.root is not None and not self.allow_outside:
            folder = (self.root / of).parent.resolve()
            if not path.resolve().is_relative_to(folder):
                raise Refused(OUTSIDE, _INSIDE)

    def _names(self, folder: PurePosixPath) -> Names:
        """The files that a list may mean; where it was named alone, those of the folder that it points into."""
        around = self.root is not None and self.chosen
        key = len(self.files), folder.as_posix() if around else ""
        if key not in self._spelled:
            files = dict(self.files)
            if around and self.root is not None and ".." not in folder.parts and not folder.is_absolute():
                with suppress(OSError):
                    here = sorted(path for path in (self.root / folder).iterdir() if path.is_file())
                    files |= {(folder / path.name).as_posix(): path for path in here}
            self._spelled[key] = Names(files)
        return self._spelled[key]

    def label(self, written: str, of: str) -> str:
        """What reports call a file that a list names: its path under the place."""
        if self.flat or written.startswith(("/", "\\")):
            return clean_name(written)
        joined = (PurePosixPath(of).parent / written).as_posix()
        return clean_name(joined)

    def _flat(self, written: str) -> Path:
        path = self.files.get(PurePosixPath(written.replace("\\", "/")).name)
        if path is None:
            raise missing(written)
        return path

    def _in_archive(self, written: str, of: str) -> Path:
        for name in dict.fromkeys((written, written.replace("\\", "/"))):
            joined = os.path.normpath((PurePosixPath(of).parent / name).as_posix())
            if joined in self.files:
                return self.files[joined]
        if written.startswith(("/", "\\")) or os.path.normpath(written).startswith(".."):
            raise Refused(OUTSIDE, _INSIDE)
        raise missing(written)

    def _on_disk(self, written: str, of: str) -> Path:
        assert self.root is not None
        folder = (self.root / of).parent
        try:
            path = folder / written
            if "\\" in written and not path.is_file():
                path = folder / written.replace("\\", "/")
            inside = path.resolve().is_relative_to(folder.resolve())
            exists, special = path.is_file(), not is_openable(path)
        except (OSError, ValueError) as e:  # a name too long or with a null byte
            raise missing(written) from e
        if not inside and not self.allow_outside:
            raise Refused(OUTSIDE, _INSIDE)
        if special:
            raise Refused(SPECIAL, SPECIAL_REMEDY)
        if not exists:
            raise missing(written)
        return path


def folder_place(root: Path, reading: ImportScan, *, allow_outside: bool) -> Place:
    """Every file under a folder but hidden ones; links to folders are not followed.

    Args:
        reading: Takes the pipes, devices and sockets, which are never opened.
    """
    found = {path.relative_to(root).as_posix(): path for path in _walk(root)}
    files = {name: path for name, path in found.items() if is_openable(path)}
    reading.reject_together([name for name in found if name not in files], SPECIAL, SPECIAL_REMEDY)
    return Place(str(root), files, root, allow_outside)


def file_place(path: Path, *, allow_outside: bool) -> Place:
    """One file that was named, and what lies around it."""
    return Place(str(path), {path.name: path}, path.parent, allow_outside, chosen=True)


def upload_place(files: Sequence[tuple[Path, str]]) -> Place:
    """Files a browser sent.

    Args:
        files: Where each lies now, and what its owner called it.
    """
    place = Place(say("the upload"), flat=True, chosen=True)
    for path, original in files:
        stem = name = clean_name(PurePosixPath(original.replace("\\", "/")).name) or "unnamed"
        number = 1
        while name in place.files:  # the same name from two folders
            number += 1
            name = f"{PurePosixPath(stem).stem} ({number}){PurePosixPath(stem).suffix}"
        place.files[name] = path
    return place


def _walk(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def is_openable(path: Path) -> bool:
    """Whether this is a file or a folder: opening a pipe waits, and a device may never end. What is missing says so."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def check_exists(path: Path) -> None:
    """Refuse a path with nothing behind it, or with a pipe or a device."""
    if not path.exists():
        raise DataError(say("There is no file or folder {path}.", path=path))
    if not is_openable(path):
        raise DataError(say("{path} is {reason}; {remedy}.", path=path, reason=SPECIAL, remedy=SPECIAL_REMEDY))


def ending_of(name: str) -> str:
    """The ending of a file's name, in lower case."""
    return PurePosixPath(name).suffix.lower()
