"""General speech in three parts that share no speaker and no sentence: to rehearse, to steer by, to report on.

What a choice was made by tells too well of that choice, and what was learned from tells nothing of what was forgotten.
The division follows from the clips alone, so that it is the same in every run and in whatever order they came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from workbench.core.grouping import hang_together

Part = Literal["rehearse", "steer", "report"]

# Shares of the words. What is reported has to be judged, what steers has to be heard after every training.
SHARES: Final[Mapping[Part, float]] = {"report": 0.5, "rehearse": 0.3, "steer": 0.2}
MOST_STEERING: Final = 1000  # words; more would take time and change few choices
FEWEST: Final[Mapping[Part, int]] = {"report": 300, "rehearse": 100, "steer": 150}  # words


@dataclass(frozen=True)
class Spoken:
    """A clip as the division sees it.

    Attributes:
        content: Names its sound and label.
        speaker: None where it is unknown; such a clip stands by itself.
        sentence: As sentences are compared.
        words: That are scored in it.
    """

    content: str
    speaker: str | None
    sentence: str
    words: int


def divide(clips: Sequence[Spoken], shares: Mapping[Part, float]) -> list[Part]:
    """The part of each clip: groups, larger first, each to the part that is furthest below its share of the words."""
    groups = hang_together([_keys(clip) for clip in clips])
    groups.sort(key=lambda group: (-_words(clips, group), min(clips[i].content for i in group)))
    total = sum(clip.words for clip in clips)
    missing = {part: share * total for part, share in shares.items()}
    parts: dict[int, Part] = {}
    for group in groups:
        part = max(missing, key=lambda name: missing[name])
        missing[part] -= _words(clips, group)
        parts |= dict.fromkeys(group, part)
    return [parts[i] for i in range(len(clips))]


def divide_own(clips: Sequence[Spoken]) -> list[Part] | None:
    """The parts of a user's own general speech; None where one of them would be too small to be of use."""
    total = max(1, sum(clip.words for clip in clips))
    steer = min(SHARES["steer"], MOST_STEERING / total)
    parts = divide(clips, {**SHARES, "steer": steer, "rehearse": SHARES["rehearse"] + SHARES["steer"] - steer})
    words = dict.fromkeys(FEWEST, 0)
    for clip, part in zip(clips, parts, strict=True):
        words[part] += clip.words
    return parts if all(words[part] >= fewest for part, fewest in FEWEST.items()) else None


def _keys(clip: Spoken) -> list[tuple[str, str]]:
    named = (("speaker", clip.speaker or ""), ("sentence", clip.sentence))
    return [(kind, value) for kind, value in named if value]


def _words(clips: Sequence[Spoken], group: Sequence[int]) -> int:
    return sum(clips[i].words for i in group)
