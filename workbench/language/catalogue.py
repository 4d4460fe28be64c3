"""The catalogue of one language: gettext's files, read by Babel, which also knows its numbers and plural forms."""

import re
from collections.abc import Callable
from functools import cache
from gettext import c2py
from pathlib import Path
from typing import Any, Final

from workbench.language.forms import Forms
from workbench.language.spoken import ENGLISH, spoken

WORDING: Final = Path(__file__).parent / "wording"
_SPEC: Final = re.compile(r"([+]?)(,?)(?:d|\.(\d+)f)?")
MINUS: Final = "\N{MINUS SIGN}"


class Catalogue:
    """What the program says, in one language.

    Args:
        language: The code of one of the files in `wording`.
    """

    def __init__(self, language: str) -> None:
        from babel import Locale
        from babel.messages.pofile import read_po

        self.language, self.locale = language, Locale.parse(language)
        with (WORDING / f"{language}.po").open("rb") as file:
            read = read_po(file, locale=language)
        self._form: Callable[[int], int] = c2py(read.plural_expr)
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}
        for message in read:
            if not message.id:
                continue
            source = message.id if isinstance(message.id, str) else message.id[0]
            strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            if all(strings):
                self._found[message.context or "", source] = tuple(str(each) for each in strings)

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        """A template of `language.said`; English where the catalogue lacks it."""
        found = self._found.get(("", said))
        if found is None:
            return said if others is None or n == 1 else others
        return found[self._form(n)] if len(found) > 1 else found[0]

    def number(self, value: float, spec: str = "") -> str:
        """A number as the language writes it, `spec` being one of Python's for whole and decimal numbers."""
        from babel.numbers import format_decimal

        known = _SPEC.fullmatch(spec)
        if known is None:
            return format(value, spec)
        sign, grouped, digits = known[1], bool(known[2]), known[3]
        if digits is None and isinstance(value, float):
            digits = str(len(f"{value}".partition(".")[2])) if not spec else "0"
        places = int(digits or 0)
        pattern = "#,##0" + (f".{'0' * places}" if places else "")
        written = format_decimal(value, pattern, self.locale, group_separator=grouped)
        return f"+{written}" if sign and value >= 0 and not written.startswith("-") else written

    def text(self, context: str, value: Any) -> Any:
        """A constant of the page in this language: a text, or a structure of texts, by where it stands."""
        if isinstance(value, Forms):
            return Forms(*(self._found.get((context, value[0])) or value), form=self._form)
        if isinstance(value, str):
            return self._found.get((context, value), (value,))[0]
        if isinstance(value, dict):
            return {key: self.text(f"{context}.{key}", each) for key, each in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self.text(f"{context}.{place}", each) for place, each in enumerate(value))
        return value


@cache
def unchecked(language: str) -> bool:
    """Whether no speaker has checked a language's wording, which the head of its catalogue says."""
    if language == ENGLISH:
        return False
    with (WORDING / f"{language}.po").open(encoding="utf-8") as file:
        return "#, fuzzy\n" in [next(file, "") for _ in range(4)]


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language; read once."""
    return Catalogue(language)


def words() -> Catalogue | None:
    """The catalogue of the language that is spoken; None for English, which needs none."""
    language = spoken()
    return None if language == ENGLISH else catalogue(language)
