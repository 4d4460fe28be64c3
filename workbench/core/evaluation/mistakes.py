"""Which words are missed most, and what is heard in their place, before and after."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from workbench.core.evaluation.scoring import Evaluation

MOST: Final = 100  # of each that are listed
CLIPS: Final = 20  # in which one was made, to listen to


@dataclass
class Missed:
    """A word that was said, and how often either side did not write it: left out, or another in its place."""

    word: str
    occurrences: int = 0
    base: int = 0
    adapted: int = 0
    clips: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"word": self.word, "occurrences": self.occurrences, "base": self.base, "adapted": self.adapted}


@dataclass
class Confusion:
    """A word that was said, what was heard in its place, and how often either side did so.

    Attributes:
        clips: Numbers of the clips in which it happened, the adapted side's first.
    """

    said: str
    heard: str
    base: int = 0
    adapted: int = 0
    clips: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"said": self.said, "heard": self.heard, "base": self.base, "adapted": self.adapted}


def mistakes(base: Evaluation, adapted: Evaluation) -> tuple[list[Missed], list[Confusion]]:
    """Missed words and confusions, those that the adapted side makes most often first, then the base's."""
    missed: dict[str, Missed] = {}
    confused: dict[tuple[str, str], Confusion] = {}
    said = Counter(op.reference for clip in base.clips for op in clip.alignment if op.kind != "insert")
    for name, side in (("adapted", adapted), ("base", base)):
        for number, clip in enumerate(side.clips):
            for op in clip.alignment:
                if op.kind not in ("delete", "substitute"):
                    continue
                _count(missed.setdefault(op.reference, Missed(op.reference, said[op.reference])), name, number)
                if op.kind == "substitute":
                    pair = op.reference, op.hypothesis
                    _count(confused.setdefault(pair, Confusion(*pair)), name, number)
    words = sorted(missed.values(), key=lambda m: (-m.adapted, -m.base, m.word))
    pairs = sorted(confused.values(), key=lambda c: (-c.adapted, -c.base, c.said, c.heard))
    return words[:MOST], pairs[:MOST]


def _count(mistake: Missed | Confusion, side: str, clip: int) -> None:
    setattr(mistake, side, getattr(mistake, side) + 1)
    if clip not in mistake.clips and len(mistake.clips) < CLIPS:
        mistake.clips.append(clip)
