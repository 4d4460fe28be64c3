"""How far a set is: what its labels allow already, and how many are missing until a comparison is worth reading."""

from collections.abc import Callable
from dataclasses import dataclass

from workbench.core.config import DEFAULT_FOLDS
from workbench.core.evaluation.sample_size import Enough
from workbench.core.splits import folds
from workbench.core.text.ruler import choose_ruler
from workbench.errors import TrainingError
from workbench.language.said import sentence
from workbench.services.clips.sets import Collecting, SetInfo
from workbench.services.labels.revisions import Labelling
from workbench.services.labels.splits import in_folds
from workbench.services.models.base_scores import expected_errors
from workbench.services.runs.labelled import MIN_CONFIRMED
from workbench.store.database import Store


@dataclass(frozen=True)
class Readiness:
    """How far a set is.

    Attributes:
        to_start: Labelled clips missing before anything can be learned.
        enough: What the clips by which a run would judge now can prove, as far as the set's base model has heard them.
        obstacle: Why the clips cannot test each other, one sentence; empty where they can.
    """

    info: SetInfo
    to_start: int
    enough: Enough
    obstacle: str = ""


class Guiding:
    """Looks at a set as a whole; starts nothing.

    Args:
        base_model: The name of a set's base model.
    """

    def __init__(
        self, store: Store, collecting: Collecting, labelling: Labelling, base_model: Callable[[str], str]
    ) -> None:
        self._store, self._collecting, self._labelling = store, collecting, labelling
        self._base_model = base_model

    def readiness(self, set_name: str) -> Readiness:
        """How far a set is.

        Raises:
            UnknownNameError: No such set.
        """
        info = self._collecting.set_info(set_name)
        candidates = self._labelling.candidates(set_name)
        turns = in_folds(candidates)
        tested = {c.clip_id: c.text for c in candidates if turns or c.split == "test"}
        normalizer = choose_ruler([c.text for c in candidates], info.language).normalizer
        with self._store.session() as session:
            errors = expected_errors(session, self._base_model(set_name), tested, normalizer)
        obstacle = ""
        if turns and len(candidates) >= MIN_CONFIRMED:
            try:
                folds(candidates, DEFAULT_FOLDS)
            except TrainingError as e:
                obstacle = sentence(e)
        to_start = max(0, MIN_CONFIRMED - len(candidates))
        enough = Enough(len(tested), errors, "out-of-fold" if turns else "test")
        return Readiness(info, to_start, enough, obstacle)
