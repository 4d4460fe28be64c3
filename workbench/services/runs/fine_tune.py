"""The usual kind of run: one strategy learns, on one split or in folds."""

from collections.abc import Sequence

from workbench.asr.training.trainer import TrainingOutcome, copy_state, restore_state
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan
from workbench.language.said import count, listing, say
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.workload import Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext, Trained
from workbench.services.runs.loaded import Wanted
from workbench.services.runs.records import Texts, read_fold, write_fold
from workbench.services.runs.training import ArmTraining, delivers_base
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
        texts, outcomes, stopped = train_arm(training, arm)
        keeps_base = delivers_base(context, outcomes)
        return Trained(arm, texts, outcomes, stopped, keeps_base, training.not_heard_again, {})


def planned_updates(context: RunContext, arm: Arm) -> list[int]:
    """The updates of each training at most; with folds the last one is of the model that is delivered."""
    planned = [arm.planned_updates(s.train) for s in context.splits]
    if not context.in_folds:
        return planned
    return [*planned, min(arm.planned_updates(list(arm.examples)), max(planned))]


def train_arm(training: ArmTraining, arm: Arm) -> tuple[Texts, list[TrainingOutcome], bool]:
    """Train the arm that the model is: its texts by clip, how each training went, and whether it was stopped."""
    context = training.context
    context.run.progress.plan_updates(planned_updates(context, arm))
    return _in_folds(training, arm) if context.in_folds else _on_one_split(training, arm)


def _on_one_split(training: ArmTraining, arm: Arm) -> tuple[Texts, list[TrainingOutcome], bool]:
    (split,) = training.context.splits
    outcome = training.train(arm, split, training.run.folder / "training", None)
    return training.test(arm, split.test, None, outcome), [outcome], outcome.stopped


def _in_folds(training: ArmTraining, arm: Arm) -> tuple[Texts, list[TrainingOutcome], bool]:
    """Each fold's model from the base, then the one that is delivered; finished folds are read, not made again."""
    run, splits = training.run, training.context.splits
    start = copy_state(run.backend)
    texts: Texts = {}
    outcomes: list[TrainingOutcome] = []
    for number, split in enumerate(splits):
        folder = run.folder / f"fold-{number + 1}"
        finished = read_fold(folder, run.clips)
        if finished is None:
            restore_state(run.backend, start)
            outcome = training.train(arm, split, folder, number)
            finished = outcome, training.test(arm, split.test, number, outcome)
            if not outcome.stopped:
                write_fold(folder, *finished)
        outcomes.append(finished[0])
        texts |= finished[1]
        if finished[0].stopped:
            run.notes.append(
                say(
                    "Stopped in fold {fold} of {folds}: the model kept is this fold's, and only the clips of the folds "
                    "so far were tested.",
                    fold=number + 1,
                    folds=len(splits),
                )
            )
            return texts, outcomes, True
    restore_state(run.backend, start)
    outcome, steps = training.train_final(arm, outcomes)
    if steps:
        run.notes.append(_delivered(len(arm.examples), outcome, steps))
    return texts, outcomes, outcome.stopped


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
