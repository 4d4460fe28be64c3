"""What "Try it by voice" asks and sends: who hears, each spoken piece as a WAV, a sound file, and what was said.

A piece is in memory alone. Its texts come as lines of JSON, each as soon as a model is done; the sound as a whole is
taken in only when somebody wants more of it than to hear it.
"""

import asyncio
import base64
import binascii
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any, Final
from urllib.parse import unquote

from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response

from workbench.errors import DataError
from workbench.services.inference.listeners import Listeners
from workbench.services.inference.try_out import Piece, Try
from workbench.services.workbench import Workbench
from workbench.ui.gate.answers import answered, document, string
from workbench.ui.gate.payload import LARGEST_EVENT
from workbench.ui.kit.html import capitalised
from workbench.ui.voice import text
from workbench.ui.voice.lines import Lines
from workbench.ui.voice.words import glue, judged, plain, unlike

ABOUT: Final = "x-take"  # header: the set, the run and a file's name as percent-encoded JSON
LARGEST_PIECE: Final = 4_000_000  # bytes; 15 s at 96 kHz in 16 bit are 2.9 million
LARGEST_FILE: Final = 40_000_000  # bytes; 30 s in stereo at 192 kHz in 24 bit are 34.6 million
FILES_AT_ONCE: Final = 4  # that are held in memory; more wait
PAGE_SENDS: Final = 4  # pieces at once: MOST_SENT in voice_rules.js
AT_ONCE: Final = 4 * PAGE_SENDS  # pieces that are held in memory and heard; those of more people wait
LONGEST_NAME: Final = 200  # characters of a file's


def add_voice_routes(app: FastAPI, workbench: Workbench) -> None:
    """Answer POST /voice/models, /pieces, /files, /sounds, /said and /added, each under /voice."""
    places, rooms, kept = (asyncio.Semaphore(n) for n in (AT_ONCE, FILES_AT_ONCE, FILES_AT_ONCE))
    loading, hearing = CapacityLimiter(AT_ONCE), CapacityLimiter(AT_ONCE)

    @app.post("/voice/models")
    async def models(request: Request) -> Response:
        def answer(body: bytes) -> Response:
            return Lines(_loading(workbench, document(body)), loading)

        return await answered(request, "application/json", LARGEST_EVENT, answer)

    @app.post("/voice/pieces")
    async def pieces(request: Request) -> Response:
        def answer(body: bytes) -> Response:
            listeners = _listeners(workbench, _about(request))
            return Lines(_hearing(workbench, listeners, workbench.listening.piece(body)), hearing)

        async with AsyncExitStack() as held:
            await held.enter_async_context(places)
            found = await answered(request, "audio/wav", LARGEST_PIECE, answer)
            if isinstance(found, Lines):
                found.held = held.pop_all()
            return found

    @app.post("/voice/files")
    async def files(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            about = _about(request)
            listeners = _listeners(workbench, about)
            name = string(about, "name")[:LONGEST_NAME] or text.SPOKEN
            return _tried(workbench.trying.hear(body, name, listeners), listeners)

        async with rooms:
            return await answered(request, "application/octet-stream", LARGEST_FILE, answer)

    @app.post("/voice/sounds")
    async def sounds(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            asked = document(body)
            listeners = _listeners(workbench, asked)
            pieces = _pieces(asked, len(listeners.models))
            return {"token": workbench.trying.keep(_sound(asked), text.SPOKEN, listeners, pieces).token}

        async with kept:
            return await answered(request, "application/json", LARGEST_EVENT, answer)

    @app.post("/voice/said")
    async def said(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            asked = document(body)
            found = workbench.trying.say(string(asked, "token"), string(asked, "said"))
            return _judged(found)

        return await answered(request, "application/json", LARGEST_EVENT, answer)

    @app.post("/voice/added")
    async def added(request: Request) -> Response:
        def answer(body: bytes) -> dict[str, Any]:
            asked = document(body)
            return {"told": _added(workbench, string(asked, "token"), string(asked, "set"))}

        return await answered(request, "application/json", LARGEST_EVENT, answer)


def _about(request: Request) -> dict[str, Any]:
    return document(unquote(request.headers.get(ABOUT, "")))


def _listeners(workbench: Workbench, asked: dict[str, Any]) -> Listeners:
    run = asked.get("run")
    return workbench.listening.listeners(string(asked, "set"), run if isinstance(run, str) else None)


def _loading(workbench: Workbench, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    listeners = _listeners(workbench, asked)
    yield {
        "models": [{"role": one.role, "name": one.name} for one in listeners.models],
        "run": listeners.run,
        "runs": [{"id": name, "title": title} for name, title in listeners.runs],
        "atWork": listeners.at_work,
    }
    workbench.listening.load(listeners)
    yield {"ready": True}


def _hearing(workbench: Workbench, listeners: Listeners, sound: Any) -> Iterator[dict[str, Any]]:
    """The texts of a piece, the adapted model's first, and at last where the two differ."""
    written: dict[str, str] = {}
    for one in reversed(listeners.models):
        said, seconds = workbench.listening.hear(one, sound, behind=bool(written))
        written[one.role] = said
        yield {
            "role": one.role,
            "text": said,
            "words": plain(said),
            "seconds": seconds,
            "atWork": listeners.at_work,
        }
    yield {"sides": _sides(listeners, tuple(written[one.role] for one in listeners.models))}


def _sides(listeners: Listeners, texts: tuple[str, ...]) -> dict[str, Any]:
    pair = unlike(texts[0], texts[1], listeners.normalizer) if len(texts) == 2 else tuple(map(plain, texts))
    joint = glue(listeners.normalizer) if len(texts) == 2 else " "
    roles = [one.role for one in listeners.models]
    return {role: {"words": words, "glue": joint} for role, words in zip(roles, pair, strict=True)}


def _tried(found: Try, listeners: Listeners) -> dict[str, Any]:
    return {
        "token": found.token,
        "name": found.name,
        "duration": found.duration,
        "texts": {one.role: said for one, said in zip(found.listeners, found.texts, strict=True)},
        "sides": _sides(listeners, found.texts),
        "warnings": [f"{capitalised(warning)}." for warning in found.warnings],
    }


def _judged(found: Try) -> dict[str, Any]:
    if not found.said:
        return {"sides": {}}
    texts = zip(found.listeners, found.texts, strict=True)
    joint = glue(found.normalizer)
    return {"sides": {one.role: judged(found.said, said, found.normalizer) | {"glue": joint} for one, said in texts}}


def _added(workbench: Workbench, token: str, set_name: str) -> str:
    report = workbench.trying.add_to_set(token, set_name)
    if report.duplicates:
        return text.KNOWN.format(name=set_name)
    if not report.added:
        raise DataError(f"{report.rejected[0].reason}; {report.rejected[0].remedy}.")
    labelled = text.WITH_LABEL if workbench.trying.find(token).said else text.WITH_DRAFT
    return text.ADDED.format(name=set_name, labelled=labelled)


def _sound(asked: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(string(asked, "wav"), validate=True)
    except (binascii.Error, ValueError) as e:
        raise DataError(text.NO_SOUND_SENT) from e


def _pieces(asked: dict[str, Any], n_texts: int) -> list[Piece]:
    """What was heard, as the page was told it before."""
    try:
        found = [Piece(float(p["from"]), float(p["to"]), tuple(map(str, p["texts"]))) for p in asked["pieces"]]
    except (KeyError, TypeError, ValueError) as e:
        raise DataError(text.NOT_USABLE) from e
    if not found or any(len(p.texts) != n_texts or not 0 <= p.start < p.end for p in found):
        raise DataError(text.NOT_USABLE)
    return found
