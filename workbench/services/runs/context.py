"""A run that is ready to learn: everything that training, testing and what comes after need of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workbench.asr.training.feature_cache import FeatureCache
from workbench.asr.training.trainer import TrainingOutcome
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan, Seconds, Split
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.workload import Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.forgetting import GeneralCheck
from workbench.services.runs.loaded import LoadedRun, Wanted
from workbench.services.runs.records import Learned, Texts
from workbench.services.runs.short_window import ShortWindow
from workbench.store.models import RunRow


@dataclass(frozen=True)
class RunContext:
    """Complete from the moment it is made: `prepare.prepare` makes it, and a trainer takes it.

    Attributes:
        splits: The run's one split, or its folds, without clips that were erased since.
        labels: Clip id -> label as the model writes it, of the clips that can be learned.
        base_texts: Clip id -> what the base hears in it, of the test clips.
        base_heard: The same of all clips that the base wrote down, in its own window.
        new_characters: By which the model's alphabet has grown.
        arms: What to train, each with what it learns from.
        general: The check on general speech; the base has heard it.
        work: What it was foretold by.
        hearing: Activations that the run's model is heard from while it is the base.
        base_hearing: Those of the base in its own window.
        short: The shorter window that the run hears in; None where it hears in the base's own.
    """

    run: LoadedRun
    splits: tuple[Split, ...]
    labels: dict[int, str]
    base_texts: dict[int, str]
    base_heard: dict[int, str]
    new_characters: list[str]
    arms: tuple[Arm, ...]
    general: GeneralCheck
    work: Work
    hearing: FeatureCache
    base_hearing: FeatureCache
    short: ShortWindow | None

    @property
    def in_folds(self) -> bool:
        return len(self.splits) > 1


@dataclass(frozen=True)
class Trained:
    """What came of training.

    Attributes:
        arm: Whose weights the model has now: the one that is delivered.
        texts: What the adapted model wrote in each test clip.
        trainings: How each went that was tested; with folds one a fold.
        delivered: What the model that is delivered keeps of what it learned.
        not_heard_again: Clips of trainings whose best state is the base, which had heard them already.
        blends_heard: Lengths of the clips that were written down to choose blends.
        more: What the result keeps of this kind of run besides: "sweep" or "curve".
    """

    arm: Arm
    texts: Texts
    trainings: Sequence[Learned]
    delivered: Learned
    stopped: bool
    not_heard_again: Sequence[int]
    blends_heard: Sequence[Seconds]
    more: dict[str, Any]

    @property
    def outcomes(self) -> list[TrainingOutcome]:
        return [learned.outcome for learned in self.trainings]

    @property
    def keeps_base(self) -> bool:
        return self.delivered.share == 0


class Trainer(Protocol):
    """A kind of run: what it trains, how long that takes, and how."""

    def wanted(self, row: RunRow, config: TrainingConfig) -> Wanted:
        """Strategies with their settings."""

    def expected(
        self, row: RunRow, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        """How long it will take."""

    def train(self, context: RunContext) -> Trained:
        """Train; the model is left as the one that is delivered.

        Raises:
            WorkbenchError: It cannot be done; the message is for the user.
            StopRequested: Stopped before anything was learned.
        """
