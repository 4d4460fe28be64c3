"""Lists of clips in a file, line by line: JSONL, tables, plain lines; each bad line is named, none is lost."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from workbench.core.spreadsheet import unmarked
from workbench.errors import DataError
from workbench.files import FileProblem, open_regular, read_bytes, size_of

JSON_SUFFIXES: Final = frozenset({".jsonl", ".json", ".ndjson"})
TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv"})
LIST_SUFFIXES: Final = JSON_SUFFIXES | TABLE_SUFFIXES
BYTE_TRUE: Final = frozenset({"metadata.csv"})  # for programs: an apostrophe in it is no mark for spreadsheets
LARGEST_LIST: Final = 512 * 1024 * 1024  # bytes; a million lines take about 200 MB
LONGEST_LINE: Final = 64 * 1024  # bytes that are looked at to recognise a list


@dataclass(frozen=True)
class Problem:
    """Something about one file or line that the user should know.

    Attributes:
        file: The sound as the user knows it, or the list that names it.
        line: Line in the list, from 1; None where there is no list.
        reason: What is wrong.
        remedy: What to do about it.
    """

    file: str
    line: int | None
    reason: str
    remedy: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """One line of a list, its column names in lower case."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a list without columns."""

    number: int
    text: str


def read_rows(path: Path, name: str) -> Iterator[Row | Problem]:
    """The lines of a JSONL or CSV list.

    Args:
        path: The list.
        name: What problems call it; its ending tells tables from JSONL.

    Raises:
        DataError: The list cannot be read at all (no UTF-8 text, a JSON array, no header).
    """
    content = _content(path, name)
    yield from _read_table(content, name) if Path(name).suffix.lower() in TABLE_SUFFIXES else _read_json(content, name)


def read_lines(path: Path, name: str) -> Iterator[Line | Problem]:
    """The lines of a list without a header that are not empty, without the spaces at their end.

    Raises:
        DataError: The list cannot be read at all.
    """
    for number, raw in enumerate(_content(path, name).split(b"\n"), start=1):
        if raw.strip():
            try:
                yield Line(number, raw.decode("utf-8").rstrip(" \r"))
            except UnicodeDecodeError:
                yield _not_utf8(name, number)


def read_rows_unquoted(path: Path, name: str, *, delimiter: str) -> Iterator[Row | Problem]:
    """The lines of a table in which quotation marks mean nothing.

    Raises:
        DataError: The list cannot be read at all.
    """
    header: list[str] = []
    for line in read_lines(path, name):
        if isinstance(line, Problem):
            yield line
            continue
        cells = line.text.split(delimiter)
        if not header:
            header = [cell.strip().lower() for cell in cells]
        elif len(cells) > len(header):
            reason = f"{len(cells)} values under {len(header)} columns"
            yield Problem(name, line.number, reason, "take the delimiter out of the text")
        else:
            yield Row(line.number, dict(zip(header, cells, strict=False)))


def first_line(path: Path) -> str:
    """The first line that is not empty, to recognise a list by; empty where there is none or it is no text."""
    try:
        with open_regular(path) as file:
            head = file.read(LONGEST_LINE)
    except (OSError, FileProblem):
        return ""
    text = head.decode("utf-8-sig", errors="replace")
    return next((line.rstrip("\r") for line in text.split("\n") if line.strip()), "")


def read_text(path: Path, name: str | None = None) -> str:
    """A whole small text file as UTF-8, with or without a byte order mark.

    Args:
        name: What problems call it; its own name by default.

    Raises:
        DataError: It is missing, or not UTF-8; names the line.
    """
    name = name or path.name
    content = _bytes_of(path, name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = content[: e.start].count(b"\n") + 1
        raise DataError(f"{name} is not UTF-8 text (line {line}); save it as UTF-8.") from e


def bytes_of(path: Path) -> bytes:
    """What a regular file of bounded size holds.

    Raises:
        FileProblem: It is missing, too large, a pipe or a device, or may not be read.
    """
    # Files of the kernel tell no size, and some of them never end.
    return read_bytes(path, most=LARGEST_LIST) if size_of(path, most=LARGEST_LIST) else b""


def _bytes_of(path: Path, name: str) -> bytes:
    """As `bytes_of`, with the name that problems call it, as a DataError."""
    try:
        return bytes_of(path)
    except FileProblem as e:
        raise DataError(f"{name} {e.reason}; {e.remedy}.") from e


def _content(path: Path, name: str) -> bytes:
    content = _bytes_of(path, name)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{name} is UTF-16 text; save it as UTF-8.")
    return content.removeprefix(b"\xef\xbb\xbf")


def _read_json(content: bytes, name: str) -> Iterator[Row | Problem]:
    if content.lstrip().startswith(b"["):
        raise DataError(f"{name} is one JSON array; write one JSON object a line instead (JSONL).")
    for line, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            values = json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError:
            yield _not_utf8(name, line)
        except (ValueError, RecursionError):
            yield Problem(name, line, "not valid JSON", "write one whole JSON object on each line")
        else:
            if isinstance(values, dict):
                yield Row(line, {str(key).strip().lower(): value for key, value in values.items()})
            else:
                yield Problem(name, line, "not a JSON object", 'write {"audio_filepath": …, "text": …} on each line')


def _read_table(content: bytes, name: str) -> Iterator[Row | Problem]:
    marks = PurePosixPath(name).name not in BYTE_TRUE
    text = content.decode("utf-8", errors="surrogateescape").replace("\0", "")
    delimiter = _delimiter(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            yield Problem(name, line, "not a valid table row", "check the quotes in this line")
            continue
        if not header:
            header = [cell.strip().lower() for cell in cells]
        elif any("\udc80" <= c <= "\udcff" for cell in cells for c in cell):
            yield _not_utf8(name, line)
        elif len(cells) > len(header):
            yield Problem(
                name,
                line,
                f"{len(cells)} values under {len(header)} columns",
                'put quotes around a text with a comma: "…"',
            )
        elif any(cell.strip() for cell in cells):
            yield Row(line, dict(zip(header, map(unmarked, cells) if marks else cells, strict=False)))
    if not header:
        raise DataError(f"{name} is empty; its first line must name the columns, for instance file_name,transcription.")


def _delimiter(header: str) -> str:
    return "," if "," in header else max("\t;", key=header.count)


def _not_utf8(name: str, line: int) -> Problem:
    return Problem(name, line, "not UTF-8 text", "save the list as UTF-8")
