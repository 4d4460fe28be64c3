"""A learning curve: the same training on more and more of the clips, and what twice as many would bring.

Sizes are nested: a draw puts the training clips into one order and takes the first so many of it. Every training is
tested on the same test clips. The last one, on all clips, is the run's own model, compared and delivered as usual.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from workbench.asr.training.trainer import copy_state, restore_state
from workbench.atomic import write_json
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.learning_curve import LearningCurve, Point, fit, sizes_for
from workbench.core.evaluation.scoring import ClipScore
from workbench.core.types import FreezePlan, Split
from workbench.language.said import count
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.workload import Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext, Trained
from workbench.services.runs.fine_tune import planned_updates, train_arm
from workbench.services.runs.loaded import Wanted
from workbench.services.runs.progress import TRAINING
from workbench.services.runs.records import Texts
from workbench.services.runs.training import ArmTraining
from workbench.store.models import RunRow


class Curve:
    """A run that is also trained on parts of its clips; see `Trainer`."""

    def wanted(self, row: RunRow, config: TrainingConfig) -> Wanted:
        return [(row.strategy, config)]

    def expected(
        self, row: RunRow, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        return expecting.of_run(work, *arms[0], draws=int(row.config["curve"]["draws"]))

    def train(self, context: RunContext) -> Trained:
        training, arm = ArmTraining(context), context.arms[0]
        training.deliver(arm)
        clips = min(len(train_clips(arm, split)) for split in context.splits)
        draws = 1 if context.in_folds else int(context.run.row.config["curve"]["draws"])
        start = copy_state(context.run.backend)
        stopped = _train_parts(training, arm, sizes_for(clips)[:-1], draws)
        restore_state(context.run.backend, start)
        context.run.progress.doing = TRAINING
        whole = train_arm(training, arm)
        more = {}
        if not stopped and not whole.stopped and len(sizes_for(clips)) > 1:
            more["curve"] = _fitted(training, whole.texts, clips, draws)
        return whole.trained(training, arm, stopped=stopped, **more)


def train_clips(arm: Arm, split: Split) -> list[int]:
    """The clips of a split that the arm can learn from."""
    return [i for i in split.train if i in arm.examples]


def part_of(arm: Arm, split: Split, size: int, draw: int) -> tuple[int, ...]:
    """The first so many of the training clips, in the order of this draw."""
    order = train_clips(arm, split)
    random.Random(f"{arm.config.seed} {draw}").shuffle(order)
    return tuple(order[:size])


def _train_parts(training: ArmTraining, arm: Arm, sizes: Sequence[int], draws: int) -> bool:
    """Train on parts of the clips and keep what each model wrote in the test clips; whether it was stopped."""
    run, splits = training.run, training.context.splits
    start = copy_state(run.backend)
    parts = [(size, draw, fold) for size in sizes for draw in range(draws) for fold in range(len(splits))]
    planned = [arm.planned_updates(part_of(arm, splits[f], n, d)) for n, d, f in parts]
    run.progress.plan_updates(planned, later=sum(planned_updates(training.context, arm)))
    for turn, (size, draw, fold) in enumerate(parts):
        folder = run.folder / "curve" / f"{size}-{draw}-{fold}"
        if (folder / "texts.json").is_file():
            continue
        restore_state(run.backend, start)
        run.progress.doing = count(size, "Training on {n} clip", "Training on {n} clips")
        split = replace(splits[fold], train=part_of(arm, splits[fold], size, draw))
        outcome = training.train(arm, split, folder, fold if len(splits) > 1 else None, turn=turn)
        learned = training.blending.settle(arm, start, split.dev, outcome)
        if learned.outcome.stopped:
            return True
        heard = training.test(arm, split.test, fold, learned)
        write_json(folder / "texts.json", {str(i): text for i, (text, _) in heard.items()})
    return False


def _fitted(training: ArmTraining, texts: Texts, clips: int, draws: int) -> dict[str, Any]:
    """The curve over all trainings; with folds a size's errors are those of all folds' test clips."""
    run, splits = training.run, training.context.splits
    tested = [i for split in splits for i in split.test]

    def scores(heard: Mapping[int, str]) -> tuple[ClipScore, ...]:
        return tuple(training.scored(tested, [heard.get(i, "") for i in tested]).clips)

    points = [Point(clips, tuple(s.errors for s in scores({i: t for i, (t, _) in texts.items()})))]
    for size in sizes_for(clips)[:-1]:
        for draw in range(draws):
            heard: dict[int, str] = {}
            for fold in range(len(splits)):
                file = run.folder / "curve" / f"{size}-{draw}-{fold}" / "texts.json"
                heard |= {int(i): t for i, t in json.loads(file.read_text(encoding="utf-8")).items()}
            points.append(Point(size, tuple(s.errors for s in scores(heard))))
    words = [s.reference_words for s in scores({})]
    return to_json(fit(points, words, clips, seed=run.config.seed), draws)


def to_json(curve: LearningCurve, draws: int) -> dict[str, Any]:
    """What the store, the page and the command line show of a curve."""
    return {
        "sizes": list(curve.sizes),
        "means": list(curve.means),
        "forecasts": [asdict(f) for f in curve.forecasts],
        "clips": curve.here.clips,
        "draws": draws,
        "sentence": curve.sentence(),
    }
