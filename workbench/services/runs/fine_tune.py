"""The usual kind of run: one strategy learns, on one split or in folds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.asr.training.trainer import TrainingOutcome, copy_state, restore_state
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan
from workbench.language.said import count, listing, say
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.workload import Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext, Trained
from workbench.services.runs.loaded import Wanted
from workbench.services.runs.records import Learned, Texts, read_fold, write_fold
from workbench.services.runs.training import ArmTraining
from workbench.store.models import RunRow


class FineTune:
    """Trains the run's one arm; see `Trainer`."""

    def wanted(self, row: RunRow, config: TrainingConfig) -> Wanted:
        return [(row.strategy, config)]

    def expected(
        self, row: RunRow, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        return expecting.of_run(work, *arms[0])

    def train(self, context: RunContext) -> Trained:
        training, arm = ArmTraining(context), context.arms[0]
        training.deliver(arm)
        return train_arm(training, arm).trained(training, arm)


class ArmTrained(NamedTuple):
    """What came of training one arm.

    Attributes:
        texts: By clip.
        trainings: Those that were tested.
        delivered: What the model is now.
    """

    texts: Texts
    trainings: list[Learned]
    delivered: Learned
    stopped: bool

    def trained(self, training: ArmTraining, arm: Arm, *, stopped: bool = False, **more: Any) -> Trained:
        """As a trainer tells it.

        Args:
            stopped: Whether something before it was.
        """
        again = training.not_heard_again
        over = self.stopped or stopped
        return Trained(arm, self.texts, self.trainings, self.delivered, over, again, training.blending.heard, more)


def planned_updates(context: RunContext, arm: Arm) -> list[int]:
    """The updates of each training at most; with folds the last one is of the model that is delivered."""
    planned = [arm.planned_updates(s.train) for s in context.splits]
    if not context.in_folds:
        return planned
    return [*planned, min(arm.planned_updates(list(arm.examples)), max(planned))]


def train_arm(training: ArmTraining, arm: Arm) -> ArmTrained:
    """Train the arm that the model is."""
    context = training.context
    context.run.progress.plan_updates(planned_updates(context, arm))
    return _in_folds(training, arm) if context.in_folds else _on_one_split(training, arm)


def _on_one_split(training: ArmTraining, arm: Arm) -> ArmTrained:
    (split,) = training.context.splits
    start = copy_state(training.run.backend)
    outcome = training.train(arm, split, training.run.folder / "training", None)
    learned = training.blending.settle(arm, start, split.dev, outcome)
    return ArmTrained(training.test(arm, split.test, None, learned), [learned], learned, learned.outcome.stopped)


def _in_folds(training: ArmTraining, arm: Arm) -> ArmTrained:
    """Each fold's model from the base, then the one that is delivered; finished folds are read, not made again."""
    run, splits = training.run, training.context.splits
    start = copy_state(run.backend)
    texts: Texts = {}
    trainings: list[Learned] = []
    for number, split in enumerate(splits):
        folder = run.folder / f"fold-{number + 1}"
        finished = read_fold(folder, run.clips)
        if finished is None:
            restore_state(run.backend, start)
            outcome = training.train(arm, split, folder, number)
            learned = training.blending.settle(arm, start, split.dev, outcome)
            finished = learned, training.test(arm, split.test, number, learned)
            if not learned.outcome.stopped:
                write_fold(folder, *finished)
        trainings.append(finished[0])
        texts |= finished[1]
        if finished[0].outcome.stopped:
            run.notes.append(
                say(
                    "Stopped in fold {fold} of {folds}: the model kept is this fold's, and only the clips of the folds "
                    "so far were tested.",
                    fold=number + 1,
                    folds=len(splits),
                )
            )
            return ArmTrained(texts, trainings, trainings[-1], stopped=True)
    restore_state(run.backend, start)
    delivered, steps = training.train_final(arm, start, trainings)
    if delivered.share:
        run.notes.append(_delivered(len(arm.examples), delivered.outcome, steps))
    return ArmTrained(texts, trainings, delivered, delivered.outcome.stopped)


def _delivered(clips: int, outcome: TrainingOutcome, steps: int) -> str:
    """What the model is that comes after the folds, and whose the figures are."""
    made = steps if outcome.steps >= steps else say("{made} of {steps}", made=outcome.steps, steps=steps)
    said = count(
        steps,
        "The model delivered is trained on all {clips} clips for {made} update, the median of the folds; the figures "
        "are those of the folds' models on clips each had not heard.",
        "The model delivered is trained on all {clips} clips for {made} updates, the median of the folds; the figures "
        "are those of the folds' models on clips each had not heard.",
        clips=clips,
        made=made,
    )
    worse = say("It was stopped before, and may be worse than these say.")
    return listing([said, worse], " ") if outcome.stopped else said
