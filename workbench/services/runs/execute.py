"""Carries out one run, in the worker process: labels, prefix, base, training (folds), evaluation, what is kept.

Each finished fold leaves its outcome on disk and each training its checkpoints, so that a run whose process was killed
goes on where it stood.
"""

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from workbench.asr.training.checkpoint import save_run_model
from workbench.asr.training.freezing import apply_plan
from workbench.asr.training.trainer import Check, Hooks, TrainingOutcome, copy_state, fine_tune, restore_state
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.comparison import OTHER_RULER
from workbench.core.evaluation.intervals import METHOD
from workbench.core.evaluation.scoring import evaluate
from workbench.core.text.normalize import repetition
from workbench.core.text.ruler import choose_ruler
from workbench.core.types import SAMPLE_RATE, Seconds, Split
from workbench.services.estimates.duration import timing
from workbench.services.estimates.hardware import Others
from workbench.services.estimates.workload import Effort, Training, in_own_window, padded, sum_effort
from workbench.services.runs.arm import Arm
from workbench.services.runs.delivery import what_would_help
from workbench.services.runs.plan import CURVE, SWEEP
from workbench.services.runs.prepare import Preparation, Prepared
from workbench.services.runs.records import Texts, read_fold, versions, write_fold
from workbench.store.models import ClipRow, EvaluationRow, now
from workbench.store.runs import find_run, replace_evaluations

STOPPED = "Stopped; the best state so far was kept."
ALL_BLANK_SHARE = 0.9  # of the texts; from here on the model has collapsed


class RunExecution(Preparation):
    """One run in the making."""

    def execute(self) -> None:
        """Do it all; the store then holds the result and the status.

        Raises:
            WorkbenchError: It cannot be done; the message is for the user.
            StopRequested: Stopped before anything was learned.
        """
        began = time.monotonic()
        self.others = Others()
        self.not_heard_again: list[int] = []  # clips of trainings whose best state is the base, which has heard them
        ready = self.prepare()
        adapted, outcomes, stopped = self._learn(ready.arms, ready.splits)
        self._finish(ready, adapted, outcomes, stopped, began)

    def _enter(self, arm: Arm) -> None:
        """Let the model be this arm's: what learns, what is masked and dropped, where hearing starts."""
        apply_plan(self.backend, arm.plan)
        self.backend.set_time_mask(arm.config.time_mask)
        if arm.config.dropout is not None:
            self.backend.set_dropout(arm.config.dropout)
        self.arm = arm

    def _learn(self, arms: Sequence[Arm], splits: Sequence[Split]) -> tuple[Texts, list[TrainingOutcome], bool]:
        """Train; the model is left as the one that is delivered, and `self.arm` as its arm."""
        self._enter(arms[0])
        self._save_row(plan=asdict(arms[0].plan))
        return self._train(splits)

    # ---- training ----

    def _train(self, splits: Sequence[Split]) -> tuple[Texts, list[TrainingOutcome], bool]:
        """Texts of the adapted model by clip with the fold, how each training went, and whether it was stopped."""
        assert self.arm
        self.progress.plan_updates(self._planned(splits))
        if len(splits) == 1:
            outcome = self._train_split(splits[0], self.folder / "training", None)
            return self._test(splits[0].test, None, outcome), [outcome], outcome.stopped
        start = copy_state(self.backend)
        texts: Texts = {}
        outcomes: list[TrainingOutcome] = []
        for number, split in enumerate(splits):
            folder = self.folder / f"fold-{number + 1}"
            finished = read_fold(folder, self.clips)
            if finished is None:
                restore_state(self.backend, start)
                outcome = self._train_split(split, folder, number)
                finished = outcome, self._test(split.test, number, outcome)
                if not outcome.stopped:
                    write_fold(folder, *finished)
            outcomes.append(finished[0])
            texts |= finished[1]
            if finished[0].stopped:
                self.notes.append(
                    f"Stopped in fold {number + 1} of {len(splits)}: the model kept is this fold's, and only the clips "
                    "of the folds so far were tested."
                )
                return texts, outcomes, True
        stopped = self._train_final(outcomes, start)
        return texts, outcomes, stopped

    def _planned(self, splits: Sequence[Split]) -> list[int]:
        """The updates of each training at most; with folds the last one is of the model that is delivered."""
        assert self.arm
        planned = [self.arm.planned_updates(s.train) for s in splits]
        if len(splits) == 1:
            return planned
        everything = self.arm.planned_updates(list(self.arm.examples))
        return [*planned, min(everything, max(planned))]

    def _train_final(self, outcomes: Sequence[TrainingOutcome], start: dict[str, Any]) -> bool:
        """The model to deliver: all clips, for the folds' median number of updates."""
        assert self.arm
        examples = self.arm.examples
        steps = round(statistics.median(o.best_step for o in outcomes))
        restore_state(self.backend, start)
        everything = Split(tuple(examples), (), (), rule="all clips")
        outcome = self._train_split(everything, self.folder / "training", len(outcomes), stop_after=steps)
        made = f"{outcome.steps} of {steps}" if outcome.steps < steps else str(steps)
        if steps:
            self.notes.append(
                f"The model delivered is trained on all {len(examples)} clips for {made} updates, the median of the "
                "folds; the figures are those of the folds' models on clips each had not heard."
                + (" It was stopped before, and may be worse than these say." if outcome.stopped else "")
            )
        return outcome.stopped

    def _train_split(
        self, split: Split, folder: Path, fold: int | None, stop_after: int | None = None, turn: int | None = None
    ) -> TrainingOutcome:
        """Train the arm at hand on a split; `turn` counts the trainings of a run, the fold by default."""
        assert self.arm
        arm, examples = self.arm, self.arm.examples
        began = time.monotonic()
        normalizer = self.run.config["normalizer"]
        dev = [examples[i] for i in split.dev if i in examples]

        self.watching.begin(fold, fresh=not (folder / "checks.json").is_file())

        def score(texts: list[str]) -> tuple[float, float]:
            self.watching.see([self.clips[e.clip_id] for e in dev], texts)
            result = evaluate([self.clips[e.clip_id].text for e in dev], texts, normalizer)
            return result.wer, result.cer

        def update(step: int, planned: int, loss: float | None, checks: Sequence[Check]) -> None:
            # Of the model that is delivered nothing steers when it ends: that is known.
            self.progress.update(step, planned if dev or stop_after is None else stop_after, loss, checks)

        self.progress.training(fold or 0 if turn is None else turn)
        outcome = fine_tune(
            self.backend,
            arm.plan,
            replace(arm.config, seed=arm.config.seed + (fold or 0)),
            train=[examples[i] for i in split.train if i in examples],
            dev=dev,
            cache=arm.cache,
            hearing=arm.hearing,
            folder=folder,
            hooks=Hooks(score, update, self.progress.should_stop),
            stop_after=stop_after,
            untrained=[self.base_heard[e.clip_id] for e in dev] if self.short else None,
        )
        self.seconds["training"] += time.monotonic() - began
        return outcome

    def _test(self, clip_ids: Sequence[int], fold: int | None, outcome: TrainingOutcome) -> Texts:
        if self.short and outcome.best_step == 0:  # it is the base, which hears in its own window
            self.not_heard_again += clip_ids
            return {i: (self.base_heard[i], fold) for i in clip_ids}
        clips, message = [self.clips[i] for i in clip_ids], "Transcribing with the adapted model"
        return {i: (text, fold) for i, text in self._hear(clips, "evaluating", message, may_stop=False).items()}

    # ---- after training ----

    def _finish(
        self,
        ready: Prepared,
        adapted: Texts,
        outcomes: Sequence[TrainingOutcome],
        stopped: bool,
        began: float,
    ) -> None:
        self.progress.phase("saving", "Saving")
        unchanged = self._delivers_base(ready, outcomes)
        padded_to = self.backend.padded_to / SAMPLE_RATE if self.backend.padded_to else None  # while it was measured
        if unchanged:
            self._be_the_base()
            if not stopped:
                self.notes.append(self._what_would_help(ready, outcomes))
        assert self.arm
        model = self.folder / "model"
        if self.short:
            self.short.save(model)  # before run.json, with which the model counts as whole
        save_run_model(self.backend, self.arm.plan, model, run=self._card(ready.new_characters))
        blank = [i for i, (text, _) in adapted.items() if not text.strip()]
        if adapted and len(blank) >= ALL_BLANK_SHARE * len(adapted):
            self.notes.append(
                f"The adapted model writes nothing for {len(blank)} of {len(adapted)} clips (it has collapsed to "
                "blanks): lower the learning rate, train longer, or let fewer blocks learn."
            )
        self._say_repetitions("base", ready.base_texts)
        self._say_repetitions("adapted", {i: text for i, (text, _) in adapted.items()})
        self.general.hear_adapted(self._hear, self.progress.should_stop)
        self.notes += self.general.notes
        rows = [
            EvaluationRow(
                run_id=self.run.id,
                clip_id=i,
                fold=fold,
                reference=self.clips[i].text,
                base=ready.base_texts[i],
                adapted=text,
            )
            for i, (text, fold) in adapted.items()
        ]
        self.seconds["total"] = time.monotonic() - began
        folds = len(ready.splits) > 1
        trained = set() if unchanged else self._learned_from(ready, outcomes)
        result = self.result | {
            "train_clips": len(trained),
            "base_delivered": unchanged,
            "interval_method": METHOD,
            "normalizer_reason": self._normalizer_reason(),
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
            "notes": self.notes,
            "new_characters": ready.new_characters,
            "scheme": "out-of-fold" if folds else "test",
            "general": self.general.to_json(),
            "trainings": [
                {"steps": o.steps, "best_step": o.best_step, "checks": [asdict(c) for c in o.checks]} for o in outcomes
            ],
        }
        alone = not self.run.config.keys() & {CURVE, SWEEP}
        if alone and not self.resumed:  # else its seconds are of something else
            result["timing"] = timing(self._effort(ready, adapted, outcomes, padded_to), self.others.share())
        with self.store.session() as session:
            # A clip may have been erased while the run was at work.
            here = set(session.scalars(select(ClipRow.id).where(ClipRow.set_id == self.run.set_id)))
            replace_evaluations(session, self.run.id, [r for r in rows if r.clip_id in here])
            self.general.store(session, self.run.id)
            row = find_run(session, self.name)
            row.result, row.status, row.finished_at = result, "stopped" if stopped else "done", now()
            row.message = STOPPED if stopped and not unchanged else ""

    def _normalizer_reason(self) -> str:
        """Why these text rules, by all the labels of the run and not by its test clips alone."""
        normalizer, language = self.run.config["normalizer"], self.run.config.get("language")
        suited = choose_ruler([clip.text for clip in self.clips.values()], language)
        return suited.reason if suited.normalizer == normalizer else OTHER_RULER.format(suited=suited.normalizer)

    def _what_would_help(self, ready: Prepared, outcomes: Sequence[TrainingOutcome]) -> str:
        normalizer, tested = self.run.config["normalizer"], list(ready.base_texts)
        base = evaluate([self.clips[i].text for i in tested], [ready.base_texts[i] for i in tested], normalizer)
        steering = 0.0
        for split, outcome in zip(ready.splits, outcomes, strict=False):
            texts = [self.clips[i].text for i in split.dev if i in ready.labels]
            words = evaluate(texts, [""] * len(texts), normalizer).reference_words
            steering += outcome.checks[0].wer * words if outcome.checks else 0.0
        return what_would_help(
            errors=base.substitutions + base.deletions + base.insertions,
            words=base.reference_words,
            steering_errors=steering / max(1, len(ready.splits)),
            updates=max(o.steps for o in outcomes),
            effort=str(self.run.config.get("effort") or TrainingConfig.effort),
        )

    def _be_the_base(self) -> None:
        """The model delivered is the base, in its own window; what learns has the weights that it began with."""
        if self.short and self.arm:
            self.short.leave()
            self.short = None
            self.arm = replace(self.arm, hearing=self.base_hearing, cache=self.base_hearing)

    def _delivers_base(self, ready: Prepared, outcomes: Sequence[TrainingOutcome]) -> bool:
        """Whether the model delivered is the base as it was."""
        if len(outcomes) == len(ready.splits) > 1 and not outcomes[-1].stopped:
            return round(statistics.median(o.best_step for o in outcomes)) == 0
        return outcomes[-1].best_step == 0

    def _learned_from(self, ready: Prepared, outcomes: Sequence[TrainingOutcome]) -> set[int]:
        """The clips that the delivered model has learned from."""
        if not any(o.steps for o in outcomes):
            return set()  # stopped before its first update, or a sweep that chose the base
        if len(outcomes) == len(ready.splits) > 1:
            return set(ready.labels)  # with folds it is trained on every clip
        # Stopped in a fold, whose model it is.
        return {i for i in ready.splits[len(outcomes) - 1].train if i in ready.labels}

    def _effort(
        self, ready: Prepared, adapted: Texts, outcomes: Sequence[TrainingOutcome], padded_to: Seconds | None
    ) -> Effort:
        """What was done in the seconds that were measured, in the window that the model heard in then."""
        assert self.arm

        def lengths(ids: Iterable[int]) -> list[Seconds]:
            return [self.clips[i].n_samples / SAMPLE_RATE for i in ids]

        trainings = [
            Training(o.steps, lengths(i for i in s.train if i in ready.labels), lengths(s.dev), len(o.checks))
            for s, o in zip(ready.splits, outcomes, strict=False)  # a stopped run has fewer
        ]
        if len(outcomes) == len(ready.splits) > 1:
            steps = round(statistics.median(o.best_step for o in outcomes))
            trainings.append(Training(steps, lengths(ready.labels), [], 0))
        general = [c.n_samples / SAMPLE_RATE for c in self.general.clips]
        tested = [*lengths(adapted), *general]
        effort = sum_effort(trainings, self.arm.config, heard=self.listened, tested=tested, padded_to=padded_to)
        based = [*lengths(self.base_heard), *general]
        effort = in_own_window(effort, based, len(tested), padded_to, self.own_window)
        spared = padded(lengths(self.not_heard_again), padded_to)
        n_tested = effort.tested_clips - len(self.not_heard_again)
        return replace(effort, tested=effort.tested - spared, tested_clips=n_tested)

    def _say_repetitions(self, which: str, texts: Mapping[int, str]) -> None:
        """A decoder that lost the sound says the same over and over; every such word counts as an error."""
        found = {i: unit for i, text in texts.items() if (unit := repetition(text)) is not None}
        if found:
            first = next(iter(found))
            self.notes.append(
                f"The {which} model goes round in circles in {len(found)} of {len(texts)} test clips, for instance "
                f"{self.clips[first].name} (“{found[first][:40]}” again and again); it was stopped there."
            )

    def _card(self, new_characters: list[str]) -> dict[str, Any]:
        """run.json: everything needed to say what this model is and to make it again."""
        return {
            "run": self.name,
            "model": self.run.model,
            "strategy": self.run.strategy,
            "config": self.run.config,
            "split": self.run.split,
            "labels": self.run.labels,
            "versions": versions(),
            "new_characters": new_characters,
            "language": self.language,
            "window": self.short.seconds if self.short else None,
            "healed": self.backend.healed or None,
        }
