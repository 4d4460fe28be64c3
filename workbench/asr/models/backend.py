"""The protocol that each model family fulfils, so that freezing, caching, training and scoring are written once.

A clip enters as `ClipInput`, leaves the frozen prefix as `Activations` (named arrays: whatever the tail needs), and a
padded batch of activations goes through the tail. The first blocks up to the boundary form the prefix; boundary 0 means
that nothing is frozen and the activations are the sound itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor, nn

from workbench.core.text.word_list import Term
from workbench.core.types import Block, Heard, ModelSpec, Seconds

# Named arrays of one clip at a boundary, without a batch dimension. At boundary 0 "samples" (n_samples,), "mel"
# (n_mels, n_frames) or "mels" (n_frames, n_mels), else "hidden" (n_frames, width), and what a family adds, such as
# "memory" (an encoder's output).
Activations = dict[str, Tensor]
# The same, padded and stacked, with "lengths" (batch,) int64, and "labels" (batch, longest) int64, -100 where padded.
Batch = dict[str, Tensor]


@dataclass(frozen=True)
class ClipInput:
    """One clip on its way into a model.

    Attributes:
        samples: (n_samples,) float32, 16 kHz mono.
        label_ids: The label's token ids; needed where the boundary lies inside a decoder, else ignored.
    """

    samples: np.ndarray
    label_ids: tuple[int, ...] = ()


class Backend(Protocol):
    """One loaded model and how its family is cut into blocks, run from a block on, and read out."""

    spec: ModelSpec
    model: nn.Module
    fingerprint: str  # hash of weights and configuration, for caches and checkpoints
    window: Seconds | None  # the longest sound it hears at once; None where there is no limit
    padded_to: int  # samples that every shorter clip is padded to, and costs; 0 where clips cost their own length
    gives_times: bool  # whether `word_times` can say when words were said
    usual_boost: float  # strength at which the words of a list are usually favoured, see `set_boost`
    healed: str  # hash of what healed its encoder for a shorter window; "" where nothing did

    def blocks(self) -> tuple[Block, ...]:
        """The parts in the order sound flows through them; every weight belongs to exactly one."""
        ...

    def block_modules(self) -> tuple[tuple[nn.Module, ...], ...]:
        """The modules of each block, in the order of `blocks`."""
        ...

    def block_parameters(self) -> tuple[tuple[nn.Parameter, ...], ...]:
        """The weights of each block, tied ones counted once, at their first block."""
        ...

    @property
    def decode_start(self) -> int:
        """Where listening ends and writing token by token begins; 0 where nothing is written so."""
        ...

    @property
    def decode_batch_size(self) -> int:
        """Clips that are written down together from there: the more, the fewer steps; 0 where nothing is written so."""
        ...

    def cache_identity(self) -> dict[str, str]:
        """What changes a frozen activation besides the sound and the boundary."""
        ...

    def encode_prefix(self, clips: Sequence[ClipInput], boundary: int) -> list[Activations]:
        """Run the first `boundary` blocks in eval mode without gradients; each clip comes out as if it were alone."""
        ...

    def advance(
        self, items: Sequence[Activations], label_ids: Sequence[Sequence[int]], start: int, stop: int
    ) -> list[Activations]:
        """Run blocks `start` … `stop`−1 on activations of boundary `start`, in eval mode without gradients.

        Args:
            label_ids: Token ids of each clip's label, used where `depends_on_label(stop)`; else they may be empty.
        """
        ...

    def audio_boundary(self, boundary: int) -> int:
        """The deepest boundary up to `boundary` that knows nothing of the label: where `transcribe` may start."""
        ...

    def depends_on_label(self, boundary: int) -> bool:
        """Whether activations at this boundary depend on the clip's label (teacher forcing inside a decoder)."""
        ...

    def collate(self, items: Sequence[Activations], labels: Sequence[Sequence[int]] | None = None) -> Batch:
        """Pad and stack activations of one boundary."""
        ...

    def loss(self, batch: Batch, boundary: int) -> Tensor:
        """Mean training loss of a batch, through the blocks from `boundary` on; a scalar."""
        ...

    def transcribe(self, batch: Batch, boundary: int) -> list[str]:
        """Greedy texts of a batch, through the blocks from `boundary` on, which no label may have touched."""
        ...

    def word_times(
        self, item: Activations, boundary: int, texts: Sequence[str], duration: Seconds
    ) -> list[list[tuple[Seconds, Seconds]] | None]:
        """When each word (split at spaces) of each text is said in one clip, by forced alignment.

        Args:
            item: The clip's activations at the boundary, which no label may have touched.
            texts: Not empty, in the model's own writing.
            duration: Of the clip.

        Returns:
            For each text the words' beginnings and ends; None where it cannot be laid along this sound.
        """
        ...

    def transcribe_with_confidence(self, batch: Batch, boundary: int) -> list[Heard]:
        """The texts of `transcribe` with the confidence of each word."""
        ...

    def set_boost(self, terms: Sequence[Term], strength: float) -> None:
        """Favour these words in whatever is written from now on.

        Args:
            strength: What is added to the logarithm of the probability that a term begins; 0 for none.
        """
        ...

    def unlearnable_reason(self, label_text: str, n_samples: int) -> str | None:
        """Why this text cannot be learned from a sound of this length, in one sentence; None where it can."""
        ...

    def encode_label(self, label_text: str) -> list[int]:
        """Token ids of a text that the model can write."""
        ...

    def characters(self) -> frozenset[str] | None:
        """The characters the model can write, space excluded; None for models whose tokens cover any text."""
        ...

    def extend(self, characters: Sequence[str]) -> None:
        """Add characters to the alphabet; what the model could write before keeps its weights."""
        ...

    def languages(self) -> frozenset[str] | None:
        """ISO codes that `set_language` takes; None for a model that has no such choice."""
        ...

    def recognise_language(self, items: Sequence[Activations], boundary: int) -> str | None:
        """The language that most of these clips seem to be in; None for a model that cannot tell."""
        ...

    def set_language(self, language: str | None, task: str = "transcribe") -> None:
        """Choose what is spoken and what to write, once for drafting, training, evaluation and export.

        Args:
            language: ISO 639-1 code; None lets a multilingual model recognise each clip's language by itself.
            task: "transcribe", or "translate" (into English) where the model can.

        Raises:
            ModelError: The model does not know the language or the task.
        """
        ...

    def set_window(self, window: Seconds) -> None:
        """Pad clips to so many whole seconds from now on and hear no longer ones; nothing where clips cost their own
        length."""
        ...

    def set_time_mask(self, share: float) -> None:
        """Mask about this share of the frames in training mode (SpecAugment), where the masking's place learns."""
        ...

    def set_dropout(self, share: float) -> None:
        """Drop this share of activations in training mode."""
        ...

    def save(self, folder: Path) -> None:
        """Write model and processor so that plain transformers load them."""
        ...
