"""A sweep: several strategies and learning rates race on the dev clips, and one model is delivered and tested once.

All arms start from the same base and read one cache. Rung by rung the worse half drops out; what has been trained goes
on from its checkpoint, so that no update is made twice. With folds the race is run inside each fold, on its own dev
clips, and the fold's test clips hear its winner alone; the arm that most folds chose is delivered.
"""

import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.asr.models.lora import remove_adapters
from workbench.asr.training.trainer import Check, TrainingOutcome, copy_state, load_state, restore_state
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.intervals import paired_bootstrap
from workbench.core.evaluation.scoring import Evaluation, evaluate
from workbench.core.evaluation.selection import BASE, Candidate, Choice, choose, recommendation, rungs, survivors
from workbench.core.types import FreezePlan, Split
from workbench.errors import TrainingError
from workbench.services.estimates.duration import Expectation, Expecting, Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.execute import RunExecution
from workbench.services.runs.prepare import Prepared
from workbench.services.runs.records import Texts


@dataclass
class Entrant:
    """How one arm has done so far in one race.

    Attributes:
        made: Updates that it has made.
        finished: Whether training on would change nothing: all updates made, or no progress for long enough.
        outcome: Of its training so far.
        texts: What its best state hears in the dev clips, in their order.
    """

    name: str
    made: int
    finished: bool
    outcome: TrainingOutcome
    texts: list[str]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Entrant":
        checks = tuple(Check(**c) for c in document["outcome"]["checks"])
        return cls(**{**document, "outcome": TrainingOutcome(**{**document["outcome"], "checks": checks})})


@dataclass
class Race:
    """One race: the arms on one split, and who won."""

    dev: tuple[int, ...]
    base: Evaluation
    entrants: dict[str, Entrant]
    choice: Choice | None = None
    stopped: bool = False


class SweepExecution(RunExecution):
    """A run whose strategy and learning rate are chosen by a race."""

    def _wishes(self) -> list[tuple[str, TrainingConfig]]:
        own = self.config.to_json()
        return [
            (arm["strategy"], TrainingConfig.from_json({**own, **arm["settings"]}))
            for arm in self.run.config["sweep"]["arms"]
        ]

    def _expected(
        self, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        return expecting.of_sweep(work, arms)

    def _learn(self, arms: Sequence[Arm], splits: Sequence[Split]) -> tuple[Texts, list[TrainingOutcome], bool]:
        self.arms = {arm.name: arm for arm in arms}
        self.races: list[Race] = []
        self.delivers_base: bool | None = None  # known where the folds have voted
        self._plan_progress(splits)
        texts: Texts = {}
        outcomes: list[TrainingOutcome] = []
        for number, split in enumerate(splits):
            fold = number if len(splits) > 1 else None
            folder = self.folder / (f"fold-{number + 1}" if fold is not None else "training")
            race = self._race(split, folder, fold)
            self.races.append(race)
            winner = self._winner(race)
            self._enter(winner)
            start = copy_state(self.backend)
            outcomes.append(self._take(winner, folder, race))
            texts |= self._test(split.test, fold, outcomes[-1])
            if race.stopped or fold is None:
                self._deliver(winner)
                return texts, outcomes, race.stopped
            self._leave(winner, start)
        chosen, stopped = self._train_delivered(outcomes)
        self._deliver(chosen)
        return texts, outcomes, stopped

    # ---- one race ----

    def _plan_progress(self, splits: Sequence[Split]) -> None:
        """The updates of each training to come, for the time that is left."""
        planned = []
        for split in splits:
            longest = max(arm.planned_updates(split.train) for arm in self.arms.values())
            before = 0
            for count, made in rungs(len(self.arms), longest):
                planned += [made - before] * count
                before = made
        if len(splits) > 1:  # the model that is delivered
            planned.append(max(arm.planned_updates(list(arm.examples)) for arm in self.arms.values()))
        self.progress.plan_updates(planned)
        self.turn = 0

    def _race(self, split: Split, folder: Path, fold: int | None) -> Race:
        """Halve the arms until the last ones are fully trained."""
        dev = [self.clips[i] for i in split.dev]
        if not dev:
            raise TrainingError("A sweep chooses on dev clips and there are none; confirm more clips, or use folds.")
        self.arm = None
        base_texts = self.base_heard
        if not self.short:  # else the base has heard them in its own window
            base_texts = self._hear(dev, "base", "Transcribing the dev clips with the base model")
        base = self._scored(split.dev, [base_texts[i] for i in split.dev])
        race = Race(split.dev, base, _read(folder))
        alive = list(self.arms)
        longest = max(arm.planned_updates(split.train) for arm in self.arms.values())
        for count, made in rungs(len(self.arms), longest):
            if all(name in race.entrants for name in alive):  # else this is the first rung
                alive = survivors({name: self._score(race, name) for name in alive}, count)
            for name in alive:
                target = round(self.arms[name].planned_updates(split.train) * made / longest)
                self._run_to(target, self.arms[name], split, folder, fold, race)
                self.turn += 1
                if race.stopped:
                    break
            if race.stopped:
                break
        candidates = [Candidate(BASE, 0, _errors(base))]
        for name, entrant in race.entrants.items():
            errors = _errors(self._scored(split.dev, entrant.texts))
            candidates.append(Candidate(name, self.arms[name].plan.trainable_parameters, errors))
        race.choice = choose(candidates, [c.reference_words for c in base.clips])
        return race

    def _run_to(self, target: int, arm: Arm, split: Split, folder: Path, fold: int | None, race: Race) -> None:
        """Let one arm train up to so many updates; what it has made already is not made again."""
        known = race.entrants.get(arm.name)
        if known and (known.finished or known.made >= target):
            return
        began = time.monotonic()
        planned = arm.planned_updates(split.train)
        self._enter(arm)
        start = copy_state(self.backend)
        self.progress.arm = arm.name
        outcome = self._train_split(
            split, folder / _slug(arm.name), fold, stop_after=None if target >= planned else target, turn=self.turn
        )
        heard = self.base_heard
        if not self.short or outcome.best_step:
            heard = self._hear([self.clips[i] for i in split.dev], "evaluating", arm.name, may_stop=False)
        self._leave(arm, start)
        seconds = (known.seconds if known else 0.0) + time.monotonic() - began
        race.entrants[arm.name] = Entrant(
            arm.name,
            outcome.steps,
            outcome.steps >= planned or outcome.steps < target,
            outcome,
            [heard[i] for i in split.dev],
            round(seconds, 2),
        )
        race.stopped = outcome.stopped
        _write(folder, race.entrants)

    def _scored(self, clip_ids: Sequence[int], texts: Sequence[str]) -> Evaluation:
        return evaluate([self.clips[i].text for i in clip_ids], texts, self.run.config["normalizer"])

    def _score(self, race: Race, name: str) -> tuple[float, float]:
        found = self._scored(race.dev, race.entrants[name].texts)
        return found.wer, found.cer

    def _leave(self, arm: Arm, start: dict[str, Any]) -> None:
        """Let the model be the base again."""
        restore_state(self.backend, start)
        if arm.plan.lora_rank:
            remove_adapters(self.backend)

    # ---- the winner ----

    def _winner(self, race: Race) -> Arm:
        """The arm that a race chose; where it chose not to train, the simplest one, which then learns nothing."""
        assert race.choice
        if race.choice.train:
            return self.arms[race.choice.chosen]
        return self._simplest(self.arms.values())

    def _simplest(self, arms: Iterable[Arm]) -> Arm:
        return min(arms, key=lambda arm: (arm.plan.trainable_parameters, arm.name))

    def _take(self, arm: Arm, folder: Path, race: Race) -> TrainingOutcome:
        """Let the model have the winner's weights."""
        assert race.choice
        if not race.choice.train:
            return TrainingOutcome(0, 0, (), race.stopped)
        load_state(self.backend, folder / _slug(arm.name) / "best.safetensors")
        return replace(race.entrants[arm.name].outcome, stopped=race.stopped)

    def _delivers_base(self, ready: Prepared, outcomes: Sequence[TrainingOutcome]) -> bool:
        return self.delivers_base if self.delivers_base is not None else super()._delivers_base(ready, outcomes)

    def _train_delivered(self, outcomes: Sequence[TrainingOutcome]) -> tuple[Arm, bool]:
        """With folds: the arm that most of them chose, trained on all clips for its median number of updates."""
        choices = [race.choice.chosen for race in self.races if race.choice]
        votes = Counter(choices)
        most = max(votes.values())
        names = [name for name, count in votes.items() if count == most]
        self.delivers_base = BASE in names
        if self.delivers_base:
            arm = self._simplest(self.arms.values())
            self._enter(arm)
            return arm, False
        arm = self._simplest(self.arms[name] for name in names)
        self._enter(arm)
        chosen = [outcome for outcome, name in zip(outcomes, choices, strict=True) if name == arm.name]
        self.notes.append(
            f"{most} of {len(self.races)} folds chose {arm.name}; the figures are those of each fold's own choice on "
            "clips it had not heard."
        )
        everything = Split(tuple(arm.examples), (), (), rule="all clips")
        steps = round(statistics.median(o.best_step for o in chosen))
        outcome = self._train_split(
            everything, self.folder / "training", len(self.races), stop_after=steps, turn=self.turn
        )
        return arm, outcome.stopped

    def _deliver(self, arm: Arm) -> None:
        """Store which arm the model is, and the race's table."""
        sweep = self.run.config["sweep"]
        self.config = arm.config
        self._save_row(strategy=arm.strategy, config={**arm.config.to_json(), "sweep": sweep}, plan=asdict(arm.plan))
        self.result["sweep"] = self._table()

    def _table(self) -> dict[str, Any]:
        """What the races showed, pooled over the folds' dev clips."""
        base = [score for race in self.races for score in race.base.clips]
        words = [c.reference_words for c in base]
        speakers = [self.clips[i].speaker for race in self.races for i in race.dev]
        rows, wers = [], dict[str, float]()
        candidates = [Candidate(BASE, 0, tuple(c.errors for c in base))]
        for name, arm in self.arms.items():
            entrants = [race.entrants[name] for race in self.races if name in race.entrants]
            if len(entrants) < len(self.races):
                continue  # stopped before its first rung
            scored = [self._scored(race.dev, race.entrants[name].texts) for race in self.races]
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
                    "updates": sum(e.made for e in entrants),
                    "seconds": round(sum(e.seconds for e in entrants), 1),
                    "wer": wers[name],
                    "change": change.to_json(),
                    "full": all(e.finished for e in entrants),
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


def _slug(name: str) -> str:
    return name.replace(" ", "-")


def _read(folder: Path) -> dict[str, Entrant]:
    """What an interrupted race had come to."""
    file = folder / "race.json"
    if not file.is_file():
        return {}
    return {name: Entrant.from_json(d) for name, d in json.loads(file.read_text(encoding="utf-8")).items()}


def _write(folder: Path, entrants: Mapping[str, Entrant]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "race.tmp"
    document = {name: entrant.to_json() for name, entrant in entrants.items()}
    temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, folder / "race.json")
