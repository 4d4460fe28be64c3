"""Makes a run ready to learn, in the worker process: labels, the frozen prefix, what the base hears.

What it leaves is the same whether one strategy learns, several race or parts of the clips are tried.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbench.asr.catalog import loading
from workbench.asr.catalog.catalog import local_folder
from workbench.asr.catalog.outline import outline
from workbench.asr.models.backend import ClipInput
from workbench.asr.training.batches import Example
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.freezing import plan_for_blocks
from workbench.asr.training.trainer import transcribe_items
from workbench.audio.augment import STANDARD, variant
from workbench.audio.decode import read_clip
from workbench.core.config import TrainingConfig
from workbench.core.text.languages import spoken_code
from workbench.core.text.normalize import Alphabet, to_model_text
from workbench.core.types import SAMPLE_RATE, FreezePlan, ModelSpec, Seconds, Split
from workbench.errors import ModelError, TrainingError
from workbench.services.estimates.duration import Expectation, Expecting, Work
from workbench.services.estimates.remaining import STAGES, Course
from workbench.services.estimates.window import find_healed, healing_ahead
from workbench.services.jobs.stop import StopRequested
from workbench.services.labels.revisions import Labelling
from workbench.services.runs.arm import Arm
from workbench.services.runs.clips import RunClip, run_clips
from workbench.services.runs.dev_samples import Watching
from workbench.services.runs.forgetting import GeneralCheck, general_set
from workbench.services.runs.progress import Progress
from workbench.services.runs.records import versions
from workbench.services.runs.short_window import ShortWindow, make_healed
from workbench.services.storage.sound_files import divide_usable, say_left_out
from workbench.store.database import Store
from workbench.store.runs import find_run
from workbench.workspace import Workspace

LANGUAGE_CLIPS = 8  # listened to where a model has to recognise the language


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to learn.

    Attributes:
        splits: The run's one split, or its folds, without clips that were erased since.
        labels: Clip id -> label as the model writes it, of the clips that can be learned.
        base_texts: Clip id -> what the base hears in it, of the test clips.
        new_characters: By which the model's alphabet has grown.
        arms: What to train, each with what it learns from.
    """

    splits: tuple[Split, ...]
    labels: dict[int, str]
    base_texts: dict[int, str]
    new_characters: list[str]
    arms: tuple[Arm, ...]


@dataclass
class Preparation:
    """What comes before learning in one run."""

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
    listened: list[Seconds] = field(default_factory=list)  # lengths of what the frozen part heard now, about
    short: ShortWindow | None = None  # where the run hears in a shorter window than the base
    base_heard: dict[int, str] = field(default_factory=dict)  # clip id -> what the base, in its own window, heard in it

    def prepare(self) -> Prepared:
        """Load the model, let what is frozen listen and the base write down the test clips.

        Raises:
            WorkbenchError: It cannot be done; the message is for the user.
            StopRequested: Stopped before anything was learned.
        """
        with self.store.session() as session:
            row = find_run(session, self.name)
            self.run = row
            self.clips = run_clips(session, row)
        self.config = TrainingConfig.from_json(self.run.config)
        self.folder = self.workspace.run_folder(self.name)
        self.resumed = any(self.folder.glob("*/checks.json"))
        self.progress = Progress(self.store, self.run.id, self.run.progress.get("seconds_left"))
        self.watching = Watching(self.store, self.run.id, self.run.config["normalizer"])
        self.backend = self._load()
        self._tell_language()
        self._leave_out_too_long()
        self._leave_out_damaged()
        wishes = self._wishes()
        plans = [plan_for_blocks(self.backend.blocks(), strategy, config) for strategy, config in wishes]
        shallowest = min(self.backend.hearing_boundary(plan.boundary) for plan in plans)
        self.own_window = self.backend.window if self.backend.padded_to else None
        window = self._window()
        # In a window of the run's own the base listens for itself, as deep as it can: later runs find it done.
        boundary = shallowest if window is None else self.backend.reading_boundary
        self.hearing = self.base_hearing = FeatureCache(self.workspace.cache, self.backend, boundary)
        splits = self._splits()
        general = self.general = self._general_check(splits)
        self.progress.course = self._course(splits, [config for _, config in wishes], plans)
        if window is None:
            self._listen("Listening once with the frozen part", self.clips.values())
        else:
            self._listen("Hearing clips and general speech with the base", self._judging(splits), "base")
        self._choose_language()
        base_texts = self._base_texts(splits)
        general.hear_base(self._hear)
        if window is not None:
            self._enter_window(window, plans)
            self.hearing = FeatureCache(self.workspace.cache, self.backend, shallowest)
            self._listen("Listening once with the frozen part", self.clips.values())
        written, new_characters = self._written(splits)
        if new_characters:
            self.backend.extend(new_characters)
        labels = self._learnable(written)
        for split in splits:
            if not any(i in labels for i in split.train):
                raise TrainingError("No clip is left to train on; confirm more labels.")
        training = sorted({i for s in splits for i in s.train if i in labels})
        arms = tuple(self._arm(strategy, config, labels, training, new_characters) for strategy, config in wishes)
        self._save_row(versions=versions())
        return Prepared(splits, labels, base_texts, new_characters, arms)

    def _window(self) -> int | None:
        """The run's window; None where it is the base's own."""
        wanted, own = self.config.window, self.backend.window
        return round(wanted) if wanted is not None and own is not None and wanted < own else None

    def _enter_window(self, window: int, plans: Sequence[FreezePlan]) -> None:
        """Let the model hear in the run's window, healed for it where that is at hand or cannot be done without."""
        folder, frozen = self.model_folder, any(plan.listens_frozen for plan in plans)
        healed = find_healed(folder, window, self.workspace.root, made=frozen)
        if healed is None and frozen:
            began = time.monotonic()
            healed = make_healed(
                self.workspace, self.backend, folder, window, progress=self.progress, counted=self._count
            )
            self.seconds["healing"] = time.monotonic() - began
        self.short = ShortWindow(self.backend, window, healed)
        self.short.enter()
        self.result["window"] = {"seconds": window, "healed": healed.sha256 if healed else None}

    def _judging(self, splits: Sequence[Split]) -> list[RunClip]:
        """The clips that are written down by the base: what judges and, in a shorter window, what steers."""
        wanted = {i for s in splits for i in (*s.test, *(s.dev if self._window() is not None else ()))}
        return [self.clips[i] for i in sorted(wanted)]

    def _listen(self, message: str, clips: Iterable[RunClip], phase: str = "prefix") -> None:
        """Let what is frozen hear clips and general speech."""
        self._fill_cache(self.hearing, [self._item(c) for c in (*clips, *self.general.clips)], message, phase)

    def _wishes(self) -> list[tuple[str, TrainingConfig]]:
        """What to train: strategies with their settings; a sweep has several."""
        return [(self.run.strategy, self.config)]

    def _course(
        self, splits: Sequence[Split], configs: Sequence[TrainingConfig], plans: Sequence[FreezePlan]
    ) -> Course:
        """What this run's stages will take."""
        sides = [{"train": s.train, "dev": s.dev, "test": s.test} for s in splits]
        durations = {i: c.n_samples / SAMPLE_RATE for i, c in self.clips.items()}
        general = [c.n_samples / SAMPLE_RATE for c in self.general.clips]
        own, window = self.own_window, self._window()
        healing = healing_ahead(self.model_folder, own, window, plans, self.workspace.root)
        work = Work(self.run.model["name"], sides, durations, general, window or own, own, healing)
        return Course.foretold(self._expected(Expecting(self.store), work, list(zip(plans, configs, strict=True))))

    def _expected(
        self, expecting: Expecting, work: Work, arms: Sequence[tuple[FreezePlan, TrainingConfig]]
    ) -> Expectation:
        return expecting.of_run(work, *arms[0])

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
        plan = replace(plan, window=float(self.short.seconds)) if self.short else plan
        _check_new_characters(plan, new_characters)
        hearing = self._deeper(self.hearing, self.backend.hearing_boundary(plan.boundary))
        if hearing is not self.hearing:
            self.progress.add("prefix", len(labels))
            self._fill_cache(
                hearing, [self._item(self.clips[i]) for i in labels], "Listening once with the frozen part"
            )
        cache = self._deeper(hearing, plan.boundary)  # inside a decoder, where the labels are known
        examples = {i: self._example(self.clips[i], text, config.augment_copies) for i, text in labels.items()}
        if cache is not hearing:
            self.progress.add("prefix", len(training))
            self._fill_cache(cache, [examples[i].items[0] for i in training], "Reading the labels once")
        copies = [item for i in training for item in examples[i].items[1:]]
        self._fill_cache(cache, copies, "Listening to the altered copies")
        return Arm(strategy, config, plan, hearing, cache, examples)

    def _deeper(self, cache: FeatureCache, boundary: int) -> FeatureCache:
        if boundary == cache.boundary:
            return cache
        return FeatureCache(self.workspace.cache, self.backend, boundary, cache)

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
        self.model_folder = local_folder(spec) or Path()  # it has been loaded from there
        return backend

    def _leave_out_too_long(self) -> None:
        """Clips that the model cannot hear whole are used for nothing: cutting them would falsify their texts."""
        window = self._window() or self.backend.window
        long = [c for c in self.clips.values() if window and c.n_samples > window * SAMPLE_RATE]
        if long:
            self.clips = {i: c for i, c in self.clips.items() if c not in long}
            self.notes.append(
                f"{len(long)} clips are longer than the {window:.0f} s that {self.run.model['name']} hears at once and "
                f"were left out, for instance {long[0].name}."
            )

    def _leave_out_damaged(self) -> None:
        """Clips whose stored sound is no longer what it was are used for nothing, and do not end the run."""
        self.progress.phase("loading", "Looking at the stored sounds")
        whole, broken = divide_usable(self.workspace, self.clips.values(), each=self._stop_if_wanted)
        if broken:
            sentence = say_left_out(broken, len(self.clips))
            if not whole:
                raise TrainingError(sentence)
            self.clips = {c.id: c for c in whole}
            self.notes.append(sentence)

    def _stop_if_wanted(self) -> None:
        if self.progress.should_stop():
            raise StopRequested

    def _tell_language(self) -> None:
        """Tell the model the set's language, or else its own: before it listens, as it may hear by language (MMS)."""
        own = getattr(self.backend, "own_language", None)  # which Whisper's settings may name
        self.language = spoken_code(self.config.language, self.backend.languages() or ()) or own
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
        return GeneralCheck(
            found.within(self._window() or self.backend.window).whole(self.workspace) if found else None
        )

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
                "Correct the labels, or let the alphabet grow by the labels' new characters (extend alphabet)."
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

    def _fill_cache(self, cache: FeatureCache, items: Sequence[CacheItem], message: str, phase: str = "prefix") -> None:
        """Run the frozen prefix over what is not in the cache yet."""
        if cache.boundary == 0 or not items:
            return
        began = time.monotonic()
        self.progress.phase(phase, message, total=len(items), done=len(items) - len(cache.missing(items)))
        computed = cache.fill(items, done=self._count)
        if phase == "prefix":
            self.listened += [s / SAMPLE_RATE for s in sorted(i.n_samples for i in items)[len(items) - computed :]]
        self.seconds[STAGES[phase]] += time.monotonic() - began

    def _count(self, done: int) -> None:
        self.progress.count(done)
        self._stop_if_wanted()

    def _base_texts(self, splits: Sequence[Split]) -> dict[int, str]:
        """What the base hears in every test clip."""
        clips, message = self._judging(splits), "Transcribing with the base model"
        heard = self.base_heard = self._hear(clips, "base", message)
        base_texts = {i: heard[i] for i in sorted({i for s in splits for i in s.test})}
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
