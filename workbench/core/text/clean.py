"""A label as it is stored: what the expert typed, without what nobody can see."""

import unicodedata
from typing import Final

LONGEST_LABEL: Final = 5_000  # characters; 30 s of speech have about 600

# Embedding, override and isolate marks reorder the text around them on the page; the two joiners are orthography.
_INVISIBLE: Final = frozenset(
    "\ufeff\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def clean_label(text: str) -> str:
    """NFC, control characters and lone surrogates dropped, whitespace collapsed; nothing that is spoken changes.

    Escaping for HTML is the page's duty: a label holding "<b>" is stored as it was typed.
    """
    composed = unicodedata.normalize("NFC", text)
    kept = ("" if _is_dropped(c) else " " if c.isspace() else c for c in composed)
    return " ".join("".join(kept).split())


def clean_name(name: str, longest: int = 200) -> str:
    """A file's, speaker's or set's name fit for the store and the page, cut to `longest` characters."""
    return clean_label(name)[:longest].strip()


def _is_dropped(character: str) -> bool:
    if character.isspace() and character not in _INVISIBLE:
        return False
    return character in _INVISIBLE or unicodedata.category(character) in ("Cc", "Cs")
