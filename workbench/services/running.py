"""Carries out one run, in the worker process: labels, prefix, base, training (folds), evaluation, what is kept.

Each finished fold leaves its outcome on disk and each training its checkpoints, so that a run whose process was killed
goes on where it stood.
"""

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from workbench.asr import loading
from workbench.asr.backend import ClipInput
from workbench.asr.batching import Example, planned_updates
from workbench.asr.catalog import local_folder
from workbench.asr.checkpoint import save_run_model
from workbench.asr.feature_cache import CacheItem, FeatureCache
from workbench.asr.freezing import apply_plan, plan_for_blocks
from workbench.asr.outline import outline
from workbench.asr.training import (
    Hooks,
    TrainingOutcome,
    copy_state,
    fine_tune,
    restore_state,
    transcribe_items,
)
from workbench.audio.augment import STANDARD, variant
from workbench.audio.decode import read_clip
from workbench.core.config import TrainingConfig
from workbench.core.scoring import evaluate
from workbench.core.text import Alphabet, repetition, to_model_text
from workbench.core.types import SAMPLE_RATE, FreezePlan, ModelSpec, Seconds, Split
from workbench.errors import ModelError, TrainingError
from workbench.services.arms import Arm
from workbench.services.general import GeneralCheck, general_set
from workbench.services.labelling import Labelling
from workbench.services.progress import Progress, StopRequested
from workbench.services.run_clips import RunClip, run_clips
from workbench.services.run_records import Texts, read_fold, versions, write_fold
from workbench.services.watching import Watching
from workbench.store.database import Store
from workbench.store.models import ClipRow, EvaluationRow, now
from workbench.store.runs import find_run, replace_evaluations
from workbench.workspace import Workspace

LANGUAGE_CLIPS = 8  # listened to where a model has to recognise the language
ALL_BLANK_SHARE = 0.9  # of the texts; from here on the model has collapsed


@dataclass
class RunExecution:
    """One run in the making."""

    workspace: Workspace
    store: Store
    name: str
    seconds: dict[str, Seconds] = field(
        default_factory=lambda: dict.fromkeys(("prefix", "training", "evaluation"), 0.0)
    )
    notes: list[str] = field(default_factory=list)
    language: str | None = None  # that a multilingual model was told
    result: dict[str, Any] = field(default_factory=dict)  # what is stored of it besides the figures
    arm: Arm | None = None  # whose weights the model has; None while it is the base

    def execute(self) -> None:
        """Do it all; the store then holds the result and the status.

        Raises:
            WorkbenchError: It cannot be done; the message is for the user.
            StopRequested: Stopped before anything was learned.
        """
        began = time.monotonic()
        with self.store.session() as session:
            row = find_run(session, self.name)
            self.run = row
            self.clips = run_clips(session, row)
        self.config = TrainingConfig.from_json(self.run.config)
        self.folder = self.workspace.run_folder(self.name)
        self.progress = Progress(self.store, self.run.id)
        self.watching = Watching(self.store, self.run.id, self.run.config["normalizer"])
        self.backend = self._load()
        self._tell_language()
        self._leave_out_too_long()
        wishes = self._wishes()
        plans = [plan_for_blocks(self.backend.blocks(), strategy, config) for strategy, config in wishes]
        shallowest = min(self.backend.hearing_boundary(plan.boundary) for plan in plans)
        self.hearing = FeatureCache(self.workspace.cache, self.backend, shallowest)
        splits = self._splits()
        general = self.general = self._general_check(splits)
        heard = [self._item(c) for c in (*self.clips.values(), *general.clips)]
        self._fill_cache(self.hearing, heard, "Listening once with the frozen part")
        self._choose_language()
        base_texts = self._base_texts(splits)
        general.hear_base(self._hear)
        written, new_characters = self._written(splits)
        if new_characters:
            self.backend.extend(new_characters)
        labels = self._learnable(written)
        for split in splits:
            if not any(i in labels for i in split.train):
                raise TrainingError("No clip is left to train on; confirm more labels.")
        training = sorted({i for s in splits for i in s.train if i in labels})
        arms = [self._arm(strategy, config, labels, training, new_characters) for strategy, config in wishes]
        self._save_row(versions=versions())
        adapted, outcomes, stopped = self._learn(arms, splits)
        self._finish(splits, labels, base_texts, adapted, outcomes, stopped, new_characters, began)

    def _wishes(self) -> list[tuple[str, TrainingConfig]]:
        """What to train: strategies with their settings; a sweep has several."""
        return [(self.run.strategy, self.config)]

    def _arm(
        self,
        strategy: str,
        config: TrainingConfig,
        labels: Mapping[int, str],
        training: Sequence[int],
        new_characters: Sequence[str],
    ) -> Arm:
        """A strategy with its settings, made ready to learn: what is frozen has listened."""
        plan = plan_for_blocks(self.backend.blocks(), strategy, config)
        _check_new_characters(plan, new_characters)
        hearing = self._deeper(self.hearing, self.backend.hearing_boundary(plan.boundary))
        self._fill_cache(hearing, [self._item(self.clips[i]) for i in labels], "Listening once with the frozen part")
        cache = self._deeper(hearing, plan.boundary)  # inside a decoder, where the labels are known
        examples = {i: self._example(self.clips[i], text, config.augment_copies) for i, text in labels.items()}
        if cache is not hearing:
            self._fill_cache(cache, [examples[i].items[0] for i in training], "Reading the labels once")
        copies = [item for i in training for item in examples[i].items[1:]]
        self._fill_cache(cache, copies, "Listening to the altered copies")
        return Arm(strategy, config, plan, hearing, cache, examples)

    def _deeper(self, cache: FeatureCache, boundary: int) -> FeatureCache:
        if boundary == cache.boundary:
            return cache
        return FeatureCache(self.workspace.cache, self.backend, boundary, cache)

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

    # ---- before training ----

    def _load(self) -> Any:
        spec = ModelSpec.from_json(self.run.model)
        self.progress.phase("loading", f"Loading {spec.name}")
        share = 1.0
        folder = local_folder(spec)
        if folder:
            plans = [plan_for_blocks(outline(folder), strategy, config) for strategy, config in self._wishes()]
            share = max(plan.trainable_parameters / max(1, plan.total_parameters) for plan in plans)
        backend = loading.load(spec, trainable_share=share, progress=lambda m: self.progress.phase("loading", m))
        known = self.run.model.get("fingerprint")
        if known and known != backend.fingerprint:
            raise ModelError(f"The model {spec.name} has changed since this run began; start a new run instead.")
        self._save_row(model={**self.run.model, "fingerprint": backend.fingerprint})
        return backend

    def _leave_out_too_long(self) -> None:
        """Clips that the model cannot hear whole are used for nothing: cutting them would falsify their texts."""
        window = self.backend.window
        long = [c for c in self.clips.values() if window and c.n_samples > window * SAMPLE_RATE]
        if long:
            self.clips = {i: c for i, c in self.clips.items() if c not in long}
            self.notes.append(
                f"{len(long)} clips are longer than the {window:.0f} s that {self.run.model['name']} hears at once and "
                f"were left out, for instance {long[0].name}."
            )

    def _tell_language(self) -> None:
        """Tell the model the set's language where it knows it: before it listens, as it may hear by language (MMS)."""
        known, wanted = self.backend.languages(), (self.config.language or "").split("-")[0] or None
        self.language = wanted if known is not None and wanted in known else None
        self.backend.set_language(self.language, self.config.task)

    def _choose_language(self) -> None:
        """Where the model does not know the set's language, tell it the one it takes most clips for."""
        wanted = (self.config.language or "").split("-")[0]
        if self.backend.languages() is None or self.language is not None:
            return
        why = f"the model does not know {wanted}" if wanted else "the set names no language"
        first = sorted(self.clips.values(), key=lambda c: c.sha256)[:LANGUAGE_CLIPS]
        items = [self.hearing.fetch(self._item(c)) for c in first]
        self.language = self.backend.recognise_language(items, self.hearing.boundary)
        self.backend.set_language(self.language, self.config.task)
        self.notes.append(
            f"The model was told that the language is {self.language}, for which it took most of {len(first)} clips: "
            f"{why}."
            if self.language
            else f"The model cannot tell languages and kept the one that it came with: {why}."
        )

    def _splits(self) -> tuple[Split, ...]:
        """The run's one split, or its folds; clips erased since are left out."""
        here = set(self.clips)
        splits = [Split.from_json(d) for d in self.run.split["folds"] or [self.run.split]]

        def still(ids: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(i for i in ids if i in here)

        return tuple(replace(s, train=still(s.train), dev=still(s.dev), test=still(s.test)) for s in splits)

    def _general_check(self, splits: Sequence[Split]) -> GeneralCheck:
        """The clips on which forgetting is measured, without those that the delivered model learns from."""
        learned = {i for s in splits for i in (*s.train, *s.dev)}
        with self.store.session() as session:
            found = general_set(session, self.config.general_set, self.run.set_id, [self.clips[i] for i in learned])
        return GeneralCheck(found.within(self.backend.window) if found else None)

    def _written(self, splits: Sequence[Split]) -> tuple[dict[int, str], list[str]]:
        """Each learning clip's label as the model writes it, and the characters to add to the alphabet."""
        # With folds every clip learns: in the other folds, and for the model that is delivered.
        learning = sorted({i for s in splits for i in (*s.train, *s.dev, *(s.test if len(splits) > 1 else ()))})
        characters = self.backend.characters()
        if characters is None:
            return {i: self.clips[i].text for i in learning}, []
        alphabet = Alphabet(characters)
        texts = {i: to_model_text(self.clips[i].text, alphabet, self.config.language) for i in learning}
        new = sorted({c for t in texts.values() for c in t.unknown}) if self.config.extend_alphabet else []
        return {i: t.text for i, t in texts.items()}, new

    def _learnable(self, written: dict[int, str]) -> dict[int, str]:
        """The labels that can be learned; the others are named in a note."""
        reasons = {i: self.backend.learnable(text, self.clips[i].n_samples) for i, text in written.items()}
        labels = {i: text for i, text in written.items() if reasons[i] is None}
        problems = {i: reason for i, reason in reasons.items() if reason is not None}
        if not labels:
            raise TrainingError(
                f"None of the {len(written)} clips can be learned: {next(iter(problems.values()), 'there are none')}. "
                "Correct the labels, or add the new characters to the model's alphabet (--extend-alphabet)."
            )
        if problems:
            first = next(iter(problems))
            self.notes.append(
                f"{len(problems)} of {len(written)} clips cannot be learned and were left out of training, for "
                f"instance {self.clips[first].name}: {problems[first]}."
            )
        return labels

    def _item(self, clip: RunClip, copy: int = 0, label_ids: tuple[int, ...] = ()) -> CacheItem:
        path = clip.path or self.workspace.sound_path(clip.sha256)
        if copy == 0:
            return CacheItem(clip.sha256, "", lambda: ClipInput(read_clip(path)), clip.n_samples, label_ids)
        name = json.dumps([STANDARD.to_json(), copy], sort_keys=True)

        def load() -> ClipInput:
            sound = read_clip(path)
            altered = variant(sound, STANDARD, clip.sha256, copy)
            too_long = self.backend.padded_to and len(altered) > self.backend.padded_to  # slowed beyond the window
            return ClipInput(sound if too_long else altered)

        return CacheItem(clip.sha256, name, load, clip.n_samples, label_ids)

    def _example(self, clip: RunClip, text: str, copies: int) -> Example:
        ids = tuple(self.backend.encode_label(text))
        return Example(clip.id, tuple(self._item(clip, k, ids) for k in range(copies + 1)), ids)

    def _fill_cache(self, cache: FeatureCache, items: Sequence[CacheItem], message: str) -> None:
        """Run the frozen prefix over what is not in the cache yet."""
        if cache.boundary == 0 or not items:
            return
        began = time.monotonic()
        self.progress.phase("prefix", message, total=len(items))
        cache.fill(items, done=self._count)
        self.seconds["prefix"] += time.monotonic() - began

    def _count(self, done: int) -> None:
        self.progress.count(done)
        if self.progress.should_stop():
            raise StopRequested

    def _base_texts(self, splits: Sequence[Split]) -> dict[int, str]:
        """What the base hears in every test clip."""
        wanted = sorted({i for s in splits for i in s.test})
        base_texts = self._hear([self.clips[i] for i in wanted], "base", "Transcribing with the base model")
        # Kept, so that the page can say what these clips prove before the next run.
        Labelling(self.store).save_drafts(self.run.model["name"], base_texts, draft=False)
        return base_texts

    def _hear(self, clips: Sequence[RunClip], phase: str, message: str, *, may_stop: bool = True) -> dict[int, str]:
        """What the model as it stands hears in clips; Stop ends it where `may_stop`."""
        began = time.monotonic()
        self.progress.phase(phase, message, total=len(clips))
        done = self._count if may_stop else self.progress.count
        hearing = self.arm.hearing if self.arm else self.hearing
        texts = transcribe_items(self.backend, hearing, [self._item(c) for c in clips], done=done)
        self.seconds["evaluation"] += time.monotonic() - began
        return {c.id: text for c, text in zip(clips, texts, strict=True)}

    # ---- training ----

    def _train(self, splits: Sequence[Split]) -> tuple[Texts, list[TrainingOutcome], bool]:
        """Texts of the adapted model by clip with the fold, how each training went, and whether it was stopped."""
        assert self.arm
        examples, config = self.arm.examples, self.arm.config
        planned = [self.arm.planned_updates(s.train) for s in splits]
        if len(splits) == 1:
            self.progress.plan_updates(planned)
            outcome = self._train_split(splits[0], self.folder / "training", None)
            return self._test(splits[0].test, None), [outcome], outcome.stopped
        everything = [e.n_samples for e in examples.values()]
        self.progress.plan_updates([*planned, min(planned_updates(everything, config), max(planned))])
        start = copy_state(self.backend)
        texts: Texts = {}
        outcomes: list[TrainingOutcome] = []
        for number, split in enumerate(splits):
            folder = self.folder / f"fold-{number + 1}"
            finished = read_fold(folder, self.clips)
            if finished is None:
                restore_state(self.backend, start)
                outcome = self._train_split(split, folder, number)
                finished = outcome, self._test(split.test, number)
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

    def _train_final(self, outcomes: Sequence[TrainingOutcome], start: dict[str, Any]) -> bool:
        """The model to deliver: all clips, for the folds' median number of updates."""
        assert self.arm
        examples = self.arm.examples
        steps = round(statistics.median(o.best_step for o in outcomes))
        restore_state(self.backend, start)
        self.notes.append(
            f"The model delivered is trained on all {len(examples)} clips for {steps} updates, the median of the "
            "folds; the figures are those of the folds' models on clips each had not heard."
        )
        everything = Split(tuple(examples), (), (), rule="all clips")
        outcome = self._train_split(everything, self.folder / "training", len(outcomes), stop_after=steps)
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
            hooks=Hooks(score, self.progress.update, self.progress.should_stop),
            stop_after=stop_after,
        )
        self.seconds["training"] += time.monotonic() - began
        return outcome

    def _test(self, clip_ids: Sequence[int], fold: int | None) -> Texts:
        clips, message = [self.clips[i] for i in clip_ids], "Transcribing with the adapted model"
        return {i: (text, fold) for i, text in self._hear(clips, "evaluating", message, may_stop=False).items()}

    # ---- after training ----

    def _finish(
        self,
        splits: Sequence[Split],
        labels: dict[int, str],
        base_texts: dict[int, str],
        adapted: Texts,
        outcomes: Sequence[TrainingOutcome],
        stopped: bool,
        new_characters: list[str],
        began: float,
    ) -> None:
        self.progress.phase("saving", "Saving")
        assert self.arm
        save_run_model(self.backend, self.arm.plan, self.folder / "model", run=self._card(new_characters))
        blank = [i for i, (text, _) in adapted.items() if not text.strip()]
        if adapted and len(blank) >= ALL_BLANK_SHARE * len(adapted):
            self.notes.append(
                f"The adapted model writes nothing for {len(blank)} of {len(adapted)} clips (it has collapsed to "
                "blanks): lower the learning rate, train longer, or let fewer blocks learn."
            )
        self._say_repetitions("base", base_texts)
        self._say_repetitions("adapted", {i: text for i, (text, _) in adapted.items()})
        if all(o.best_step == 0 for o in outcomes):
            self.notes.append(
                "No state of the training did better on the dev clips than the base, so the base itself was kept."
            )
        self.general.hear_adapted(self._hear, self.progress.should_stop)
        self.notes += self.general.notes
        rows = [
            EvaluationRow(
                run_id=self.run.id,
                clip_id=i,
                fold=fold,
                reference=self.clips[i].text,
                base=base_texts[i],
                adapted=text,
            )
            for i, (text, fold) in adapted.items()
        ]
        self.seconds["total"] = time.monotonic() - began
        # With folds the delivered model has learned from every clip.
        trained = set(labels) if len(splits) > 1 else {i for i in splits[0].train if i in labels}
        result = self.result | {
            "train_clips": len(trained),
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
            "notes": self.notes,
            "new_characters": new_characters,
            "scheme": "out-of-fold" if len(splits) > 1 else "test",
            "general": self.general.to_json(),
            "trainings": [
                {"steps": o.steps, "best_step": o.best_step, "checks": [asdict(c) for c in o.checks]} for o in outcomes
            ],
        }
        with self.store.session() as session:
            # A clip may have been erased while the run was at work.
            here = set(session.scalars(select(ClipRow.id).where(ClipRow.set_id == self.run.set_id)))
            replace_evaluations(session, self.run.id, [r for r in rows if r.clip_id in here])
            self.general.store(session, self.run.id)
            row = find_run(session, self.name)
            row.result, row.status, row.finished_at = result, "stopped" if stopped else "done", now()
            row.message = "Stopped; the best state so far was kept." if stopped else ""

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
        }

    def _save_row(self, **values: Any) -> None:
        with self.store.session() as session:
            row = find_run(session, self.name)
            for name, value in values.items():
                setattr(row, name, value)
            self.run = row


def _check_new_characters(plan: FreezePlan, new_characters: Sequence[str]) -> None:
    head = [part for block, part in zip(plan.blocks, plan.parts, strict=True) if block.kind == "head"]
    if new_characters and head == ["nothing"]:
        raise TrainingError(
            f"With {plan.strategy} the output layer stays frozen and would never write "
            f"{' '.join(new_characters[:20])}; choose a strategy that lets the head learn, such as top-2 or full."
        )
