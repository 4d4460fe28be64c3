"""Judges what a page sends with an event, before Gradio reads it.

Gradio takes any dictionary that looks like a file for one, in any input of any function, and reads or fetches what it
names. Here a file is named by the handle it got when it was uploaded, stands only where a function takes files, and
becomes the path it lies under; nothing else that looks like a file, an address or a component's update goes through.
What goes on is written anew from what was judged, so that no second reading of the same bytes can differ.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from workbench.services.clips.uploads import Upload
from workbench.ui import text
from workbench.ui.gate.hosts import Refusal

LARGEST_EVENT: Final = 4_000_000  # bytes; a word list of 100,000 words has one million
DEEPEST: Final = 32  # levels; the page sends six
MOST_VALUES: Final = 200_000
LARGEST_NUMBER: Final = 2**53  # what a browser's numbers hold exactly
FILE_COMPONENTS: Final = ("file", "audio", "uploadbutton")
# Keys that Gradio reads a meaning into: a file, an address to fetch, an update of the component itself.
TELLING: Final = frozenset(("path", "url", "_type", "__type__", "is_stream"))
SESSION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

NOT_AN_EVENT: Final = Refusal(400, lambda: text.NOT_AN_EVENT)
TOO_LARGE: Final = Refusal(413, lambda: text.TOO_LARGE_EVENT)
NO_UPLOAD: Final = Refusal(403, lambda: text.NO_UPLOAD)


class Refused(Exception):
    """A request that is not passed on."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


@dataclass(frozen=True)
class Event:
    """One event as it is passed on."""

    session: str
    body: bytes


Find = Callable[[str], Upload | None]
# A function's inputs, in order: "file" where it takes files, "state" for what never leaves the server, else "value".
Inputs = Sequence[str]


def inputs_of(blocks: Any) -> dict[int, Inputs]:
    """The inputs of every function of a page, by its number."""
    return {number: [_kind(block) for block in function.inputs] for number, function in blocks.fns.items()}


def parse(body: bytes) -> Any:
    """JSON that is neither too deep nor too much.

    Raises:
        Refused: It is no JSON, or too deep, or holds a number that no browser writes.
    """
    if len(body) > LARGEST_EVENT:
        raise Refused(TOO_LARGE)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as e:
        raise Refused(NOT_AN_EVENT) from e
    _walk(document)
    return document


def judge(body: bytes, functions: Mapping[int, Inputs], find: Find) -> Event:
    """The event as it may be passed on.

    Args:
        body: As it came.
        functions: See `inputs_of`.
        find: The upload of a handle; None where it is not this page's.

    Raises:
        Refused: It is no event of this page, or means something that was not uploaded.
    """
    document = parse(body)
    if not isinstance(document, dict):
        raise Refused(NOT_AN_EVENT)
    session, number, data = (document.get(name) for name in ("session_hash", "fn_index", "data"))
    if not (isinstance(session, str) and SESSION.fullmatch(session)):
        raise Refused(NOT_AN_EVENT)
    if type(number) is not int or number not in functions or not isinstance(data, list):
        raise Refused(NOT_AN_EVENT)
    inputs, trigger = functions[number], document.get("trigger_id")
    if len(data) != len(inputs) or not (trigger is None or type(trigger) is int):
        raise Refused(NOT_AN_EVENT)
    passed_on = {
        "data": [_input(value, kind, find) for value, kind in zip(data, inputs, strict=True)],
        "event_data": _plain(document.get("event_data")),
        "fn_index": number,
        "session_hash": session,
        "trigger_id": trigger,
    }
    return Event(session, orjson.dumps(passed_on))


def _kind(block: Any) -> str:
    if getattr(block, "stateful", False):
        return "state"
    return "file" if block.get_block_name() in FILE_COMPONENTS else "value"


def _input(value: Any, kind: str, find: Find) -> Any:
    if kind == "state":
        return None  # its value is the server's; the browser sends nothing
    if kind == "file":
        return [_file(each, find) for each in value] if isinstance(value, list) else _file(value, find)
    return _plain(value)


def _file(value: Any, find: Find) -> Any:
    if value is None:
        return None
    handle = value.get("path") if isinstance(value, dict) else None
    kept = find(handle) if isinstance(handle, str) else None
    if kept is None:
        raise Refused(NO_UPLOAD)
    return {
        "path": str(kept.path),
        "orig_name": kept.name,
        "size": kept.size,
        "meta": {"_type": "gradio.FileData"},
    }


def _plain(value: Any) -> Any:
    """The value, where nothing in it looks like a file or an update."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if TELLING & each.keys():
                raise Refused(NO_UPLOAD)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return value


def _walk(document: Any) -> None:
    """Count levels and values without calling itself, whatever the depth."""
    level, values = [document], 0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, int) and abs(each) > LARGEST_NUMBER:
                raise Refused(NOT_AN_EVENT)
            if isinstance(each, dict):
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
        values += len(level)
        if values > MOST_VALUES:
            raise Refused(TOO_LARGE)
        if not below:
            return
        level = below
    raise Refused(NOT_AN_EVENT)
