"""Which texts are alike: labels that nearly repeat each other, labels that their own draft does not fit.

A weak model's drafts are all far from the labels, so that a distance means something only beside the set's others; and
a draft that fits another clip's label better than its own points to labels that were swapped, however weak the model.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

NEAR: Final = 0.9  # share of the characters that near-duplicates have in common
SHORTEST: Final = 10  # characters; shorter texts are near to each other by chance
ENOUGH_DRAFTS: Final = 8  # fewer have no usual distance
MIN_DISTANCE: Final = 0.3  # of a label's characters; less is a model's ordinary trouble
SPREADS: Final = 4.0  # robust standard deviations above the usual distance
BETTER_BY: Final = 0.15  # how much nearer to one label than to another a draft must be to count as that one's
OWN_LIMIT: Final = 0.5  # of a label's characters; a draft that is its own label's is said to be far only beyond that
TELLS_APART: Final = 0.7  # of the drafts have to be nearest to their own label, else the model says nothing about them
MOST_PAIRS: Final = 4_000_000  # beyond it swapped labels are not looked for; 2,000 drafts
_ROWS: Final = 1000  # compared with all others at a time, which bounds memory


@dataclass(frozen=True)
class LabelOutlier:
    """A label that is far from its draft.

    Attributes:
        place: In the lists given.
        distance: Edits per character of the longer text, 0 to 1.
        fits: Place of the label that the draft fits much better; None where there is none.
    """

    place: int
    distance: float
    fits: int | None


def near_pairs(texts: Sequence[str], others: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (place in texts, place in others) that are the same or nearly so; short texts only where they are equal.

    Args:
        texts: Normalised.
        others: Normalised.
    """
    found: list[tuple[int, int]] = []
    for start in range(0, len(texts), _ROWS):
        part = texts[start : start + _ROWS]
        alike = cdist(part, others, scorer=Levenshtein.normalized_similarity, score_cutoff=NEAR, dtype=np.float32)
        for row, column in np.argwhere(alike >= NEAR):
            text, other = part[row], others[column]
            if text == other or min(len(text), len(other)) >= SHORTEST:
                found.append((start + int(row), int(column)))
    return found


def usual_distance(distances: Sequence[float]) -> tuple[float, float]:
    """Median and robust standard deviation (1.4826 times the median deviation) of what is usual in a set."""
    middle = statistics.median(distances)
    return middle, 1.4826 * statistics.median(abs(d - middle) for d in distances)


@dataclass(frozen=True)
class DraftMatch:
    """Labels held against their drafts.

    Attributes:
        strangers: The labels that are far from their draft.
        tells_apart: Whether the model hears enough for its drafts to be nearest to their own labels, mostly; else
            little can be said. None with too few drafts, or too many to compare each with each.
    """

    strangers: tuple[LabelOutlier, ...] = ()
    tells_apart: bool | None = None


def hold_against(labels: Sequence[str], drafts: Sequence[str]) -> DraftMatch:
    """Find labels that are far from their own draft, compared with how far the set's labels usually are.

    Args:
        labels: Normalised; those of few characters are passed over, since a letter misheard is another's label.
        drafts: Normalised, in the same order; an empty one says nothing and is passed over.
    """
    heard = [i for i, (label, draft) in enumerate(zip(labels, drafts, strict=True)) if len(label) >= SHORTEST and draft]
    if len(heard) < ENOUGH_DRAFTS:
        return DraftMatch()
    own = {i: Levenshtein.normalized_distance(labels[i], drafts[i]) for i in heard}
    middle, spread = usual_distance(list(own.values()))
    limit = max(MIN_DISTANCE, middle + SPREADS * max(spread, 0.03))
    nearest = _nearest_other(labels, drafts, heard)
    apart = None
    if nearest:
        apart = sum(own[i] <= distance + 1e-6 for i, (_, distance) in nearest.items()) >= TELLS_APART * len(heard)
    fits = {
        i: other
        for i, (other, distance) in nearest.items()
        if apart and own[i] - distance >= BETTER_BY and distance <= middle + spread
    }
    # A good model's drafts are mostly so near that an ordinary bad one stands out; the words tell whose it is.
    its_own = {i for i, (_, distance) in nearest.items() if distance - own[i] >= BETTER_BY}
    limits = {i: max(limit, OWN_LIMIT) if i in its_own else limit for i in heard}
    far = tuple(LabelOutlier(i, own[i], fits.get(i)) for i in heard if own[i] > limits[i] or i in fits)
    return DraftMatch(far, apart)


def _nearest_other(labels: Sequence[str], drafts: Sequence[str], heard: Sequence[int]) -> dict[int, tuple[int, float]]:
    """Place of a draft -> place of the label nearest to it that says something else, with the distance.

    Empty where there are too many; the distance is infinite where all labels say the same.
    """
    if len(heard) ** 2 > MOST_PAIRS:
        return {}
    texts = [labels[i] for i in heard]
    away = cdist([drafts[i] for i in heard], texts, scorer=Levenshtein.normalized_distance, dtype=np.float32)
    _, said = np.unique(texts, return_inverse=True)
    away[said[:, None] == said] = np.inf
    best = away.argmin(axis=1)
    return {i: (heard[int(best[row])], float(away[row, best[row]])) for row, i in enumerate(heard)}
