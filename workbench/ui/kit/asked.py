"""Which language a request asks for: the one that was chosen in the page, else the browser's."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from starlette.requests import cookie_parser

from workbench.language.spoken import LANGUAGES, preferred

COOKIE: Final = "workbench-language"  # written by page.js; no secret, and the same for all workbenches of a browser


def asked(headers: Mapping[str, str]) -> str:
    """The code of the language, one of `LANGUAGES`, that a request with these headers asks for."""
    return _chosen(headers.get("cookie") or "", headers.get("accept-language") or "")


@lru_cache(64)  # asked for every text of an answer
def _chosen(cookie: str, accepted: str) -> str:
    chosen = cookie_parser(cookie).get(COOKIE, "")
    return chosen if chosen in LANGUAGES else preferred(accepted)


def asked_by_event() -> str | None:
    """The language of the page whose event is being handled; None where none is.

    Gradio handles events in tasks of its own, which know nothing of the request but what it puts there.
    """
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    return asked(request.headers) if request is not None else None
