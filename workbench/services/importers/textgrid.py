"""Praat's TextGrid, long and short: numbers and quoted strings in a fixed order, everything else is decoration.

That is Praat's own rule for its text files: only what stands free between spaces counts, and ! begins a comment.
https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from workbench.core.text.clean import clean_label, clean_name
from workbench.language.said import say
from workbench.services.importers.annotations import Annotations, Span, Unreadable, decoded
from workbench.services.importers.lines import Problem

_TOKEN: Final = re.compile(
    r"""(?<!\S)(?:
        "(?P<string>(?:[^"]|"")*+)"
      | <(?P<flag>[a-z]+)>
      | (?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)
      | (?P<comment>![^\n]*)
    )(?=\s|$)""",
    re.VERBOSE,
)
_MOST: Final = 10_000_000  # tiers or intervals
_LATEST: Final = 1e6  # seconds, eleven days
_SAVE: Final = say("save it with Praat as a text file (Save as text file…)")


class _Token(NamedTuple):
    value: str | float
    line: int


def read(content: bytes, name: str) -> Annotations:
    """The interval tiers with text.

    Raises:
        Unreadable: No TextGrid, a binary one, or one that ends too early.
    """
    if content.startswith(b"ooBinaryFile"):
        raise Unreadable(say("a binary TextGrid"), _SAVE)
    tokens = _tokens(decoded(content))
    if _next(tokens, str).value != "ooTextFile" or _next(tokens, str).value != "TextGrid":
        raise Unreadable(say("not a TextGrid in Praat's long or short text form"), _SAVE)
    for _ in range(2):
        _next(tokens, float)  # the whole grid's times
    found = Annotations()
    if _next(tokens, str).value != "exists":
        return found
    for _ in range(_count(tokens)):
        _tier(tokens, name, found)
    return found


def _tier(tokens: Iterator[_Token], name: str, found: Annotations) -> None:
    kind, title = _next(tokens, str), str(_next(tokens, str).value)
    for _ in range(2):
        _next(tokens, float)
    if kind.value not in ("IntervalTier", "TextTier"):
        raise Unreadable(say("an unknown kind of tier in line {line}", line=kind.line), _SAVE)
    tier, spans = clean_name(title) or "(unnamed)", []
    for _ in range(_count(tokens)):
        start = _next(tokens, float)
        if kind.value == "TextTier":
            _next(tokens, str)
            continue
        end, text = _next(tokens, float), clean_label(str(_next(tokens, str).value))
        if not max(abs(float(start.value)), abs(float(end.value))) <= _LATEST:
            raise Unreadable(say("an impossible time in line {line}", line=start.line), _SAVE)
        if text:
            spans.append(Span(float(start.value), float(end.value), text, start.line))
    if kind.value == "TextTier":
        reason = say("the tier '{tier}' marks points, not stretches of time", tier=tier)
        found.problems.append(Problem(name, kind.line, reason, say("use an interval tier for texts")))
    elif spans:
        while tier in found.tiers:
            tier += " (again)"
        found.tiers[tier] = spans


def _tokens(text: str) -> Iterator[_Token]:
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line, seen = line + text.count("\n", seen, match.start()), match.start()
        if match["string"] is not None:
            yield _Token(match["string"].replace('""', '"'), line)
        elif match["flag"] is not None:
            yield _Token(match["flag"], line)
        elif match["number"] is not None:
            yield _Token(float(match["number"]), line)


def _next(tokens: Iterator[_Token], kind: type) -> _Token:
    token = next(tokens, None)
    if token is None:
        raise Unreadable(say("it ends too early"), say("copy it again, or save it again with Praat"))
    if not isinstance(token.value, kind):
        number = say("a number is missing in line {line}", line=token.line)
        quoted = say("a text in quotes is missing in line {line}", line=token.line)
        raise Unreadable(number if kind is float else quoted, say("save it again with Praat"))
    return token


def _count(tokens: Iterator[_Token]) -> int:
    """Praat counts what follows; a wrong count ends in a missing value, never in a loop."""
    token = _next(tokens, float)
    if not 0 <= float(token.value) <= _MOST:
        raise Unreadable(say("an impossible count in line {line}", line=token.line), _SAVE)
    return int(token.value)
