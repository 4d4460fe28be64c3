"""Which of a set's clips train, steer and test: the rules of core.splits applied to the store.

The assignment belongs to the set and never changes; clips get their place when their label is first confirmed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workbench.core.config import FOLDS_BELOW_CLIPS
from workbench.core.splits import Assignment, SplitCandidate, assign, leaks
from workbench.core.types import Split, SplitName
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow
from workbench.store.queries import STATUS, TEXT, lock_set


@dataclass(frozen=True)
class SetSplit:
    """How a set's confirmed clips are divided.

    Attributes:
        split: The ids, and the rule in words.
        left_out: Clip id -> why a confirmed clip is in no split.
        leaks: What stands in both train and test of the splits that came with an import, one sentence each.
    """

    split: Split
    closed_vocabulary: bool
    by_speaker: bool
    left_out: dict[int, str]
    leaks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Counts, not ids."""
        return {
            "train": len(self.split.train),
            "dev": len(self.split.dev),
            "test": len(self.split.test),
            "left_out": len(self.left_out),
            "rule": self.split.rule,
            "leaks": list(self.leaks),
        }


class _Placed(NamedTuple):
    candidate: SplitCandidate
    confirmed: bool
    living: bool  # a deleted clip may be undone, so it keeps its place


def assign_set(session: Session, set_id: int) -> Assignment:
    """Give every confirmed clip without a split its place."""
    lock_set(session, set_id)
    session.flush()
    candidates = [c for c, confirmed, _ in _placed(session, set_id) if confirmed or c.split]
    assignment = assign(candidates)
    dealt = [(c.clip_id, assignment.splits[c.clip_id]) for c in candidates if c.split is None]
    if placed := [{"id": clip_id, "split": split} for clip_id, split in dealt if split]:
        session.execute(update(ClipRow), placed)
    return assignment


def in_folds(candidates: Sequence[SplitCandidate]) -> bool:
    """Whether every clip judges in one fold: the set is small, and no test clips came with it."""
    brought = any(c.fixed and c.split == "test" for c in candidates)
    return len(candidates) < FOLDS_BELOW_CLIPS and not brought


def confirmed_candidates(session: Session, set_id: int) -> list[SplitCandidate]:
    """A set's living confirmed clips."""
    return [c for c, confirmed, living in _placed(session, set_id) if confirmed and living]


def split_set(session: Session, set_id: int) -> SetSplit:
    """How a set's confirmed clips are divided now, with the rule in words."""
    placed = list(_placed(session, set_id))
    confirmed = [c for c, is_confirmed, living in placed if is_confirmed and living]
    assignment = assign([c for c, is_confirmed, _ in placed if is_confirmed or c.split])
    without = {c.clip_id for c in confirmed if c.split is None}
    return SetSplit(
        Split(_ids(confirmed, "train"), _ids(confirmed, "dev"), _ids(confirmed, "test"), rule=assignment.rule),
        assignment.closed_vocabulary,
        assignment.by_speaker,
        {clip_id: reason for clip_id, reason in assignment.left_out.items() if clip_id in without},
        tuple(leaks(confirmed)),
    )


def _placed(session: Session, set_id: int) -> Iterator[_Placed]:
    statement = (
        select(
            ClipRow.id,
            TEXT,
            ClipRow.speaker,
            ClipRow.source,
            ClipRow.split,
            ClipRow.split_fixed,
            STATUS,
            ClipRow.deleted_at,
        )
        .outerjoin(ReferenceRow, ReferenceRow.id == ClipRow.reference_id)
        .outerjoin(HypothesisRow, HypothesisRow.id == ClipRow.draft_id)
        .where(ClipRow.set_id == set_id)
        .order_by(ClipRow.id)
    )
    for clip_id, text, speaker, source, split, fixed, status, deleted_at in session.execute(statement):
        if deleted_at is None or split:
            candidate = SplitCandidate(clip_id, text, speaker, source, cast("SplitName | None", split), fixed)
            yield _Placed(candidate, status == "confirmed", deleted_at is None)


def _ids(candidates: Iterable[SplitCandidate], name: SplitName) -> tuple[int, ...]:
    return tuple(candidate.clip_id for candidate in candidates if candidate.split == name)
