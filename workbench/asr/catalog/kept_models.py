"""Models that were fetched or added: one folder for all workspaces, each model a folder in it with its card.

The card (workbench.json) says what the files themselves do not: whence they came, whose they are, their hashes.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from workbench.asr.catalog.model_folder import CONFIG, SMALL
from workbench.core.types import ModelSpec
from workbench.files import read_object

CARD = "workbench.json"
KEPT = ("fetched", "added")  # sources of models that lie there


def models_root() -> Path:
    """The folder of all kept models: WORKBENCH_MODELS, else the system's place for user data."""
    chosen = os.environ.get("WORKBENCH_MODELS")
    return Path(chosen).expanduser().absolute() if chosen else user_data_path("speech-workbench") / "models"


def kept_folders() -> Iterator[Path]:
    """The folders of kept models, by name; what is being made there is no model yet."""
    root = models_root()
    if root.is_dir() and os.access(root, os.R_OK | os.X_OK):
        for folder in sorted(root.iterdir()):
            if not folder.name.startswith(".") and os.path.lexists(folder / CONFIG):
                yield folder


def kept_changed() -> int:
    """Another number whenever a model came to that folder, or went."""
    try:
        return models_root().stat().st_mtime_ns
    except OSError:
        return 0


def read_card(folder: Path) -> Mapping[str, Any]:
    """What a kept model's card says; nothing where there is none.

    Raises:
        FileProblem: It cannot be read.
    """
    return read_object(folder / CARD, most=SMALL) if (folder / CARD).is_file() else {}


def kept_folder(spec: ModelSpec) -> Path | None:
    """The folder of a kept model, where it was or where such models are now; None where it is not here."""
    for folder in (Path(spec.location), models_root() / spec.name):
        if (folder / CONFIG).is_file():
            return folder
    return None
