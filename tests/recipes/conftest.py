"""A folder of clips that sound like nothing but have the right shape: enough for batching, resuming and counting."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recipes.pretrain.voices import missing_engines
from tests.conftest import speechlike

needs_engines = pytest.mark.skipif(bool(missing_engines()), reason=f"not installed: {', '.join(missing_engines())}")

LABELS = ("yes", "stop it", "the red door", "can you hear me", "ten past two")


def write_spoken(folder: Path, labels: tuple[str, ...], *, seconds: float = 0.8) -> Path:
    """A folder as `speech.speak_all` leaves it, with a buzz instead of a voice."""
    folder.mkdir(parents=True)
    sounds = [(speechlike(seconds + 0.1 * i, seed=i) * 32767).astype("<i2") for i in range(len(labels))]
    offsets = np.cumsum([0, *map(len, sounds)])
    facts = [
        {"offset": int(at), "n_samples": len(sound), "label": label, "voice": "buzz"}
        for at, sound, label in zip(offsets, sounds, labels, strict=False)
    ]
    np.concatenate(sounds).tofile(folder / "audio.i16")
    (folder / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in facts), encoding="utf-8")
    return folder


@pytest.fixture
def spoken(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder of clips below the temporary one: spoken("speech/1")."""
    return lambda name, labels=LABELS, **settings: write_spoken(tmp_path / name, labels, **settings)
