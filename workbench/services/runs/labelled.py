"""The confirmed clips that a run learns from and is judged by, and the run's own copy of their split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select

from workbench.core.config import DEFAULT_FOLDS, FOLDS_BELOW_CLIPS, TrainingConfig
from workbench.core.evaluation.sample_size import FEWEST_TEST_CLIPS
from workbench.core.splits import SplitCandidate, closed_vocabulary, folds
from workbench.core.text.normalize import normalize_marks
from workbench.core.text.unspoken import unspoken
from workbench.core.types import Seconds, Split
from workbench.errors import TrainingError
from workbench.language.said import count, say
from workbench.services.labels.splits import assign_set
from workbench.store.database import Store
from workbench.store.models import ClipRow, ReferenceRow
from workbench.store.queries import find_set

MIN_CONFIRMED = 4  # two groups to test each other, with something left to learn from


@dataclass(frozen=True)
class LabelledClip:
    """A confirmed clip, with the revisions of its label and of its cut that stand."""

    clip_id: int
    reference_id: int
    sha256: str
    text: str
    speaker: str | None
    source: str | None
    split: str | None
    fixed: bool
    duration: Seconds
    trim_id: int | None = None


class ConfirmedClips(NamedTuple):
    """The confirmed clips of a set, with its language, the rule by which it is split, and what to say of the others."""

    set_name: str
    set_id: int
    labelled: list[LabelledClip]
    language: str | None
    rule: str
    notes: tuple[str, ...]


def labelled_clips(store: Store, set_name: str) -> ConfirmedClips:
    """The confirmed clips of a set but those whose labels hold what nobody says; each has its place in the split.

    Raises:
        WorkbenchError: There is no such set, or too few of its clips are confirmed.
    """
    with store.session() as session:
        clip_set = find_set(session, set_name)
        rule = assign_set(session, clip_set.id).rule
        query = (
            select(ClipRow, ReferenceRow)
            .join(ReferenceRow, ReferenceRow.id == ClipRow.reference_id)
            .where(ClipRow.set_id == clip_set.id, ClipRow.deleted_at.is_(None), ReferenceRow.confirmed)
            .order_by(ClipRow.id)
        )
        labelled = [
            LabelledClip(
                c.id, r.id, c.sha256, r.text, c.speaker, c.source, c.split, c.split_fixed, c.duration, c.trim_id
            )
            for c, r in session.execute(query)
        ]
        set_id, language = clip_set.id, clip_set.language
    odd = {c.clip_id: found for c in labelled if (found := unspoken(c.text))}
    notes = tuple(_left_out(len(odd), len(labelled), written) for _, written in [*odd.values()][:1])
    labelled = [c for c in labelled if c.clip_id not in odd]
    if len(labelled) < MIN_CONFIRMED:
        raise TrainingError(
            count(
                len(labelled),
                "The set {set_name} has {n} confirmed clip and at least {least} are needed ({test_clips} make a first "
                "test set); confirm more labels.",
                "The set {set_name} has {n} confirmed clips and at least {least} are needed ({test_clips} make a first "
                "test set); confirm more labels.",
                set_name=set_name,
                least=MIN_CONFIRMED,
                test_clips=FEWEST_TEST_CLIPS,
            )
        )
    return ConfirmedClips(set_name, set_id, labelled, language, rule, notes)


def _left_out(n: int, labels: int, written: str) -> str:
    return say(
        "{n} of {labels} confirmed labels hold times, markup or control tokens (such as {written}), which nobody says: "
        "they are left out; the label doctor names them.",
        n=n,
        labels=labels,
        written=written[:40],
    )


def run_split(labelled: Sequence[LabelledClip], config: TrainingConfig, rule: str) -> tuple[dict[str, Any], list[str]]:
    """The run's copy of the split, as JSON, and what to say about it."""
    if config.folds > 1:
        candidates = [SplitCandidate(c.clip_id, c.text, c.speaker, c.source) for c in labelled]
        cut = folds(candidates, config.folds, seed=0)
        empty = Split((), (), (), cut[0].rule, 0)
        return empty.to_json() | {"folds": [s.to_json() for s in cut]}, []
    notes: list[str] = []
    parts: dict[str, list[int]] = {
        name: [c.clip_id for c in labelled if c.split == name] for name in ("train", "dev", "test")
    }
    if not closed_vocabulary([c.text for c in labelled]):
        heard = {normalize_marks(c.text) for c in labelled if c.split == "test"}
        repeated = {
            c.clip_id for c in labelled if c.split != "test" and not c.fixed and normalize_marks(c.text) in heard
        }
        if repeated:
            parts = {n: [i for i in ids if i not in repeated] for n, ids in parts.items()}
            notes.append(
                count(
                    len(repeated),
                    "{n} clip was left out of training: its sentence is also in a test clip.",
                    "{n} clips were left out of training: their sentence is also in a test clip.",
                )
            )
    unused = sum(c.split is None for c in labelled)
    if unused:
        notes.append(
            count(
                unused,
                "{n} confirmed clip is used nowhere: it would tie training and test clips together.",
                "{n} confirmed clips are used nowhere: they would tie training and test clips together.",
            )
        )
    _check_parts(parts)
    if len(labelled) < FOLDS_BELOW_CLIPS and not any(c.fixed for c in labelled):
        notes.append(
            count(
                len(parts["test"]),
                "With {confirmed} confirmed clips, folds would prove more than {n} test clip.",
                "With {confirmed} confirmed clips, folds would prove more than {n} test clips.",
                confirmed=len(labelled),
            )
        )
    split = Split(tuple(parts["train"]), tuple(parts["dev"]), tuple(parts["test"]), rule=rule)
    return split.to_json() | {"folds": []}, notes


def _check_parts(parts: Mapping[str, Sequence[int]]) -> None:
    """Refuse to go on where nothing is left to learn from, or to judge by."""
    if not parts["train"]:
        raise TrainingError(
            say(
                "No confirmed clip is a train clip, so there would be nothing to learn from; set folds "
                "(cross-validation) to {folds}, or confirm clips of other speakers or recordings.",
                folds=DEFAULT_FOLDS,
            )
        )
    if not parts["test"]:
        raise TrainingError(
            say(
                "No confirmed clip is a test clip, so there would be nothing to judge by; set folds "
                "(cross-validation) to {folds}, or confirm clips of other speakers or recordings.",
                folds=DEFAULT_FOLDS,
            )
        )
