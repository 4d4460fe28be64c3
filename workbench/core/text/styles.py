"""How labels are written: case, punctuation at the end, numbers as digits or words; and one text in another style.

A model learns the style of its labels too. Where a set mixes two, half of the labels teach against the other half.
"""

import re
from functools import cache
from typing import Final, Literal

from workbench.core.text.numbers import can_spell, language_code, spell_numbers

Case = Literal["lower", "upper", "sentence"]

SENTENCE_ENDS: Final = (".", "!", "?", "…", "。", "!", "?", "।", "؟", "።", ":", ";")
_CLOSING: Final = "\"'”’)]»"
_MARKS: Final = re.compile(r"[.,!?;:…]+(?=[\"'”’)\]»]*(?:\s|$))")
_TURKIC: Final = str.maketrans({"I": "ı", "İ": "i"})


def case_of(text: str) -> Case | None:
    """The case of a text's letters; None where it has fewer than two letters with case."""
    letters = [c for c in text if c.isupper() or c.islower()]
    if len(letters) < 2:
        return None
    if all(c.islower() for c in letters):
        return "lower"
    return "upper" if all(c.isupper() for c in letters) else "sentence"


def in_case(text: str, case: Case, language: str | None) -> str:
    """A text in another case; names inside a sentence cannot be known and stay as they are, or small from capitals."""
    if case == "upper":
        return text.upper()
    lower = (text.translate(_TURKIC) if language_code(language) in ("tr", "az") else text).lower()
    if case == "lower":
        return lower
    kept = lower if case_of(text) == "upper" else text
    if language and language_code(language) == "en":
        kept = re.sub(r"(?<![\w'’])i(?![\w.])", "I", kept)  # "can i have", "i'd", but no "i.e."
    place = next((i for i, c in enumerate(kept) if c.isalpha()), 0)
    return kept[:place] + kept[place : place + 1].upper() + kept[place + 1 :]


def ends_with_mark(text: str) -> bool | None:
    """Whether a sentence ends with a mark; None for a single word, which is no sentence."""
    if len(text.split()) < 2:
        return None
    return text.rstrip().rstrip(_CLOSING).endswith(SENTENCE_ENDS)


def without_marks(text: str) -> str:
    """A text without the punctuation at the end of its words; marks inside words and numbers stay."""
    return " ".join(_MARKS.sub("", text).split())


def with_full_stop(text: str) -> str:
    return f"{text.rstrip(',-– ')}."


def has_digits(text: str) -> bool:
    """Whether numbers are written in digits; those of a name such as M8 or EN24T are part of it, and no number."""
    return any(c.isdecimal() for word in re.findall(r"\w+", text) if not word[0].isupper() for c in word)


def has_number_words(text: str, language: str | None) -> bool:
    """Whether numbers are written as words; "one" alone does not count, which is often no number."""
    return not number_words(language_code(language)).isdisjoint(re.findall(r"\w+", text.casefold()))


@cache
def number_words(code: str) -> frozenset[str]:
    """The words of 2 to 20, the tens, a hundred and a thousand, as far as each is one word."""
    if not can_spell(code):
        return frozenset()
    numbers = [*range(2, 21), *range(30, 101, 10), 1000]
    spelled = (spell_numbers(str(n), code)[0].split() for n in numbers)
    return frozenset(words[-1].casefold() for words in spelled if words and not words[-1].isdecimal())


def with_number_words(text: str, language: str | None) -> str:
    """A text with its numbers spelled out, and with the spaces as they were elsewhere."""
    spelled, _ = spell_numbers(text, language)
    # Spelling leaves a space around each number, also before the punctuation that followed; a time loses its colon.
    spelled = re.sub(r"\s+:\s+", " ", spelled) if re.search(r"\d:\d", text) else spelled
    spelled = re.sub(r"\s+-(?=[^\W\d])", "-", spelled) if re.search(r"\d-[^\W\d]", text) else spelled  # a 12-ounce cup
    return re.sub(r"\s+([.,!?;:…])", r"\1", " ".join(spelled.split()))
