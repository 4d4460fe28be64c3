"""What routes of our own share: a body within its limit, an object of JSON, and an answer that is one sentence.

A route asks for a type or a header that other sites may not send (CORS), so that no page elsewhere can use it.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from workbench.disk import is_full
from workbench.errors import WorkbenchError
from workbench.ui import text
from workbench.ui.gate.payload import Refused, parse
from workbench.ui.kit.errors import sentence_of
from workbench.ui.kit.html import capitalised
from workbench.ui.kit.worded import worded

NO_ROOM: Final = 507  # HTTP's "insufficient storage"; the page keeps what it has and sends it again

log = logging.getLogger(__name__)


class UnansweredError(Exception):
    """A request that cannot be answered.

    Args:
        status: Of HTTP.
        sentence: For the user.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def answered(request: Request, media_type: str, largest: int, answer: Callable[[bytes], Any]) -> Response:
    """What `answer` makes of the body, or what is wrong in one sentence.

    Args:
        largest: Bytes of the body.
        answer: Called in a thread; gives a response, or what becomes JSON.
    """
    try:
        if request.headers.get("content-type", "").split(";")[0] != media_type:
            raise UnansweredError(415, f"{media_type} is expected here.")
        found = await run_in_threadpool(answer, await _body(request, largest))
        return found if isinstance(found, Response) else JSONResponse(worded(found))
    except ClientDisconnect:
        raise
    except Exception as e:  # the page's boundary
        if not isinstance(e, UnansweredError | WorkbenchError):
            log.exception("%s failed", request.url.path)
        return JSONResponse({"error": told(e)}, _status(e))


def told(e: Exception) -> str:
    """An error as a sentence: audio errors are phrases."""
    if isinstance(e, UnansweredError):
        return str(e)
    said = capitalised(sentence_of(e))
    return said if said.endswith((".", "!", "?")) else f"{said}."


def document(source: bytes | str) -> dict[str, Any]:
    """An object of JSON.

    Raises:
        UnansweredError: It is none, or too deep, or too much.
    """
    try:
        found = parse(source.encode("utf-8", "replace") if isinstance(source, str) else source)
    except Refused as e:
        raise UnansweredError(400, "JSON is expected here.") from e
    if not isinstance(found, dict):
        raise UnansweredError(400, "A JSON object is expected here.")
    return found


def string(asked: dict[str, Any], name: str) -> str:
    """A text of a document; empty where there is none."""
    value = asked.get(name, "")
    return value if isinstance(value, str) else ""


def whole_number(asked: dict[str, Any], name: str) -> int | None:
    """A whole number of a document; None where there is none."""
    value = asked.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _status(e: Exception) -> int:
    if isinstance(e, UnansweredError):
        return e.status
    if is_full(e):
        return NO_ROOM
    return 422 if isinstance(e, WorkbenchError) else 500


async def _body(request: Request, largest: int) -> bytes:
    """The request's body, never more of it in memory than allowed."""
    body = bytearray()  # in one piece: of thousands of small ones the system gets back less
    async for part in request.stream():
        if len(body) + len(part) > largest:
            raise UnansweredError(413, text.TAKE_TOO_LARGE)
        body += part
    return bytes(body)
