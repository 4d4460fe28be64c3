"""A sweep: several strategies and learning rates race on the dev clips, and one model is delivered and tested once.

All arms start from the same base and read one cache. Rung by rung the worse half drops out; what has been trained goes
on from its checkpoint, so that no update is made twice. With folds the race is run inside each fold, on its own dev
clips, and the fold's test clips hear its winner alone; the arm that most folds chose is delivered.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.asr.training.trainer import Check, TrainingOutcome, copy_state, load_state
from workbench.atomic import write_json
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.intervals import paired_bootstrap
from workbench.core.evaluation.scoring import Evaluation
from workbench.core.evaluation.selection import BASE, Candidate, Selection, choose, recommendation, rungs, survivors
from workbench.core.types import FreezePlan, Split
from workbench.errors import TrainingError
from workbench.language.said import say
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.workload import Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext, Trained
from workbench.services.runs.loaded import Wanted
from workbench.services.runs.records import Learned, Texts
from workbench.services.runs.training import ArmTraining
from workbench.store.models import RunRow


@dataclass
class Trial:
    """How one arm has done so far in one race.

    Attributes:
        made: Updates that it has made.
        finished: Whether training on would change nothing: all updates made, or no progress for long enough.
        outcome: Of its training so far.
        texts: Dev clip -> what its best state hears in it.
    """

    name: str
    made: int
    finished: bool
    outcome: TrainingOutcome
    texts: dict[int, str]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any], dev: Sequence[int]) -> "Trial | None":
        """A trial as it was kept; None where a text of a dev clip is missing, as after one was erased.

        Args:
            dev: The dev clips, in whose order earlier versions kept the texts.
        """
        kept = document["texts"]
        if not isinstance(kept, dict):
            kept = dict(zip(dev, kept, strict=True)) if len(kept) == len(dev) else {}
        texts = {int(i): text for i, text in kept.items()}
        if not set(dev) <= texts.keys():
            return None
        checks = tuple(Check(**c) for c in document["outcome"]["checks"])
        outcome = TrainingOutcome(**{**document["outcome"], "checks": checks})
        return cls(**{**document, "outcome": outcome, "texts": texts})


@dataclass
class Race:
    """One race: the arms on one split, and who won."""

    dev: tuple[int, ...]
    base: Evaluation
    trials: dict[str, Trial]
    choice: Selection | None = None
    stopped: bool = False


class Sweep:
    """A run whose strategy and learning rate are chosen by a race; see `Trainer`."""

    def wanted(self, row: RunRow, config: TrainingConfig) -> Wanted:
        own = config.to_json()
        return [
            (arm["strategy"], TrainingConfig.from_json({**own, **arm["settings"]}))
            for arm in row.config["sweep"]["arms"]
        ]

    def expected(
        self, row: RunRow, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        return expecting.of_sweep(work, arms)

    def train(self, context: RunContext) -> Trained:
        races = _Races(ArmTraining(context))
        run, texts, trainings = context.run, Texts(), list[Learned]()
        for number, split in enumerate(context.splits):
            fold = number if context.in_folds else None
            folder = run.folder / (f"fold-{number + 1}" if fold is not None else "training")
            race = races.run(split, folder, fold)
            winner = races.winner(race)
            races.training.enter(winner)
            start = copy_state(run.backend)
            learned = races.training.blending.settle(winner, start, split.dev, races.take(winner, folder, race))
            trainings.append(learned)
            texts |= races.training.test(winner, split.test, fold, learned)
            if learned.outcome.stopped or fold is None:
                return races.trained(winner, texts, trainings, learned)
            races.training.leave(winner, start)
        chosen, delivered = races.train_delivered(trainings)
        return races.trained(chosen, texts, trainings, delivered)


class _Races:
    """The races of one run, one a split.

    Attributes:
        turn: Of the trainings to come, the one that is next.
    """

    def __init__(self, training: ArmTraining) -> None:
        self.training, self.context, self.loaded = training, training.context, training.run
        self.arms = {arm.name: arm for arm in self.context.arms}
        self.finished: list[Race] = []
        self.turn = 0
        self._plan_progress()

    # ---- one race ----

    def _plan_progress(self) -> None:
        """The updates of each training to come, for the time that is left."""
        planned = []
        for split in self.context.splits:
            longest = max(arm.planned_updates(split.train) for arm in self.arms.values())
            before = 0
            for count, made in rungs(len(self.arms), longest):
                planned += [made - before] * count
                before = made
        if self.context.in_folds:  # the model that is delivered
            planned.append(max(arm.planned_updates(list(arm.examples)) for arm in self.arms.values()))
        self.loaded.progress.plan_updates(planned)

    def run(self, split: Split, folder: Path, fold: int | None) -> Race:
        """Halve the arms until the last ones are fully trained."""
        base = self.training.scored(split.dev, self._base_texts(split))
        race = Race(split.dev, base, _read(folder, split.dev))
        alive = list(self.arms)
        longest = max(arm.planned_updates(split.train) for arm in self.arms.values())
        for count, made in rungs(len(self.arms), longest):
            if all(name in race.trials for name in alive):  # else this is the first rung
                alive = survivors({name: self._score(race, name) for name in alive}, count)
            for name in alive:
                target = round(self.arms[name].planned_updates(split.train) * made / longest)
                self.run_to(target, self.arms[name], split, folder, fold, race)
                self.turn += 1
                if race.stopped:
                    break
            if race.stopped:
                break
        candidates = [Candidate(BASE, 0, _errors(base))]
        for name, trial in race.trials.items():
            errors = _errors(self.training.scored(split.dev, [trial.texts[i] for i in split.dev]))
            candidates.append(Candidate(name, self.arms[name].plan.trainable_parameters, errors))
        race.choice = choose(candidates, [c.reference_words for c in base.clips])
        self.finished.append(race)
        return race

    def _base_texts(self, split: Split) -> list[str]:
        """What the base hears in the dev clips.

        Raises:
            TrainingError: There are none.
        """
        dev = [self.loaded.clips[i] for i in split.dev]
        if not dev:
            raise TrainingError(
                say("A sweep chooses on dev clips and there are none; confirm more clips, or use folds.")
            )
        heard = self.context.base_heard
        if not self.context.short:  # else the base has heard them in its own window
            message = say("Transcribing the dev clips with the base model")
            heard = self.loaded.model.transcribe(dev, self.context.hearing, "base", message)
        return [heard[i] for i in split.dev]

    def run_to(self, target: int, arm: Arm, split: Split, folder: Path, fold: int | None, race: Race) -> None:
        """Let one arm train up to so many updates; what it has made already is not made again."""
        known = race.trials.get(arm.name)
        if known and (known.finished or known.made >= target):
            return
        began = time.monotonic()
        planned = arm.planned_updates(split.train)
        self.training.enter(arm)
        start = copy_state(self.loaded.backend)
        self.loaded.progress.doing = say("Training {arm}", arm=arm.name)
        stop_after = None if target >= planned else target
        outcome = self.training.train(arm, split, folder / _slug(arm.name), fold, stop_after=stop_after, turn=self.turn)
        heard = self.context.base_heard
        if not self.context.short or outcome.best_step:
            heard = self.training.hear(arm, split.dev, arm.name)
        self.training.leave(arm, start)
        seconds = (known.seconds if known else 0.0) + time.monotonic() - began
        race.trials[arm.name] = Trial(
            arm.name,
            outcome.steps,
            outcome.steps >= planned or outcome.steps < target,
            outcome,
            {i: heard[i] for i in split.dev},
            round(seconds, 2),
        )
        race.stopped = outcome.stopped
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "race.json", {name: trial.to_json() for name, trial in race.trials.items()})

    def _heard(self, race: Race, name: str) -> Evaluation:
        """What an arm's best state hears in the dev clips, held against their labels."""
        return self.training.scored(race.dev, [race.trials[name].texts[i] for i in race.dev])

    def _score(self, race: Race, name: str) -> tuple[float, float]:
        found = self._heard(race, name)
        return found.wer, found.cer

    # ---- the winner ----

    def winner(self, race: Race) -> Arm:
        """The arm that a race chose; where it chose not to train, the simplest one, which then learns nothing."""
        assert race.choice
        if race.choice.train:
            return self.arms[race.choice.chosen]
        return _simplest(self.arms.values())

    def take(self, arm: Arm, folder: Path, race: Race) -> TrainingOutcome:
        """Let the model have the winner's weights."""
        assert race.choice
        if not race.choice.train:
            return TrainingOutcome(0, 0, (), race.stopped)
        load_state(self.loaded.backend, folder / _slug(arm.name) / "best.safetensors")
        return replace(race.trials[arm.name].outcome, stopped=race.stopped)

    def train_delivered(self, trainings: Sequence[Learned]) -> tuple[Arm, Learned]:
        """With folds: the arm that most of them chose, trained on all clips for its median number of updates."""
        choices = [race.choice.chosen for race in self.finished if race.choice]
        votes = Counter(choices)
        most = max(votes.values())
        names = [name for name, count in votes.items() if count == most]
        if BASE in names:
            arm = _simplest(self.arms.values())
            self.training.enter(arm)
            return arm, Learned(TrainingOutcome(0, 0, (), stopped=False), 0.0)
        arm = _simplest(self.arms[name] for name in names)
        self.training.enter(arm)
        chosen = [learned for learned, name in zip(trainings, choices, strict=True) if name == arm.name]
        self.loaded.notes.append(
            say(
                "{n} of {folds} folds chose {arm}; the figures are those of each fold's own choice on clips it had not "
                "heard.",
                n=most,
                folds=len(self.finished),
                arm=arm.name,
            )
        )
        delivered, _ = self.training.train_final(arm, copy_state(self.loaded.backend), chosen, self.turn)
        return arm, delivered

    def trained(self, arm: Arm, texts: Texts, trainings: Sequence[Learned], delivered: Learned) -> Trained:
        """Store which arm the model is; the race's table goes into the result."""
        run = self.loaded
        config = {**arm.config.to_json(), "sweep": run.row.config["sweep"]}
        run.save(strategy=arm.strategy, config=config, plan=asdict(arm.plan))
        more = {"sweep": self._table()}
        stopped, heard = delivered.outcome.stopped, self.training.blending.heard
        return Trained(arm, texts, trainings, delivered, stopped, self.training.not_heard_again, heard, more)

    def _table(self) -> dict[str, Any]:
        """What the races showed, pooled over the folds' dev clips."""
        base = [score for race in self.finished for score in race.base.clips]
        words = [c.reference_words for c in base]
        speakers = [self.loaded.clips[i].speaker for race in self.finished for i in race.dev]
        rows, wers = [], dict[str, float]()
        candidates = [Candidate(BASE, 0, tuple(c.errors for c in base))]
        for name, arm in self.arms.items():
            trials = [race.trials[name] for race in self.finished if name in race.trials]
            if len(trials) < len(self.finished):
                continue  # stopped before its first rung
            scored = [self._heard(race, name) for race in self.finished]
            errors = tuple(c.errors for s in scored for c in s.clips)
            candidates.append(Candidate(name, arm.plan.trainable_parameters, errors))
            wers[name] = sum(errors) / max(1, sum(words))
            change = paired_bootstrap([c.errors for c in base], errors, words, speakers)
            rows.append(
                {
                    "arm": name,
                    "strategy": arm.strategy,
                    "learning_rate": arm.config.learning_rate,
                    "trainable_parameters": arm.plan.trainable_parameters,
                    "updates": sum(e.made for e in trials),
                    "seconds": round(sum(e.seconds for e in trials), 1),
                    "wer": wers[name],
                    "change": change.to_json(),
                    "full": all(e.finished for e in trials),
                }
            )
        choice = choose(candidates, words)
        base_wer = sum(c.errors for c in base) / max(1, sum(words))
        return {
            "arms": sorted(rows, key=lambda row: wers[str(row["arm"])]),
            "base_wer": base_wer,
            "dev_clips": len(words),
            "best": choice.best,
            "chosen": choice.chosen,
            "recommendation": recommendation(choice, base_wer, wers, len(words)),
        }


def _errors(found: Evaluation) -> tuple[int, ...]:
    return tuple(clip.errors for clip in found.clips)


def _simplest(arms: Iterable[Arm]) -> Arm:
    return min(arms, key=lambda arm: (arm.plan.trainable_parameters, arm.name))


def _slug(name: str) -> str:
    return name.replace(" ", "-")


def _read(folder: Path, dev: Sequence[int]) -> dict[str, Trial]:
    """What an interrupted race had come to."""
    file = folder / "race.json"
    if not file.is_file():
        return {}
    kept = json.loads(file.read_text(encoding="utf-8"))
    return {name: trial for name, document in kept.items() if (trial := Trial.from_json(document, dev))}
