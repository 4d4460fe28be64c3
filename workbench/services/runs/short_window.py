"""A run's model in a window shorter than its own: healed where the plan asks for it, and the base again afterwards.

What heals is learned from the bundled natural voices to learn from, and from nothing else: never a clip of a set, so
that no test clip, of whatever run, has had a part in it.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.asr.catalog.healed import HealedEncoder, encoder_hash, made_file
from workbench.asr.models.backend import ClipInput
from workbench.asr.training.checkpoint import HEALED
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.healing import HealedWeights, heal
from workbench.audio.augment import STANDARD, variant
from workbench.audio.decode import read_clip
from workbench.core.types import SAMPLE_RATE
from workbench.core.windows import HEALING_UPDATES
from workbench.language.said import say
from workbench.services.estimates.window import HEALING_COPIES
from workbench.services.runs.clips import RunClip
from workbench.services.runs.general_parts import learn_clips
from workbench.services.runs.progress import Progress
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.asr.models.whisper import WhisperBackend

WORK: Final = "healing"  # in the workspace's cache: checkpoints of what is being healed


class ShortWindow:
    """The window of a run; entered once the base has been heard in its own.

    Args:
        seconds: Shorter than the model's own.
        healed: What heals the encoder for it; None where nothing does.
    """

    def __init__(self, backend: "WhisperBackend", seconds: int, healed: HealedEncoder | None) -> None:
        self.backend, self.seconds, self.healed = backend, seconds, healed
        self._own = float(backend.window or seconds)
        self._weights: HealedWeights | None = None

    def enter(self) -> None:
        """Let the model hear in the window."""
        if self.healed:
            self._weights = HealedWeights(self.backend, self.healed)
        self.backend.set_window(self.seconds)

    def leave(self) -> None:
        """Let the model be the base again, where nothing has been learned."""
        if self._weights:
            self._weights.take_back()
            self._weights = None
        self.backend.set_window(self._own)

    def save(self, folder: Path) -> None:
        """Keep what heals the encoder beside what a run learned, which is nothing without it."""
        if self._weights and self.healed:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.healed.file, folder / HEALED)


def make_healed(
    workspace: Workspace,
    backend: "WhisperBackend",
    folder: Path,
    window: int,
    *,
    progress: Progress,
    counted: Callable[[int], None],
) -> HealedEncoder:
    """Heal an encoder for a window; a killed or stopped healing goes on where it stood.

    Args:
        folder: The model's.
        counted: Told how many updates, or sounds heard, are done; may raise to stop.
    """
    encoder = encoder_hash(folder)
    sounds = [c for c in learn_clips() if c.n_samples <= window * SAMPLE_RATE]
    items = [_item(c, copy) for c in sounds for copy in range(HEALING_COPIES + 1)]
    heard = FeatureCache(workspace.cache, backend, backend.decode_start)
    done = len(items) - len(heard.missing(items))
    progress.phase("healing", say("Listening to voices to heal the encoder with"), total=len(items), done=done)
    heard.fill(items, done=counted)
    progress.phase("healing", say("Healing the encoder for {seconds} s", seconds=window), total=HEALING_UPDATES)
    work = workspace.cache / WORK / f"{encoder[:16]}-{window}"
    made = heal(
        backend,
        items,
        heard,
        encoder=encoder,
        windows=(window,),
        out=made_file(workspace.root, encoder, window),
        work=work,
        updates=HEALING_UPDATES,
        made=counted,
    )
    shutil.rmtree(work, ignore_errors=True)
    return made


def _item(clip: RunClip, copy: int) -> CacheItem:
    variant_name = f"healing {copy} {json.dumps(STANDARD.to_json(), sort_keys=True)}" if copy else ""
    return CacheItem(clip.sha256, variant_name, lambda: ClipInput(_samples(clip, copy)), clip.n_samples)


def _samples(clip: RunClip, copy: int) -> np.ndarray:
    """(n_samples,) float32 of a bundled voice, or of an altered copy of it, which is no longer."""
    assert clip.path
    sound = read_clip(clip.path)
    return variant(sound, STANDARD, clip.sha256, copy)[: len(sound)] if copy else sound
