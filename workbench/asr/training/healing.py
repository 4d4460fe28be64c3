"""Heals an encoder for a shorter window: without labels it learns to give there what it gives in its own.

Whisper was trained on 30 s of sound at a time and hears worse in less, above all short commands between silences. The
principle is known (FUTO's whisper-acft, whisper.cpp's audio_ctx). Here the target is what the encoder gives in its own
window, over the speech and a moment more; what learns are low-rank changes (LoRA, arXiv 2106.09685) of its matrices:
small enough to ship and to keep beside every run, and the model that they are added to is a stock one.
"""

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from workbench.asr.catalog.healed import ABOUT, HealedEncoder, read_healed
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.lora import matrices, put_adapters, remove_adapters
from workbench.asr.models.whisper import WhisperBackend
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.atomic import replacing
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import ModelError, TrainingError
from workbench.language.said import count, say

RECIPE: Final = 1  # raise it when another encoder would come out
RANK: Final = 16
RATE: Final = 2e-3
BATCH: Final = 8  # clips in an update
AFTER: Final[Seconds] = 0.5  # of the quiet behind the speech is learned too
WARMUP: Final = 10  # updates
CHECKPOINT_UPDATES: Final = 10  # a killed process loses at most so many


class HealedWeights:
    """The changes in a loaded model; they can be taken back exactly.

    Args:
        backend: The model, which hears in its own window.
        healed: Made for it.

    Raises:
        ModelError: The changes are another encoder's, or cannot be read.
    """

    def __init__(self, backend: WhisperBackend, healed: HealedEncoder) -> None:
        self._backend, self.healed = backend, healed
        self._own: list[tuple[nn.Parameter, Tensor]] = []
        try:
            changes = load_file(healed.file)
        except (SafetensorError, OSError, ValueError) as e:
            raise ModelError(
                say("What heals the encoder cannot be read: {name}; adapt again.", name=healed.file.name)
            ) from e
        weights = dict(backend.encoder.named_parameters())
        names = sorted({name.rpartition(".")[0] for name in changes})
        for name in names:
            weight, a, b = weights.get(f"{name}.weight"), changes.get(f"{name}.a"), changes.get(f"{name}.b")
            if weight is None or a is None or b is None or weight.shape != (b.shape[0], a.shape[1]):
                raise ModelError(
                    say("What heals the encoder of another model was named for {name}.", name=backend.spec.name)
                )
            self._own.append((weight, weight.detach().clone()))
            with torch.no_grad():
                weight += (b.float() @ a.float()).to(weight.device)
        backend.healed = healed.sha256

    def take_back(self) -> None:
        """Let the encoder be what it was."""
        with torch.no_grad():
            for weight, own in self._own:
                weight.copy_(own)
        self._backend.healed = ""


def heal(
    backend: WhisperBackend,
    items: Sequence[CacheItem],
    heard: FeatureCache,
    *,
    encoder: str,
    windows: Sequence[int],
    out: Path,
    work: Path,
    updates: int,
    made: Callable[[int], None] = lambda n: None,
) -> HealedEncoder:
    """Make the changes that let a model hear in shorter windows; the model itself is left as it was.

    Args:
        backend: The model, which hears in its own window and is not healed.
        items: Sounds to learn from.
        heard: The encoder's output in its own window, of these.
        encoder: Hash of the encoder's weights; see `healed.encoder_hash`.
        windows: Whole seconds, each shorter than the model's own; each update takes one of them.
        out: The file to write; it appears whole or not at all.
        work: Folder of checkpoints; an interrupted healing found there goes on.
        updates: Of `BATCH` clips each.
        made: Told how many updates are made; may raise to stop.

    Raises:
        TrainingError: Too few sounds fit the windows.
    """
    own = float(backend.window or 0)
    lessons = _lessons(items, windows, updates)
    whole = [_mel(backend, item, max(windows)) for item in items]
    adapted = {id(m) for layer in backend.encoder_layers for m in matrices((layer,))}
    names = [name for name, module in backend.model.named_modules() if id(module) in adapted]
    backend.model.requires_grad_(False)
    put_adapters(backend, names, rank=RANK, alpha=RANK, dropout=0.0)
    try:
        student = _Student(backend)
        dataset = _Lessons(lessons, items, whole, heard)
        _train(student, dataset, work, made)
        changes = student.changes()
    finally:
        remove_adapters(backend)
        backend.set_window(own)
    out.parent.mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = {"encoder": encoder, "windows": list(windows), "model": backend.spec.name}
    said |= {"recipe": RECIPE, "updates": updates}
    with replacing(out) as temporary:
        save_file(changes, temporary, metadata={ABOUT: json.dumps(said)})  # one entry: several come in any order
    return read_healed(out)


Lesson = tuple[int, tuple[int, ...]]  # a window, and the numbers of the sounds that are heard in it


def _lessons(items: Sequence[CacheItem], windows: Sequence[int], updates: int) -> list[Lesson]:
    """What each update hears: the same for the same sounds, so that an interrupted healing goes on alike."""
    rng = random.Random(0)
    fitting = {w: [i for i, item in enumerate(items) if item.n_samples <= w * SAMPLE_RATE] for w in windows}
    for window, numbers in fitting.items():
        if len(numbers) < BATCH:
            raise TrainingError(
                count(
                    len(numbers),
                    "Only {n} sounds to heal the encoder with fit into {window} s; choose a longer window.",
                    "Only {n} sounds to heal the encoder with fit into {window} s; choose a longer window.",
                    window=window,
                )
            )
    return [(w, tuple(rng.sample(fitting[w], BATCH))) for w in (rng.choice(list(windows)) for _ in range(updates))]


def _mel(backend: WhisperBackend, item: CacheItem, window: int) -> Tensor:
    """(n_mels, n_frames) of the first seconds of a sound, in half precision.

    A shorter window's frames are the first of these: the loudest frame, by which all are scaled, is in the speech.
    """
    mel = backend.encode_prefix([ClipInput(item.load().samples)], 0)[0]["mel"]
    return mel[:, : window * SAMPLE_RATE // backend.processor.feature_extractor.hop_length].half()


class _Lessons(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(
        self, lessons: Sequence[Lesson], items: Sequence[CacheItem], mels: Sequence[Tensor], heard: FeatureCache
    ) -> None:
        self._lessons, self._items, self._mels, self._heard = lessons, items, mels, heard

    def __len__(self) -> int:
        return len(self._lessons)

    def __getitem__(self, number: int) -> dict[str, Any]:
        window, chosen = self._lessons[number]
        targets = []
        for i in chosen:
            memory = self._heard.fetch(self._items[i])["memory"]
            positions_a_second = len(memory) / (self._heard.backend.window or 1)
            spoken = min(window, self._items[i].n_samples / SAMPLE_RATE + AFTER)
            targets.append(memory[: math.ceil(spoken * positions_a_second)])
        return {"window": window, "mels": [self._mels[i] for i in chosen], "targets": targets}


class _Student(nn.Module):
    """The encoder in a shorter window, as Trainer sees it: a lesson in, the loss out."""

    _keys_to_ignore_on_save = None  # Trainer asks for it when it resumes

    def __init__(self, backend: WhisperBackend) -> None:
        super().__init__()
        self.encoder = backend.encoder
        self._backend = (backend,)

    def forward(self, lesson: dict[str, Any]) -> Tensor:
        backend = self._backend[0]
        backend.set_window(lesson["window"])
        frames = int(backend.processor.feature_extractor.nb_max_frames)
        memory = backend.listen(torch.stack([mel[:, :frames].float() for mel in lesson["mels"]]))
        wrong, n_values = memory.new_zeros(()), 0
        for given, target in zip(memory, lesson["targets"], strict=True):
            n = min(len(given), len(target))
            wrong = wrong + nn.functional.mse_loss(given[:n], target[:n].to(given), reduction="sum")
            n_values += n * given.shape[1]
        return wrong / n_values

    def train(self, mode: bool = True) -> "_Student":
        """Without dropout: the target has none."""
        return super().train(False)

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        return {k: v for k, v in super().state_dict(*args, **kwargs).items() if ".lora_" in k}

    def changes(self) -> dict[str, Tensor]:
        """The low-rank changes, in half precision."""
        found = {}
        for name, value in self.state_dict().items():
            matrix, _, side = name.removeprefix("encoder.").partition(".lora_")
            found[f"{matrix}.{side[0].lower()}"] = value.detach().half().contiguous().cpu()
        return found


def _only(lessons: list[dict[str, Any]]) -> dict[str, Any]:
    return lessons[0]


class _HealingTrainer(Trainer):
    def get_train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(self.train_dataset, collate_fn=_only)  # type: ignore[arg-type]

    def compute_loss(
        self, model: nn.Module, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        return model(inputs)

    def _prepare_inputs(self, inputs: Any) -> Any:
        return inputs


class _Tell(TrainerCallback):
    def __init__(self, made: Callable[[int], None]) -> None:
        self._made = made

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._made(int(state.global_step))


def _train(student: _Student, lessons: _Lessons, work: Path, made: Callable[[int], None]) -> None:
    arguments = TrainingArguments(
        output_dir=str(work),
        max_steps=len(lessons),
        learning_rate=RATE,
        warmup_steps=min(WARMUP, len(lessons) // 2),
        lr_scheduler_type="cosine",
        weight_decay=0.0,
        max_grad_norm=1.0,
        save_strategy="steps",
        save_steps=CHECKPOINT_UPDATES,
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=0,
    )
    trainer = _HealingTrainer(model=student, args=arguments, train_dataset=lessons)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Tell(made))
    last = get_last_checkpoint(str(work)) if work.is_dir() else None  # type: ignore[no-untyped-call]  # transformers'
    trainer.train(resume_from_checkpoint=last)
