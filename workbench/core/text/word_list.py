"""The terms of a word list.

A line is a term, and after "=" how it sounds where its spelling does not tell: "metoprolol = met-o-pro-lol".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

SOUNDS: Final = "="
ALTERNATIVE: Final = ","
WITH_WORDS: Final = "+words"  # behind a model's name


@dataclass(frozen=True)
class Term:
    """A word or phrase that is to be heard.

    Attributes:
        text: As it is written.
        sounds_like: Other spellings by which it may be heard, each written as the term.
    """

    text: str
    sounds_like: tuple[str, ...] = ()


def term_of(line: str) -> Term:
    """The term of a word list's line; one that begins with the sign is a term as it stands."""
    text, sign, rest = line.partition(SOUNDS)
    if not sign or not text.strip():
        return Term(" ".join(line.split()))
    return Term(" ".join(text.split()), tuple(_spoken(part) for part in rest.split(ALTERNATIVE) if _spoken(part)))


def terms_of(lines: Iterable[str]) -> list[str]:
    """The terms of a word list's lines as they are written, each once."""
    return list(dict.fromkeys(term_of(line).text for line in lines))


def _spoken(spelling: str) -> str:
    """A spelling as a model would write it; hyphens stand between syllables."""
    return "".join(" ".join(spelling.split()).split("-"))


@dataclass(frozen=True)
class Favoured:
    """Words that a model favours while it writes.

    Attributes:
        strength: What is added to the logarithm of the probability that a term begins; None for the usual of the
            model's family.
    """

    terms: tuple[Term, ...]
    strength: float | None = None

    @classmethod
    def of(cls, lines: Iterable[str], strength: float | None = None) -> "Favoured":
        """The terms of a word list's lines; empty ones are passed over."""
        return cls(tuple(term_of(line) for line in lines if line.strip()), strength)

    def to_json(self) -> dict[str, Any]:
        """As it is asked for from the process beside the page."""
        return {"terms": [[t.text, list(t.sounds_like)] for t in self.terms], "strength": self.strength}

    @classmethod
    def from_json(cls, document: Mapping[str, Any] | None) -> "Favoured | None":
        """What `to_json` wrote; None for none."""
        if document is None:
            return None
        return cls(tuple(Term(text, tuple(sounds)) for text, sounds in document["terms"]), document["strength"])


def kept_as(model: str, favoured: Favoured | None) -> str:
    """The name under which what a model wrote is kept: by what it wrote with words favoured it is not judged."""
    return f"{model}{WITH_WORDS}" if favoured else model
