"""What a clip set holds: one value that its figures, its pictures and the sentences about what is missing all read.

Words are counted as they are written (`marks`, or one character each where words have no spaces between them), not as
Whisper's English rules compare them: these write "twenty five" as 25. Terms are found by the rules of the comparison.
The measures of a clip are those of NVIDIA's Speech Data Explorer (NeMo): length, level, characters a second, errors.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from workbench.core.text.ruler import Measure
from workbench.core.types import SPLIT_NAMES, Clip, Seconds

Test = Callable[[Clip], bool]


@dataclass(frozen=True)
class Contents:
    """A set's clips with what was found in them.

    Attributes:
        clips: In the order they came.
        words: Clip -> the words of its text, in order; none where it has no text.
        terms: Term of the word list -> the clips in whose text it occurs.
        errors: Clip -> errors per word (or character, see `measure`) of what `heard_by` wrote, against its label.
        heard_by: The model that has heard the most of the confirmed clips; None where none has.
        measure: Whether words or characters are what errors are counted in.
        in_folds: Whether the clips learn and judge in turns, so that no part of the set is the test set.
    """

    clips: tuple[Clip, ...]
    words: Mapping[int, tuple[str, ...]]
    terms: Mapping[str, frozenset[int]] = field(default_factory=dict)
    errors: Mapping[int, float] = field(default_factory=dict)
    heard_by: str | None = None
    measure: Measure = "wer"
    in_folds: bool = False

    @cached_property
    def vocabulary(self) -> Counter[str]:
        """How often each word is written."""
        return Counter(word for words in self.words.values() for word in words)

    @property
    def duration(self) -> Seconds:
        return sum(clip.duration for clip in self.clips)

    @cached_property
    def speakers(self) -> dict[str | None, Seconds]:
        """Speaker -> the length of their clips, the longest first; None is who is not known."""
        found: Counter[str | None] = Counter()
        for clip in self.clips:
            found[clip.speaker] += clip.duration  # type: ignore[assignment]  # counts may be any number
        return dict(found.most_common())

    @property
    def never_said(self) -> tuple[str, ...]:
        """Terms that occur in no text."""
        return tuple(term for term, clips in self.terms.items() if not clips)

    def such(self, name: str) -> tuple[int, ...]:
        """The clips that a figure counts, one of `FIGURES`."""
        return tuple(clip.id for clip in self.clips if FIGURES[name](clip))

    def with_word(self, word: str) -> tuple[int, ...]:
        """The clips in whose text a word stands."""
        return tuple(i for i, words in self.words.items() if word in words)

    def figures(self) -> dict[str, Any]:
        """The numbers, for JSON; durations in seconds."""
        lengths = sorted(clip.duration for clip in self.clips)
        return {
            "clips": len(self.clips),
            "seconds": round(self.duration, 1),
            "shortest": lengths[0] if lengths else None,
            "longest": lengths[-1] if lengths else None,
            **{name: sum(map(test, self.clips)) for name, test in FIGURES.items()},
            "speakers": sum(name is not None for name in self.speakers),
            "words": self.vocabulary.total(),
            "different_words": len(self.vocabulary),
            "words_once": sum(n == 1 for n in self.vocabulary.values()),
            "terms": len(self.terms),
            "terms_never_said": list(self.never_said),
            "heard_by": self.heard_by,
            "heard": len(self.errors),
            "in_folds": self.in_folds,
        }


def pace(clip: Clip) -> float | None:
    """Characters of the text a second, as it is written; None without a text that is of what is heard."""
    return len(clip.text) / clip.duration if clip.text and clip.duration and not clip.stale else None


def _in_part(name: str | None) -> Test:
    return lambda clip: clip.split == name


def _of_status(name: str) -> Test:
    return lambda clip: clip.status == name


FIGURES: Final[dict[str, Test]] = {
    **{name: _of_status(name) for name in ("confirmed", "drafted", "unlabelled")},
    **{name: _in_part(name) for name in SPLIT_NAMES},
    "in_no_part": _in_part(None),
    "speaker_unknown": lambda clip: clip.speaker is None,
    "without_text": lambda clip: not clip.text,
    "with_digits": lambda clip: any(map(str.isdecimal, clip.text)),
    "with_warnings": lambda clip: bool(clip.warnings),
}


def measures(contents: Contents, level_of: Callable[[str], float | None]) -> Iterator[dict[str, float | None]]:
    """What is drawn of each clip, in order: its length in seconds, level, pace and errors, None where it is not known.

    Rounded here, so that a clip lies in the same bar for whoever draws and for whoever is asked what the bar holds.

    Args:
        level_of: Hash of a sound -> its level, dB of full scale.
    """
    for clip in contents.clips:
        yield {
            "duration": round(clip.duration, 3),
            "level": _rounded(level_of(clip.sha256), 1),
            "pace": _rounded(pace(clip), 2),
            "error": _rounded(contents.errors.get(clip.id), 4),
        }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def within(value: float | None, low: float, high: float | None) -> bool:
    """Whether a measure lies from `low` up to but not at `high`; without an end above, anything from `low` on does."""
    return value is not None and value >= low and (high is None or value < high)
