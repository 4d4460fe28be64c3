"""Bundled clips that a model is tried on before it is kept, and what it writes for them."""

import json
from pathlib import Path
from typing import Any

from workbench.asr.models.backend import Backend, ClipInput
from workbench.assets import assets_root
from workbench.audio.decode import read_clip
from workbench.core.types import Seconds
from workbench.files import read_bytes

TRIED = 4  # clips
ENGLISH = "en"
MOST_MANIFEST = 2**20  # bytes


def bundled_clips(window: Seconds | None) -> list[tuple[str, Path]]:
    """Texts and sounds of a few bundled clips, which are English, that a model hears whole."""
    folder = assets_root() / "clips" / "general"
    lines = read_bytes(folder / "manifest.jsonl", most=MOST_MANIFEST).decode("utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    heard_whole = [row for row in rows if row["duration"] <= (window or row["duration"])]
    return [(row["text"], folder / row["audio_filepath"]) for row in heard_whole[:TRIED]]


def texts_of(backend: Backend) -> tuple[list[str], list[str]]:
    """What is said in the bundled clips, and what a model writes for them; both empty where all are too long for it."""
    if ENGLISH in (backend.languages() or ()):
        backend.set_language(ENGLISH)
    clips = bundled_clips(backend.window)
    if not clips:
        return [], []
    said, sounds = zip(*clips, strict=True)
    batch = backend.collate(backend.encode_prefix([ClipInput(read_clip(sound)) for sound in sounds], 0))
    return list(said), backend.transcribe(batch, 0)
