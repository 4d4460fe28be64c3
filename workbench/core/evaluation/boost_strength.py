"""How strongly the words of a list are favoured: chosen by the errors that each strength makes on labelled clips."""

from collections.abc import Mapping, Sequence
from typing import Final

FOLDS: Final = 5


def best_strength(errors: Mapping[float, Sequence[int]]) -> float:
    """The strength with the fewest errors in all; of several the weakest.

    Args:
        errors: Strength -> errors of each clip.
    """
    return min(errors, key=lambda strength: (sum(errors[strength]), strength))


def out_of_fold(errors: Mapping[float, Sequence[int]], folds: Sequence[int]) -> list[int]:
    """Errors of each clip at the strength that the clips of the other folds choose.

    Args:
        folds: The fold of each clip.
    """
    chosen = {}
    for fold in set(folds):
        others = {s: [e for e, f in zip(of_clips, folds, strict=True) if f != fold] for s, of_clips in errors.items()}
        chosen[fold] = best_strength(others)
    return [errors[chosen[fold]][place] for place, fold in enumerate(folds)]


def dealt(groups: Sequence[str], n: int = FOLDS) -> list[int]:
    """The fold of each clip: clips of one group (a speaker, a sentence) stay together, the largest groups are dealt
    first, each to the fold that has the fewest clips."""
    sizes = [0] * n
    fold_of: dict[str, int] = {}
    for group in sorted(set(groups), key=lambda g: (-groups.count(g), g)):
        fold_of[group] = min(range(n), key=lambda fold: (sizes[fold], fold))
        sizes[fold_of[group]] += groups.count(group)
    return [fold_of[group] for group in groups]
