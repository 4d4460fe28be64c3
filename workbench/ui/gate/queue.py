"""How many events wait in Gradio's queue, and which of their answers nobody comes to read."""

import time
from typing import Any, Final

from workbench.ui import text
from workbench.ui.gate.hosts import Refusal

EVENTS_A_SESSION: Final = 100
EVENTS: Final = 1_000
UNREAD_S: Final = 60.0  # an answer that nobody reads for so long is dropped

TOO_MANY_EVENTS: Final = Refusal(429, lambda: text.TOO_MANY_EVENTS)


class Waiting:
    """The queue of one Gradio application, seen from outside."""

    def __init__(self, blocks: Any) -> None:
        self._blocks = blocks
        self._read: dict[str, float] = {}  # session -> when somebody came for its answers last

    def full(self, session: str) -> bool:
        """Whether a session, or all together, have as many events in the queue as they may."""
        self._read.setdefault(session, time.monotonic())
        waiting = self._events()
        return len(waiting.get(session, ())) >= EVENTS_A_SESSION or sum(map(len, waiting.values())) >= EVENTS

    def read(self, session: str) -> None:
        """Somebody has come for a session's answers."""
        self._read[session] = time.monotonic()

    async def drop_unread(self) -> None:
        """Drop the events of sessions whose answers nobody has come for."""
        waiting, queue = self._events(), self._blocks._queue
        for session in [s for s in self._read if not waiting.get(s)]:
            del self._read[session]
        for session, ids in waiting.items():
            done = [i for i in ids if i not in queue.event_ids_to_events]
            if done and len(done) == len(ids) and time.monotonic() - self._read.get(session, 0.0) > UNREAD_S:
                await queue.clean_events(session_hash=session)
                ids.clear()
                queue.pending_messages_per_session.pop(session, None)
                self._read.pop(session, None)

    def _events(self) -> dict[str, set[str]]:
        """Session -> ids of its events whose end it has not been told yet."""
        events: dict[str, set[str]] = self._blocks._queue.pending_event_ids_session
        return events
