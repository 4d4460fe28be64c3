"""A set's clips page by page: filtered, searched, in the order wanted, each with what the list shows beside its label.

Only ids are read of clips that are not shown: a set of 20,000 is turned over as quickly as one of 20.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case
from sqlalchemy.orm import Session

from workbench.core.types import Clip, Heard
from workbench.errors import UnknownNameError
from workbench.language.said import say
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow
from workbench.store.queries import STATUS, TEXT, batches, find_set, select_clips, select_labelled, to_clip

IMPORT_AUTHOR: Final = "import"  # a label that came with a sound
UNNAMED_AUTHOR: Final = "expert"  # of who gave no name; the page words it where it is shown
UNASSIGNED: Final = "none"  # the filter's name for clips without a split
# A word is pointed out where the model gave it less than even odds, which everybody can picture. With ctc-en, on 180
# clips of the sample sets and 25 of LibriSpeech, 91 to 98 % of the words pointed out were wrong (39 to 68 % of all the
# wrong ones), with 4 to 20 % of the right ones; 0.7 would find 73 to 92 %, but mark 26 to 40 % of the right ones.
UNCERTAIN: Final = 0.5
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Wanted:
    """Which clips, and in which order.

    Attributes:
        status: Only "unlabelled", "drafted" or "confirmed" ones.
        split: Only those of "train", "dev" or "test"; "none" for clips without one.
        speaker: Only this speaker's.
        search: Only those with this in their text or file name, whatever its case.
        only: Only some of these ids.
        order: One of ORDERS.
    """

    status: str | None = None
    split: str | None = None
    speaker: str | None = None
    search: str | None = None
    only: Collection[int] | None = None
    order: str = "added"

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise UnknownNameError(say("order"), self.order, list(ORDERS))


@dataclass(frozen=True)
class Listed:
    """A clip as the list shows it.

    Attributes:
        author: Who made the current label; empty where there is only a draft.
        draft: What the drafting model heard, with its confidences; None where it has not listened.
    """

    clip: Clip
    author: str
    draft: Heard | None

    @property
    def unsure(self) -> tuple[int, ...]:
        """Places of the draft's words that the model was unsure of, while the label is not confirmed."""
        if self.draft is None or self.clip.status != "drafted":
            return ()
        return tuple(i for i, sure in enumerate(self.draft.confidences) if sure < UNCERTAIN)

    @property
    def edited(self) -> bool:
        """Whether somebody wrote its text, which is no draft any more but has not been confirmed yet."""
        by_hand = self.author not in ("", IMPORT_AUTHOR) and self.clip.text != (self.draft.text if self.draft else "")
        return self.clip.status == "drafted" and by_hand

    @property
    def no_speech(self) -> bool:
        """Whether the drafting model heard nobody speak, and nobody has written anything yet."""
        return self.draft is not None and not self.draft.text and not self.clip.text and self.clip.status == "drafted"


@dataclass(frozen=True)
class ClipPage:
    """Some of the clips that were found.

    Attributes:
        total: How many were found.
        language: Of the set.
    """

    clips: tuple[Listed, ...]
    total: int
    offset: int
    language: str | None


class Browsing:
    """The use cases of looking through one store's clips."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, set_name: str, wanted: Wanted, *, number: int, size: int) -> ClipPage:
        """One page of the clips that are wanted; the last one where there are not so many.

        Args:
            number: Of the page, from 0.
            size: Clips on a page.

        Raises:
            UnknownNameError: No such set.
        """
        with self._store.session() as session:
            clip_set = find_set(session, set_name)
            ids = found(session, clip_set.id, wanted)
            offset = size * max(0, min(number, (len(ids) - 1) // size))
            clips = _listed(session, ids[offset : offset + size])
            return ClipPage(tuple(clips), len(ids), offset, clip_set.language)

    def ids(self, set_name: str, wanted: Wanted) -> list[int]:
        """Ids of all clips that are wanted, in order."""
        with self._store.session() as session:
            return found(session, find_set(session, set_name).id, wanted)

    def listed(self, clip_ids: Sequence[int]) -> list[Listed]:
        """These clips, as far as they exist, in this order."""
        with self._store.session() as session:
            return _listed(session, clip_ids)


def found(session: Session, set_id: int, wanted: Wanted) -> list[int]:
    """Ids of a set's living clips that are wanted, in order."""
    in_python = bool(wanted.search) or wanted.order == "name"
    columns = (ClipRow.id, ClipRow.name, TEXT) if in_python else (ClipRow.id,)
    statement = _filtered(select_labelled(*columns).where(ClipRow.set_id == set_id), wanted)
    rows: list[Any] = list(session.execute(statement.order_by(*ORDERS[wanted.order]())))
    if wanted.search:  # SQLite folds the case of ASCII only
        said = unicodedata.normalize("NFC", wanted.search).casefold().strip()
        rows = [row for row in rows if said in row[2].casefold() or said in row[1].casefold()]
    if wanted.order == "name":
        rows.sort(key=lambda row: natural(row[1]))
    only = None if wanted.only is None else set(wanted.only)
    return [row[0] for row in rows if only is None or row[0] in only]


def natural(name: str) -> list[str | int]:
    """A name as people sort it: "clip 2" before "clip 10"; words and numbers take turns, so that any two compare."""
    return [int(part) if place % 2 else part for place, part in enumerate(_DIGITS.split(name.casefold()))]


def clips_of(session: Session, clip_ids: Sequence[int]) -> list[Clip]:
    """These clips, as far as they live, in this order."""
    by_id: dict[int, Clip] = {}
    for ids in batches(clip_ids):
        by_id |= {row[0].id: to_clip(row) for row in session.execute(select_clips().where(ClipRow.id.in_(ids)))}
    return [by_id[i] for i in clip_ids if i in by_id]


def _filtered(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.status:
        statement = statement.where(STATUS.in_([wanted.status]))
    if wanted.split:
        unassigned = wanted.split == UNASSIGNED
        statement = statement.where(ClipRow.split.is_(None) if unassigned else ClipRow.split == wanted.split)
    if wanted.speaker:
        statement = statement.where(ClipRow.speaker == wanted.speaker)
    return statement


def _listed(session: Session, clip_ids: Sequence[int]) -> list[Listed]:
    beside: dict[int, tuple[str, Heard | None]] = {}
    for ids in batches(clip_ids):
        statement = select_labelled(
            ClipRow.id, ReferenceRow.author, HypothesisRow.text, HypothesisRow.confidences
        ).where(ClipRow.id.in_(ids))
        for clip_id, author, text, confidences in session.execute(statement):
            draft = None if text is None else Heard(text, tuple(confidences or ()))
            beside[clip_id] = (author or "", draft)
    return [Listed(clip, *beside[clip.id]) for clip in clips_of(session, clip_ids)]


def _as_added() -> tuple[ColumnElement[Any], ...]:
    return (ClipRow.id,)  # type: ignore[return-value]


def _most_uncertain_first() -> tuple[ColumnElement[Any], ...]:
    """Drafts by their certainty, then what has none, then what is confirmed."""
    rank = case((ReferenceRow.confirmed.is_(True), 2), (HypothesisRow.certainty.is_(None), 1), else_=0)
    return (rank, HypothesisRow.certainty, ClipRow.id)  # type: ignore[return-value]


ORDERS: Final[dict[str, Callable[[], tuple[ColumnElement[Any], ...]]]] = {
    "added": _as_added,
    "uncertain": _most_uncertain_first,
    "name": _as_added,  # sorted in Python, as people sort
}
