"""`workbench add-model`: a model that the user has already, as its engine keeps it, taken in for all workspaces."""

import os
import re
from pathlib import Path
from typing import Any, Final

from workbench.asr.catalog.catalog import Catalog
from workbench.asr.catalog.kept_models import models_root
from workbench.asr.catalog.model_folder import ADAPTER
from workbench.asr.conversion.adapter import adapter_base
from workbench.asr.conversion.taking import take
from workbench.disk import is_full
from workbench.errors import DataError, WorkbenchError
from workbench.files import shown
from workbench.language.said import say
from workbench.services.jobs.steps import Watch
from workbench.services.models.fetch import describe
from workbench.services.models.install import check_room, install, place_for

NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,79}")
IN_CACHE: Final = re.compile(r"models--[^/]+?--([^/]+)/snapshots/[0-9a-f]+$")  # of huggingface_hub
ENDINGS: Final = (".pt", ".bin")
COPIES: Final = 3.0  # of its bytes at most: weights of five bits are written as float16


def add_from(path: Path, name: str | None = None, watch: Watch | None = None) -> dict[str, Any]:
    """Take a model in: convert it, try it, keep it.

    Args:
        path: Its file or folder; nothing in it changes.
        name: What to call it; else as the file or folder is called.
        watch: Told of the steps; may end the work.

    Returns:
        As `fetch_model`, with the format it had under "from".

    Raises:
        WorkbenchError: It is unusable, writes nothing sensible, or there is a model of this name.
        StopRequested: The user has asked to stop; nothing is left.
    """
    watch = watch or Watch()
    if not os.path.lexists(path):
        raise DataError(say("There is no {path}; name the file or folder of a model.", path=shown(path)))
    chosen = _name(path, name)
    with place_for(chosen, watch) as root:
        if chosen in Catalog().names() or (root / chosen).exists():
            raise DataError(
                say("There is a model called {chosen} already; choose another name with --name.", chosen=chosen)
            )
        check_room(chosen, root, int(COPIES * _size(path)))
        card = {"source": "added", "licence": "unknown", "good_for": f"Added from {shown(path.name)}."}
        spec = install(chosen, root, lambda out: _make(path, out), card, watch, known=False)
        return describe(spec)


def _name(path: Path, name: str | None) -> str:
    whole = shown(path.absolute())
    found = IN_CACHE.search(whole)
    stem = path.name.removesuffix(path.suffix) if path.suffix in ENDINGS else path.absolute().name
    chosen = name or (found[1] if found else stem)
    if not NAME.fullmatch(chosen):
        raise DataError(
            say(
                "'{chosen}' is no name for a model; give one of letters, digits, dots and dashes with --name.",
                chosen=shown(chosen)[:80],
            )
        )
    return chosen


def _size(path: Path) -> int:
    files = [path] if not path.is_dir() else [f for f in path.iterdir() if f.is_file()]
    base = adapter_base(path).size_mb if os.path.lexists(path / ADAPTER) else None
    return sum(file.stat().st_size for file in files) + int(1e6 * (base or 0.0))


def _make(path: Path, out: Path) -> dict[str, Any]:
    try:
        taken = take(path, out)
    except WorkbenchError:
        raise
    except MemoryError as e:
        raise DataError(
            say("{path} needs more memory than this machine has free; close other programs.", path=shown(path))
        ) from e
    except OSError as e:
        if is_full(e, models_root()):
            raise
        raise DataError(
            say(
                "{path} cannot be taken in ({why}); check that this user may read it.",
                path=shown(path),
                why=e.strerror,
            )
        ) from e
    good_for = f"Added from {shown(path.name)} ({taken.kind}). {taken.note}".strip()
    facts = {"from": taken.kind, "good_for": good_for}
    if os.path.lexists(path / ADAPTER):
        base = adapter_base(path)
        facts["licence"] = f"unknown; of its base {base.name}: {base.licence}"
    return facts
