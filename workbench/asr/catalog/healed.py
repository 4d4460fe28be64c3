"""Healed encoders: where the low-rank changes lie that let an encoder hear in a shorter window; read without torch.

A file of them (safetensors) says in its header for which encoder and which windows it was made. Those of the starter
models ship with the program; others are made once on this machine and kept in the workspace.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.asr.weights.headers import all_shapes, weight_files
from workbench.assets import assets_root
from workbench.files import FileProblem
from workbench.language.said import say

ENCODER: Final = "model.encoder."  # how names of an encoder's weights begin in a model's files
FOLDER: Final = "healed"  # in the assets and in a workspace
ABOUT: Final = "healed"  # entry of the file's header
SUFFIX: Final = ".safetensors"


@dataclass(frozen=True)
class HealedEncoder:
    """What heals one encoder.

    Attributes:
        file: Its changes: "NAME.a" (rank, inputs) and "NAME.b" (outputs, rank) for each matrix NAME of the encoder.
        encoder: Hash of the encoder's own weights.
        windows: Whole seconds, for which it was made.
        sha256: Of the file.
    """

    file: Path
    encoder: str
    windows: tuple[int, ...]
    sha256: str


def read_healed(file: Path) -> HealedEncoder:
    """A file of changes.

    Raises:
        FileProblem: It is none.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="np") as opened:
            said: Mapping[str, Any] = json.loads((opened.metadata() or {})[ABOUT])
        windows = tuple(int(w) for w in said["windows"])
        return HealedEncoder(file, str(said["encoder"]), windows, hashlib.sha256(file.read_bytes()).hexdigest())
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as e:
        raise FileProblem(
            file, say("says nothing usable of a healed encoder"), say("remove it, and it is made again")
        ) from e


def find_ready(folder: Path, window: float) -> HealedEncoder | None:
    """What ships with the program for the encoder of a model folder and this window; None where nothing does."""
    found = [h for h in _shipped(assets_root()) if window in h.windows]
    if not found or not _has_encoder(folder):
        return None
    encoder = encoder_hash(folder)
    return next((h for h in found if h.encoder == encoder), None)


def find_made(root: Path, encoder: str, window: float) -> HealedEncoder | None:
    """What was made on this machine, in a workspace's folder of healed encoders; None where nothing was."""
    file = made_file(root, encoder, window)
    if not file.is_file():
        return None
    try:
        found = read_healed(file)
    except FileProblem:
        return None
    return found if found.encoder == encoder and window in found.windows else None


def made_file(root: Path, encoder: str, window: float) -> Path:
    """Where the changes for an encoder and a window lie once they are made."""
    return root / FOLDER / f"{encoder[:16]}-{window:g}s{SUFFIX}"


def encoder_hash(folder: Path) -> str:
    """Hash of the encoder's weights in a model folder, whatever precision they are written in."""
    return _hash(tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in weight_files(folder)))


@lru_cache(maxsize=16)
def _hash(files: tuple[tuple[str, int, int], ...]) -> str:
    """Of the encoder's arrays as float32, in the order of their names."""
    digest = hashlib.sha256()
    weights = dict(item for path, _, _ in files for item in _encoder_weights(Path(path)))
    for name, values in sorted(weights.items()):
        digest.update(f"{name}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values, dtype="<f4").tobytes())
    return digest.hexdigest()


def _encoder_weights(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    from safetensors import safe_open

    with safe_open(file, framework="np") as opened:
        for name in opened.keys():  # noqa: SIM118 - not a mapping
            if name.startswith(ENCODER):
                yield name.removeprefix(ENCODER), opened.get_tensor(name)


def _has_encoder(folder: Path) -> bool:
    try:
        return any(name.startswith(ENCODER) for name in all_shapes(folder))
    except FileProblem:
        return False


@lru_cache(maxsize=4)
def _shipped(root: Path) -> tuple[HealedEncoder, ...]:
    return tuple(read_healed(file) for file in sorted((root / FOLDER).glob(f"*{SUFFIX}")))
