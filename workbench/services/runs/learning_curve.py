"""A learning curve: the same training on more and more of the clips, and what twice as many would bring.

Sizes are nested: a draw puts the training clips into one order and takes the first so many of it. Every training is
tested on the same test clips. The last one, on all clips, is the run's own model, compared and delivered as usual.
"""

import json
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workbench.asr.training.trainer import TrainingOutcome, copy_state, restore_state
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.learning_curve import LearningCurve, Point, fit, sizes_for
from workbench.core.evaluation.scoring import ClipScore, evaluate
from workbench.core.types import FreezePlan, Split
from workbench.services.estimates.duration import Expectation, Expecting, Work
from workbench.services.runs.arm import Arm
from workbench.services.runs.execute import RunExecution
from workbench.services.runs.records import Texts


class CurveExecution(RunExecution):
    """A run that is also trained on parts of its clips."""

    def _expected(
        self, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        return expecting.of_run(work, *arms[0], curve_draws=int(self.run.config["curve"]["draws"]))

    def _learn(self, arms: Sequence[Arm], splits: Sequence[Split]) -> tuple[Texts, list[TrainingOutcome], bool]:
        arm = arms[0]
        self._enter(arm)
        self._save_row(plan=asdict(arm.plan))
        clips = min(len(self._train_clips(split)) for split in splits)
        sizes = sizes_for(clips)
        draws = 1 if len(splits) > 1 else int(self.run.config["curve"]["draws"])
        start = copy_state(self.backend)
        stopped = self._train_parts(splits, sizes[:-1], draws)
        restore_state(self.backend, start)
        self.progress.arm = ""
        texts, outcomes, ended = self._train(splits)
        if not stopped and not ended and len(sizes) > 1:
            self.result["curve"] = self._fitted(splits, texts, clips, draws)
        return texts, outcomes, stopped or ended

    def _train_parts(self, splits: Sequence[Split], sizes: Sequence[int], draws: int) -> bool:
        """Train on parts of the clips and keep what each model wrote in the test clips; whether it was stopped."""
        assert self.arm
        start = copy_state(self.backend)
        parts = [(size, draw, fold) for size in sizes for draw in range(draws) for fold in range(len(splits))]
        planned = [self.arm.planned_updates(self._part(splits[f], n, d)) for n, d, f in parts]
        self.progress.plan_updates(planned, later=sum(self._planned(splits)))
        for turn, (size, draw, fold) in enumerate(parts):
            folder = self.folder / "curve" / f"{size}-{draw}-{fold}"
            if (folder / "texts.json").is_file():
                continue
            restore_state(self.backend, start)
            self.progress.arm = f"on {size} clips"
            split = replace(splits[fold], train=self._part(splits[fold], size, draw))
            outcome = self._train_split(split, folder, fold if len(splits) > 1 else None, turn=turn)
            if outcome.stopped:
                return True
            heard = self._test(split.test, fold, outcome)
            _write(folder / "texts.json", {str(i): text for i, (text, _) in heard.items()})
        return False

    def _train_clips(self, split: Split) -> list[int]:
        assert self.arm
        return [i for i in split.train if i in self.arm.examples]

    def _part(self, split: Split, size: int, draw: int) -> tuple[int, ...]:
        order = self._train_clips(split)
        random.Random(f"{self.config.seed} {draw}").shuffle(order)
        return tuple(order[:size])

    def _fitted(self, splits: Sequence[Split], texts: Texts, clips: int, draws: int) -> dict[str, Any]:
        """The curve over all trainings; with folds a size's errors are those of all folds' test clips."""
        tested = [i for split in splits for i in split.test]
        points = [Point(clips, tuple(s.errors for s in self._scores(tested, {i: t for i, (t, _) in texts.items()})))]
        for size in sizes_for(clips)[:-1]:
            for draw in range(draws):
                heard: dict[int, str] = {}
                for fold in range(len(splits)):
                    file = self.folder / "curve" / f"{size}-{draw}-{fold}" / "texts.json"
                    heard |= {int(i): t for i, t in json.loads(file.read_text(encoding="utf-8")).items()}
                points.append(Point(size, tuple(s.errors for s in self._scores(tested, heard))))
        words = [s.reference_words for s in self._scores(tested, dict.fromkeys(tested, ""))]
        return to_json(fit(points, words, clips, seed=self.config.seed), draws)

    def _scores(self, clip_ids: Sequence[int], heard: Mapping[int, str]) -> tuple[ClipScore, ...]:
        references = [self.clips[i].text for i in clip_ids]
        return tuple(evaluate(references, [heard.get(i, "") for i in clip_ids], self.run.config["normalizer"]).clips)


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


def _write(file: Path, document: Mapping[str, str]) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, file)
