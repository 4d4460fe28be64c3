"""Trains one arm after another of a run, each from the base, and lets what it has become write down clips."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workbench.asr.models.lora import remove_adapters
from workbench.asr.training.freezing import apply_plan
from workbench.asr.training.trackers import tracking
from workbench.asr.training.trainer import Check, Hooks, TrainingOutcome, fine_tune, restore_state
from workbench.core.evaluation.scoring import Evaluation, evaluate
from workbench.core.types import Split
from workbench.language.said import say
from workbench.services.runs.arm import Arm
from workbench.services.runs.blending import Blending, State
from workbench.services.runs.context import RunContext
from workbench.services.runs.records import Learned, Texts


class ArmTraining:
    """The trainings of one run.

    Attributes:
        blending: How much of what each learned is kept.
        not_heard_again: Clips of trainings whose best state is the base, which had heard them already.
    """

    def __init__(self, context: RunContext) -> None:
        self.context, self.run = context, context.run
        self.blending = Blending(context)
        self.not_heard_again: list[int] = []

    def enter(self, arm: Arm) -> None:
        """Let the model be this arm's: what learns, what is masked and dropped."""
        backend = self.run.backend
        apply_plan(backend, arm.plan)
        backend.set_time_mask(arm.config.time_mask)
        if arm.config.dropout is not None:
            backend.set_dropout(arm.config.dropout)

    def deliver(self, arm: Arm) -> None:
        """Enter the arm that the run is about, and store its plan."""
        self.enter(arm)
        self.run.save(plan=asdict(arm.plan))

    def leave(self, arm: Arm, start: dict[str, Any]) -> None:
        """Let the model be the base again."""
        restore_state(self.run.backend, start)
        if arm.plan.lora_rank:
            remove_adapters(self.run.backend)

    def train(
        self,
        arm: Arm,
        split: Split,
        folder: Path,
        fold: int | None,
        *,
        stop_after: int | None = None,
        turn: int | None = None,
    ) -> TrainingOutcome:
        """Train the arm that the model is on a split; `turn` counts the trainings of a run, the fold by default."""
        run, examples, began = self.run, arm.examples, time.monotonic()
        dev = [examples[i] for i in split.dev if i in examples]
        run.watching.begin(fold, fresh=not (folder / "checks.json").is_file())

        def score(texts: list[str]) -> tuple[float, float]:
            run.watching.see([run.clips[e.clip_id] for e in dev], texts)
            found = self.scored([e.clip_id for e in dev], texts)
            return found.wer, found.cer

        def update(step: int, planned: int, loss: float | None, checks: Sequence[Check]) -> None:
            # Of the model that is delivered nothing steers when it ends: that is known.
            run.progress.update(step, planned if dev or stop_after is None else stop_after, loss, checks)

        run.progress.training(fold or 0 if turn is None else turn)
        series = folder.relative_to(run.folder).as_posix()
        with tracking(arm.config.tracker, run.folder, series, self.note_once) as track:
            outcome = fine_tune(
                run.backend,
                arm.plan,
                replace(arm.config, seed=arm.config.seed + (fold or 0)),
                train=[examples[i] for i in split.train if i in examples],
                dev=dev,
                rehearsed=arm.rehearsed,
                cache=arm.cache,
                hearing=arm.hearing,
                folder=folder,
                hooks=Hooks(score, update, run.progress.should_stop, track),
                stop_after=stop_after,
                untrained=[self.context.base_heard[e.clip_id] for e in dev] if self.context.short else None,
            )
        run.model.seconds["training"] += time.monotonic() - began
        return outcome

    def note_once(self, sentence: str) -> None:
        """Say something of the run, however many of its trainings have it to say."""
        if sentence not in self.run.notes:
            self.run.notes.append(sentence)

    def test(self, arm: Arm, clip_ids: Sequence[int], fold: int | None, learned: Learned) -> Texts:
        """What the model writes in test clips, after a training."""
        if self.context.short and learned.share == 0:  # it is the base, which hears in its own window
            self.not_heard_again += clip_ids
            return {i: (self.context.base_heard[i], fold) for i in clip_ids}
        heard = self.hear(arm, clip_ids, say("Transcribing with the adapted model"))
        return {i: (text, fold) for i, text in heard.items()}

    def hear(self, arm: Arm, clip_ids: Sequence[int], message: str) -> dict[int, str]:
        """What the model, being this arm's, writes in clips; a stop waits for it."""
        clips = [self.run.clips[i] for i in clip_ids]
        return self.run.model.transcribe(clips, arm.hearing, "evaluating", message, may_stop=False)

    def train_final(
        self, arm: Arm, start: State, trainings: Sequence[Learned], turn: int | None = None
    ) -> tuple[Learned, int]:
        """The model to deliver after folds: all clips, for the folds' median number of updates, which is told too.

        Args:
            start: The weights that it begins with.
        """
        steps = round(statistics.median(learned.outcome.best_step for learned in trainings))
        everything, folder = Split(tuple(arm.examples), (), (), rule="all clips"), self.run.folder / "training"
        folds = len(self.context.splits)
        outcome = self.train(arm, everything, folder, folds, stop_after=steps, turn=turn)
        if not steps:
            return Learned(outcome, 0.0), 0
        return self.blending.settle_delivered(arm, start, outcome, trainings), steps

    def scored(self, clip_ids: Sequence[int], texts: Sequence[str]) -> Evaluation:
        """Texts held against the clips' labels, by the run's normalizer."""
        return evaluate([self.run.clips[i].text for i in clip_ids], list(texts), self.run.normalizer)
