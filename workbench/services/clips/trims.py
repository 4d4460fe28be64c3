"""Trims: a clip's sound is cut to a part of it; the whole sound stays, and each cut is a revision that can be undone.

A cut is a sound of its own beside the whole one, named by its content like every other, so that whatever hears, draws,
caches or compares clips has it without knowing of trims.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.audio import trim as silence
from workbench.audio.decode import SHORTEST, Samples, content_hash, is_silent, read_clip, write_flac
from workbench.core.text.clean import clean_name
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError, DataError
from workbench.language.said import say
from workbench.services.labels.rows import standing_revisions
from workbench.services.storage.reserve import told_when_full
from workbench.services.storage.sound_files import MEND, sound_problem
from workbench.services.trash.trash import sounds_lock
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, TrimRow, now
from workbench.store.queries import lock_clip, note_change, select_labelled
from workbench.store.sounds import Cut, has_sound, whole_of
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Trim:
    """A revision of a clip's cut; revisions are appended, never changed.

    Attributes:
        start, end: In seconds of the whole sound.
        duration: Of what is heard now.
        whole: Length of the whole sound.
        revision: 0 where the clip was never trimmed.
        conflict: Somebody else's revision that this one overtook without having seen it; both are in the history.
    """

    clip_id: int
    start: Seconds
    end: Seconds
    whole: Seconds
    revision: int
    author: str
    conflict: "Trim | None" = None

    @property
    def duration(self) -> Seconds:
        return self.end - self.start


class Trimming:
    """The use cases of trimming one workspace's clips."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store

    @told_when_full(say("The clip was not trimmed"))
    def trim(
        self, clip_id: int, start: Seconds, end: Seconds, *, author: str, expected_revision: int | None = None
    ) -> Trim:
        """Append a cut, unless it is the one that stands.

        Args:
            start, end: Of what is to be heard, in seconds of the whole sound; beyond its ends is at its ends.
            author: Who trims.
            expected_revision: The newest revision the author had seen (`Clip.trims`).

        Raises:
            DataError: The clip is gone, too little or nothing would be left, or the set has this very sound already.
            AudioError: The stored sound is missing or damaged.
        """
        with sounds_lock(self._workspace):
            with self._store.session() as session:
                whole, name = self._whole(session, clip_id)
            first, last = _within(whole, start, end, name)
            cut = self._cut(whole, first, last, name)
            with self._store.session() as session:
                clip = lock_clip(session, clip_id)
                revisions = _revisions(session, clip_id)
                if cut.sha256 == clip.sha256:
                    return _stands(clip, revisions)
                row = _new(clip_id, revisions, cut, author)
                _hear(session, clip, whole, row)
                newest = revisions[-1] if revisions else None
                overtaken = newest and expected_revision is not None and newest.revision > expected_revision
                conflict = _trim(newest, whole.duration) if newest and overtaken else None
                return replace(_trim(row, whole.duration), conflict=conflict)

    @told_when_full(say("Nothing was undone"))
    def undo(self, clip_id: int, author: str, *, expected_revision: int | None = None) -> Trim | None:
        """Bring back the cut before the newest one, at last the whole sound; repeated, go further back.

        Args:
            expected_revision: The revision to be undone; any, where it is not given.

        Returns:
            The appended revision; None where there is nothing to undo.

        Raises:
            DataError: Somebody has trimmed the clip since, or the set has the sound that would come back already.
        """
        with sounds_lock(self._workspace), self._store.session() as session:
            clip = lock_clip(session, clip_id)
            revisions, whole = _revisions(session, clip_id), whole_of(clip)
            if expected_revision is not None and revisions and revisions[-1].revision != expected_revision:
                raise DataError(
                    say(
                        "{author} has trimmed {name} since; its history has both.",
                        author=revisions[-1].author,
                        name=clip.name,
                    )
                )
            standing = standing_revisions(revisions)
            if not standing:
                return None
            before = standing[-2] if len(standing) > 1 else None
            cut = _as_cut(before) if before else whole
            row = _new(clip_id, revisions, cut, author, restores=before.revision if before else 0)
            _hear(session, clip, whole, row, before)
            return _trim(row, whole.duration)

    def history(self, clip_id: int) -> list[Trim]:
        """All revisions of a clip's cut, oldest first."""
        with self._store.session() as session:
            clip = session.get(ClipRow, clip_id)
            return [_trim(row, whole_of(clip).duration) for row in _revisions(session, clip_id)] if clip else []

    def silence_apart(self, clip_id: int) -> bool:
        """Whether the cut that a clip's draft was made of differs from the one that is heard by silence alone.

        Such a draft is stale, and says what is said all the same. False where nobody can be told from the room.
        """
        with self._store.session() as session:
            statement = select_labelled(ClipRow, HypothesisRow.sound).where(ClipRow.id == clip_id)
            clip, sound = session.execute(statement).one()
            whole, heard = whole_of(clip), Cut(clip.sha256, clip.cut_start, clip.duration)
            cuts = {row.sha256: _as_cut(row) for row in _revisions(session, clip_id)}
        drafted = whole if sound in (None, whole.sha256) else cuts.get(sound)
        try:
            first, last = _spoken(self._workspace.sound_path(whole.sha256))
        except (AudioError, OSError):
            return False
        return drafted is not None and all(cut.start <= first < last <= cut.end for cut in (drafted, heard))

    def _whole(self, session: Session, clip_id: int) -> tuple[Cut, str]:
        clip = lock_clip(session, clip_id)
        return whole_of(clip), clip.name

    def _cut(self, whole: Cut, first: int, last: int, name: str) -> Cut:
        """The samples from `first` up to `last` as a stored sound; the caller holds the sounds lock."""
        samples = self._read(whole.sha256, name)[first:last]
        if is_silent(samples):
            raise DataError(
                say(
                    "Nothing is heard in the part that would be left of {name}; choose one where somebody speaks.",
                    name=name,
                )
            )
        sha256 = content_hash(samples)
        path = self._workspace.sound_path(sha256)
        if sound_problem(path, sha256):
            write_flac(path, samples)
        return Cut(sha256, first / SAMPLE_RATE, len(samples) / SAMPLE_RATE)

    def _read(self, sha256: str, name: str) -> Samples:
        path = self._workspace.sound_path(sha256)
        if problem := sound_problem(path, sha256):
            raise AudioError(say("the stored sound of {name} is {problem}", name=name, problem=problem), MEND)
        return read_clip(path)


def mend_cuts(workspace: Workspace, store: Store, sha256: str) -> None:
    """Cut anew what is missing or damaged of the cuts of a whole sound; the caller holds the sounds lock."""
    with store.session() as session:
        trims = select(TrimRow).join(ClipRow, ClipRow.id == TrimRow.clip_id).where(ClipRow.whole_sha256 == sha256)
        cuts = {row.sha256: _as_cut(row) for row in session.scalars(trims)}
    broken = [cut for cut in cuts.values() if sound_problem(workspace.sound_path(cut.sha256), cut.sha256)]
    samples = read_clip(workspace.sound_path(sha256)) if broken else None
    for cut in broken:
        assert samples is not None
        write_flac(workspace.sound_path(cut.sha256), samples[round(cut.start * SAMPLE_RATE) :][: _length(cut)])


@lru_cache(maxsize=1_000)
def _spoken(path: Path) -> tuple[Seconds, Seconds]:
    """Where in a sound, which its content names, somebody begins and ends to speak; twice the same where nobody is."""
    samples = read_clip(path)
    found = silence.trim(samples, margin=0.0)
    return found.before, found.before + found.speech


def _length(cut: Cut) -> int:
    return round(cut.duration * SAMPLE_RATE)


def _within(whole: Cut, start: Seconds, end: Seconds, name: str) -> tuple[int, int]:
    """The first sample and the one behind the last."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise DataError(say("A clip is trimmed to a start and an end in seconds; these are no numbers."))
    first, last = (round(min(max(0.0, s), whole.duration) * SAMPLE_RATE) for s in (start, end))
    if last - first < round(SHORTEST * SAMPLE_RATE):
        left = max(0, last - first) / SAMPLE_RATE
        raise DataError(
            say(
                "Only {seconds:.2f} s would be left of {name}, and a clip lasts at least {shortest:g} s.",
                seconds=left,
                name=name,
                shortest=SHORTEST,
            )
        )
    return first, last


def _revisions(session: Session, clip_id: int) -> list[TrimRow]:
    return list(session.scalars(select(TrimRow).where(TrimRow.clip_id == clip_id).order_by(TrimRow.revision)))


def _new(clip_id: int, revisions: Sequence[TrimRow], cut: Cut, author: str, *, restores: int | None = None) -> TrimRow:
    return TrimRow(
        clip_id=clip_id,
        revision=(revisions[-1].revision if revisions else 0) + 1,
        start=cut.start,
        end=cut.end,
        sha256=cut.sha256,
        restores=restores,
        author=clean_name(author, 100),
        created_at=now(),
    )


def _hear(session: Session, clip: ClipRow, whole: Cut, row: TrimRow, before: TrimRow | None = None) -> None:
    """Let a clip be heard as a new revision says; the caller holds the write lock.

    Args:
        before: The revision that an undo lets stand again.
    """
    other = ClipRow.set_id == clip.set_id, ClipRow.deleted_at.is_(None), ClipRow.id != clip.id
    twin = session.scalar(select(func.min(ClipRow.name)).where(*other, has_sound([row.sha256])))
    if twin is not None:
        raise DataError(say("The set has this very sound already, as {name}; delete one of the two.", name=twin))
    session.add(row)
    session.flush()
    clip.whole_sha256, clip.whole_duration = whole.sha256, whole.duration
    clip.sha256, clip.duration, clip.cut_start = row.sha256, row.end - row.start, row.start
    stands = row if row.restores is None else before
    clip.trim_id = stands.id if stands else None
    note_change(session, [clip.id])


def _as_cut(row: TrimRow) -> Cut:
    return Cut(row.sha256, row.start, row.end - row.start)


def _trim(row: TrimRow, whole: Seconds) -> Trim:
    return Trim(row.clip_id, row.start, row.end, whole, row.revision, row.author)


def _stands(clip: ClipRow, revisions: Sequence[TrimRow]) -> Trim:
    """What a clip is heard as, where nothing was changed."""
    newest = revisions[-1] if revisions else None
    start, whole = clip.cut_start, whole_of(clip).duration
    number, author = (newest.revision, newest.author) if newest else (0, "")
    return Trim(clip.id, start, start + clip.duration, whole, number, author)
