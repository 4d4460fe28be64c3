"""Loaded models, base and adapted, in one cache that holds a few; needs torch.

Whoever hosts models, the process beside the page or a command, has one of these. What tells two models apart is their
files, so a run's base and the same base model of the catalogue are loaded once.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from workbench.asr.catalog import loading
from workbench.asr.catalog.fetch import fetch
from workbench.asr.models.backend import Backend
from workbench.asr.training.checkpoint import load_run_model
from workbench.core.text.languages import spoken_code
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, TooLargeError
from workbench.language.said import say
from workbench.store.database import Store
from workbench.store.runs import find_run
from workbench.workspace import Workspace

KEPT_MODELS: Final = 3  # what drafts, and a run's base and adapted model


@dataclass(frozen=True)
class Base:
    """A base model, by its folder and the hash of what is in it."""

    folder: Path
    fingerprint: str


@dataclass(frozen=True)
class Adapted:
    """A run's adapted model, by when it was written: a run that is resumed writes another one."""

    run: str
    written_ns: int


class LoadedModels:
    """Models, loaded when they are needed; those asked for last are kept. Asked by one thread at a time.

    What a base model is to write in, and which words it favours, is settled with each request, so that none writes as
    the one before. An adapted model keeps what it was adapted to.
    """

    def __init__(self, workspace: Workspace, store: Store, most: int = KEPT_MODELS) -> None:
        self._workspace, self._store = workspace, store
        self._kept: LRUCache[Base | Adapted, Backend] = LRUCache(most)
        self._fetched: dict[str, Path] = {}  # hub id -> folder, so that the hub is asked once

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, model: ModelSpec | str, language: str | None) -> Backend:
        """A base model, told a language; or the adapted model of a run, by the run's name.

        Args:
            language: ISO 639-1 code; a multilingual base model that is told none, or one it does not know, writes in
                its own (see `TokenWriter.own_language`), or recognises each sound's.

        Raises:
            WorkbenchError: There is no such run, or the model cannot be loaded.
        """
        if isinstance(model, str):
            return self.adapted(model)
        backend = self._base(model)
        known = backend.languages()
        if known is not None:
            backend.set_language(spoken_code(language, known))
        return backend

    def adapted(self, run: str) -> Backend:
        """The adapted model of a run.

        Raises:
            WorkbenchError: No such run, or it has no model.
        """
        with self._store.session() as session:
            find_run(session, run)  # an unknown run is said as such
        folder = self._workspace.run_folder(run) / "model"
        card = folder / "run.json"
        written = card.stat().st_mtime_ns if card.is_file() else 0  # without one, loading says what is wrong
        return self._found(Adapted(run, written), lambda: load_run_model(folder)[0])

    def base_of(self, run: str) -> Backend:
        """The base model of a run, told what the run told it.

        Raises:
            WorkbenchError: No such run, or its base model has changed.
        """
        with self._store.session() as session:
            row = find_run(session, run)
        backend = self._base(ModelSpec.from_json(row.model))
        if backend.fingerprint != row.model.get("fingerprint", backend.fingerprint):
            raise ModelError(
                say(
                    "The base model {name} is not the one that {run} began with (its files have "
                    "changed); restore the old files, or adapt again.",
                    name=backend.spec.name,
                    run=run,
                )
            )
        card = json.loads((self._workspace.run_folder(run) / "model" / "run.json").read_text(encoding="utf-8"))
        backend.set_language(card.get("language"), row.config.get("task", "transcribe"))
        return backend

    def _base(self, spec: ModelSpec) -> Backend:
        folder = self._fetched.get(spec.location) if spec.source == "hub" else None
        if folder is None:
            folder = fetch(spec)
        if spec.source == "hub":
            self._fetched[spec.location] = folder
        return self._found(Base(folder, loading.fingerprint(folder)), lambda: loading.load(spec))

    def _found(self, key: Base | Adapted, load: Callable[[], Backend]) -> Backend:
        found = self._kept.get(key) or self._new(key, load)
        found.set_boost((), 0.0)  # whoever asked before may have favoured words
        return found

    def _new(self, key: Base | Adapted, load: Callable[[], Backend]) -> Backend:
        while len(self._kept) >= self._kept.maxsize:
            self._kept.popitem()  # before the next one is loaded: the memory need not hold both
        try:
            loaded = load()
        except (TooLargeError, MemoryError):
            if not self._kept:
                raise
            self._kept.clear()
            loaded = load()
        self._kept[key] = loaded
        return loaded
