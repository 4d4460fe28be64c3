"""The model of a run: what it hears, through which caches, how long that takes, and where Stop ends it."""

import json
import time
from collections.abc import Sequence

from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.training.batches import Example
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.trainer import transcribe_items
from workbench.audio.augment import STANDARD, variant
from workbench.audio.decode import read_clip
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.services.estimates.remaining import STAGES
from workbench.services.jobs.stop import StopRequested
from workbench.services.runs.clips import RunClip
from workbench.services.runs.progress import Progress
from workbench.workspace import Workspace


class RunModel:
    """A loaded model within a run.

    Attributes:
        seconds: Stage -> what it has taken so far.
        listened: Lengths of what was heard now and not before, about: by the frozen part, and by the base.
    """

    def __init__(self, workspace: Workspace, backend: Backend, progress: Progress) -> None:
        self.workspace, self.backend, self.progress = workspace, backend, progress
        self.seconds: dict[str, Seconds] = dict.fromkeys(("prefix", "training", "evaluation"), 0.0)
        self.listened: dict[str, list[Seconds]] = {"prefix": [], "base": []}

    def cache(self, boundary: int, below: FeatureCache | None = None) -> FeatureCache:
        """Activations at a boundary, gone on with from those of a cache below it; that cache where it is there."""
        if below and boundary == below.boundary:
            return below
        return FeatureCache(self.workspace.cache, self.backend, boundary, below)

    def item(self, clip: RunClip, copy: int = 0, label_ids: tuple[int, ...] = ()) -> CacheItem:
        """A clip, or its altered copy of this number, as caches take it."""
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

    def example(self, clip: RunClip, text: str, copies: int) -> Example:
        """A clip with its label, and so many altered copies of it."""
        ids = tuple(self.backend.encode_label(text))
        return Example(clip.id, tuple(self.item(clip, k, ids) for k in range(copies + 1)), ids)

    def fill(self, cache: FeatureCache, items: Sequence[CacheItem], message: str, phase: str = "prefix") -> None:
        """Run the frozen prefix over what is not in the cache yet.

        Raises:
            StopRequested: The user pressed Stop.
        """
        if cache.boundary == 0 or not items:
            return
        began = time.monotonic()
        self.progress.phase(phase, message, total=len(items), done=len(items) - len(cache.missing(items)))
        computed = cache.fill(items, done=self.count)
        self.listened[phase] += [s / SAMPLE_RATE for s in sorted(i.n_samples for i in items)[len(items) - computed :]]
        self.seconds[STAGES[phase]] += time.monotonic() - began

    def transcribe(
        self, clips: Sequence[RunClip], hearing: FeatureCache, phase: str, message: str, *, may_stop: bool = True
    ) -> dict[int, str]:
        """Clip id -> what the model as it stands writes, from activations of this cache.

        Raises:
            StopRequested: The user pressed Stop, where that `may_stop` it.
        """
        began = time.monotonic()
        self.progress.phase(phase, message, total=len(clips))
        done = self.count if may_stop else self.progress.count
        texts = transcribe_items(self.backend, hearing, [self.item(c) for c in clips], done=done)
        self.seconds["evaluation"] += time.monotonic() - began
        return {c.id: text for c, text in zip(clips, texts, strict=True)}

    def count(self, done: int) -> None:
        """So many things of the phase are done.

        Raises:
            StopRequested: The user pressed Stop.
        """
        self.progress.count(done)
        self.stop_if_wanted()

    def stop_if_wanted(self) -> None:
        if self.progress.should_stop():
            raise StopRequested
