"""Labels: drafts, corrections, confirmations, their history and undo; and which clips train, steer and test.

A label is never changed: each edit appends a revision, and so does an undo, so that nobody's work can be lost. Clips
get their split when their label is first confirmed, and keep it.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from workbench.core.labels import LONGEST_LABEL, clean_label, clean_name
from workbench.core.splits import Assignment, SplitCandidate
from workbench.core.types import Clip, Reference
from workbench.errors import DataError
from workbench.services.dividing import SetSplit, assign_set, confirmed_candidates, split_set
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow, now
from workbench.store.queries import (
    STATUS,
    batches,
    find_set,
    lock_clip,
    select_clips,
    select_labelled,
    to_clip,
)

IMPORT_AUTHOR: Final = "import"  # a label that came with a sound
STATUSES: Final = ("unlabelled", "drafted", "confirmed")
UNASSIGNED: Final = "none"  # the filter's name for clips without a split


@dataclass(frozen=True)
class Saved(Reference):
    """A revision as it was saved.

    Attributes:
        conflict: Somebody else's revision that this one overtook without having seen it; both are in the history.
    """

    conflict: Reference | None = None

    @property
    def notice(self) -> str:
        """One sentence for the page, empty where nobody was overtaken."""
        if self.conflict is None:
            return ""
        return (
            f"{self.conflict.author} changed this label while you were editing it; yours is in use now, "
            "and theirs is kept in the history."
        )


class Revision(NamedTuple):
    """A change of a confirmed label that was thought out before: its text, or whether it stays confirmed."""

    clip_id: int
    before: str
    text: str
    confirmed: bool


class Labelling:
    """The use cases of labelling one store's clips."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def clips(
        self,
        set_name: str,
        *,
        status: str | None = None,
        split: str | None = None,
        speaker: str | None = None,
        search: str | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Clip]:
        """A set's clips in the order they came.

        Args:
            status: Only "unlabelled", "drafted" or "confirmed" ones.
            split: Only those of "train", "dev" or "test"; "none" for clips without one.
            speaker: Only this speaker's.
            search: Only those with this in their text or file name, whatever its case.

        Raises:
            UnknownNameError: No such set.
        """
        with self._store.session() as session:
            statement = _filtered(session, select_clips(), set_name, status, split, speaker)
            if not search:
                rows = session.execute(statement.offset(offset).limit(limit))
                return [to_clip(row) for row in rows]
            # In Python: SQLite folds the case of ASCII only.
            found = [clip for clip in map(to_clip, session.execute(statement)) if _matches(clip, search)]
        return found[offset : None if limit is None else offset + limit]

    def count(
        self,
        set_name: str,
        *,
        status: str | None = None,
        split: str | None = None,
        speaker: str | None = None,
        search: str | None = None,
    ) -> int:
        """How many clips `clips` would give without offset and limit."""
        if search:
            return len(self.clips(set_name, status=status, split=split, speaker=speaker, search=search))
        with self._store.session() as session:
            counted = _filtered(session, select_labelled(func.count(ClipRow.id)), set_name, status, split, speaker)
            return int(session.scalar(counted) or 0)

    def speakers(self, set_name: str) -> list[str]:
        """Names of a set's known speakers, in order."""
        with self._store.session() as session:
            statement = select_labelled(ClipRow.speaker).where(
                ClipRow.set_id == find_set(session, set_name).id, ClipRow.speaker.is_not(None)
            )
            return sorted(session.scalars(statement.distinct()))

    def clip(self, clip_id: int) -> Clip:
        """One clip.

        Raises:
            DataError: It does not exist, or was deleted.
        """
        with self._store.session() as session:
            return _clip(session, clip_id)

    def history(self, clip_id: int) -> list[Reference]:
        """All revisions of a clip's label, oldest first."""
        with self._store.session() as session:
            return [_reference(row) for row in _revisions(session, clip_id)]

    def save(
        self, clip_id: int, text: str, *, author: str, confirmed: bool, expected_revision: int | None = None
    ) -> Saved:
        """Append a revision, unless nothing changed.

        A text that equals the current one does not take a confirmation back, and an untouched draft is no revision: it
        comes back with revision 0.

        Args:
            text: As it was typed; stored in NFC, without control characters, whitespace collapsed.
            author: Who typed it.
            confirmed: Whether the text is checked and may train and test.
            expected_revision: The newest revision the author had seen (`Clip.revision`).

        Raises:
            DataError: The clip is gone, or an empty or endless text was to be confirmed.
        """
        cleaned = _checked(text, confirmed)
        with self._store.session() as session:
            clip = lock_clip(session, clip_id)
            revisions = _revisions(session, clip_id)
            newest = revisions[-1] if revisions else None
            current = next((row for row in revisions if row.id == clip.reference_id), None)
            if current and current.text == cleaned and (current.confirmed or not confirmed):
                return Saved(**vars(_reference(current)))
            if current is None and not confirmed and cleaned == _draft(session, clip):
                return Saved(clip_id, cleaned, newest.revision if newest else 0, False, author, datetime.now(UTC))
            overtaken = newest is not None and expected_revision is not None and newest.revision > expected_revision
            last = newest.revision if newest else 0
            row = _append(session, clip, new_revision(clip_id, last, text=cleaned, confirmed=confirmed, author=author))
            conflict = _reference(newest) if newest is not None and overtaken and newest.text != cleaned else None
            saved = Saved(**vars(_reference(row)), conflict=conflict)
            if confirmed and clip.split is None:
                assign_set(session, clip.set_id)
            return saved

    def confirm(self, clip_ids: Iterable[int], author: str) -> list[Reference]:
        """Confirm the text each clip has now, typed or drafted.

        Raises:
            DataError: A clip has no text to confirm; nothing is confirmed then.
        """
        saved = []
        set_ids = set()
        with self._store.session() as session:
            for clip_id in clip_ids:
                clip = lock_clip(session, clip_id)
                revisions = _revisions(session, clip_id)
                current = next((row for row in revisions if row.id == clip.reference_id), None)
                if current is not None and current.confirmed:
                    saved.append(_reference(current))
                    continue
                text = current.text if current is not None else _draft(session, clip)
                if not text:
                    raise DataError(f"Clip {clip_id} ({clip.name}) has no text to confirm; write what is said.")
                last = revisions[-1].revision if revisions else 0
                row = new_revision(clip_id, last, text=text, confirmed=True, author=author)
                saved.append(_reference(_append(session, clip, row)))
                set_ids.add(clip.set_id)
            for set_id in set_ids:
                assign_set(session, set_id)
        return saved

    def revise(self, revisions: Iterable[Revision], author: str) -> list[int]:
        """Change many confirmed labels at once, each only where it is still what the change was made for.

        Returns:
            Ids of the clips that were changed.
        """
        changed = []
        with self._store.session() as session:
            for r in revisions:
                clip = lock_clip(session, r.clip_id)
                newest = _revisions(session, r.clip_id)[-1:]
                current = next((row for row in newest if row.id == clip.reference_id), None)
                if current is None or not current.confirmed or current.text != r.before:
                    continue
                text = _checked(r.text, r.confirmed)
                row = new_revision(r.clip_id, current.revision, text=text, confirmed=r.confirmed, author=author)
                _append(session, clip, row)
                changed.append(r.clip_id)
        return changed

    def undo(self, clip_id: int, author: str) -> Reference | None:
        """Bring back the label before the newest change, by appending it again; repeated, go further back.

        The first typed label goes back to none, so that the draft shows again; a label that came with an import is
        where undo ends.

        Returns:
            The appended revision; its text is empty where no label is left. None where there is nothing to undo.
        """
        with self._store.session() as session:
            clip = lock_clip(session, clip_id)
            revisions = _revisions(session, clip_id)
            standing = _standing(revisions)
            if not standing or (len(standing) == 1 and standing[0].author == IMPORT_AUTHOR):
                return None
            before = standing[-2] if len(standing) > 1 else None
            row = new_revision(
                clip_id,
                revisions[-1].revision,
                text=before.text if before else "",
                confirmed=before.confirmed if before else False,
                author=author,
                restores=before.revision if before else 0,
            )
            _append(session, clip, row)
            if before is None:
                clip.reference_id = None
            return _reference(row)

    def save_drafts(self, model: str, texts: Mapping[int, str], *, draft: bool = True) -> int:
        """Keep what a model heard; never touches a label.

        Args:
            model: Name of the model, or of the run.
            texts: Clip id -> text.
            draft: Whether the texts become the drafts that the expert corrects.

        Returns:
            How many were kept; clips erased meanwhile are passed over.
        """
        kept = 0
        with self._store.session() as session:
            for ids in batches(list(texts)):
                kept += _save_drafts(session, model, {clip_id: texts[clip_id] for clip_id in ids}, draft)
        return kept

    def newest(self, set_name: str) -> int:
        """A number that grows with every revision of a set's labels."""
        with self._store.session() as session:
            statement = select(func.max(ReferenceRow.id)).join(ClipRow, ClipRow.id == ReferenceRow.clip_id)
            return int(session.scalar(statement.where(ClipRow.set_id == find_set(session, set_name).id)) or 0)

    def assign_splits(self, set_name: str) -> Assignment:
        """Give every confirmed clip without a split its place; existing places never change."""
        with self._store.session() as session:
            return assign_set(session, find_set(session, set_name).id)

    def candidates(self, set_name: str) -> list[SplitCandidate]:
        """A set's confirmed clips as the split rules see them."""
        with self._store.session() as session:
            return confirmed_candidates(session, find_set(session, set_name).id)

    def split_of(self, set_name: str) -> SetSplit:
        """How a set's confirmed clips are divided now."""
        with self._store.session() as session:
            return split_set(session, find_set(session, set_name).id)

    def word_list(self, set_name: str) -> list[str]:
        """The expert's terms of a set."""
        with self._store.session() as session:
            return [str(word) for word in find_set(session, set_name).words]


def new_revision(
    clip_id: int, last: int, *, text: str, confirmed: bool, author: str, restores: int | None = None
) -> ReferenceRow:
    """The row that follows revision `last` (0: none yet); the caller holds the write lock and adds it."""
    return ReferenceRow(
        clip_id=clip_id,
        revision=last + 1,
        text=text,
        confirmed=confirmed,
        author=clean_name(author, 100),
        restores=restores,
        created_at=now(),
    )


def _filtered(
    session: Session, statement: Select[Any], set_name: str, status: str | None, split: str | None, speaker: str | None
) -> Select[Any]:
    statement = statement.where(ClipRow.set_id == find_set(session, set_name).id)
    if status:
        statement = statement.where(STATUS.in_([status]))
    if split:
        statement = statement.where(ClipRow.split.is_(None) if split == UNASSIGNED else ClipRow.split == split)
    if speaker:
        statement = statement.where(ClipRow.speaker == speaker)
    return statement


def _matches(clip: Clip, search: str) -> bool:
    wanted = unicodedata.normalize("NFC", search).casefold().strip()
    return wanted in clip.text.casefold() or wanted in clip.name.casefold()


def _clip(session: Session, clip_id: int) -> Clip:
    row = session.execute(select_clips().where(ClipRow.id == clip_id)).one_or_none()
    if row is None:
        raise DataError(f"Clip {clip_id} does not exist any more; it was deleted, or never added.")
    return to_clip(row)


def _checked(text: str, confirmed: bool) -> str:
    cleaned = clean_label(text)
    if len(cleaned) > LONGEST_LABEL:
        raise DataError(f"The label has {len(cleaned):,} characters; a clip of 30 s has at most {LONGEST_LABEL:,}.")
    if confirmed and not cleaned:
        raise DataError("An empty label cannot be confirmed; write what is said, or delete the clip.")
    return cleaned


def _revisions(session: Session, clip_id: int) -> list[ReferenceRow]:
    statement = select(ReferenceRow).where(ReferenceRow.clip_id == clip_id).order_by(ReferenceRow.revision)
    return list(session.scalars(statement))


def _append(session: Session, clip: ClipRow, row: ReferenceRow) -> ReferenceRow:
    session.add(row)
    session.flush()
    clip.reference_id = row.id
    return row


def _standing(revisions: Iterable[ReferenceRow]) -> list[ReferenceRow]:
    """The revisions that no undo has taken back: an edit is pushed, an undo pops down to what it restored."""
    stack: list[ReferenceRow] = []
    for row in revisions:
        if row.restores is None:
            stack.append(row)
        while row.restores is not None and stack and stack[-1].revision > row.restores:
            stack.pop()
    return stack


def _draft(session: Session, clip: ClipRow) -> str:
    draft = session.get(HypothesisRow, clip.draft_id) if clip.draft_id is not None else None
    return draft.text if draft else ""


def _reference(row: ReferenceRow) -> Reference:
    time = row.created_at.replace(tzinfo=UTC)
    return Reference(row.clip_id, row.text, row.revision, row.confirmed, row.author, time)


def _save_drafts(session: Session, model: str, texts: Mapping[int, str], draft: bool) -> int:
    clips = {clip.id: clip for clip in session.scalars(select(ClipRow).where(ClipRow.id.in_(texts)))}
    statement = select(HypothesisRow).where(HypothesisRow.clip_id.in_(texts), HypothesisRow.model == model)
    rows = {row.clip_id: row for row in session.scalars(statement)}
    for clip_id in clips:
        row = rows.setdefault(clip_id, HypothesisRow(clip_id=clip_id, model=model, words=None))
        row.text, row.created_at = clean_label(texts[clip_id]), now()
        session.add(row)
    session.flush()
    if draft:
        for clip_id, clip in clips.items():
            clip.draft_id = rows[clip_id].id
    return len(clips)
