"""Lists of clips in a file, line by line: JSONL, tables, plain lines; each bad line is named, none is lost."""

import csv
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final

from workbench.core.spreadsheet import unmarked
from workbench.core.text.clean import clean_name
from workbench.errors import DataError
from workbench.files import FileProblem, open_regular, read_bytes, size_of
from workbench.language.said import say

JSON_SUFFIXES: Final = frozenset({".jsonl", ".json", ".ndjson"})
TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv"})
LIST_SUFFIXES: Final = JSON_SUFFIXES | TABLE_SUFFIXES
BYTE_TRUE: Final = frozenset({"metadata.csv"})  # for programs: an apostrophe in it is no mark for spreadsheets
LARGEST_LIST: Final = 512 * 1024 * 1024  # bytes; a million lines take about 200 MB
_UTF8_LETTER: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SEPARATOR: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # what Excel writes above the columns
_WESTERN_SIGNS: Final = frozenset("‘’‚“”„–—…€£°§«»¿¡´·\xa0\xad½¼¾²³")  # and letters, but for the byte that means damage
_ENDING: Final = re.compile(r"(?<=[\w)])\.[A-Za-z][A-Za-z0-9]{1,4}$")  # of a file's name
MOST_LINES: Final = 60  # that a quoted text may go over; a sound has less to say
WESTERN: Final = say("no UTF-8: read as Windows text for Western languages (cp1252)")
WESTERN_REMEDY: Final = say("look at letters with accents, and save it as UTF-8 if they are wrong")
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
class Remark(Problem):
    """Something about a list that was read all the same."""


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
    """The lines of a JSONL or CSV list; problems that are no `Remark` are lines that could not be read.

    Args:
        path: The list.
        name: What problems call it; its ending tells JSONL from tables.

    Raises:
        DataError: The list cannot be read at all (no UTF-8 text, a JSON array, no header).
    """
    content = _content(path, name)
    yield from (_read_json if Path(name).suffix.lower() in JSON_SUFFIXES else _read_table)(content, name)


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
            yield Problem(name, line.number, _too_many(cells, header), say("take the delimiter out of the text"))
        else:
            yield Row(line.number, dict(zip(header, cells, strict=False)))


def first_lines(path: Path) -> tuple[str, ...]:
    """The first two lines that are not empty, to recognise a list by; fewer where there are none or it is no text."""
    try:
        text = bytes_of(path, first=LONGEST_LINE).decode("utf-8-sig", errors="replace")
    except (OSError, FileProblem):
        return ()
    return tuple(islice((line.rstrip("\r") for line in text.split("\n") if line.strip()), 2))


def columns_of(path: Path, name: str) -> frozenset[str]:
    """The columns that a list names in its first row, in lower case; none where it is no list."""
    try:
        row = next((row for row in islice(read_rows(path, name), 20) if isinstance(row, Row)), None)
    except DataError:
        return frozenset()
    return frozenset(row.values) if row else frozenset()


def read_text(path: Path) -> str:
    """A whole small text file as UTF-8, with or without a byte order mark.

    Raises:
        DataError: It is missing, or not UTF-8; names the line.
    """
    content = _bytes_of(path, path.name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = content[: e.start].count(b"\n") + 1
        raise DataError(
            say("{name} is not UTF-8 text (line {line}); save it as UTF-8.", name=path.name, line=line)
        ) from e


def bytes_of(path: Path, *, first: int | None = None) -> bytes:
    """What a regular file of bounded size holds.

    Args:
        first: Rather only so many bytes of its beginning, of a file of any size.

    Raises:
        FileProblem: It is missing, too large, a pipe or a device, or may not be read.
    """
    if first is not None:
        with open_regular(path) as file:
            return file.read(first)
    # Files of the kernel tell no size, and some of them never end.
    return read_bytes(path, most=LARGEST_LIST) if size_of(path, most=LARGEST_LIST) else b""


def _bytes_of(path: Path, name: str) -> bytes:
    """As `bytes_of`, with the name that problems call it, as a DataError."""
    try:
        return bytes_of(path)
    except FileProblem as e:
        raise DataError(say("{file} {reason}; {remedy}.", file=name, reason=e.reason, remedy=e.remedy)) from e


def _content(path: Path, name: str) -> bytes:
    content = _bytes_of(path, name)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # what spreadsheets call "Unicode text"
        try:
            content = content.decode("utf-16").encode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError) as e:
            raise DataError(say("{name} is damaged UTF-16 text; save it as UTF-8.", name=name)) from e
    return content.removeprefix(b"\xef\xbb\xbf")


def _is_western(content: bytes) -> bool:
    """Whether a list is text of Windows for Western languages: nothing in it is UTF-8, and all of it is cp1252."""
    try:
        content.decode("utf-8")
        return False
    except UnicodeDecodeError:
        pass
    if b"\xff" in content or _UTF8_LETTER.search(content):  # a line of it is damaged, or another encoding
        return False
    try:
        high = {character for character in content.decode("cp1252") if ord(character) > 127}
    except UnicodeDecodeError:
        return False
    return all(character in _WESTERN_SIGNS or unicodedata.category(character)[0] == "L" for character in high)


def _read_json(content: bytes, name: str) -> Iterator[Row | Problem]:
    if content.lstrip().startswith(b"["):
        yield from _read_array(content, name)
        return
    for line, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            values = json.loads(raw.decode("utf-8").strip().removesuffix(","))
        except UnicodeDecodeError:
            yield _not_utf8(name, line)
        except (ValueError, RecursionError):
            yield Problem(name, line, say("not valid JSON"), say("write one whole JSON object on each line"))
        else:
            if isinstance(values, dict):
                yield Row(line, {str(key).strip().lower(): value for key, value in values.items()})
            else:
                remedy = say('write {{"audio_filepath": …, "text": …}} on each line')
                yield Problem(name, line, say("not a JSON object"), remedy)


def _read_array(content: bytes, name: str) -> Iterator[Row | Problem]:
    """One JSON array of objects, as Label Studio and others export; entries are counted where lines are not."""
    try:
        entries = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as e:
        raise DataError(
            say("{name} is no valid JSON array; write one JSON object a line instead (JSONL).", name=name)
        ) from e
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict):
            parts = _label_studio(entry)
            if isinstance(parts, str):
                yield Problem(name, number, parts, say("give each text the times of its region, or one text for all"))
            else:
                for part in parts:
                    yield Row(number, {str(key).strip().lower(): value for key, value in part.items()})
        else:
            remedy = say('write {{"audio_filepath": …, "text": …}} for each sound')
            yield Problem(name, number, say("not a JSON object"), remedy)


def _label_studio(entry: dict[str, Any]) -> list[dict[str, Any]] | str:
    """A task as rows, one for each region that has a text; or what is wrong with it. Others' entries are one row.

    Label Studio keeps a task's data apart from what annotators wrote, a text as a list, and regions with start and end.
    """
    values = {**entry, **entry["data"]} if isinstance(entry.get("data"), dict) else dict(entry)
    annotations = [a for a in _list(entry.get("annotations")) if isinstance(a, dict) and not a.get("was_cancelled")]
    if annotations:
        results = [r.get("value") for r in _list(annotations[-1].get("result")) if isinstance(r, dict)]
        written = [v for v in results if isinstance(v, dict) and "text" in v]
        return _parts(values, [(v["text"], v) for v in written]) if written else [values]
    lists = {key: value for key, value in values.items() if isinstance(value, list) and value}
    texts = next(((k, v) for k, v in lists.items() if all(isinstance(t, str | list) for t in v)), None)
    if texts is None:
        return [values]
    regions = next((v for k, v in lists.items() if len(v) == len(texts[1]) and all(map(_has_times, v))), None)
    del values[texts[0]]
    return _parts(values, list(zip(texts[1], regions or [{}] * len(texts[1]), strict=True)), texts[0])


def _parts(
    values: dict[str, Any], written: Sequence[tuple[Any, dict[str, Any]]], column: str = "text"
) -> list[dict[str, Any]] | str:
    if len(written) > 1 and not all(_has_times(region) for _, region in written):
        return say("{n} texts for one sound, without their times", n=len(written))
    found = []
    for text, region in written:
        lines = text if isinstance(text, list) else [text]
        part = values | {column: " ".join(map(str, lines))}
        if _has_times(region):
            part |= {"offset": region["start"], "duration": region["end"] - region["start"]}
        found.append(part)
    return found


def _has_times(region: Any) -> bool:
    return isinstance(region, dict) and all(isinstance(region.get(key), int | float) for key in ("start", "end"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read_table(content: bytes, name: str) -> Iterator[Row | Problem]:
    marks = PurePosixPath(name).name not in BYTE_TRUE
    if _is_western(content):
        yield Remark(name, None, WESTERN, WESTERN_REMEDY)
        content = content.decode("cp1252").encode("utf-8")
    text = content.decode("utf-8", errors="surrogateescape").replace("\0", "")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stated = _SEPARATOR.fullmatch(lines[0])
    first = 1 if stated else 0
    delimiter = stated[1] if stated else _delimiter(lines[0])
    header: list[str] = []
    for line, record in _records(lines, first, delimiter):
        if isinstance(record, Problem):
            yield Problem(name, line, record.reason, record.remedy)
            continue
        try:
            cells = next(csv.reader([record], delimiter=delimiter, quoting=_quoting(delimiter)))
        except StopIteration:
            continue
        except csv.Error:
            yield Problem(name, line, say("not a valid table row"), say("check the quotes in this line"))
            continue
        if not header:
            header = [cell.strip().lower() for cell in cells]
            twice = [column for column, n in Counter(header).items() if n > 1 and column]
            if twice:
                names = clean_name(", ".join(twice), 80)
                reason = say("several columns are called {names}: the first of them is read", names=names)
                yield Remark(name, line, reason, say("give each column a name of its own"))
        elif any("\udc80" <= c <= "\udcff" for cell in cells for c in cell):
            yield _not_utf8(name, line)
        elif len(cells) > len(header):
            remedy = say('put quotes around a text with a comma: "…"')
            yield Problem(name, line, _too_many(cells, header), remedy)
        elif any(cell.strip() for cell in cells):
            pairs = list(zip(header, map(unmarked, cells) if marks else cells, strict=False))
            yield Row(line, dict(reversed(pairs)))  # of several columns with one name the first one stays
    if not header:
        raise DataError(
            say(
                "{name} is empty; its first line must name the columns, for instance file_name,transcription.",
                name=name,
            )
        )


def _records(lines: Sequence[str], first: int, delimiter: str) -> Iterator[tuple[int, str | Problem]]:
    """The rows of a table with the numbers of their first lines; a quoted text may go over several lines.

    A quotation mark that nothing closes would swallow every line after it. It is told, and the lines after it are read;
    so it is where nothing has closed it for `MOST_LINES`.
    """
    place = first
    while place < len(lines):
        start, record = place, lines[place]
        place += 1
        while _quoting(delimiter) != csv.QUOTE_NONE and _is_open(record, delimiter):
            if place >= min(len(lines), start + MOST_LINES) or _begins_a_row(lines[place], lines[start], delimiter):
                reason = say("a quotation mark opens a text and nothing closes it")
                record, place = "", start + 1
                yield start + 1, Problem("", None, reason, say("close it, or take it off"))
                break
            record += "\n" + lines[place]
            place += 1
        if record.strip():
            yield start + 1, record


def _is_open(record: str, delimiter: str) -> bool:
    """Whether a record ends within a quoted cell, as `csv` reads it."""
    if '"' not in record:
        return False
    try:
        next(csv.reader([record], delimiter=delimiter, strict=True), None)
    except csv.Error as e:
        return "unexpected end of data" in str(e) or "field larger" in str(e)
    return False


def _begins_a_row(line: str, row: str, delimiter: str) -> bool:
    """Whether a line begins as a row does: where that names a file, it names one of the same kind."""
    cells, found = row.split(delimiter), line.split(delimiter)
    return any(
        (ending := _ENDING.search(cell.strip())) is not None and here.strip().endswith(ending[0])
        for cell, here in zip(cells, found, strict=False)
    )


def _quoting(delimiter: str) -> Any:
    """Tables with bars quote nothing, as LJSpeech's kin has it."""
    return csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL


def _delimiter(header: str) -> str:
    if "|" in header and not any(sign in header for sign in ",\t;"):
        return "|"
    return "," if "," in header else max("\t;", key=header.count)


def _too_many(cells: Sequence[str], header: Sequence[str]) -> str:
    return say("{cells} values under {n} columns", cells=len(cells), n=len(header))


def _not_utf8(name: str, line: int) -> Problem:
    return Problem(name, line, say("not UTF-8 text"), say("save the list as UTF-8"))
