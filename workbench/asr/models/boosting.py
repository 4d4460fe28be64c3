"""Words that are to be heard: a prefix tree of their tokens, and the bonus that a reader gives on the way down it.

The bonus grows with the logarithm of the depth, since a term becomes the likelier the more of it is said, and is taken
back where the term is not finished: shallow fusion with a list (Zhao et al. 2019, Interspeech, "Shallow-fusion
end-to-end contextual biasing"). A greedy reader has nothing but its one text to take back: it returns to where the
first token was taken for the bonus alone, and goes another way (see `TermReader`).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.core.text.word_list import Term

ROOT: Final = 0
WORD_STARTS: Final = "Ġ▁"  # a space, as byte-level vocabularies and SentencePiece write it
KEPT_BOOSTS: Final = 2  # of one model: its words, and none
MOST_RETURNS: Final = 8  # of one text; then it is read on without the list


class PrefixTree:
    """Token sequences, by their beginnings; nodes are numbers, the root is 0."""

    def __init__(self) -> None:
        self._children: list[dict[int, int]] = [{}]
        self._depth = [0]
        self._written: list[tuple[int, ...] | None] = [None]

    def __len__(self) -> int:
        return len(self._children)

    def add(self, tokens: Sequence[int], written: Sequence[int] | None = None) -> None:
        """Add a sequence.

        Args:
            written: What is written where it was heard; itself by default. The first one that is added counts.
        """
        node = ROOT
        for token in tokens:
            node = self._children[node].get(token) or self._grown(node, token)
        if node != ROOT and self._written[node] is None:
            self._written[node] = tuple(tokens if written is None else written)

    def children(self, node: int) -> dict[int, int]:
        """The nodes one token further down, by token."""
        return self._children[node]

    def depth(self, node: int) -> int:
        """Tokens from the root."""
        return self._depth[node]

    def written(self, node: int) -> tuple[int, ...] | None:
        """What is written where a sequence ends here; None where none does."""
        return self._written[node]

    def _grown(self, node: int, token: int) -> int:
        self._children[node][token] = grown = len(self._children)
        self._children.append({})
        self._depth.append(self._depth[node] + 1)
        self._written.append(None)
        return grown


@dataclass(frozen=True)
class Boost:
    """Words that are to be heard, and how much is given for them.

    Attributes:
        strength: The bonus for a first token, in logarithms of a probability.
        goes_on: Whether a token goes on with the word before it: then no word, and so no term, has ended there.
        space: The token between words; None where pieces of words bring theirs.
    """

    tree: PrefixTree
    strength: float
    goes_on: Callable[[int], bool]
    space: int | None = None

    def bonus(self, depth: int) -> float:
        """What is given for a token at this depth, from 1 on."""
        return self.strength * (1 + math.log(depth))

    def begins(self, token: int, before: int | None) -> bool:
        """Whether a term may begin with a token.

        Args:
            before: The token before it; None at a text's beginning.
        """
        return not self.goes_on(token) or before is None or before == self.space

    def heard_otherwise(self, tokens: Sequence[int]) -> list[tuple[int, int, tuple[int, ...]]]:
        """Beginning and end of each term that stands there by another spelling, and the tokens it is written with."""
        found, done = [], 0
        for start, token in enumerate(tokens):
            if start >= done and self.begins(token, tokens[start - 1] if start else None):
                end, written = self._longest(tokens, start)
                if written:
                    done = end
                    if written != tuple(tokens[start:end]):
                        found.append((start, end, written))
        return found

    def _longest(self, tokens: Sequence[int], start: int) -> tuple[int, tuple[int, ...]]:
        """The end of the longest term that begins at a place, and what is written for it; nothing where none does."""
        node, found = ROOT, (start, tuple[int, ...]())
        for end, token in enumerate(tokens[start:], start + 1):
            node = self.tree.children(node).get(token, ROOT)
            if node == ROOT:
                break
            written = self.tree.written(node)
            if written is not None and (end == len(tokens) or not self.goes_on(tokens[end])):
                found = end, written
        return found


def spellings(text: str) -> tuple[str, ...]:
    """How a term may stand in a sentence: as it was given, in small letters, with a capital."""
    return tuple(dict.fromkeys([text, text.lower(), text[:1].upper() + text[1:]]))


def inner(piece: str) -> bool:
    """Whether a vocabulary's piece goes on with the word before it: it begins with neither a space nor a mark."""
    return bool(piece) and piece[0] not in WORD_STARTS and (piece[0].isalnum() or piece.startswith("<0x"))


def boost_of(
    terms: Iterable[Term],
    strength: float,
    encode: Callable[[str], Sequence[int]],
    goes_on: Callable[[int], bool],
    space: int | None = None,
) -> Boost | None:
    """The prefix tree of some terms; None where nothing is to be boosted.

    Args:
        encode: Token ids of a spelling as it stands within a sentence; none where the model cannot write it.
    """
    tree = PrefixTree()
    for term in terms if strength > 0 else ():
        for spelling in spellings(term.text):
            tree.add(encode(spelling))
        for sound in term.sounds_like:
            for heard in spellings(sound):
                tree.add(encode(heard), encode(term.text))
    return Boost(tree, strength, goes_on, space) if len(tree) > 1 else None


@dataclass(frozen=True)
class _Path:
    """A way down the tree.

    Attributes:
        forced: Place of its first token that was taken for the bonus alone; None where the model would have.
    """

    node: int
    forced: int | None


class TermReader:
    """What one text that is written greedily has of the terms, token by token.

    Where a term was begun for its bonus and not finished, the text goes back to that place (`returned`): what stood
    before is given again, and the token that led astray gets no bonus there.
    """

    def __init__(self, boost: Boost) -> None:
        self._boost, self._tree = boost, boost.tree
        self._given: list[int] = []
        self._without: dict[int, set[int]] = {}  # place -> tokens that get no bonus
        self._returns = 0
        self._begin()

    def _begin(self) -> None:
        self._tokens: list[int] = []
        self._paths: list[_Path] = []

    @property
    def known(self) -> list[int]:
        """The tokens that the text begins with, after it has gone back."""
        return self._given

    @property
    def given(self) -> int | None:
        """The token that stands here already; None where the model goes on by itself."""
        place = len(self._tokens)
        return self._given[place] if place < len(self._given) else None

    @property
    def weary(self) -> bool:
        """Whether the rest is read without the list."""
        return self._returns >= MOST_RETURNS

    def refused(self) -> set[int]:
        """Tokens that get no bonus at this place."""
        return self._without.get(len(self._tokens), set())

    def bonuses(self) -> dict[int, float]:
        """Bonus by token, of terms that were begun."""
        found: dict[int, float] = {}
        for path in self._paths:
            for token, node in self._tree.children(path.node).items():
                found[token] = max(found.get(token, 0.0), self._boost.bonus(self._tree.depth(node)))
        return found

    def follow(self, token: int, plain: int) -> bool:
        """Take note of the next token; False where the text has to go back, see `returned`.

        Args:
            token: The one that was taken, or that ends the text.
            plain: The one that the model would have taken without a bonus.
        """
        place = len(self._tokens)
        forced = None if token == plain else place
        paths, failed = [], []
        for path in [*self._paths, _Path(ROOT, None)]:
            node = self._tree.children(path.node).get(token)
            if node is not None:
                paths.append(_Path(node, forced if path.forced is None else path.forced))
            elif path.forced is not None and not self._ends(path, token):
                failed.append(path.forced)
        astray = set(failed) - {path.forced for path in paths}
        if astray and not self.weary:
            self._return(min(astray))
            return False
        self._paths = paths
        self._tokens.append(token)
        return True

    def _ends(self, path: _Path, token: int) -> bool:
        return self._tree.written(path.node) is not None and not self._boost.goes_on(token)

    def _return(self, place: int) -> None:
        """Begin anew, with what stands before this place."""
        token = self._tokens[place]
        self._without = {at: tokens for at, tokens in self._without.items() if at <= place}
        self._without.setdefault(place, set()).add(token)
        self._given, self._returns = self._tokens[:place], self._returns + 1
        self._begin()
