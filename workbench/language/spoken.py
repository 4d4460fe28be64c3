"""Which language is spoken now: that of the page which is being answered; English where nobody asks for another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

ENGLISH: Final = "en"
# By their own names, as people look for them.
LANGUAGES: Final = {ENGLISH: "English", "de": "Deutsch", "es": "Español", "fr": "Français"}

_SPOKEN: ContextVar[str | None] = ContextVar("spoken", default=None)
_askers: list[Callable[[], str | None]] = []


def spoken() -> str:
    """The code of the language, one of `LANGUAGES`."""
    found = _SPOKEN.get()
    if found is None:
        found = next((said for ask in _askers if (said := ask()) is not None), None)
    return found if found in LANGUAGES else ENGLISH


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let a language be spoken meanwhile, in this thread or task."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def ask(asker: Callable[[], str | None]) -> None:
    """Let something tell the language where none was set, such as the request that is being answered."""
    if asker not in _askers:
        _askers.append(asker)


def preferred(accepted: str) -> str:
    """The language of a browser, by its Accept-Language header."""
    wanted = []
    for place, part in enumerate(accepted.split(",")[:50]):
        tag, _, quality = part.strip().partition(";")
        try:
            rank = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            rank = 0.0
        if rank > 0:
            wanted.append((-rank, place, tag.lower().split("-")[0]))
    return next((code for _, _, code in sorted(wanted) if code in LANGUAGES), ENGLISH)
