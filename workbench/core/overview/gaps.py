"""What is missing of a set, in sentences, that which most is missing of first.

A gap says how much of what it speaks of is missing; that is its share, by which they are ranked. What keeps anything
from being learned or judged counts as all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from workbench.core.overview.contents import Contents

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
        yield Gap("confirmed", "No label is confirmed yet; nothing else trains or judges a model.", 1.0)
    if todo := contents.such("unlabelled"):
        yield Gap("unlabelled", f"{_of(len(todo), n)} nothing written down yet.", len(todo) / n, todo)
    if drafts := contents.such("drafted"):
        yield Gap("drafted", f"{_some(drafts, 'draft waits', 'drafts wait')} to be checked.", len(drafts) / n, drafts)


def _parts(contents: Contents) -> Iterator[Gap]:
    if contents.in_folds or not contents.such("confirmed"):
        return
    for name, does in (("test", "judges what a model learned"), ("train", "teaches a model")):
        if not contents.such(name):
            yield Gap(name, f"No clip {does} yet: the {name} set is empty.", 1.0)


def _terms(contents: Contents) -> Iterator[Gap]:
    n, never = len(contents.terms), contents.never_said
    if never:
        sentence = f"{_of_list(len(never), n)} never said: {_named(never)}."
        yield Gap("terms", sentence, len(never) / n)
    tested, learned = (set(contents.such(name)) for name in ("test", "train"))
    if contents.in_folds or not (tested and learned):
        return
    said = {term: clips for term, clips in contents.terms.items() if clips}
    untested = [term for term, clips in said.items() if not clips & tested]
    unlearned = [term for term, clips in said.items() if clips & tested and not clips & learned]
    if untested:
        about = f"No clip of the test set has {_words(len(untested))} of your list: {_named(untested)}."
        yield Gap("terms_untested", about, len(untested) / n)
    if unlearned:
        about = f"Only test clips have {_words(len(unlearned))} of your list, so that no model learns: "
        yield Gap("terms_unlearned", f"{about}{_named(unlearned)}.", len(unlearned) / n)


def _speakers(contents: Contents) -> Iterator[Gap]:
    n, unknown = len(contents.clips), contents.such("speaker_unknown")
    if unknown:
        sentence = f"Who speaks is not known of {len(unknown):,} of {n:,} clips: one voice may both teach and judge."
        yield Gap("speakers", sentence, len(unknown) / n, unknown)
    if len(contents.speakers) < FEWEST_TO_JUDGE and not unknown:
        yield Gap("voices", "All clips are of one voice: how well others will be heard cannot be told.", 0.5)


_FINDERS: Final[tuple[Callable[[Contents], Iterable[Gap]], ...]] = (_labels, _parts, _terms, _speakers)


def _of(n: int, total: int) -> str:
    return f"{n:,} of {total:,} clips {'has' if n == 1 else 'have'}"


def _of_list(n: int, total: int) -> str:
    return f"{n:,} of {total:,} words of your list {'is' if n == 1 else 'are'}"


def _words(n: int) -> str:
    return "a word" if n == 1 else f"{n:,} words"


def _some(clips: tuple[int, ...], one: str, many: str) -> str:
    return f"{len(clips):,} {one if len(clips) == 1 else many}"


def _named(terms: Iterable[str]) -> str:
    some = list(terms)
    more = f" and {len(some) - NAMED:,} more" if len(some) > NAMED else ""
    return f"{', '.join(some[:NAMED])}{more}"
