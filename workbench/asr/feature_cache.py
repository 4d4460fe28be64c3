"""Activations at the freeze boundary, on disk: computed once, reused by every epoch, run and evaluation.

One safetensors file a clip and variant, in a folder named by a hash of everything that changes the values. Files appear
by rename, so a killed process leaves none half written and two processes may fill one cache.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from workbench.asr.backend import Activations, Backend, ClipInput
from workbench.core.types import SAMPLE_RATE

FORMAT = 1  # raise it when what is stored changes its meaning


@dataclass(frozen=True)
class CacheItem:
    """One thing to encode.

    Attributes:
        sha256: Content hash of the clip's sound.
        variant: Empty for the sound as it is; else names the augmentation and its draw.
        load: Makes the input when it is not in the cache.
        n_samples: Length of the sound, for forming batches.
    """

    sha256: str
    variant: str
    load: Callable[[], ClipInput]
    n_samples: int

    @property
    def file_name(self) -> str:
        suffix = "-" + hashlib.sha256(self.variant.encode()).hexdigest()[:12] if self.variant else ""
        return f"{self.sha256}{suffix}.safetensors"


class FeatureCache:
    """The activations of one model at one boundary.

    Args:
        root: The workspace's cache folder.
        backend: The model; its identity is part of the key.
        boundary: Number of blocks that are done.
    """

    def __init__(self, root: Path, backend: Backend, boundary: int) -> None:
        self.backend, self.boundary = backend, boundary
        identity = {
            **backend.cache_identity(),
            "boundary": str(boundary),
            "dtype": str(next(backend.model.parameters()).dtype),
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "format": str(FORMAT),
        }
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]
        self.folder = root / key

    def get(self, item: CacheItem) -> Activations | None:
        """The stored activations of an item; None where there are none or the file is damaged."""
        path = self.folder / item.file_name
        try:
            return load_file(path)
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError):
            path.unlink(missing_ok=True)  # damaged, by a full disk for instance: compute it again
            return None

    def put(self, item: CacheItem, activations: Activations) -> None:
        """Store an item's activations; the file appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        os.close(handle)
        try:
            save_file({k: v.contiguous().cpu() for k, v in activations.items()}, temporary)
            os.replace(temporary, self.folder / item.file_name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def fill(
        self, items: Sequence[CacheItem], *, batch_seconds: float = 40.0, done: Callable[[int], None] = lambda n: None
    ) -> int:
        """Encode what is missing, in batches of similar length.

        Args:
            items: What will be needed.
            batch_seconds: Seconds of sound at a time, padding included.
            done: Called with the number of items finished so far; may raise to stop.

        Returns:
            Number of items that were computed now.
        """
        if self.boundary == 0:
            return 0
        missing = [i for i in items if not (self.folder / i.file_name).exists()]
        missing.sort(key=lambda i: i.n_samples)
        finished = len(items) - len(missing)
        for batch in length_batches(missing, batch_seconds):
            for item, activations in zip(batch, self._encode(batch), strict=True):
                self.put(item, activations)
            finished += len(batch)
            done(finished)
        return len(missing)

    def fetch(self, item: CacheItem) -> Activations:
        """The activations of one item, from the cache or computed now; at boundary 0 the sound itself."""
        found = None if self.boundary == 0 else self.get(item)
        if found is None:
            found = self._encode([item])[0]
            if self.boundary:
                self.put(item, found)
        return found

    def _encode(self, items: Sequence[CacheItem]) -> list[Activations]:
        return self.backend.encode_prefix([i.load() for i in items], self.boundary)


def length_batches(items: Sequence[CacheItem], batch_seconds: float) -> list[list[CacheItem]]:
    """Cut a list sorted by length into batches whose padded size stays within so many seconds of sound."""
    batches: list[list[CacheItem]] = []
    for item in items:
        if batches and (len(batches[-1]) + 1) * item.n_samples <= batch_seconds * SAMPLE_RATE:
            batches[-1].append(item)
        else:
            batches.append([item])
    return batches
