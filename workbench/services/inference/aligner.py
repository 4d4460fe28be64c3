"""Places words in time by a model that has heard the clip; needs torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.asr.models.alignment import place_words
from workbench.asr.models.backend import Activations, Backend, ClipInput
from workbench.core.word_times import WordTimes
from workbench.services.storage.word_times import ClipTimes
from workbench.store.models import EvaluationRow


@dataclass(frozen=True)
class ModelAtBoundary:
    """A model that has heard a clip up to one of its boundaries."""

    backend: Backend
    item: Activations
    boundary: int

    def place(self, texts: Sequence[str], samples: np.ndarray, language: str | None) -> list[WordTimes]:
        return place_words(self.backend, self.item, self.boundary, texts, samples=samples, language=language)


def listen(backend: Backend, sound: ClipInput) -> ModelAtBoundary:
    return ModelAtBoundary(backend, backend.encode_prefix([sound], 0)[0], 0)


def clip_times(
    before: ModelAtBoundary, after: ModelAtBoundary, texts: EvaluationRow, samples: np.ndarray, language: str | None
) -> ClipTimes:
    reference, adapted = after.place([texts.reference, texts.adapted], samples, language)
    base = before.place([texts.base], samples, language)[0]
    return {"reference": reference, "base": base, "adapted": adapted}
