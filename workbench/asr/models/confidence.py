"""How sure a model was of each word that it wrote, from the probabilities of the tokens that it took.

A word is as sure as its least sure token: one doubtful letter is enough to make a word worth a look. Punctuation does
not count, unless a word consists of nothing else: where a comma goes is doubtful in any recording.
"""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import groupby

from workbench.core.types import Heard

Token = tuple[str, int, float]  # its text, the number of the word it belongs to, its probability


def by_word(text: str, tokens: Sequence[Token]) -> Heard:
    """The text with a confidence for each of its words; without any where a word has no token."""
    words: list[list[float]] = [[] for _ in text.split()]
    marks: list[list[float]] = [[] for _ in words]
    for piece, place, sure in tokens:
        if place < len(words):
            (words if _says_something(piece) else marks)[place].append(sure)
    counted = [word or mark for word, mark in zip(words, marks, strict=True)]
    return Heard(text, tuple(min(sure) for sure in counted) if all(counted) else ())


def merged_runs(ids: Sequence[int], sure: Sequence[float]) -> list[tuple[int, float]]:
    """Equal neighbours as one, with the highest probability among them: CTC holds a letter for as long as it likes."""
    runs = groupby(zip(ids, sure, strict=True), key=lambda frame: frame[0])
    return [(token, max(p for _, p in frames)) for token, frames in runs]


def placed(ids: Sequence[int], sure: Sequence[float], decode: Callable[[Sequence[int]], str]) -> list[Token]:
    """Pieces of words with the word each belongs to: the last one of the text that the pieces so far decode to."""
    words = [len(decode(ids[: n + 1]).split()) for n in range(len(ids))]
    return [(decode([i]), max(0, n - 1), p) for i, n, p in zip(ids, words, sure, strict=True)]


def _says_something(piece: str) -> bool:
    return any(unicodedata.category(character)[0] in "LMN" for character in piece)
