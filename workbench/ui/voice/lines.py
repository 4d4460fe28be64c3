"""Answers whose lines come as they are found, each computed in a thread of few: other requests keep theirs."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from workbench.ui.gate.answers import told
from workbench.ui.kit.worded import worded

LINES: Final = "application/x-ndjson"

log = logging.getLogger(__name__)


class Lines(StreamingResponse):
    """Lines of JSON; what goes wrong is the last one. No other is asked for once nobody listens any more.

    Attributes:
        held: What is let go of when the last line was sent, or nobody listens.
    """

    def __init__(self, lines: Iterator[dict[str, Any]], threads: CapacityLimiter) -> None:
        super().__init__(_written(lines, threads), media_type=LINES, headers={"Cache-Control": "no-store"})
        self.held = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.held:
            await super().__call__(scope, receive, send)


async def _written(lines: Iterator[dict[str, Any]], threads: CapacityLimiter) -> AsyncIterator[str]:
    try:
        while line := await to_thread.run_sync(next, lines, None, limiter=threads):
            yield json.dumps(worded(line)) + "\n"
    except Exception as e:  # the page's boundary
        log.info("hearing failed", exc_info=True)
        yield json.dumps({"error": told(e)}) + "\n"
