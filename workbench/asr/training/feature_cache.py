"""Activations at the freeze boundary, on disk: computed once, reused by every epoch, run and evaluation.

One safetensors file a clip and variant, in a folder named by a hash of everything that changes the values. Files appear
by rename, so a killed process leaves none half written and two processes may fill one cache. They are memory-mapped
when read. The cache stays within a limit: what was needed longest ago goes first, and is computed again if it is
needed after all.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from workbench.asr.models.backend import Activations, Backend, ClipInput
from workbench.asr.training.batch_plan import padded_batches
from workbench.atomic import replacing
from workbench.core.types import SAMPLE_RATE
from workbench.disk import is_full, spare
from workbench.errors import WorkbenchError
from workbench.language.said import say

FORMAT = 2  # raise it when what is stored changes its meaning
LIMIT_VARIABLE = "WORKBENCH_CACHE_GB"
USUAL_LIMIT = 20e9  # bytes; less where the disk has not twice that to spare
# Half precision is kept where the rounding is this small against the activations (root mean square over a clip). The
# loss then moves by less than a thousandth, which a test holds for every family and boundary; outliers beyond what half
# precision can write keep float32.
HALF_TOLERANCE = 5e-4


@dataclass(frozen=True)
class CacheItem:
    """One thing to encode.

    Attributes:
        sha256: Content hash of the clip's sound.
        variant: Empty for the sound as it is; else names the augmentation and its draw.
        load: Makes the input when it is not in the cache.
        n_samples: Length of the sound, for forming batches.
        label_ids: Token ids of the clip's label, for boundaries where the label matters.
    """

    sha256: str
    variant: str
    load: Callable[[], ClipInput]
    n_samples: int
    label_ids: tuple[int, ...] = ()


class FeatureCache:
    """The activations of one model at one boundary.

    Args:
        root: The workspace's cache folder.
        backend: The model; its identity is part of the key.
        boundary: Number of blocks that are done.
        shallower: Activations nearer to the sound, which these are computed from instead of from the sound itself.
    """

    def __init__(self, root: Path, backend: Backend, boundary: int, shallower: "FeatureCache | None" = None) -> None:
        self.backend, self.boundary, self.shallower = backend, boundary, shallower
        self._state = backend.cache_identity()
        identity = {
            **self._state,
            "boundary": str(boundary),
            "dtype": str(next(backend.model.parameters()).dtype),
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "format": str(FORMAT),
        }
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]
        self.folder = root / key

    def path(self, item: CacheItem) -> Path:
        """Where an item's activations lie: named by its sound, its variant and, where that matters, its label."""
        named = item.variant
        if self.backend.depends_on_label(self.boundary):
            named = json.dumps([item.variant, item.label_ids])
        suffix = "-" + hashlib.sha256(named.encode()).hexdigest()[:12] if named else ""
        return self.folder / f"{item.sha256}{suffix}.safetensors"

    def get(self, item: CacheItem) -> Activations | None:
        """The stored activations of an item; None where there are none or the file is damaged."""
        path = self.path(item)
        try:
            return load_file(path)
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError):
            path.unlink(missing_ok=True)  # damaged, by a full disk for instance: compute it again
            return None

    def put(self, item: CacheItem, activations: Activations) -> None:
        """Store an item's activations; the file appears whole or not at all.

        Raises:
            OSError: The disk is full, but for what labels and deleting need; a SafetensorError where it fills up now.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if sum(v.numel() * v.element_size() for v in activations.values()) > spare(self.folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
        with replacing(self.path(item), private=True) as temporary:
            save_file({k: v.contiguous().cpu() for k, v in activations.items()}, temporary)

    def missing(self, items: Sequence[CacheItem]) -> list[CacheItem]:
        """The items that are not stored; the others are marked as needed now."""
        return [i for i in items if not _touch(self.path(i))]

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
        missing = self.missing(items)
        missing.sort(key=lambda i: i.n_samples)
        finished = len(items) - len(missing)
        for batch in length_batches(missing, batch_seconds, self.backend.padded_to):
            for item, activations in zip(batch, self._encode(batch), strict=True):
                self._put_with_room(item, activations, items)
            finished += len(batch)
            done(finished)
        if missing:
            make_room(self.folder.parent, limit_of(self.folder.parent), keep={self.path(i) for i in items})
        return len(missing)

    def _put_with_room(self, item: CacheItem, activations: Activations, needed: Sequence[CacheItem]) -> None:
        """Store an item; where the disk is full, what is not needed now goes first."""
        try:
            self.put(item, activations)
        except (OSError, SafetensorError) as e:  # safetensors tells a full disk by an error of its own
            if not is_full(e):
                raise
            make_room(self.folder.parent, 0, keep={self.path(i) for i in needed})
            try:
                self.put(item, activations)
            except (OSError, SafetensorError) as again:
                if not is_full(again):
                    raise
                raise WorkbenchError(
                    say(
                        "The disk is full: the frozen part's output cannot be kept. Free some space "
                        "and resume the run, or let the whole model learn, which keeps nothing."
                    )
                ) from again

    def fetch(self, item: CacheItem) -> Activations:
        """The activations of one item, from the cache or computed now; at boundary 0 the sound itself."""
        found = None if self.boundary == 0 else self.get(item)
        if found is None:
            found = self._encode([item])[0]
            if self.boundary:
                self._put_with_room(item, found, [item])
        return {k: v.float() if v.dtype == torch.float16 else v for k, v in found.items()}

    def _encode(self, items: Sequence[CacheItem]) -> list[Activations]:
        if self.backend.cache_identity() != self._state:  # such as another window: it would be kept under a wrong key
            raise RuntimeError("the model does not hear as it did when this cache was opened")
        labels = [i.label_ids for i in items]
        if self.shallower is not None and self.shallower.boundary:
            nearer = [self.shallower.fetch(i) for i in items]
            found = self.backend.advance(nearer, labels, self.shallower.boundary, self.boundary)
        else:
            clips = [replace(i.load(), label_ids=ids) for i, ids in zip(items, labels, strict=True)]
            found = self.backend.encode_prefix(clips, self.boundary)
        # What is computed now equals what is read later.
        return [{k: compact(v) for k, v in one.items()} for one in found] if self.boundary else found


def compact(values: torch.Tensor) -> torch.Tensor:
    """Float32 activations in half precision where next to nothing is lost by it, else as they are."""
    if values.dtype != torch.float32:
        return values
    half = values.half()
    error = torch.linalg.vector_norm(half.float() - values)
    return half if error <= HALF_TOLERANCE * torch.linalg.vector_norm(values) else values


def limit_of(root: Path) -> float:
    """Bytes that the cache may hold: WORKBENCH_CACHE_GB, else 20 GB, else half of what the disk could give it."""
    wish = os.environ.get(LIMIT_VARIABLE)
    if wish:
        try:
            return float(wish) * 1e9
        except ValueError:
            raise WorkbenchError(
                say(
                    "{limit_variable} must be a number of gigabytes, not '{wish}'.",
                    limit_variable=LIMIT_VARIABLE,
                    wish=wish,
                )
            ) from None
    held = sum(size for _, size, _ in _files(root))
    return min(USUAL_LIMIT, (shutil.disk_usage(root).free + held) / 2)


def make_room(root: Path, limit: float, keep: Set[Path] = frozenset()) -> int:
    """Remove what was needed longest ago until the cache is within its limit; returns the number of files removed.

    Args:
        root: The workspace's cache folder.
        limit: Bytes.
        keep: Files that stay whatever their age.
    """
    files = sorted(_files(root))
    held, removed = sum(size for _, size, _ in files), 0
    for _, size, path in files:
        if held <= limit:
            break
        if path not in keep:
            path.unlink(missing_ok=True)
            held, removed = held - size, removed + 1
    return removed


def _files(root: Path) -> list[tuple[float, int, Path]]:
    """When each file of the cache was last needed, its size in bytes, and where it is."""
    found = []
    for path in root.glob("*/*.safetensors"):
        try:
            state = path.stat()
        except FileNotFoundError:  # another process made room
            continue
        found.append((state.st_mtime, state.st_size, path))
    return found


def _touch(path: Path) -> bool:
    """Mark a file as needed now; False where there is none."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def length_batches(items: Sequence[CacheItem], batch_seconds: float, padded_to: int = 0) -> list[list[CacheItem]]:
    """Cut a list sorted by length into batches whose padded size stays within so many seconds of sound.

    Args:
        padded_to: Samples that every shorter clip is padded to anyway.
    """
    costs = [max(item.n_samples, padded_to) for item in items]
    return padded_batches(items, costs, batch_seconds * SAMPLE_RATE)
