"""A run whose model is loaded: its row, its settings, and the clips that the model can hear whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.asr.catalog import loading
from workbench.asr.catalog.catalog import local_folder
from workbench.asr.catalog.outline import outline
from workbench.asr.models.backend import Backend
from workbench.asr.training.freezing import plan_for_blocks
from workbench.core.config import TrainingConfig
from workbench.core.text.languages import spoken_code
from workbench.core.types import SAMPLE_RATE, ModelSpec, Seconds
from workbench.errors import ModelError, TrainingError
from workbench.language.said import count, say
from workbench.services.jobs.stop import StopRequested
from workbench.services.runs.clips import RunClip, run_clips
from workbench.services.runs.dev_samples import Watching
from workbench.services.runs.model import RunModel
from workbench.services.runs.progress import Progress
from workbench.services.storage.sound_files import divide_usable, say_left_out
from workbench.store.database import Store
from workbench.store.models import RunRow
from workbench.store.runs import find_run
from workbench.workspace import Workspace

# What is to be trained: strategies with their settings; a sweep has several.
Wanted = Sequence[tuple[str, TrainingConfig]]


@dataclass
class LoadedRun:
    """What every stage of a run shares.

    Attributes:
        row: The run as it was stored last.
        clips: Clip id -> clip, of those that count: they exist, are whole, and are no longer than the model hears.
        wanted: What is to be trained.
        model_folder: Where the base model was loaded from.
        language: That the model was told; None where it knows none or chooses for itself.
        notes: What to tell the user of the run, one sentence each.
        resumed: Whether an earlier process has begun to train.
        kept: What the result holds besides the figures.
    """

    workspace: Workspace
    store: Store
    row: RunRow
    config: TrainingConfig
    folder: Path
    clips: dict[int, RunClip]
    wanted: Wanted
    model: RunModel
    model_folder: Path
    watching: Watching
    language: str | None
    resumed: bool
    notes: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def normalizer(self) -> str:
        return str(self.row.config["normalizer"])

    @property
    def backend(self) -> Backend:
        return self.model.backend

    @property
    def progress(self) -> Progress:
        return self.model.progress

    def lengths(self, clip_ids: Iterable[int]) -> list[Seconds]:
        return [self.clips[i].n_samples / SAMPLE_RATE for i in clip_ids]

    def save(self, **values: Any) -> None:
        """Change columns of the run's row."""
        self.row = _save(self.store, self.name, values)


def load_run(
    workspace: Workspace, store: Store, name: str, wanted: Callable[[RunRow, TrainingConfig], Wanted]
) -> LoadedRun:
    """Load a run's model, tell it the language, and leave out the clips that it cannot be given.

    Args:
        wanted: What is to be trained, by the run's row and settings.

    Raises:
        WorkbenchError: It cannot be done; the message is for the user.
        StopRequested: The user pressed Stop.
    """
    with store.session() as session:
        row = find_run(session, name)
        clips = run_clips(session, row)
    config = TrainingConfig.from_json(row.config)
    folder = workspace.run_folder(name)
    progress = Progress(store, row.id, row.progress.get("seconds_left"))
    spec, to_train, notes = ModelSpec.from_json(row.model), wanted(row, config), list[str]()
    backend = _load(spec, row.model.get("fingerprint"), to_train, progress)
    row = _save(store, name, {"model": {**row.model, "fingerprint": backend.fingerprint}})
    language = _tell_language(backend, config)
    clips = _short_enough(clips, run_window(config, backend) or backend.window, spec.name, notes)
    return LoadedRun(
        workspace=workspace,
        store=store,
        row=row,
        config=config,
        folder=folder,
        clips=_whole(workspace, clips, progress, notes),
        wanted=to_train,
        model=RunModel(workspace, backend, progress),
        model_folder=local_folder(spec) or Path(),  # it has been loaded from there
        watching=Watching(store, row.id, str(row.config["normalizer"])),
        language=language,
        resumed=any(folder.glob("*/checks.json")),
        notes=notes,
    )


def run_window(config: TrainingConfig, backend: Backend) -> int | None:
    """The window that a run hears in, in seconds; None where it is the base's own."""
    wanted, own = config.window, backend.window
    return round(wanted) if wanted is not None and own is not None and wanted < own else None


def _save(store: Store, name: str, values: dict[str, Any]) -> RunRow:
    with store.session() as session:
        row = find_run(session, name)
        for column, value in values.items():
            setattr(row, column, value)
        return row


def _load(spec: ModelSpec, fingerprint: str | None, wanted: Wanted, progress: Progress) -> Backend:
    progress.phase("loading", say("Loading {model}", model=spec.name))
    share, folder = 1.0, local_folder(spec)
    if folder:
        plans = [plan_for_blocks(outline(folder), strategy, config) for strategy, config in wanted]
        share = max(plan.trainable_parameters / max(1, plan.total_parameters) for plan in plans)
    backend = loading.load(spec, trainable_share=share, progress=lambda m: progress.phase("loading", m))
    if fingerprint and fingerprint != backend.fingerprint:
        raise ModelError(
            say("The model {name} has changed since this run began; start a new run instead.", name=spec.name)
        )
    return backend


def _tell_language(backend: Backend, config: TrainingConfig) -> str | None:
    """Tell the model the set's language, or else its own: before it listens, as it may hear by language (MMS)."""
    own = getattr(backend, "own_language", None)  # which Whisper's settings may name
    language = spoken_code(config.language, backend.languages() or ()) or own
    backend.set_language(language, config.task)
    return language


def _short_enough(
    clips: dict[int, RunClip], window: Seconds | None, model: str, notes: list[str]
) -> dict[int, RunClip]:
    """Clips that the model cannot hear whole are used for nothing: cutting them would falsify their texts."""
    long = [c for c in clips.values() if window and c.n_samples > window * SAMPLE_RATE]
    if long:
        notes.append(
            count(
                len(long),
                "{n} clip is longer than the {window:.0f} s that {model} hears at once and was left out: {name}.",
                "{n} clips are longer than the {window:.0f} s that {model} hears at once and were left out, for "
                "instance {name}.",
                window=window,
                model=model,
                name=long[0].name,
            )
        )
    return {i: c for i, c in clips.items() if c not in long}


def _whole(workspace: Workspace, clips: dict[int, RunClip], progress: Progress, notes: list[str]) -> dict[int, RunClip]:
    """Clips whose stored sound is no longer what it was are used for nothing, and do not end the run."""

    def stop_if_wanted() -> None:
        if progress.should_stop():
            raise StopRequested

    progress.phase("loading", say("Looking at the stored sounds"))
    whole, broken = divide_usable(workspace, clips.values(), each=stop_if_wanted)
    if broken:
        sentence = say_left_out(broken, len(clips))
        if not whole:
            raise TrainingError(sentence)
        notes.append(sentence)
    return {c.id: c for c in whole}
