"""Prefix beam search over a CTC model's frames, with a bonus for the words of a list.

A prefix is a text so far, whichever frames it came from (Graves 2012, "Sequence transduction with recurrent neural
networks", and Hannun et al. 2014, arXiv 1408.2873). Without a list the best single reading of the frames is taken
instead (`Writing.read`), which costs nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from workbench.asr.models.boosting import ROOT, Boost

BEAM: Final = 16  # prefixes that are kept from frame to frame
LEAST_LOG: Final = -7.0  # tokens less likely than this are not tried in a frame
NEVER: Final = -math.inf


@dataclass(frozen=True)
class _Path:
    """A way down the tree, and the bonus that was given on it and is not earned yet."""

    node: int
    pending: float


@dataclass(slots=True)
class _Prefix:
    """A text so far.

    Attributes:
        before: The same without its last token; None for the empty one.
        sure: The highest probability of its last token in a frame.
        paths: Terms that it is in the middle of.
        earned: Bonus of the terms that it has whole.
        blank, token: Logarithms of the probability that the frames end in a blank, or in its last token.
    """

    before: "_Prefix | None" = None
    last: int = -1
    sure: float = 0.0
    paths: tuple[_Path, ...] = ()
    earned: float = 0.0
    blank: float = NEVER
    token: float = NEVER
    longer: dict[int, "_Prefix"] = field(default_factory=dict)

    @property
    def bonus(self) -> float:
        return self.earned + max((path.pending for path in self.paths), default=0.0)

    @property
    def score(self) -> float:
        return float(np.logaddexp(self.blank, self.token)) + self.bonus


@dataclass(frozen=True)
class Reading:
    """The best text: its tokens, and the highest probability that each had in a frame."""

    tokens: list[int]
    sure: list[float]


class BeamReader:
    """Reads frames with a list.

    Args:
        boost: The words.
        blank: Id of the blank.
    """

    def __init__(self, boost: Boost, blank: int) -> None:
        self._boost, self._tree, self._blank = boost, boost.tree, blank

    def read(self, log_probabilities: np.ndarray) -> Reading:
        """The best text of (n_frames, vocabulary)."""
        beam = [_Prefix(blank=0.0)]
        for frame in log_probabilities:
            beam = self._next(beam, frame)
        best = max(beam, key=lambda prefix: float(np.logaddexp(prefix.blank, prefix.token)) + self._earned(prefix))
        return self._written(best)

    def _next(self, beam: Sequence[_Prefix], frame: np.ndarray) -> list[_Prefix]:
        likely = [int(i) for i in np.flatnonzero(frame > LEAST_LOG) if i != self._blank]
        tokens = [(i, float(frame[i])) for i in likely]
        blank = float(frame[self._blank])
        before = [(prefix, prefix.blank, prefix.token, _sum(prefix.blank, prefix.token)) for prefix in beam]
        found: dict[int, _Prefix] = {}
        for prefix, _, ended, both in before:  # the same text: a blank, or its last token once more
            prefix.blank = both + blank
            prefix.token = ended + float(frame[prefix.last]) if prefix.last >= 0 else NEVER
            if prefix.last >= 0:
                prefix.sure = max(prefix.sure, math.exp(float(frame[prefix.last])))
            found[id(prefix)] = prefix
        for prefix, after_blank, _, both in before:
            for token, sure in tokens:
                came = after_blank if token == prefix.last else both
                if came == NEVER:
                    continue
                longer = prefix.longer.get(token)
                if longer is None:
                    longer = prefix.longer[token] = self._longer(prefix, token)
                if id(longer) not in found:
                    found[id(longer)] = longer
                    longer.blank = longer.token = NEVER
                longer.token = _sum(longer.token, came + sure)
                longer.sure = max(longer.sure, math.exp(sure))
        return sorted(found.values(), key=lambda prefix: prefix.score, reverse=True)[:BEAM]

    def _longer(self, prefix: _Prefix, token: int) -> _Prefix:
        """A prefix and one token more, with what that means for the terms."""
        earned, paths = self._earned_by(prefix, token)
        begins = self._boost.begins(token, prefix.last if prefix.last >= 0 else None)
        found: dict[int, float] = {}
        for path in [*paths, *([_Path(ROOT, 0.0)] if begins else [])]:
            node = self._tree.children(path.node).get(token)
            if node is not None:
                pending = path.pending + self._boost.bonus(self._tree.depth(node))
                found[node] = max(found.get(node, 0.0), pending)
        return _Prefix(prefix, token, paths=tuple(_Path(n, p) for n, p in found.items()), earned=earned)

    def _earned_by(self, prefix: _Prefix, token: int | None) -> tuple[float, list[_Path]]:
        """What is earned once a token, or the text's end, follows; and the paths, less what was earned."""
        whole = token is None or not self._boost.goes_on(token)
        ended = [path.pending for path in prefix.paths if whole and self._tree.written(path.node) is not None]
        gained = max(ended, default=0.0)
        return prefix.earned + gained, [_Path(p.node, max(0.0, p.pending - gained)) for p in prefix.paths]

    def _earned(self, prefix: _Prefix) -> float:
        return self._earned_by(prefix, None)[0]

    def _written(self, best: _Prefix) -> Reading:
        tokens, sure = list[int](), list[float]()
        prefix: _Prefix | None = best
        while prefix is not None and prefix.last >= 0:
            tokens.append(prefix.last)
            sure.append(prefix.sure)
            prefix = prefix.before
        return self._by_their_own_spelling(tokens[::-1], sure[::-1])

    def _by_their_own_spelling(self, tokens: list[int], sure: list[float]) -> Reading:
        for start, end, written in reversed(self._boost.heard_otherwise(tokens)):
            sure[start:end] = [min(sure[start:end])] * len(written)
            tokens[start:end] = written
        return Reading(tokens, sure)


def _sum(a: float, b: float) -> float:
    """Logarithm of the sum of two probabilities."""
    if a == NEVER:
        return b
    if b == NEVER:
        return a
    high, low = (a, b) if a > b else (b, a)
    return high + math.log1p(math.exp(low - high))
