"""How strongly the words of a list are favoured: chosen by the errors that each strength makes on labelled clips."""

from collections.abc import Mapping, Sequence


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
