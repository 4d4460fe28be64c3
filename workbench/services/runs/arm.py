"""One way to fine-tune within a run: a strategy with its settings, and the activations that it learns from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.asr.training.batch_plan import planned_updates
from workbench.asr.training.batches import Example
from workbench.asr.training.feature_cache import FeatureCache
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan


@dataclass(frozen=True)
class Arm:
    """What learns, how, and from what.

    Attributes:
        hearing: Activations from which clips are transcribed.
        cache: Activations at the plan's boundary; those of `hearing` unless the boundary knows the labels.
        examples: Clip id -> the clip with its label, for every clip that can be learned.
        rehearsed: General speech, with what is to be written there.
    """

    strategy: str
    config: TrainingConfig
    plan: FreezePlan
    hearing: FeatureCache
    cache: FeatureCache
    examples: Mapping[int, Example]
    rehearsed: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """Strategy and rate: what tells the arms of a sweep apart."""
        return f"{self.strategy} at {self.config.learning_rate:g}"

    def planned_updates(self, clip_ids: Sequence[int]) -> int:
        """Updates of a training on these clips."""
        return planned_updates([self.examples[i].n_samples for i in clip_ids if i in self.examples], self.config)
