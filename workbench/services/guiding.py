"""How far a set is: what its labels allow already, and how many are missing until a comparison is worth reading."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from workbench.core.config import DEFAULT_FOLDS, FOLDS_BELOW_CLIPS
from workbench.core.enough import clips_worth_reading, more_labelled
from workbench.core.scoring import evaluate
from workbench.core.splits import folds
from workbench.core.text import choose_normalizer
from workbench.errors import TrainingError
from workbench.services.collecting import Collecting, SetInfo
from workbench.services.labelling import Labelling
from workbench.services.planning import MIN_CONFIRMED
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow

SAMPLED: Final = 200  # confirmed clips from which the base model's errors are estimated; the newest


@dataclass(frozen=True)
class Readiness:
    """How far a set is.

    Attributes:
        to_start: Labelled clips missing before anything can be learned.
        tested: Clips by which a run would judge now.
        needed: Test clips that are worth reading.
        to_read: Labelled clips missing until then.
        obstacle: Why the clips cannot test each other, one sentence; empty where they can.
    """

    info: SetInfo
    to_start: int
    tested: int
    needed: int
    to_read: int
    obstacle: str = ""


class Guiding:
    """Looks at a set as a whole; starts nothing."""

    def __init__(self, store: Store, collecting: Collecting, labelling: Labelling) -> None:
        self._store, self._collecting, self._labelling = store, collecting, labelling

    def readiness(self, set_name: str) -> Readiness:
        """How far a set is.

        Raises:
            UnknownNameError: No such set.
        """
        info = self._collecting.set_info(set_name)
        candidates = self._labelling.candidates(set_name)
        brought = any(c.fixed and c.split == "test" for c in candidates)  # the user's own test set judges
        in_folds = len(candidates) < FOLDS_BELOW_CLIPS and not brought
        tested = len(candidates) if in_folds else sum(c.split == "test" for c in candidates)
        needed = clips_worth_reading(self._errors_per_clip(info))
        obstacle = ""
        if in_folds and len(candidates) >= MIN_CONFIRMED:
            try:
                folds(candidates, DEFAULT_FOLDS)
            except TrainingError as e:
                obstacle = str(e)
        to_start = max(0, MIN_CONFIRMED - len(candidates))
        return Readiness(info, to_start, tested, needed, more_labelled(tested, needed, in_folds=in_folds), obstacle)

    def _errors_per_clip(self, info: SetInfo) -> float | None:
        """Words wrong in a clip's draft, of the base model that heard most; None where none has heard any."""
        statement = (
            select(HypothesisRow.model, HypothesisRow.text, ReferenceRow.text)
            .join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
            .join(ReferenceRow, ReferenceRow.id == ClipRow.reference_id)
            .where(ClipRow.set_id == info.id, ClipRow.deleted_at.is_(None), ReferenceRow.confirmed)
            .where(HypothesisRow.model.not_like("run-%"))
            .order_by(ClipRow.id.desc())
            .limit(SAMPLED)
        )
        with self._store.session() as session:
            rows = session.execute(statement).all()
        if not rows:
            return None
        model = Counter(row[0] for row in rows).most_common(1)[0][0]
        heard = [(reference, hypothesis) for name, hypothesis, reference in rows if name == model]
        references = [reference for reference, _ in heard]
        result = evaluate(references, [text for _, text in heard], choose_normalizer(references, info.language))
        return (result.substitutions + result.deletions + result.insertions) / len(heard)
