"""The label doctor over a set in the store: what it finds, its remedies, and taking a remedy back.

A remedy appends revisions like any edit; its kind stands in the author's name, so that what one click changed can be
taken back by another, also after a reload.
"""

import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.audio.decode import CLIPPED, QUIET
from workbench.core.config import FOLDS_BELOW_CLIPS
from workbench.core.doctor.checks import CHECKS, TITLES, examine
from workbench.core.doctor.findings import Change, Finding, Labelled, LabelSet, Sound
from workbench.core.types import Clip
from workbench.errors import DataError, UnknownNameError
from workbench.language.said import say
from workbench.services.labels.revisions import Labelling, Revision
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow
from workbench.store.queries import find_set, is_fresh, select_clips, select_labelled, to_clip

AUTOMATIC: Final = 400  # confirmed clips; larger sets are examined when somebody asks
EXAMPLES: Final = 3  # of a remedy's changes, shown before it is applied
_MARK: Final = "label doctor: "
_BY_DOCTOR: Final = re.compile(rf"{_MARK}([a-z-]+)$")


@dataclass(frozen=True)
class Example:
    """One change of a remedy; `after` is None where the confirmation is taken back."""

    name: str
    before: str
    after: str | None
    note: str


@dataclass(frozen=True)
class Examined:
    """A finding with what the reader must know before its remedy is applied.

    Attributes:
        tests: How many of the remedy's changes concern clips that judge: test clips, or every clip where folds judge.
        examples: The first changes.
    """

    finding: Finding
    tests: int
    examples: tuple[Example, ...]

    def to_json(self) -> dict[str, Any]:
        f = self.finding
        return {
            "kind": f.kind,
            "title": TITLES[f.kind],
            "sentence": f.sentence,
            "clips": list(f.clips),
            "notes": {str(i): note for i, note in f.notes.items()},
            "remedy": f.remedy,
            "changes": len(f.changes),
            "changes_in_test": self.tests,
            "examples": [vars(e) for e in self.examples],
        }


@dataclass(frozen=True)
class Note:
    """What stands at one clip.

    Attributes:
        said: What was found there, a short phrase.
        label: The label that it was found in.
        mends: Whether one click mends it.
        after: The label as the remedy writes it; None where it takes the confirmation back.
    """

    kind: str
    said: str
    label: str
    mends: bool
    after: str | None


@dataclass(frozen=True)
class Applied:
    """A remedy that was applied and can be taken back: its kind and the clips where its revision is the newest."""

    kind: str
    clips: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "title": TITLES[self.kind], "clips": list(self.clips)}


@dataclass(frozen=True)
class Report:
    """What the doctor says of a set.

    Attributes:
        clips: Confirmed clips that were examined.
        model: Whose drafts the labels were held against.
        drafted: How many of the clips that model has listened to.
        deaf: Whether the model hears so little of these clips that its drafts tell nothing about their labels.
        in_folds: Whether every clip judges, since the set is small.
        labels: Clip id -> the label that was examined.
    """

    set_name: str
    clips: int
    model: str | None
    drafted: int
    deaf: bool
    in_folds: bool
    findings: tuple[Examined, ...]
    labels: Mapping[int, str] = field(default_factory=dict)

    def notes(self) -> dict[int, list[Note]]:
        """Clip id -> what was found there."""
        found: dict[int, list[Note]] = {}
        for finding in (examined.finding for examined in self.findings):
            changes = {change.clip_id: change for change in finding.changes}
            for clip_id, said in finding.notes.items():
                change = changes.get(clip_id)
                after = change.after if change else None
                note = Note(finding.kind, said, self.labels[clip_id], change is not None, after)
                found.setdefault(clip_id, []).append(note)
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "set": self.set_name,
            "clips": self.clips,
            "model": self.model,
            "drafted": self.drafted,
            "drafts_tell_nothing": self.deaf,
            "findings": [f.to_json() for f in self.findings],
        }


class Doctor:
    """The use cases of the label doctor."""

    def __init__(self, store: Store, labelling: Labelling) -> None:
        self._store, self._labelling = store, labelling
        self._kept: dict[tuple[str, str | None], tuple[str, Report]] = {}
        self._lock = threading.Lock()

    def report(self, set_name: str, model: str | None = None) -> Report:
        """Examine a set's confirmed labels, unless nothing has changed since the last time.

        Args:
            model: Whose drafts to hold the labels against; those it has made, it is not asked to listen.

        Raises:
            UnknownNameError: No such set.
        """
        state = self._state(set_name)
        with self._lock:
            kept = self._kept.get((set_name, model))
            if kept is None or kept[0] != state:
                self._kept[set_name, model] = kept = state, self._examine(set_name, model)
        return kept[1]

    def automatic(self, set_name: str, model: str | None = None) -> Report | None:
        """The report where it takes no time that anybody notices, or is known already."""
        kept = self._kept.get((set_name, model))
        known = kept is not None and kept[0] == self._state(set_name)
        return self.report(set_name, model) if known or self._few(set_name) else None

    def _state(self, set_name: str) -> str:
        """Changes with every label, draft, split and deletion of a set."""

        def ask() -> str:
            with self._store.session() as session:
                return _state(session, set_name)

        return self._store.cached(("label doctor", set_name), ask)

    def _few(self, set_name: str) -> bool:
        """Whether the set is small enough to be examined without being asked."""

        def ask() -> int:
            with self._store.session() as session:
                confirmed = select_labelled(ClipRow.id).where(
                    ClipRow.set_id == find_set(session, set_name).id, ReferenceRow.confirmed.is_(True)
                )
                return len(session.scalars(confirmed.limit(AUTOMATIC + 1)).all())

        return self._store.cached(("confirmed", set_name), ask) <= AUTOMATIC

    def apply(
        self,
        set_name: str,
        kind: str,
        *,
        author: str,
        model: str | None = None,
        clip_ids: Collection[int] | None = None,
    ) -> Applied:
        """Apply a remedy to everything that its finding names; labels that changed meanwhile are passed over.

        Args:
            clip_ids: Only to these clips.

        Raises:
            UnknownNameError: No such kind.
            DataError: The set has no such finding, or only a person can mend it.
        """
        if kind not in CHECKS:
            raise UnknownNameError(say("kind of finding"), kind, list(CHECKS))
        report = self.report(set_name, model)
        finding = next((e.finding for e in report.findings if e.finding.kind == kind), None)
        if finding is None:
            raise DataError(
                say("The label doctor finds nothing of the kind {kind} in {set_name}.", kind=kind, set_name=set_name)
            )
        if not finding.changes:
            raise DataError(say("Only a person can mend this: {sentence}", sentence=finding.sentence))
        revisions = [
            Revision(c.clip_id, c.before, c.before if c.after is None else c.after, c.after is not None)
            for c in finding.changes
            if clip_ids is None or c.clip_id in clip_ids
        ]
        return Applied(kind, tuple(self._labelling.revise(revisions, f"{author[:60]} · {_MARK}{kind}")))

    def applied(self, set_name: str) -> list[Applied]:
        """The remedies that can be taken back, the newest first."""
        found: dict[str, list[int]] = {}
        for clip_id, kind, _ in self._mended(set_name):
            found.setdefault(kind, []).append(clip_id)
        return [Applied(kind, tuple(sorted(ids))) for kind, ids in found.items()]

    def to_hear_again(self, set_name: str) -> dict[int, str]:
        """Clip id -> kind of finding, for clips whose confirmation a remedy took back and that wait for a person."""
        return {clip_id: kind for clip_id, kind, confirmed in self._mended(set_name) if not confirmed}

    def _mended(self, set_name: str) -> list[tuple[int, str, bool]]:
        """Clips whose label a remedy made, the newest first: id, kind, whether it is confirmed."""
        return self._store.cached(("mended", set_name), lambda: self._ask_mended(set_name))

    def _ask_mended(self, set_name: str) -> list[tuple[int, str, bool]]:
        with self._store.session() as session:
            query = (
                select(ReferenceRow.clip_id, ReferenceRow.author, ReferenceRow.confirmed)
                .join(ClipRow, ClipRow.reference_id == ReferenceRow.id)
                .where(
                    ClipRow.set_id == find_set(session, set_name).id,
                    ClipRow.deleted_at.is_(None),
                    ReferenceRow.restores.is_(None),
                    ReferenceRow.author.like(f"%{_MARK}%"),
                )
                .order_by(ReferenceRow.id.desc())
            )
            rows = [
                (clip_id, _BY_DOCTOR.search(author), confirmed) for clip_id, author, confirmed in session.execute(query)
            ]
        return [(clip_id, match[1], confirmed) for clip_id, match, confirmed in rows if match and match[1] in TITLES]

    def take_back(self, set_name: str, kind: str, *, author: str) -> int:
        """Undo a remedy where its revision is still the newest; how many labels are as they were.

        Raises:
            DataError: There is nothing to take back.
        """
        applied = next((a for a in self.applied(set_name) if a.kind == kind), None)
        if applied is None:
            raise DataError(
                say("No remedy of the kind {kind} can be taken back in {set_name}.", kind=kind, set_name=set_name)
            )
        return sum(self._labelling.undo(clip_id, author) is not None for clip_id in applied.clips)

    def unheard(self, set_name: str, model: str) -> list[Clip]:
        """The confirmed clips that a model has not listened to."""
        clips, drafts, _ = self._read(set_name, model)
        return [c for c in clips if c.id not in drafts]

    def _read(self, set_name: str, model: str | None) -> tuple[list[Clip], dict[int, str], bool]:
        """Confirmed clips, the model's drafts of them, and whether their test clips came with the import."""
        with self._store.session() as session:
            clip_set = find_set(session, set_name)
            confirmed = select_clips().where(ClipRow.set_id == clip_set.id, ReferenceRow.confirmed.is_(True))
            clips = [to_clip(row) for row in session.execute(confirmed)]
            heard = (
                select(HypothesisRow.clip_id, HypothesisRow.text)
                .join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
                .where(ClipRow.set_id == clip_set.id, HypothesisRow.model == model, is_fresh())
            )
            drafts = {clip_id: text for clip_id, text in session.execute(heard)}
            fixed = select(func.count(ClipRow.id)).where(
                ClipRow.set_id == clip_set.id, ClipRow.split_fixed, ClipRow.split == "test"
            )
            came_divided = bool(session.scalar(fixed))
        return clips, drafts, came_divided

    def _examine(self, set_name: str, model: str | None) -> Report:
        clips, drafts, came_divided = self._read(set_name, model)
        with self._store.session() as session:
            language = find_set(session, set_name).language
        in_folds = len(clips) < FOLDS_BELOW_CLIPS and not came_divided
        patients = [Labelled(c.id, c.name, c.text, c.duration, c.split, _sound(c), drafts.get(c.id)) for c in clips]
        ward = LabelSet(patients, language, model, in_folds)
        findings = examine(ward)
        by_id = {c.id: c for c in clips}
        return Report(
            set_name,
            len(clips),
            model,
            sum(c.id in drafts for c in clips),
            ward.held.tells_apart is False,
            in_folds,
            tuple(_examined(f, by_id, in_folds) for f in findings),
            {c.id: c.text for c in clips},
        )


def _examined(finding: Finding, clips: dict[int, Clip], in_folds: bool) -> Examined:
    tests = [c for c in finding.changes if in_folds or clips[c.clip_id].split == "test"]
    shown = [Example(clips[c.clip_id].name, c.before, c.after, finding.notes[c.clip_id]) for c in _varied(finding)]
    return Examined(finding, len(tests), tuple(shown))


def _varied(finding: Finding) -> Sequence[Change]:
    """The first changes, each of another text."""
    return list({c.before: c for c in reversed(finding.changes)}.values())[::-1][:EXAMPLES]


def _sound(clip: Clip) -> Sound | None:
    """What the import noticed about the recording's level."""
    return "clipped" if CLIPPED in clip.warnings else "quiet" if QUIET in clip.warnings else None


def _state(session: Session, set_name: str) -> str:
    """Changes with every label, draft, split and deletion of a set, and is quick to ask."""
    set_id = find_set(session, set_name).id
    here = ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None)
    labels = select(func.count(ClipRow.id), func.sum(ClipRow.reference_id), func.sum(ClipRow.trim_id)).where(*here)
    newest = select(func.max(ReferenceRow.id)).join(ClipRow, ClipRow.id == ReferenceRow.clip_id).where(*here)
    splits = select(ClipRow.split, func.count()).where(*here).group_by(ClipRow.split).order_by(ClipRow.split)
    heard = (
        select(func.count(HypothesisRow.id), func.max(HypothesisRow.created_at))
        .join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
        .where(*here)
    )
    parts = [tuple(row) for q in (labels, newest, splits, heard) for row in session.execute(q)]
    return repr(parts)
