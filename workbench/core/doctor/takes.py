"""Whether a take says another prompt than its own, by what a model heard in it: the doctor's rule for swapped labels.

A weak model mishears a right take too, so that its distance to the prompt alone says nothing; that another prompt fits
clearly better does. The words of a set's list never count: they are what the model has yet to learn.
"""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from workbench.core.doctor.similarity import BETTER_BY, OWN_LIMIT, SHORTEST
from workbench.core.text.normalize import normalize_marks


def nearer_prompt(heard: str, own: str, prompts: Sequence[str], words: Sequence[str] = ()) -> str | None:
    """The prompt that fits what was heard clearly better than the take's own; None where there is none.

    Args:
        heard: What a model wrote of the take.
        own: The prompt that was to be read.
        prompts: All that are read from, this one among them or not.
        words: The set's word list. Prompts that differ in these alone are one to this rule.

    Returns:
        The nearest prompt whose distance, in edits per character of the longer text, is at least `BETTER_BY` less than
        the own one's and at most `OWN_LIMIT`. Short texts are passed over: a letter misheard is another's text.
    """
    rest = _Rest(words)
    said, text = rest.of(heard), rest.of(own)
    if len(text) < SHORTEST or not said:
        return None
    others = {other: left for other in prompts if len(left := rest.of(other)) >= SHORTEST and left != text}
    away = {other: Levenshtein.normalized_distance(said, left) for other, left in others.items()}
    nearest = min(away, key=lambda other: away[other], default=None)
    if nearest is None or away[nearest] > OWN_LIMIT:
        return None
    return nearest if Levenshtein.normalized_distance(said, text) - away[nearest] >= BETTER_BY else None


class _Rest:
    """Texts as they are compared: normalised, without the words of a list."""

    def __init__(self, words: Sequence[str]) -> None:
        terms = sorted({term for word in words if (term := normalize_marks(word))}, key=len, reverse=True)
        self._listed = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, terms))})(?!\S)") if terms else None

    def of(self, text: str) -> str:
        written = normalize_marks(text)
        return " ".join((self._listed.sub(" ", written) if self._listed else written).split())
