"""Tells open pages that something has changed, so that they need not ask.

One look a second serves all pages. What is told is a token and nothing else: the page then asks what it shows, as it
would after a click. A page that nobody sees hangs up; changes.js calls again when it is seen.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import gradio as gr
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from workbench.core.types import Seconds
from workbench.ui.kit.scripts import program

PLACE: Final = "changes"  # the path; changes.js asks for it
LOOK_EVERY_S: Final[Seconds] = 1.0
AT_ONCE: Final = 3  # changes that are told as they come, after a pause
STEADY_S: Final[Seconds] = 5.0  # between two, where they do not end: an answer costs a fifth of a second of processor
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the second for a proxy that would collect

log = logging.getLogger(__name__)


class Changes:
    """Who listens, and what they were told.

    Args:
        ask: The token of what there is to see.
    """

    def __init__(self, ask: Callable[[], str], *, every: Seconds = LOOK_EVERY_S, steady: Seconds = STEADY_S) -> None:
        self._ask, self._every, self._steady = ask, every, steady
        self._token, self._listeners = "", 0
        self._told = asyncio.Condition()
        self._watcher: asyncio.Task[None] | None = None
        self._spare, self._since = float(AT_ONCE), time.monotonic()

    async def tokens(self) -> AsyncIterator[str]:
        """The token as it is, then each other one; for as long as somebody takes them."""
        self._listeners += 1
        known = ""
        try:
            self._begin()
            while True:
                known = await self._other(known)
                yield known
        finally:
            self._listeners -= 1

    async def _other(self, known: str) -> str:
        async with self._told:
            await self._told.wait_for(lambda: self._token not in ("", known))
            return self._token

    def _begin(self) -> None:
        if self._watcher is None or self._watcher.done():
            self._token = ""
            self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Look until nobody listens."""
        while self._listeners:
            try:
                if self._may():
                    await self._look()
            except Exception:  # the task's boundary: the next look tries again
                log.exception("looking for changes failed")
            await asyncio.sleep(self._every)

    async def _look(self) -> None:
        token = await asyncio.to_thread(self._ask)
        if token == self._token:
            return
        self._spare -= 1
        async with self._told:
            self._token = token
            self._told.notify_all()

    def _may(self) -> bool:
        """Whether another change may be told by now."""
        now = time.monotonic()
        self._spare = min(AT_ONCE, self._spare + (now - self._since) / self._steady)
        self._since = now
        return self._spare >= 1


def add_changes_route(app: FastAPI, changes: Changes) -> None:
    """Serve /changes, a stream of tokens that ends with the page."""

    @app.get(f"/{PLACE}")
    async def stream() -> StreamingResponse:
        told = (f"data: {token}\n\n" async for token in changes.tokens())
        return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)


def listener() -> gr.HTML:
    """Hears of changes; nothing is seen of it. Event: told (nothing)."""
    return gr.HTML("", js_on_load=program("changes"), apply_default_css=False, elem_classes="unseen")
