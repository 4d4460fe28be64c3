"""Characters that nobody meant to type: look-alikes of another script, invisible ones, typographic quotes.

A Cyrillic а in a Latin word looks right and is another letter: the model cannot write it, no search finds it. Unicode
calls such pairs confusables (UTS 39, https://www.unicode.org/reports/tr39/); here are those that keyboards and text
recognition really mix up.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from workbench.language.said import say

SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK")  # those that share look-alikes
# Look-alikes, place by place: Latin, Cyrillic, Greek; a dot where a script has none.
_ALIKE: Final = (
    "aceijopsxyABCEHIJKMOPSTXYZvu",
    "асеіјорѕхуАВСЕНІЈКМОРЅТХУ...",
    "α..ι.ορ..γΑΒ.ΕΗΙ.ΚΜΟΡ.ΤΧΥΖνυ",
)
_QUOTES: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201b\u00b4\u0060", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        "\u2026": "...",
    }
)
_JOINERS: Final = frozenset("\u200c\u200d")  # orthography in Persian and Indic scripts
_MICRO: Final = "\u00b5"  # as in µg
_NAMES: Final = {
    "\ufffd": say("a replacement mark where a character was lost"),
    "\u00ad": say("a soft hyphen, which cannot be seen"),
    "\u201b": say("a typographic quotation mark"),
    "\u2019": say("a typographic apostrophe"),
    "\u2018": say("a typographic quotation mark"),
    "\u201c": say("a typographic quotation mark"),
    "\u201d": say("a typographic quotation mark"),
    "\u2026": say("an ellipsis in one character"),
    "\u00b4": say("an accent in place of an apostrophe"),
    "\u0060": say("an accent in place of an apostrophe"),
}


@dataclass(frozen=True)
class Odd:
    """What is odd about a text.

    Attributes:
        plain: The text without it, as far as that can be known.
        reasons: What was found, in order, one phrase each.
    """

    plain: str
    reasons: tuple[str, ...]


def main_script(texts: Iterable[str]) -> str | None:
    """The script that nine in ten letters of a set belong to; None where scripts are mixed or have no look-alikes."""
    counts = Counter(script_of(c) for text in texts for c in text if c.isalpha())
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return name if name in SCRIPTS and 10 * count >= 9 * counts.total() else None


def script_of(character: str) -> str:
    """First word of the character's Unicode name, which is its script for letters."""
    return unicodedata.name(character, "").partition(" ")[0]


def odd_characters(text: str, main: str | None = None) -> Odd:
    """Find what nobody meant to type.

    Args:
        main: The set's main script: a whole word of another script's look-alikes is odd then, too.
    """
    reasons: dict[str, None] = {}
    words = [_word(word, main, reasons) for word in re.split(r"(\s+)", _without_invisible(text, reasons))]
    plain = "".join(words)
    if "\u201e" not in text:  # German quotes open low and close with what is an opening quote elsewhere
        for character in dict.fromkeys(plain):
            if character in _NAMES and ord(character) in _QUOTES:
                reasons[_NAMES[character]] = None
        plain = plain.translate(_QUOTES)
    return Odd(" ".join(plain.split()), tuple(reasons))


def _without_invisible(text: str, reasons: dict[str, None]) -> str:
    kept = []
    for place, character in enumerate(text):
        if character == "\ufffd":
            reasons[_NAMES[character]] = None
            kept.append(character)  # what was there cannot be known
        elif character in _JOINERS and _is_joined(text, place):
            kept.append(character)
        elif unicodedata.category(character) in ("Cf", "Co", "Cn", "Cc"):
            reasons[_NAMES.get(character, say("a character that cannot be seen"))] = None
        elif _is_compound(character):
            plain = unicodedata.normalize("NFKC", character)
            reasons[say("“{character}”, one character for “{plain}”", character=character, plain=plain)] = None
            kept.append(plain)
        else:
            kept.append(character)
    return "".join(kept)


def _is_compound(character: str) -> bool:
    """Ligatures, full-width letters and letters in a font of their own."""
    kinds = ("<compat>", "<wide>", "<narrow>", "<font>")
    made_of = unicodedata.decomposition(character)
    return character != _MICRO and unicodedata.category(character)[0] in "LN" and made_of.startswith(kinds)


def _is_joined(text: str, place: int) -> bool:
    """Whether a joiner stands beside a letter of a script that knows joiners."""
    return any(c.isalpha() and script_of(c) not in SCRIPTS for c in text[max(0, place - 1) : place + 2])


def _word(word: str, main: str | None, reasons: dict[str, None]) -> str:
    """The word in one script, where all letters of the others have a look-alike in it."""
    scripts = {script_of(c) for c in word if c.isalpha()} & set(SCRIPTS)
    foreign = main is not None and len(scripts) == 1 and main not in scripts
    if len(scripts) < 2 and not foreign:
        return word
    target = main if foreign and main else _meant(word, scripts, main)
    table = _table(target)
    strangers = [c for c in word if script_of(c) in SCRIPTS and script_of(c) != target]
    if foreign and not all(ord(c) in table for c in strangers):
        return word  # a word of another language
    # A Greek letter without a look-alike is a sign that was meant, as in μg.
    strangers = [c for c in strangers if ord(c) in table or script_of(c) != "GREEK"]
    for c in dict.fromkeys(strangers):
        reasons[_stranger(c, word)] = None
    return word.translate(table)


def _stranger(letter: str, word: str) -> str:
    if script_of(letter) == "LATIN":
        return say("“{letter}” in “{word}” is a Latin letter", letter=letter, word=word)
    if script_of(letter) == "GREEK":
        return say("“{letter}” in “{word}” is a Greek letter", letter=letter, word=word)
    return say("“{letter}” in “{word}” is a Cyrillic letter", letter=letter, word=word)


def _meant(word: str, scripts: set[str], main: str | None) -> str:
    """The script a mixed word was meant in: that of its letters without look-alikes, else the set's, else the most."""
    counts = Counter(script_of(c) for c in word if script_of(c) in scripts)
    fixed = Counter(script_of(c) for c in word if script_of(c) in scripts and not _has_twin(c))
    return max(sorted(scripts), key=lambda s: (fixed[s], s == main, counts[s]))


def _has_twin(character: str) -> bool:
    return any(character in row for row in _ALIKE)


def _table(target: str) -> dict[int, str]:
    """Look-alikes of other scripts -> the target's letter."""
    own = _ALIKE[SCRIPTS.index(target)]
    return {
        ord(other): letter
        for row in _ALIKE
        if row is not own
        for other, letter in zip(row, own, strict=True)
        if other != "." and letter != "."
    }
