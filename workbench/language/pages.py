"""Modules of texts whose constants are read in the language that is spoken."""

import sys
from types import ModuleType
from typing import Any, Final

from workbench.language.catalogue import words

ROOM: Final = "workbench.ui."


class Texts(ModuleType):
    """A module that gives its constants in the language that is spoken at that moment.

    So a constant may be read only while somebody is answered, not while modules load.
    """

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if not name.isupper() or (language := words()) is None:
            return value
        known: dict[tuple[str, str], Any] = super().__getattribute__("_spoken")
        key = (language.language, name)
        if key not in known:
            module = super().__getattribute__("__name__")
            known[key] = language.text(f"{context(module)}.{name}", value)
        return known[key]


def speak(module: str) -> None:
    """Make a module of texts, by its name, one of many languages; its last line."""
    found = sys.modules[module]
    found._spoken = {}  # type: ignore[attr-defined]
    found.__class__ = Texts


def context(module: str) -> str:
    """How the catalogues call a module of texts: "text", "overview"."""
    return module.removeprefix(ROOM).removesuffix(".text")
