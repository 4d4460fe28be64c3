"""Sentences that know what they were made of, so that a page can word them in another language.

A sentence is a plain string in English: what is logged, printed, compared or written to JSON stays as it is. It also
keeps its English template, the code under which a catalogue lists it (gettext's way), and the values in it. Written
out (`str`, an f-string) while a page of another language is answered, it is worded in that language.

    say("There is no clip {clip} in {name}.", clip=7, name="ward")
    count(3, "{n:,} clip", "{n:,} clips")
    listing(["a", count(2, "{n:,} clip", "{n:,} clips")])
"""

import json
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, Final, Protocol

from workbench.language.catalogue import words

# What a stored sentence begins with; no text that people write holds it.
STORED: Final = "\x02say"


class Words(Protocol):
    """A language: its templates, and how it writes numbers."""

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        """A template by its English one; by the form that `n` takes where there is one for others."""

    def number(self, value: float, spec: str) -> str:
        """A number, `spec` being Python's format specification."""


class English:
    """The language of the code."""

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        return said if others is None or n == 1 else others

    def number(self, value: float, spec: str) -> str:
        return format(value, spec)


ENGLISH: Final = English()


class Said(str):
    """A sentence, or a piece of one.

    Attributes:
        template: English, with the names of `values` in braces.
        others: The template for other numbers than one; None where nothing is counted.
        values: By name: plain values, sentences, or lists of both.
    """

    __slots__ = ("others", "template", "values")
    template: str
    others: str | None
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any], others: str | None = None) -> "Said":
        made = super().__new__(cls, _worded(template, others, values, ENGLISH))
        made.template, made.others, made.values = template, others, values
        return made

    def worded(self, language: Words) -> str:
        """The sentence in a language."""
        return _worded(self.template, self.others, self.values, language)

    def __str__(self) -> str:
        language = words()
        return str.__str__(self) if language is None else self.worded(language)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> Any:
        return Said, (self.template, self.values, self.others)

    def stored(self) -> str:
        """For a place that keeps plain text."""
        return STORED + json.dumps(_document(self), ensure_ascii=False)


LISTED: Final = ""  # the template of a listing: its parts, joined


def say(template: str, /, **values: object) -> Said:
    """A sentence, or a piece of one, from its English template and what stands in its braces.

    Templates are formatted as by `str.format`. A value may be a sentence itself; an error stands for its sentence.
    """
    return Said(template, {name: _plain(value) for name, value in values.items()})


def count(n: int, one: str, many: str, /, **values: object) -> Said:
    """What is said of a number of things: `one` where it is 1, else `many`; both may name `n`."""
    return Said(one, {"n": n, **{name: _plain(value) for name, value in values.items()}}, many)


def listing(parts: Iterable[object], separator: str = ", ") -> Said:
    """Values or sentences in a row."""
    return Said(LISTED, {"separator": separator, "parts": [_plain(part) for part in parts]})


def phrase(sentence: str) -> str:
    """A sentence without its full stop, to stand in another."""
    return Said("{sentence:phrase}", {"sentence": sentence}) if isinstance(sentence, Said) else sentence.rstrip(".")


def english(text: str) -> str:
    """A sentence as a plain English string, whoever asks."""
    return str.__str__(text) if isinstance(text, Said) else text


def sentence(error: BaseException) -> str:
    """What an error says, as the sentence that it was raised with; `str` would leave only the words of it."""
    found: str = _plain(error)
    return found


def restored(text: str) -> str:
    """What `Said.stored` wrote down as a sentence; any other text as it is."""
    if not text.startswith(STORED):
        return text
    try:
        return Said(*_parts(json.loads(text[len(STORED) :])))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return text


def _worded(template: str, others: str | None, values: Mapping[str, Any], language: Words) -> str:
    if template == LISTED and "parts" in values:
        separator = _value(values["separator"], "", language)
        return separator.join(_value(part, "", language) for part in values["parts"])
    parts: list[str] = []
    for literal, name, spec, conversion in Formatter().parse(language.template(template, others, values.get("n", 1))):
        parts.append(literal)
        if name is not None:
            value = repr(values[name]) if conversion == "r" else values[name]
            parts.append(_value(value, spec or "", language))
    return "".join(parts)


def _value(value: Any, spec: str, language: Words) -> str:
    if isinstance(value, Said):
        worded = value.worded(language)
        return worded.rstrip(".") if spec == "phrase" else worded
    if isinstance(value, int | float) and not isinstance(value, bool):
        return language.number(value, spec)
    return format(value, spec)


def _plain(value: object) -> Any:
    if isinstance(value, BaseException):
        return value.args[0] if value.args and isinstance(value.args[0], Said) else str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _document(value: Any) -> Any:
    if isinstance(value, Said):
        kept = {"say": value.template, "values": {name: _document(each) for name, each in value.values.items()}}
        return kept if value.others is None else kept | {"others": value.others}
    return [_document(each) for each in value] if isinstance(value, list) else value


def _parts(document: dict[str, Any]) -> tuple[str, dict[str, Any], str | None]:
    values = {name: _restored(each) for name, each in document["values"].items()}
    return document["say"], values, document.get("others")


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        return Said(*_parts(value))
    return [_restored(each) for each in value] if isinstance(value, list) else value
