"""What hangs together by a key that is shared, directly or through others: union-find."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import chain


def hang_together(keys: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """Places that share a key, directly or through others, in order of their first one.

    Args:
        keys: Of each place.
    """
    parent = list(range(len(keys)))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first: dict[Hashable, int] = {}
    shared = {key for key, n in Counter(chain.from_iterable(keys)).items() if n > 1}  # most sentences are said once
    for place, own in enumerate(keys):
        for key in shared.intersection(own):
            parent[find(place)] = find(first.setdefault(key, place))
    groups: dict[int, list[int]] = {}
    for place in range(len(keys)):
        groups.setdefault(find(place), []).append(place)
    return list(groups.values())
