"""From a candidate to a clip: decode, judge, store the sound, write the clip and its label."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.audio.decode import DECODING, SILENT, Sound, check, content_hash, write_flac
from workbench.core.types import Seconds, clock
from workbench.errors import AudioError
from workbench.language.said import say
from workbench.services.clips.older_sounds import older_twins
from workbench.services.clips.segments import Decode, sounds_of
from workbench.services.clips.trims import mend_cuts
from workbench.services.importers import Candidate, ImportOptions
from workbench.services.importers.lines import Problem
from workbench.services.labels.query import IMPORT_AUTHOR
from workbench.services.labels.revisions import new_revision
from workbench.services.storage.licences import note_import
from workbench.services.storage.sound_files import sound_problem
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow, now
from workbench.store.queries import lock_set
from workbench.store.sounds import has_sound
from workbench.workspace import Workspace

TOLERANCE_S: Final = 0.5  # between the duration a list states and the sound's own


@dataclass(frozen=True)
class Prepared:
    """A candidate whose sound is stored, not yet a clip."""

    candidate: Candidate
    sha256: str
    duration: Seconds
    original_format: str
    warnings: tuple[str, ...]
    mended: bool = False  # there was none, or it was damaged: a clip that has it is whole again


@dataclass
class Outcome:
    """What became of some prepared sounds: the new clips by id, how many were there before, and remarks."""

    added: dict[int, Candidate] = field(default_factory=dict)
    duplicates: int = 0
    warnings: list[Problem] = field(default_factory=list)


def prepare(
    workspace: Workspace,
    group: Sequence[Candidate],
    wishes: ImportOptions,
    scratch: Path,
    *,
    decode: Decode | None = None,
) -> tuple[list[Prepared | Problem], list[Problem]]:
    """Decode what candidates of one file mean, and store each sound under its content hash.

    Returns:
        The stored sounds, or the problem where a sound cannot be a clip, in order; and remarks about the file.
    """
    remarks: list[Problem] = []
    found: list[Prepared | Problem] = []
    for item in sounds_of(group, wishes, scratch, remarks, decode=decode):
        found.append(item if isinstance(item, Problem) else _stored(workspace, *item))
    return found, remarks


def _stored(workspace: Workspace, candidate: Candidate, sound: Sound) -> Prepared | Problem:
    try:
        warnings = check(sound)
    except AudioError as e:
        if candidate.place is None:
            return candidate.problem(e.reason, e.remedy)
        start, end = map(clock, candidate.place)
        reason = say("{reason} from {start} to {end}", reason=e.reason, start=start, end=end)
        nothing = say("nothing to do, unless something is said there")
        return candidate.problem(reason, nothing if e.reason == SILENT else e.remedy)
    if candidate.stated is not None and abs(candidate.stated - sound.duration) > TOLERANCE_S:
        stated, lasts = candidate.stated, sound.duration
        warnings += (say("its list says {stated:.1f} s, the sound lasts {lasts:.1f} s", stated=stated, lasts=lasts),)
    sha256 = content_hash(sound.samples)
    path = workspace.sound_path(sha256)
    problem = sound_problem(path, sha256)
    if problem:
        write_flac(path, sound.samples)
    return Prepared(candidate, sha256, sound.duration, sound.original_format, warnings, bool(problem))


def add_clips(
    workspace: Workspace, store: Store, set_id: int, sounds: Sequence[Prepared], licence: str = ""
) -> Outcome:
    """Write clips and labels in one transaction; a sound that the set has already is not added again.

    Args:
        licence: Of the sounds; empty where nothing says it.

    Raises:
        LicencesProblem: There are new clips, and what was known of licences cannot be read.
    """
    outcome = Outcome()
    twins = older_twins(store, workspace, set_id, [(sound.sha256, sound.candidate.name) for sound in sounds])
    with store.session() as session:
        lock_set(session, set_id).changes += 1
        clips = _existing(session, set_id, {sound.sha256 for sound in sounds})
        new: dict[str, Prepared] = {}
        for sound in sounds:
            if sound.sha256 not in clips:
                twin = session.get(ClipRow, twins[sound.sha256]) if sound.sha256 in twins else None
                if twin is not None and twin.deleted_at is None:
                    clips[sound.sha256] = twin
                    continue
                clips[sound.sha256] = _clip(set_id, sound)
                new[sound.sha256] = sound
        if new:
            note_import(workspace, session, set_id, licence)
        session.add_all(clips[sha256] for sha256 in new)
        session.flush()
        outcome.added = {clips[sha256].id: sound.candidate for sha256, sound in new.items()}
        _label(session, outcome.added, clips)
        _keep_heard(session, outcome.added, clips)
        for sound in sounds:
            if new.get(sound.sha256) is not sound:
                outcome.duplicates += 1
                mended = sound.mended and sound.sha256 not in new
                outcome.warnings.append(_merge(session, clips[sound.sha256], sound.candidate, mended=mended))
    for sound in sounds:
        if sound.sha256 not in new:
            mend_cuts(workspace, store, sound.sha256)
    return outcome


def _existing(session: Session, set_id: int, hashes: set[str]) -> dict[str, ClipRow]:
    """The set's clips by their sounds, the whole one and what is heard of it."""
    statement = select(ClipRow).where(ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None), has_sound(hashes))
    clips = session.scalars(statement).all()
    return {clip.whole_sha256: clip for clip in clips if clip.whole_sha256} | {clip.sha256: clip for clip in clips}


def _clip(set_id: int, sound: Prepared) -> ClipRow:
    candidate = sound.candidate
    return ClipRow(
        set_id=set_id,
        sha256=sound.sha256,
        name=candidate.name,
        original_format=sound.original_format,
        duration=sound.duration,
        speaker=candidate.speaker,
        language=candidate.language,
        source=candidate.source,
        source_start=candidate.place[0] if candidate.place else None,
        source_end=candidate.place[1] if candidate.place else None,
        split=candidate.split,
        split_fixed=candidate.split is not None,
        warnings=list(sound.warnings),
        decoding=DECODING,
    )


def _label(session: Session, candidates: dict[int, Candidate], clips: dict[str, ClipRow]) -> None:
    """First labels of new clips, all in one statement."""
    by_id = {clip.id: clip for clip in clips.values()}
    rows = [
        new_revision(clip_id, 0, text=c.text, confirmed=c.confirmed, author=IMPORT_AUTHOR)
        for clip_id, c in candidates.items()
        if c.text
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        by_id[row.clip_id].reference_id = row.id


def _keep_heard(session: Session, candidates: dict[int, Candidate], clips: dict[str, ClipRow]) -> None:
    """What models heard, as it came with the list; the first is what the expert corrects."""
    by_id = {clip.id: clip for clip in clips.values()}
    rows = [
        HypothesisRow(clip_id=clip_id, model=model, text=text, words=None)
        for clip_id, candidate in candidates.items()
        for model, text in dict(candidate.hypotheses).items()
    ]
    session.add_all(rows)
    session.flush()
    for row in reversed(rows):
        by_id[row.clip_id].draft_id = row.id
    for row in rows:
        row.drafted_at = now() if by_id[row.clip_id].draft_id == row.id else None


def _merge(session: Session, clip: ClipRow, candidate: Candidate, *, mended: bool) -> Problem:
    """Take from a repeated sound what its clip lacks; the remark says what was done."""
    for column in ("speaker", "language", "source"):
        if getattr(clip, column) is None:
            setattr(clip, column, getattr(candidate, column))
    if clip.source_start is None and candidate.place and clip.source == candidate.source:
        clip.source_start, clip.source_end = candidate.place
    if clip.draft_id is None:
        _keep_heard(session, {clip.id: candidate}, {clip.sha256: clip})
    if clip.split is None and candidate.split is not None:
        clip.split, clip.split_fixed = candidate.split, True
    reference = session.get(ReferenceRow, clip.reference_id) if clip.reference_id is not None else None
    text = reference.text if reference else ""
    if not text and candidate.text:
        last = session.scalar(select(func.max(ReferenceRow.revision)).where(ReferenceRow.clip_id == clip.id)) or 0
        row = new_revision(clip.id, last, text=candidate.text, confirmed=candidate.confirmed, author=IMPORT_AUTHOR)
        session.add(row)
        session.flush()
        clip.reference_id = row.id
        reason = say("duplicate of {name}, which had no text and took this one", name=clip.name)
        return candidate.problem(reason, say("nothing to do"))
    if candidate.text and candidate.text != text:
        reason = say("duplicate of {name} with another text; the first text is kept", name=clip.name)
        return candidate.problem(reason, say("listen to the clip and correct its label if need be"))
    if mended:
        reason = say("duplicate of {name}, whose stored sound is mended by it", name=clip.name)
        return candidate.problem(reason, say("nothing to do"))
    reason = say("duplicate of {name}", name=clip.name)
    return candidate.problem(reason, say("nothing to do; the sound is kept once"))
