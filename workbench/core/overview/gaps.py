"""What is missing of a set, in sentences, that which most is missing of first.

A gap says how much of what it speaks of is missing; that is its share, by which they are ranked. What keeps anything
from being learned or judged counts as all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from workbench.core.overview.contents import Contents
from workbench.language.said import count, say

NAMED: Final = 5  # terms in a sentence
FEWEST_TO_JUDGE: Final = 2  # speakers


@dataclass(frozen=True)
class Gap:
    """Something that is missing.

    Attributes:
        share: How much of it, 0 to 1.
        clips: The clips that it is about; none where it is about clips that are not there.
    """

    kind: str
    sentence: str
    share: float
    clips: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "sentence": self.sentence, "share": round(self.share, 3), "clips": len(self.clips)}


def gaps(contents: Contents) -> tuple[Gap, ...]:
    """What is missing of a set; nothing of an empty one, of which everything is."""
    if not contents.clips:
        return ()
    found = [gap for find in _FINDERS for gap in find(contents)]
    return tuple(sorted(found, key=lambda gap: -gap.share))  # those alike stay as they are


def _labels(contents: Contents) -> Iterator[Gap]:
    n = len(contents.clips)
    if not contents.such("confirmed"):
        yield Gap("confirmed", say("No label is confirmed yet; nothing else trains or judges a model."), 1.0)
    if todo := contents.such("unlabelled"):
        sentence = count(
            len(todo),
            "{n:,} of {clips:,} clips has nothing written down yet.",
            "{n:,} of {clips:,} clips have nothing written down yet.",
            clips=n,
        )
        yield Gap("unlabelled", sentence, len(todo) / n, todo)
    if drafts := contents.such("drafted"):
        waiting = count(len(drafts), "{n:,} draft waits to be checked.", "{n:,} drafts wait to be checked.")
        yield Gap("drafted", waiting, len(drafts) / n, drafts)


def _parts(contents: Contents) -> Iterator[Gap]:
    if contents.in_folds or not contents.such("confirmed"):
        return
    if not contents.such("test"):
        yield Gap("test", say("No clip judges what a model learned yet: the test set is empty."), 1.0)
    if not contents.such("train"):
        yield Gap("train", say("No clip teaches a model yet: the train set is empty."), 1.0)


def _terms(contents: Contents) -> Iterator[Gap]:
    n, never = len(contents.terms), contents.never_said
    if never:
        sentence = count(
            len(never),
            "{n:,} of {listed:,} words of your list is never said: {words}.",
            "{n:,} of {listed:,} words of your list are never said: {words}.",
            listed=n,
            words=_named(never),
        )
        yield Gap("terms", sentence, len(never) / n)
    tested, learned = (set(contents.such(name)) for name in ("test", "train"))
    if contents.in_folds or not (tested and learned):
        return
    said = {term: clips for term, clips in contents.terms.items() if clips}
    untested = [term for term, clips in said.items() if not clips & tested]
    unlearned = [term for term, clips in said.items() if clips & tested and not clips & learned]
    if untested:
        about = count(
            len(untested),
            "No clip of the test set has a word of your list: {words}.",
            "No clip of the test set has {n:,} words of your list: {words}.",
            words=_named(untested),
        )
        yield Gap("terms_untested", about, len(untested) / n)
    if unlearned:
        about = count(
            len(unlearned),
            "Only test clips have a word of your list, so that no model learns: {words}.",
            "Only test clips have {n:,} words of your list, so that no model learns: {words}.",
            words=_named(unlearned),
        )
        yield Gap("terms_unlearned", about, len(unlearned) / n)


def _speakers(contents: Contents) -> Iterator[Gap]:
    n, unknown = len(contents.clips), contents.such("speaker_unknown")
    if unknown:
        sentence = count(
            len(unknown),
            "Who speaks is not known of {n:,} of {clips:,} clips: one voice may both teach and judge.",
            "Who speaks is not known of {n:,} of {clips:,} clips: one voice may both teach and judge.",
            clips=n,
        )
        yield Gap("speakers", sentence, len(unknown) / n, unknown)
    if len(contents.speakers) < FEWEST_TO_JUDGE and not unknown:
        yield Gap("voices", say("All clips are of one voice: how well others will be heard cannot be told."), 0.5)


_FINDERS: Final[tuple[Callable[[Contents], Iterable[Gap]], ...]] = (_labels, _parts, _terms, _speakers)


def _named(terms: Iterable[str]) -> str:
    some = list(terms)
    named = ", ".join(some[:NAMED])
    more = len(some) - NAMED
    return named if more <= 0 else count(more, "{words} and {n:,} more", "{words} and {n:,} more", words=named)
