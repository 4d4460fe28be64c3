"""The page in the languages that browsers ask for.

One page has the handlers: the English one, which is built when the program starts. Another language is the same page
built once more, when it is first asked for, with the same numbers for its components and events; it is only sent.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from workbench.language.spoken import ENGLISH, speaking

TRIES: Final = 8  # to build a page while nothing else counts components
# Gradio counts the components of a process; while a page is built nothing else may count.
_COUNTING: Final = threading.RLock()

log = logging.getLogger(__name__)


class Languages:
    """The page by language.

    Args:
        build: Builds the page; its words are those of the language that is spoken.
        mount: Makes the application that sends a page.
    """

    def __init__(self, build: Callable[[], Any], mount: Callable[[Any], Any]) -> None:
        from gradio.context import Context

        self._build, self._mount = build, mount
        with _COUNTING:
            self._first = Context.id
            with speaking(ENGLISH):
                self.blocks = build()
        self._apps: dict[str, Any] = {}

    def begin(self, app: Any) -> None:
        """Say which application sends the English page, and answers the events of all."""
        self._apps[ENGLISH] = app

    def app(self, language: str) -> Any:
        """The application that sends the page in a language; the English one where the page cannot be built in it."""
        with _COUNTING:
            if language not in self._apps and (made := self._made(language)) is not None:
                self._apps[language] = made
            return self._apps.get(language, self._apps[ENGLISH])

    def _made(self, language: str) -> Any:
        """The application of another language; None where it could not be made, which the next request tries again."""
        try:
            # An event that is answered meanwhile may count a component of its own, which shifts all that follow.
            for _ in range(TRIES):
                blocks = self._built(language)
                if _alike(blocks, self.blocks):
                    blocks.app_id = self.blocks.app_id  # a page whose number is not the server's is loaded anew
                    with speaking(language):
                        return self._mount(blocks)
        except Exception:  # the page's boundary: the English one serves everybody
            log.exception("the page could not be built in %s", language)
            return None
        log.error("the page in %s has other components than the English one", language)
        return None

    def _built(self, language: str) -> Any:
        from gradio.context import Context

        after = Context.id
        try:
            Context.id = self._first
            with speaking(language):
                return self._build()
        finally:
            Context.id = max(after, Context.id)


def _alike(blocks: Any, other: Any) -> bool:
    kinds = [{number: type(block) for number, block in each.blocks.items()} for each in (blocks, other)]
    events = [
        {number: (fn.targets, fn.inputs and [i._id for i in fn.inputs]) for number, fn in each.fns.items()}
        for each in (blocks, other)
    ]
    return kinds[0] == kinds[1] and events[0] == events[1]
