"""What the page's recorder asks and sends: which prompts there are, and each take as a WAV.

Takes come by a request of their own and not through Gradio, so that each is answered by itself and can be sent again.
Both requests carry a header or a type that other sites may not send (CORS), so that no page elsewhere can add clips.
"""

import asyncio
from typing import Any, Final
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response

from workbench.services.labels.query import UNNAMED_AUTHOR
from workbench.services.workbench import Workbench
from workbench.ui.gate.answers import answered, document, string, whole_number

LARGEST_TAKE: Final = 16_000_000  # bytes; 32 s at 192 kHz in 16 bit are 12.3 million
LARGEST_LIST: Final = 1_000_000  # bytes of prompts
AT_ONCE: Final = 16  # bodies that are held in memory; more wait, and the browser keeps what it has not sent
ABOUT: Final = "x-take"  # header: the take's set, text and speaker as percent-encoded JSON


def add_recording_routes(app: FastAPI, workbench: Workbench) -> None:
    """Answer POST /prompts and /prompts/check (JSON) and POST /takes (WAV, with the header x-take)."""
    places, ears = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(1)

    @app.post("/prompts")
    async def prompts(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            asked = document(body)
            found = workbench.prompting.prompts(
                string(asked, "set"),
                string(asked, "lines"),
                in_sentences=asked.get("in_sentences") is True,
                per_term=whole_number(asked, "per_term") or 1,
                speaker=string(asked, "speaker"),
            )
            return found.to_json()

        async with places:
            return await answered(request, "application/json", LARGEST_LIST, answer)

    @app.post("/prompts/check")
    async def check(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            asked = document(body)
            author = string(asked, "author").strip() or UNNAMED_AUTHOR
            clip_id = whole_number(asked, "clip") or 0
            return {"remark": workbench.prompting.check(string(asked, "set"), clip_id, _prompts(asked), author=author)}

        async with ears:  # models hear one take after the other; new ones are saved meanwhile
            return await answered(request, "application/json", LARGEST_LIST, answer)

    @app.post("/takes")
    async def takes(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            about = document(unquote(request.headers.get(ABOUT, "")))
            take = workbench.prompting.keep(
                string(about, "set"),
                body,
                text=string(about, "text"),
                confirmed=about.get("confirmed") is True,
                speaker=string(about, "speaker"),
                replaces=whole_number(about, "replaces"),
            )
            return {"id": take.clip_id, "name": take.name, "duration": take.duration, "remark": take.remark}

        async with places:
            return await answered(request, "audio/wav", LARGEST_TAKE, answer)


def _prompts(asked: dict[str, Any]) -> list[str]:
    found = asked.get("prompts")
    return [prompt for prompt in found if isinstance(prompt, str)] if isinstance(found, list) else []
