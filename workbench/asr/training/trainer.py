"""The one training loop: transformers.Trainer over activations at the freeze boundary (the sound itself at boundary 0).

The best state by dev WER is kept on disk as training goes, the untouched base being the first candidate; a killed
process resumes from the last checkpoint.
"""

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from workbench.asr.models.backend import Activations, Backend, Batch
from workbench.asr.training.batch_plan import planned_updates
from workbench.asr.training.batches import REHEARSED, Example, ExampleDataset, LengthSampler, loader
from workbench.asr.training.feature_cache import CacheItem, FeatureCache, length_batches
from workbench.asr.training.freezing import apply_plan, trainable_state, training_mode
from workbench.asr.training.pull import Pull
from workbench.asr.training.trackers import Track
from workbench.atomic import replacing, write_json
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan, Seconds
from workbench.errors import TrainingError
from workbench.language.said import say

MIN_WARMUP_UPDATES = 5
FINAL_RATE_SHARE = 0.05  # of the peak, at the last update
MAX_CHECKS = 25  # dev scorings in one training
CHECKPOINT_EVERY: Seconds = 20.0  # a killed process loses at most about this much
EVALUATION_BATCH_SECONDS: Seconds = 80.0


@dataclass(frozen=True)
class Check:
    """One scoring of the dev clips during training; step 0 is the base."""

    step: int
    loss: float | None
    wer: float
    cer: float


@dataclass(frozen=True)
class TrainingOutcome:
    """How a training ended; the model holds the state of `best_step`."""

    steps: int
    best_step: int
    checks: tuple[Check, ...]
    stopped: bool


@dataclass
class Hooks:
    """What the training asks and tells while it runs.

    Attributes:
        score: From the dev clips' texts, in order, to (WER, CER).
        report: Told the step, the planned steps, the newest loss and the checks so far.
        should_stop: Asked after every update.
        track: Told figures by their names: loss and rate of every update, dev WER and CER of every check.
    """

    score: Callable[[list[str]], tuple[float, float]]
    report: Callable[[int, int, float | None, Sequence[Check]], None] = lambda *a: None
    should_stop: Callable[[], bool] = lambda: False
    track: Track = lambda step, figures: None


class _Tail(nn.Module):
    """The model as Trainer sees it: a batch in, the loss out; only what learns is in its checkpoints."""

    _keys_to_ignore_on_save = None  # Trainer asks for it when it resumes

    def __init__(self, backend: Backend, plan: FreezePlan) -> None:
        super().__init__()
        self.model = backend.model
        self._parts = (backend, plan)
        self._learns = list(trainable_state(backend).values())
        self._modes: list[tuple[nn.Module, bool]] = []

    def forward(self, batch: Batch) -> Tensor:
        backend, plan = self._parts
        return backend.loss(batch, plan.boundary)

    def train(self, mode: bool = True) -> "_Tail":
        """Trainer asks before every update; walking through all modules would take longer than a head's own update."""
        if not mode:
            return super().train(False)
        if not self._modes:
            super().train()
            training_mode(*self._parts)
            self._modes = [(module, module.training) for module in self.modules()]
        for module, training in self._modes:
            if module.training is not training:
                module.training = training
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        for weight in self._learns:
            weight.grad = None

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        learns = {n for n, p in self.named_parameters() if p.requires_grad}
        return {k: v for k, v in super().state_dict(*args, **kwargs).items() if k in learns}


class _TailTrainer(Trainer):
    """Trainer with our batches, our loss, and a loss that is not a number told at once."""

    loader: DataLoader[Any]
    weight: float = 1.0  # of the loss that comes next
    newest_loss: float | None = None

    def get_train_dataloader(self) -> DataLoader[Any]:
        return self.loader

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """General speech first, then the run's own clips, each gone back through: two batches need no more memory."""
        rehearsed = inputs.pop(REHEARSED, None)
        if rehearsed is None:
            return super().training_step(model, inputs, num_items_in_batch)
        self.weight = float(cast("LengthSampler", self.loader.batch_sampler).share)
        general = super().training_step(model, rehearsed, num_items_in_batch)
        self.weight = 1 - self.weight
        return general + super().training_step(model, inputs, num_items_in_batch)

    def compute_loss(
        self, model: nn.Module, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        loss = model(inputs)
        self.newest_loss = float(loss.detach())
        if not math.isfinite(self.newest_loss):
            raise TrainingError(
                say(
                    "The loss is not a number any more at update {update}: the learning rate is "
                    "too high for this model; try {rate:.0e}.",
                    update=self.state.global_step + 1,
                    rate=self.args.learning_rate / 5,
                )
            )
        return loss * self.weight if self.weight != 1 else loss


@dataclass
class _Watch(TrainerCallback):
    """Scores the dev clips, keeps the best state, asks for checkpoints, stops."""

    trainer: Any
    backend: Backend
    examples: Sequence[Example]
    hearing: FeatureCache
    config: TrainingConfig
    hooks: Hooks
    folder: Path
    stop_after: int | None
    planned: int
    checks: list[Check] = field(default_factory=list)
    stopped: bool = False
    last_checkpoint: float = field(default_factory=time.monotonic)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        epoch = int(state.epoch or 0)
        self.trainer.loader.dataset.set_epoch(epoch)
        self.trainer.loader.batch_sampler.set_epoch(epoch)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.hooks.report(state.global_step, self.planned, self.trainer.newest_loss, self.checks)
        rate = self.trainer.lr_scheduler.get_last_lr()[0]
        self.hooks.track(state.global_step, {"loss": self.trainer.newest_loss, "learning_rate": rate})
        if self.stop_after is not None and state.global_step >= self.stop_after:
            control.should_training_stop = control.should_save = True  # another call may go on from here
        if self.hooks.should_stop():
            self.stopped = control.should_training_stop = True

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        every = max(1, round(state.num_train_epochs / MAX_CHECKS))
        last = control.should_training_stop or state.global_step >= state.max_steps
        if self.examples and (last or round(state.epoch) % every == 0):
            self.check(state.global_step)
            if self.config.patience and _checks_since_progress(self.checks) >= self.config.patience:
                control.should_training_stop = True
        if not control.should_training_stop and time.monotonic() - self.last_checkpoint > CHECKPOINT_EVERY:
            control.should_save = True
            self.last_checkpoint = time.monotonic()

    def check(self, step: int, texts: list[str] | None = None) -> None:
        """Score the dev clips, of which these may be the texts, and keep this state where it is the best so far."""
        if texts is None:
            texts = transcribe_items(self.backend, self.hearing, [e.items[0] for e in self.examples])
        wer, cer = self.hooks.score(texts)
        new = Check(step, self.trainer.newest_loss, wer, cer)
        self.hooks.track(step, {"dev_wer": wer, "dev_cer": cer})
        self.checks[:] = [c for c in self.checks if c.step < step] + [new]
        if best_check(self.checks) is new:
            save_state(self.backend, self.folder / "best.safetensors")
        write_json(self.folder / "checks.json", [vars(c) for c in self.checks])
        self.hooks.report(step, self.planned, self.trainer.newest_loss, self.checks)


def best_check(checks: Sequence[Check]) -> Check:
    """The check with the lowest WER; among equals the lowest CER, then the earliest."""
    return min(checks, key=lambda c: (c.wer, c.cer, c.step))


def _checks_since_progress(checks: Sequence[Check]) -> int:
    """Checks since WER or CER last fell; a weak base lowers CER long before its first whole word is right."""
    latest = max(
        min(range(len(checks)), key=lambda i: (checks[i].wer, i)),
        min(range(len(checks)), key=lambda i: (checks[i].cer, i)),
    )
    return len(checks) - 1 - latest


def fine_tune(
    backend: Backend,
    plan: FreezePlan,
    config: TrainingConfig,
    *,
    train: Sequence[Example],
    dev: Sequence[Example],
    rehearsed: Sequence[Example] = (),
    cache: FeatureCache,
    hearing: FeatureCache | None = None,
    folder: Path,
    hooks: Hooks,
    stop_after: int | None = None,
    untrained: list[str] | None = None,
) -> TrainingOutcome:
    """Train what the plan lets learn; the model is left in its best state by dev WER.

    Args:
        train: Clips to learn from.
        dev: Clips that choose the best state; empty trains to the end (or `stop_after`) and keeps the last state.
        rehearsed: General speech, of which each update hears its share beside the clips to learn from.
        cache: Activations at the plan's boundary.
        hearing: Activations from which the dev clips are transcribed, where those of `cache` know the labels.
        folder: Where checkpoints and the best state lie; an interrupted training found there is resumed.
        stop_after: Stop after this many updates of the planned ones, the rate following the whole plan.
        untrained: What the base says of the dev clips, where it hears them in another window than what is trained: the
            first candidate is the base, not what training begins with.

    Raises:
        TrainingError: No clips, the loss is not a number, or memory ran out.
    """
    if not train:
        raise TrainingError(say("There is no clip to train on; confirm more labels."))
    folder.mkdir(parents=True, exist_ok=True)
    apply_plan(backend, plan)
    tail = _Tail(backend, plan)
    sampler = LengthSampler([e.n_samples for e in train], config, len(rehearsed))
    planned = planned_updates([e.n_samples for e in train], config)
    pull = Pull(backend, config.pull)
    trainer = _TailTrainer(model=tail, args=_arguments(config, folder, planned), callbacks=[pull])
    trainer.remove_callback(PrinterCallback)
    trainer.loader = loader(backend, ExampleDataset(train, cache, rehearsed), sampler)
    resume = _last_checkpoint(folder)
    watch = _Watch(trainer, backend, dev, hearing or cache, config, hooks, folder, stop_after, planned)
    watch.checks = _read_checks(folder) if resume else []
    trainer.add_callback(watch)
    if dev and not watch.checks:
        watch.check(0, untrained)
    if stop_after == 0:
        return TrainingOutcome(0, 0, tuple(watch.checks), stopped=False)
    try:
        trainer.train(resume_from_checkpoint=resume)
    except (MemoryError, torch.OutOfMemoryError) as e:
        raise _out_of_memory(config) from e
    except RuntimeError as e:
        if "memory" in str(e).lower():
            raise _out_of_memory(config) from e
        raise
    if dev:
        load_state(backend, folder / "best.safetensors")
    best_step = best_check(watch.checks).step if dev else trainer.state.global_step
    return TrainingOutcome(trainer.state.global_step, best_step, tuple(watch.checks), watch.stopped)


def _arguments(config: TrainingConfig, folder: Path, planned: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        max_steps=planned,
        learning_rate=config.learning_rate,
        warmup_steps=min(max(MIN_WARMUP_UPDATES, round(config.warmup_share * planned)), max(1, planned // 2)),
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": FINAL_RATE_SHARE},
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        save_strategy="no",  # the callback asks for checkpoints by the clock
        save_total_limit=2,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=config.seed,
    )


def _last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint; Trainer writes trainer_state.json last, so one without it was cut short."""
    checkpoints = folder / "checkpoints"
    find: Callable[[str], str | None] = get_last_checkpoint
    while checkpoints.is_dir() and (last := find(str(checkpoints))):
        if (Path(last) / "trainer_state.json").is_file():
            return last
        os.rename(last, checkpoints / f"broken-{Path(last).name}-{time.time_ns()}")
    return None


def _read_checks(folder: Path) -> list[Check]:
    file = folder / "checks.json"
    return [Check(**c) for c in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def _out_of_memory(config: TrainingConfig) -> TrainingError:
    return TrainingError(
        say(
            "The machine ran out of memory with {clips} clips or {seconds:.0f} s in an update; choose a smaller batch, "
            "let fewer blocks learn, or take a smaller model.",
            clips=config.batch_clips,
            seconds=config.batch_seconds,
        )
    )


def transcribe_items(
    backend: Backend,
    cache: FeatureCache,
    items: Sequence[CacheItem],
    *,
    done: Callable[[int], None] = lambda n: None,
) -> list[str]:
    """Texts of the items, in their order, through the blocks behind the cache's boundary, which no label touched."""
    order = sorted(range(len(items)), key=lambda i: items[i].n_samples)
    texts = [""] * len(items)
    finished = 0
    for group in _read_groups(backend, [items[i] for i in order]):
        heard = backend.transcribe(*_heard_to_the_end(backend, cache, group))
        for text in heard:
            texts[order[finished]] = text
            finished += 1
        done(finished)
    return texts


def _read_groups(backend: Backend, items: Sequence[CacheItem]) -> list[list[CacheItem]]:
    """A list sorted by length, cut into what is read together."""
    n = backend.decode_batch_size
    if not n:
        return length_batches(items, EVALUATION_BATCH_SECONDS, backend.padded_to)
    return [list(items[i : i + n]) for i in range(0, len(items), n)]


def _heard_to_the_end(backend: Backend, cache: FeatureCache, group: list[CacheItem]) -> tuple[Batch, int]:
    """A batch and its boundary: the cache's own, or where writing token by token begins.

    Listening is done a few clips at a time, since it costs by the second; each step of writing costs hardly more for
    many clips than for one.
    """
    start, stop = cache.boundary, max(cache.boundary, backend.decode_start)
    heard: list[Activations] = []
    for batch in length_batches(group, EVALUATION_BATCH_SECONDS, backend.padded_to):
        heard += backend.advance([cache.fetch(i) for i in batch], [()] * len(batch), start, stop)
    return backend.collate(heard), stop


def copy_state(backend: Backend) -> dict[str, Tensor]:
    """A copy of what learns, to start each fold from the same weights."""
    return {n: p.detach().clone() for n, p in trainable_state(backend).items()}


def restore_state(backend: Backend, state: dict[str, Tensor]) -> None:
    """Put back a copy made by `copy_state`."""
    weights = trainable_state(backend)
    with torch.no_grad():
        for name, value in state.items():
            weights[name].copy_(value)


def save_state(backend: Backend, file: Path) -> None:
    """Write what learns; the file appears whole or not at all."""
    with replacing(file) as temporary:
        save_file({n: p.detach().contiguous().cpu() for n, p in trainable_state(backend).items()}, temporary)


def load_state(backend: Backend, file: Path) -> None:
    """Read what `save_state` wrote."""
    restore_state(backend, load_file(file))
