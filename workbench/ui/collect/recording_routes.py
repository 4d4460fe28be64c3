"""What the page's recorder asks and sends: which prompts there are, and each take as a WAV.

Takes come by a request of their own and not through Gradio, so that each is answered by itself and can be sent again.
Both requests carry a header or a type that other sites may not send (CORS), so that no page elsewhere can add clips.
"""

import asyncio
import logging
from typing import Any, Final
from urllib.parse import unquote

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from workbench.disk import is_full
from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.gate.payload import Refused, parse
from workbench.ui.kit.errors import sentence_of

LARGEST_TAKE: Final = 16_000_000  # bytes; 32 s at 192 kHz in 16 bit are 12.3 million
LARGEST_LIST: Final = 1_000_000  # bytes of prompts
AT_ONCE: Final = 16  # bodies that are held in memory; more wait, and the browser keeps what it has not sent
NO_ROOM: Final = 507  # HTTP's "insufficient storage"; the page keeps the take and sends it again
ABOUT: Final = "x-take"  # header: the take's set, text and speaker as percent-encoded JSON

log = logging.getLogger(__name__)


class _Refused(Exception):
    """A request that cannot be answered.

    Args:
        status: Of HTTP.
        sentence: For the user.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def add_recording_routes(app: FastAPI, workbench: Workbench) -> None:
    """Answer POST /prompts (JSON) and POST /takes (WAV, with the header x-take)."""
    places = asyncio.Semaphore(AT_ONCE)

    @app.post("/prompts")
    async def prompts(request: Request) -> JSONResponse:
        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            found = workbench.prompting.prompts(
                _string(asked, "set"),
                _string(asked, "lines"),
                in_sentences=asked.get("in_sentences") is True,
                per_term=_number(asked, "per_term") or 1,
                speaker=_string(asked, "speaker"),
            )
            return found.to_json()

        async with places:
            return await _answered(request, "application/json", LARGEST_LIST, lambda body: answer(_document(body)))

    @app.post("/takes")
    async def takes(request: Request) -> JSONResponse:
        def answer(body: bytes) -> dict[str, Any]:
            about = _document(unquote(request.headers.get(ABOUT, "")))
            take = workbench.prompting.keep(
                _string(about, "set"),
                body,
                text=_string(about, "text"),
                confirmed=about.get("confirmed") is True,
                speaker=_string(about, "speaker"),
                replaces=_number(about, "replaces"),
            )
            return {"id": take.clip_id, "name": take.name, "duration": take.duration, "remark": take.remark}

        async with places:
            return await _answered(request, "audio/wav", LARGEST_TAKE, answer)


async def _answered(request: Request, media_type: str, largest: int, answer: Any) -> JSONResponse:
    """What `answer` makes of the body, or what is wrong in one sentence."""
    try:
        if request.headers.get("content-type", "").split(";")[0] != media_type:
            raise _Refused(415, f"{media_type} is expected here.")
        body = await _body(request, largest)
        return JSONResponse(await run_in_threadpool(answer, body))
    except _Refused as e:
        return JSONResponse({"error": str(e)}, e.status)
    except WorkbenchError as e:
        return JSONResponse({"error": _sentence(e)}, NO_ROOM if is_full(e) else 422)
    except ClientDisconnect:
        raise
    except Exception as e:  # the page's boundary
        log.exception("%s failed", request.url.path)
        return JSONResponse({"error": sentence_of(e)}, NO_ROOM if is_full(e) else 500)


async def _body(request: Request, largest: int) -> bytes:
    """The request's body, never more of it in memory than allowed."""
    body = bytearray()  # in one piece: of thousands of small ones the system gets back less
    async for part in request.stream():
        if len(body) + len(part) > largest:
            raise _Refused(413, text.TAKE_TOO_LARGE)
        body += part
    return bytes(body)


def _document(source: bytes | str) -> dict[str, Any]:
    try:
        found = parse(source.encode("utf-8", "replace") if isinstance(source, str) else source)
    except Refused as e:
        raise _Refused(400, "JSON is expected here.") from e
    if not isinstance(found, dict):
        raise _Refused(400, "A JSON object is expected here.")
    return found


def _string(document: dict[str, Any], name: str) -> str:
    value = document.get(name, "")
    return value if isinstance(value, str) else ""


def _number(document: dict[str, Any], name: str) -> int | None:
    value = document.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sentence(e: WorkbenchError) -> str:
    """An error as a sentence: audio errors are phrases."""
    said = str(e)
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "!", "?")) else ".")
