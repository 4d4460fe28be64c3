"""Keeps what was asked first from being drawn last.

Gradio answers the events of a tab side by side, each in a thread of its own, and draws the answers as they come. On a
busy machine the answer to an older question may be the later one, and would then stay. So an event whose inputs decide
what is shown is stamped by the browser when they are read; the stamp tells which question was the newer one.

"always_last" does not do this: it waits for the answer of its own event only, and asks again with that event's data.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import gradio as gr
from cachetools import LRUCache

KEPT_TABS: Final = 1_000


def stamp(inputs: int) -> str:
    """JavaScript that puts the time, in ms since the tab was opened, in place of an event's last input."""
    return f"(...inputs) => [...inputs.slice(0, {inputs - 1}), performance.now()]"


def stamp_box() -> gr.Number:
    """The input that an event is stamped in; nobody sees it."""
    return gr.Number(0, visible=False)


class Newest:
    """The newest question of each tab; an answer to an older one changes nothing."""

    def __init__(self) -> None:
        self._asked: LRUCache[str, float] = LRUCache(KEPT_TABS)
        self._lock = threading.Lock()
        self._box: gr.Number | None = None

    def asking(
        self, handler: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any], *, told: bool = False
    ) -> dict[str, Any]:
        """What to give to an event so that it asks a handler, whose answer counts while no newer question was asked.

        Args:
            told: The handler is told of the event before its inputs.
        """
        self._box = self._box or stamp_box()

        def plain(request: gr.Request, *values: Any) -> Any:
            return self._answer(request, len(outputs), values[-1], lambda: handler(*values[:-1]))

        def with_event(event: gr.EventData, request: gr.Request, *values: Any) -> Any:
            return self._answer(request, len(outputs), values[-1], lambda: handler(event, *values[:-1]))

        stamped = [*inputs, self._box]
        return {
            "fn": with_event if told else plain,
            "inputs": stamped,
            "outputs": outputs,
            "js": stamp(len(stamped)),
        }

    def _answer(self, request: gr.Request, outputs: int, asked: float, answer: Callable[[], Any]) -> Any:
        tab, nothing = request.session_hash or "", gr.skip() if outputs == 1 else [gr.skip()] * outputs
        if self._overtaken(tab, asked):
            return nothing
        answered = answer()
        return nothing if self._overtaken(tab, asked) else answered

    def _overtaken(self, tab: str, asked: float) -> bool:
        with self._lock:
            self._asked[tab] = newest = max(asked, self._asked.get(tab, asked))
        return newest > asked
