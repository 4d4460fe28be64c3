"""What the training loop and the scorer need of an architecture, whichever it is."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import torch
from transformers import PreTrainedModel

from recipes.pretrain.clips import Clip

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]

ALPHABET = ["<pad>", "|", "'", *"abcdefghijklmnopqrstuvwxyz", "<unk>"]  # in the order of ctc-en's vocab.json
INDEX = {letter: i for i, letter in enumerate(ALPHABET)} | {" ": ALPHABET.index("|")}
BLANK = ALPHABET.index("<pad>")
IGNORED = -100  # the target of what is no part of a clip


@dataclass(frozen=True)
class Batch:
    """Tensors that the model is given; subclasses say which."""

    def to(self, device: torch.device) -> Self:
        """The same batch on another device."""
        return type(self)(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


class Learner(Protocol):
    """A model in training with its way of taking clips in and giving texts out."""

    module: torch.nn.Module  # everything that learns, helpers included that are dropped at the end
    window_s: float  # the length every clip is padded to in use, seconds; 0 where it is not padded

    def collate(self, clips: list[Clip], change: Change, rng: np.random.Generator, *, window_s: float) -> Batch:
        """Change and pad the clips, to `window_s` at least."""
        ...

    def loss(self, batch: Batch, part: float) -> torch.Tensor:
        """The scalar to minimise; `part` is the share of the time that has passed."""
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


def letter_targets(labels: list[str]) -> torch.Tensor:
    """`(n, n_letters) int64` indices into `ALPHABET`, `IGNORED` after the end."""
    targets = torch.full((len(labels), max(map(len, labels))), IGNORED)
    for i, label in enumerate(labels):
        targets[i, : len(label)] = torch.tensor([INDEX[letter] for letter in label])
    return targets


def spelled_out(best: list[int]) -> str:
    """The text of the best symbol of each frame: repeats merged, blanks dropped."""
    kept = [now for now, before in zip(best, [BLANK, *best], strict=False) if now not in (before, BLANK)]
    return " ".join("".join(ALPHABET[i] for i in kept).replace("|", " ").split())


def unchanged(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The `Change` that changes nothing."""
    return sound
