"""Files that others brought: only regular ones are read, and never more of them than was asked for.

A pipe would wait for ever, /dev/zero never ends, and a JSON document can be deeper than the program's stack. What
cannot be read is one sentence that names the file.
"""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from workbench.errors import WorkbenchError
from workbench.language.said import say

MOST_DEPTH = 64  # lists and objects inside one another
MOST_VALUES = 700_000  # in a JSON document, each of which takes up to 100 bytes; Whisper's tokenizer.json has 210,000
COPY_AGAIN = say("copy the file again from where it came from")

# A pipe without a writer does not make the opening wait, and a terminal does not become this program's own.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, say("is a folder and not a file")),
    (stat.S_ISFIFO, say("is a pipe and not a file")),
    (stat.S_ISSOCK, say("is a socket and not a file")),
    (stat.S_ISCHR, say("is a device and not a file")),
    (stat.S_ISBLK, say("is a device and not a file")),
)
_TOO_DEEP = say("is JSON with more than {most} levels", most=MOST_DEPTH)
_TROUBLES = {
    errno.ENOENT: say("is missing, or is a link to a file that is not there"),
    errno.ENOTDIR: say("is missing"),
    errno.EACCES: say("may not be read by this user"),
    errno.EPERM: say("may not be read by this user"),
    errno.ELOOP: say("is a link that leads back to itself"),
}


class FileProblem(WorkbenchError):
    """A file, or a folder, that cannot be used.

    Args:
        path: Which one.
        reason: What is wrong, without the path and without a full stop, such as "is a pipe and not a file".
        remedy: What to do, without a full stop.
    """

    def __init__(self, path: Path, reason: str, remedy: str = COPY_AGAIN) -> None:
        super().__init__(say("The file {file} {reason}; {remedy}.", file=shown(path), reason=reason, remedy=remedy))
        self.path, self.reason, self.remedy = path, reason, remedy


def shown(path: Path | str) -> str:
    """A path as text that can be printed and stored, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def open_regular(path: Path, *, most: int | None = None) -> IO[bytes]:
    """Open a regular file for reading, or what a link leads to.

    Args:
        most: Largest size in bytes.

    Raises:
        FileProblem: Missing, not a regular file, too large, or not for this user to read.
    """
    try:
        _check(path, os.stat(path), most)  # opening a device can already do something
        descriptor = os.open(path, _FLAGS)
    except OSError as e:
        raise FileProblem(path, _TROUBLES.get(e.errno or 0, _unread(e))) from e
    file = os.fdopen(descriptor, "rb")
    try:
        _check(path, os.fstat(descriptor), most)
    except FileProblem:
        file.close()
        raise
    return file


def size_of(path: Path, *, most: int | None = None) -> int:
    """Size in bytes of a regular file that can be opened; errors as of `open_regular`."""
    with open_regular(path, most=most) as file:
        return os.fstat(file.fileno()).st_size


def read_bytes(path: Path, *, most: int) -> bytes:
    """A regular file's content; errors as of `open_regular`."""
    with open_regular(path, most=most) as file:
        try:
            content = file.read(most + 1)
        except OSError as e:
            raise FileProblem(path, _unread(e)) from e
    if len(content) > most:  # it grew, or is one of those whose size is told as 0
        raise FileProblem(path, too_large(len(content), most))
    return content


def read_json(path: Path, *, most: int, unique: bool = False) -> Any:
    """The JSON document in a regular file of UTF-8.

    Args:
        most: Largest size in bytes.
        unique: Refuse a name that stands twice in one object.

    Raises:
        FileProblem: As of `open_regular`, or no JSON, with NaN or Infinity, too deep, or of too many values.
    """
    return parse_json(path, read_bytes(path, most=most), unique=unique)


def parse_json(path: Path, content: bytes, *, unique: bool = False) -> Any:
    """The JSON document in a file's bytes; see `read_json`."""
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise FileProblem(path, say("is JSON with more than {most:,} values", most=MOST_VALUES))
    try:
        document = json.loads(
            content.decode("utf-8"),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_once if unique else None,
        )
    except RecursionError:
        raise FileProblem(path, _TOO_DEEP) from None
    except ValueError as e:
        raise FileProblem(path, say("is no readable JSON ({why})", why=e)) from e
    if _deeper(document):
        raise FileProblem(path, _TOO_DEEP)
    return document


def read_object(path: Path, *, most: int, unique: bool = False) -> dict[str, Any]:
    """The JSON object in a regular file; errors as of `read_json`."""
    document = read_json(path, most=most, unique=unique)
    if not isinstance(document, dict):
        raise FileProblem(path, say("is no JSON object of names and values"))
    return document


def too_large(size: int, most: int) -> str:
    """Why a file of this size is not read; both in bytes."""
    return say("holds {size:,} bytes, and at most {most:,} are read", size=size, most=most)


def _unread(error: OSError) -> str:
    return say("cannot be read ({why})", why=error.strerror)


def _check(path: Path, state: os.stat_result, most: int | None) -> None:
    if not stat.S_ISREG(state.st_mode):
        kind = next((reason for is_it, reason in _KINDS if is_it(state.st_mode)), None)
        raise FileProblem(path, kind or say("is something else and not a file"))
    if most is not None and state.st_size > most:
        raise FileProblem(path, too_large(state.st_size, most))


def _deeper(document: Any) -> bool:
    level = _containers([document])
    for _ in range(MOST_DEPTH):
        level = _containers(child for node in level for child in (node.values() if isinstance(node, dict) else node))
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


def _no_constant(name: str) -> float:
    raise ValueError(say("{value} is no number in JSON", value=name))


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(say("{value} is no number that can be reckoned with", value=text[:20]))
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(say("{name} stands there twice", name=name[:80]))
        found[name] = value
    return found
