"""What the training loop and the scorer need of an architecture, whichever it is."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol, Self, TypeVar

import numpy as np
import torch
from torch.nn import functional
from transformers import PreTrainedModel

from recipes.pretrain.clips import Clip

Held = TypeVar("Held")

ALPHABET = ["<pad>", "|", "'", *"abcdefghijklmnopqrstuvwxyz", "<unk>"]  # in the order of ctc-en's vocab.json
INDEX = {letter: i for i, letter in enumerate(ALPHABET)} | {" ": ALPHABET.index("|")}
BLANK = ALPHABET.index("<pad>")
IGNORED = -100  # the target of what is no part of a clip


def on_device(held: Held, device: torch.device) -> Held:
    """A dataclass with all its tensors on another device, and everything else as it was."""
    values = {field.name: getattr(held, field.name) for field in fields(held)}
    tensors = {name: value for name, value in values.items() if isinstance(value, torch.Tensor)}
    if device.type == "cuda":
        tensors = {name: tensor.pin_memory() for name, tensor in tensors.items() if not tensor.is_cuda}
    return replace(held, **{name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()})


@dataclass(frozen=True)
class Targets:
    """What a batch of clips says, in the tensors that a model learns from; subclasses say which."""

    def to(self, device: torch.device) -> Self:
        """The same targets on another device."""
        return on_device(self, device)


class Learner(Protocol):
    """A model in training with its way of taking clips in and giving texts out."""

    module: torch.nn.Module  # everything that learns, helpers included that are dropped at the end
    window_s: float  # the length every clip is padded to in use, seconds; 0 where it is not padded

    def targets(self, labels: Sequence[str], rng: np.random.Generator, *, width: int = 0) -> Targets:
        """What the model learns to say; made on the CPU, of one shape for all batches of one width in samples."""
        ...

    core: torch.nn.Module  # the costly part of `module`, which a GPU replays; gives a tuple of tensors

    def given(self, sounds: torch.Tensor, n_samples: torch.Tensor, targets: Targets) -> tuple[torch.Tensor, ...]:
        """What the core is given.

        Args:
            sounds: Clips on the model's device, `(n, width) float32`, zero behind their ends.
            n_samples: The samples of each that count, `(n,) int64`.
            targets: What they say, on the same device.
        """
        ...

    def loss(
        self, said: tuple[torch.Tensor, ...], n_samples: torch.Tensor, targets: Targets, part: float
    ) -> torch.Tensor:
        """The scalar to minimise, of what the core said; `part` is the share of the time that has passed."""
        ...

    def transcribe(self, module: torch.nn.Module, clips: list[Clip]) -> list[str]:
        """The greedy transcript of each clip by `module`, which has the architecture of `self.module`."""
        ...

    def saved_part(self, module: torch.nn.Module) -> torch.nn.Module:
        """The part of `module` that stock transformers knows."""
        ...

    def save(self, module: torch.nn.Module, folder: Path) -> None:
        """Write `module` in half precision into a folder that stock transformers loads."""
        ...


def write_half(model: PreTrainedModel, folder: Path) -> None:
    """Write a model in half precision, which halves the download and costs nothing measurable; loses the original."""
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # the library writes it for the owner alone


def letter_targets(labels: Sequence[str]) -> torch.Tensor:
    """`(n, n_letters) int64` indices into `ALPHABET`, `IGNORED` after the end."""
    return filled_up([np.array([INDEX[letter] for letter in label]) for label in labels], IGNORED)


def filled_up(rows: Sequence[np.ndarray], value: int, *, width: int = 0) -> torch.Tensor:
    """Rows of integers as one tensor `(n, longest or width) int64`, `value` after their ends."""
    together = np.full((len(rows), width or max(map(len, rows))), value, dtype=np.int64)
    for row, one in zip(together, rows, strict=True):
        row[: len(one)] = one
    return torch.from_numpy(together)


def spelled_out(best: list[int]) -> str:
    """The text of the best symbol of each frame: repeats merged, blanks dropped."""
    kept = [now for now, before in zip(best, [BLANK, *best], strict=False) if now not in (before, BLANK)]
    return " ".join("".join(ALPHABET[i] for i in kept).replace("|", " ").split())


def ctc_loss(
    log_probs: torch.Tensor, n_frames: torch.Tensor, letters: torch.Tensor, n_letters: torch.Tensor
) -> torch.Tensor:
    """The mean over clips of the loss a letter; what does not fit its frames counts nothing.

    Args:
        log_probs: `(n, longest, n_symbols) float32`.
        n_frames: Frames that count, `(n,) int64`.
        letters: `(n, longest) int64`.
        n_letters: Letters that count, `(n,) int64`.
    """
    with torch.backends.cudnn.flags(enabled=False):  # its own takes short labels only
        return functional.ctc_loss(
            log_probs.transpose(0, 1), letters.clamp(min=0), n_frames, n_letters, blank=BLANK, zero_infinity=True
        )


def padded(sounds: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips `(n_samples,) float32` as one tensor `(n, width)`, zero behind their ends, and their lengths `(n,)`."""
    n_samples = torch.tensor([len(sound) for sound in sounds])
    together = torch.zeros(len(sounds), int(n_samples.max()))
    for row, sound in zip(together, sounds, strict=True):
        row[: len(sound)] = torch.from_numpy(sound)
    return together, n_samples
