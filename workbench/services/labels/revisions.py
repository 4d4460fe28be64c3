"""Labels: drafts, corrections, confirmations, their history and undo; and which clips train, steer and test.

A label is never changed: each edit appends a revision, and so does an undo, so that nobody's work can be lost. Clips
get their split when their label is first confirmed, and keep it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.core.splits import SplitCandidate
from workbench.core.text.clean import LONGEST_LABEL, clean_label, clean_name
from workbench.core.text.unspoken import unspoken
from workbench.core.text.word_list import Favoured, term_of
from workbench.core.types import Clip, Heard, Reference
from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.labels.drafts import draft_texts, write_drafts
from workbench.services.labels.query import IMPORT_AUTHOR, Wanted, clips_of, found
from workbench.services.labels.rows import (
    current_labels,
    last_revisions,
    lock_clips,
    revisions_of,
    standing_revisions,
    to_reference,
)
from workbench.services.labels.splits import SetSplit, assign_set, confirmed_candidates, in_folds, split_set
from workbench.services.storage.reserve import comes_first, told_when_full
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow, now
from workbench.store.queries import batches, find_set, lock_clip, select_clips, select_labelled, to_clip


@dataclass(frozen=True)
class Saved(Reference):
    """A revision as it was saved.

    Attributes:
        conflict: Somebody else's revision that this one overtook without having seen it; both are in the history.
    """

    conflict: Reference | None = None


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
        wanted = Wanted(status, split, speaker, search)
        with self._store.session() as session:
            ids = found(session, find_set(session, set_name).id, wanted)
            return clips_of(session, ids[offset : None if limit is None else offset + limit])

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
        with self._store.session() as session:
            return len(found(session, find_set(session, set_name).id, Wanted(status, split, speaker, search)))

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
            return [to_reference(row) for row in revisions_of(session, clip_id)]

    @comes_first(say("The label was not saved"))
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
            revisions = revisions_of(session, clip_id)
            newest = revisions[-1] if revisions else None
            current = next((row for row in revisions if row.id == clip.reference_id), None)
            if current and current.text == cleaned and (current.confirmed or not confirmed):
                return Saved(**vars(to_reference(current)))
            if current is None and not confirmed and cleaned == _draft(session, clip):
                return Saved(clip_id, cleaned, newest.revision if newest else 0, False, author, datetime.now(UTC))
            overtaken = newest is not None and expected_revision is not None and newest.revision > expected_revision
            last = newest.revision if newest else 0
            row = _append(session, clip, new_revision(clip_id, last, text=cleaned, confirmed=confirmed, author=author))
            conflict = to_reference(newest) if newest is not None and overtaken and newest.text != cleaned else None
            saved = Saved(**vars(to_reference(row)), conflict=conflict)
            if confirmed and clip.split is None:
                assign_set(session, clip.set_id)
            return saved

    @comes_first(say("Nothing was confirmed"))
    def confirm(self, clip_ids: Iterable[int], author: str) -> list[Reference]:
        """Confirm the text each clip has now, typed or drafted.

        Raises:
            DataError: A clip has no text to confirm; nothing is confirmed then.
        """
        with self._store.session() as session:
            clips = lock_clips(session, list(dict.fromkeys(clip_ids)))
            current = current_labels(session, [c.reference_id for c in clips.values()])
            drafts = draft_texts(session, [c.draft_id for c in clips.values()])
            last = last_revisions(session, list(clips))
            added = {}
            for clip_id, clip in clips.items():
                if (label := current.get(clip_id)) and label.confirmed:
                    continue
                text = label.text if label else drafts.get(clip_id, "")
                if not text:
                    raise DataError(
                        say(
                            "Clip {clip_id} ({name}) has no text to confirm; write what is said.",
                            clip_id=clip_id,
                            name=clip.name,
                        )
                    )
                added[clip_id] = new_revision(clip_id, last.get(clip_id, 0), text=text, confirmed=True, author=author)
            session.add_all(added.values())
            session.flush()
            for clip_id, row in added.items():
                clips[clip_id].reference_id = row.id
            for set_id in {clips[clip_id].set_id for clip_id in added}:
                assign_set(session, set_id)
            return [to_reference(added.get(clip_id) or current[clip_id]) for clip_id in clips]

    @comes_first(say("The labels were not changed"))
    def revise(self, revisions: Iterable[Revision], author: str) -> list[int]:
        """Change many confirmed labels at once, each only where it is still what the change was made for.

        Returns:
            Ids of the clips that were changed.
        """
        changed = []
        with self._store.session() as session:
            for r in revisions:
                clip = lock_clip(session, r.clip_id)
                newest = revisions_of(session, r.clip_id)[-1:]
                current = next((row for row in newest if row.id == clip.reference_id), None)
                if current is None or not current.confirmed or current.text != r.before:
                    continue
                text = _checked(r.text, r.confirmed)
                row = new_revision(r.clip_id, current.revision, text=text, confirmed=r.confirmed, author=author)
                _append(session, clip, row)
                changed.append(r.clip_id)
        return changed

    @comes_first(say("Nothing was undone"))
    def undo(self, clip_id: int, author: str, *, expected_revision: int | None = None) -> Reference | None:
        """Bring back the label before the newest change, by appending it again; repeated, go further back.

        The first typed label goes back to none, so that the draft shows again; a label that came with an import is
        where undo ends.

        Args:
            expected_revision: The revision to be undone; any, where it is not given.

        Returns:
            The appended revision; its text is empty where no label is left. None where there is nothing to undo.

        Raises:
            DataError: Somebody has changed the label since.
        """
        with self._store.session() as session:
            clip = lock_clip(session, clip_id)
            revisions = revisions_of(session, clip_id)
            if expected_revision is not None and revisions and revisions[-1].revision != expected_revision:
                raise DataError(
                    say(
                        "{author} has changed the label of {name} since; its history has both.",
                        author=revisions[-1].author,
                        name=clip.name,
                    )
                )
            standing = standing_revisions(revisions)
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
            return to_reference(row)

    def undo_many(self, clip_ids: Iterable[int], author: str) -> int:
        """Undo the newest change of each of these clips; how many there were to undo."""
        return sum(self.undo(clip_id, author) is not None for clip_id in clip_ids)

    @told_when_full(say("The drafts were not kept"))
    def save_drafts(
        self,
        model: str,
        texts: Mapping[int, str | Heard],
        *,
        draft: bool = True,
        sounds: Mapping[int, str] | None = None,
    ) -> int:
        """Keep what a model heard; never touches a label.

        Args:
            model: Name of the model, or of the run.
            texts: Clip id -> text, with its confidences where they are known.
            draft: Whether the texts become the drafts that the expert corrects.
            sounds: Hashes of what was heard, by clip: a clip may be trimmed while a model listens.

        Returns:
            How many were kept; clips erased meanwhile are passed over.
        """
        kept = 0
        with self._store.session() as session:
            for ids in batches(list(texts)):
                part = {clip_id: texts[clip_id] for clip_id in ids}
                kept += write_drafts(session, model, part, draft=draft, sounds=sounds or {})
        return kept

    def changes(self, set_name: str) -> tuple[int, int]:
        """Two numbers of which one grows with every change of a set's clips: its newest revision, other changes."""
        with self._store.session() as session:
            clip_set = find_set(session, set_name)
            statement = select(func.max(ReferenceRow.id)).join(ClipRow, ClipRow.id == ReferenceRow.clip_id)
            return int(session.scalar(statement.where(ClipRow.set_id == clip_set.id)) or 0), clip_set.changes

    def candidates(self, set_name: str) -> list[SplitCandidate]:
        """A set's confirmed clips as the split rules see them, but those whose labels hold what nobody says."""
        with self._store.session() as session:
            found = confirmed_candidates(session, find_set(session, set_name).id)
        return [candidate for candidate in found if not unspoken(candidate.text)]

    def in_folds(self, set_name: str) -> bool:
        """Whether a set's clips learn and judge in turns."""
        return bool(self._store.cached(("in folds", set_name), lambda: in_folds(self.candidates(set_name))))

    def split_of(self, set_name: str) -> SetSplit:
        """How a set's confirmed clips are divided now."""
        with self._store.session() as session:
            return split_set(session, find_set(session, set_name).id)

    def word_list(self, set_name: str) -> list[str]:
        """The expert's terms of a set."""
        with self._store.session() as session:
            return list(dict.fromkeys(term_of(line).text for line in find_set(session, set_name).words))

    def word_lines(self, set_name: str) -> list[str]:
        """The lines of a set's word list, which may say how a term sounds too."""
        with self._store.session() as session:
            return [str(line) for line in find_set(session, set_name).words]

    def favoured(self, set_name: str) -> Favoured | None:
        """The words that models favour in a set's drafts; None where none are."""
        with self._store.session() as session:
            row = find_set(session, set_name)
            return Favoured.of(row.words) if row.favours_words and row.words else None


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


def _clip(session: Session, clip_id: int) -> Clip:
    row = session.execute(select_clips().where(ClipRow.id == clip_id)).one_or_none()
    if row is None:
        raise DataError(say("Clip {clip_id} does not exist any more; it was deleted, or never added.", clip_id=clip_id))
    return to_clip(row)


def _checked(text: str, confirmed: bool) -> str:
    cleaned = clean_label(text)
    if len(cleaned) > LONGEST_LABEL:
        raise DataError(
            say(
                "The label has {n:,} characters; a clip of 30 s has at most {longest:,}.",
                n=len(cleaned),
                longest=LONGEST_LABEL,
            )
        )
    if confirmed and not cleaned:
        raise DataError(say("An empty label cannot be confirmed; write what is said, or delete the clip."))
    return cleaned


def _append(session: Session, clip: ClipRow, row: ReferenceRow) -> ReferenceRow:
    session.add(row)
    session.flush()
    clip.reference_id = row.id
    return row


def _draft(session: Session, clip: ClipRow) -> str:
    draft = session.get(HypothesisRow, clip.draft_id) if clip.draft_id is not None else None
    return draft.text if draft else ""
