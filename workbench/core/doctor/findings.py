"""What the label doctor finds: the labels it looks at, the trouble it names, the changes that mend it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from workbench.core.doctor.similarity import DraftMatch, hold_against
from workbench.core.text.normalize import normalize_marks
from workbench.core.text.numbers import spell_numbers
from workbench.core.types import Seconds, SplitName
from workbench.language.said import say

LISTEN_AGAIN: Final = say("Put them on the list to listen again (take the confirmation back)")

Sound = Literal["clipped", "quiet"]


@dataclass(frozen=True)
class Labelled:
    """A confirmed clip as the doctor sees it.

    Attributes:
        duration: Length in seconds.
        sound: What was noticed about the sound when it came in.
        draft: What the model heard; None where it has not listened.
    """

    clip_id: int
    name: str
    text: str
    duration: Seconds
    split: SplitName | None = None
    sound: Sound | None = None
    draft: str | None = None


@dataclass(frozen=True)
class Change:
    """What a remedy does to one label; `after` is None where the confirmation is taken back."""

    clip_id: int
    before: str
    after: str | None


@dataclass(frozen=True)
class Finding:
    """One kind of trouble in a set.

    Attributes:
        clips: Ids of the clips that show it.
        sentence: What is wrong, in one clear sentence.
        remedy: What one action would do, in words; empty where only a person can help.
        changes: That action, label by label.
        notes: Clip id -> what stands at the clip, a short phrase.
    """

    kind: str
    clips: tuple[int, ...]
    sentence: str
    remedy: str
    changes: tuple[Change, ...]
    notes: Mapping[int, str]


@dataclass(frozen=True)
class LabelSet:
    """The labels under examination.

    Attributes:
        language: Of the set.
        model: Whose drafts these are; None without drafts.
        in_folds: Whether the set is tested in folds, every clip once, and not by fixed test clips.
    """

    clips: Sequence[Labelled]
    language: str | None = None
    model: str | None = None
    in_folds: bool = False

    @cached_property
    def plain(self) -> list[str]:
        """The labels as they are compared: numbers as words, lower case, no punctuation."""
        return [self.compared(c.text) for c in self.clips]

    @cached_property
    def held(self) -> DraftMatch:
        """The labels held against the drafts."""
        return hold_against(self.plain, [self.compared(c.draft or "") for c in self.clips])

    def compared(self, text: str) -> str:
        return normalize_marks(spell_numbers(text, self.language)[0])


def finding(
    kind: str, clips: Sequence[Labelled], sentence: str, remedy: str, changes: Iterable[Change], notes: dict[int, str]
) -> Finding:
    """A finding; without a change its remedy is nobody's."""
    mended = tuple(changes)
    return Finding(kind, tuple(c.clip_id for c in clips), sentence, remedy if mended else "", mended, notes)


def relisten(
    kind: str,
    clips: Sequence[Labelled],
    sentence: str,
    notes: dict[int, str],
    *,
    remedy: str = LISTEN_AGAIN,
) -> Finding | None:
    """A finding whose remedy takes the confirmations back; None where no clip shows it."""
    if not clips:
        return None
    return finding(kind, clips, sentence, remedy, [Change(c.clip_id, c.text, None) for c in clips], notes)


def rewritten(clips: Iterable[Labelled], rewrite: Callable[[str], str]) -> list[Change]:
    """The labels that come out different."""
    changes = [Change(c.clip_id, c.text, rewrite(c.text)) for c in clips]
    return [c for c in changes if c.after and c.after != c.before]
