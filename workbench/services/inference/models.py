"""Loaded models of runs and what they are asked for: words in time, two models on one sound; needs torch."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.asr.catalog import loading
from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.training.checkpoint import load_run_model
from workbench.audio.decode import check, decode_file, read_clip, write_flac
from workbench.core.types import SAMPLE_RATE, ModelSpec
from workbench.core.word_times import WordTimes
from workbench.errors import ModelError
from workbench.services.inference.aligner import clip_times, listen
from workbench.services.inference.long_form import hear_sounds
from workbench.services.storage.sound_files import read_sound
from workbench.services.storage.word_times import times_to_json
from workbench.store.database import Store
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace

KEPT_MODELS: Final = 2  # a base and an adapted one


class Models:
    """Base and adapted models of runs, loaded when they are needed; the newest are kept."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self._loaded: OrderedDict[tuple[str, bool], Backend] = OrderedDict()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for; see `server`."""
        handlers: dict[str, Callable[..., dict[str, Any]]] = {
            "times": self.times,
            "try": self.hear,
            "place": self.place,
        }
        return handlers[request.pop("do")](**request)

    def times(self, run: str, clips: Sequence[int]) -> dict[str, Any]:
        """Times of the words of some of a run's tested clips: {"clips": {id: times}}."""
        with self._store.session() as session:
            row = find_run(session, run)
            measured = [(e, clip) for e, clip in evaluations(session, row.id) if clip.id in set(clips)]
        language = row.config.get("language")
        found = {}
        for e, clip in measured:
            sound = ClipInput(read_sound(self._workspace, clip))
            before, after = (listen(self._load(run, adapted=side), sound) for side in (False, True))
            found[clip.id] = times_to_json(clip_times(before, after, e, sound.samples, language))
        return {"clips": found}

    def hear(self, upload: str, sound: str, models: Sequence[tuple[str, bool]]) -> dict[str, Any]:
        """What models hear in a file: {"texts": […], "times": […], "duration", "warnings"}.

        Args:
            upload: The file as it came; decoding some rates needs torch too.
            sound: Where to keep it as FLAC.
            models: For each the run, and whether its adapted model is meant or its base.

        Raises:
            AudioError: The file cannot be used.
        """
        decoded = decode_file(upload)
        warnings = check(decoded)
        write_flac(Path(sound), decoded.samples)
        texts, times = [], []
        for run, adapted in models:
            backend = self._load(run, adapted=adapted)
            text = hear_sounds(backend, [decoded.samples])[0][0].text
            texts.append(text)
            times.append(times_to_json({"": self._place(backend, decoded.samples, text, run)})[""])
        return {"texts": texts, "times": times, "duration": decoded.duration, "warnings": warnings}

    def place(self, sound: str, run: str, text: str) -> dict[str, Any]:
        """Times of a text's words in a FLAC file, by a run's adapted model: {"times": …}."""
        found = self._place(self._load(run, adapted=True), read_clip(Path(sound)), text, run)
        return {"times": times_to_json({"": found})[""]}

    def _place(self, backend: Backend, samples: np.ndarray, text: str, run: str) -> WordTimes:
        if backend.window is not None and len(samples) > backend.window * SAMPLE_RATE:
            return WordTimes(why=f"Longer than the {backend.window:.0f} s that this model hears at once.")
        with self._store.session() as session:
            language = find_run(session, run).config.get("language")
        return listen(backend, ClipInput(samples)).place([text], samples, language)[0]

    def _load(self, run: str, *, adapted: bool) -> Backend:
        key = run, adapted
        if key not in self._loaded:
            self._loaded[key] = self._read(run, adapted=adapted)
        self._loaded.move_to_end(key)
        while len(self._loaded) > KEPT_MODELS:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def _read(self, run: str, *, adapted: bool) -> Backend:
        if adapted:
            return load_run_model(self._workspace.run_folder(run) / "model")[0]
        with self._store.session() as session:
            row = find_run(session, run)
        backend = loading.load(ModelSpec.from_json(row.model))
        if backend.fingerprint != row.model.get("fingerprint", backend.fingerprint):
            raise ModelError(
                f"The base model {backend.spec.name} is not the one that {run} began with (its files have changed); "
                "restore the old files, or adapt again."
            )
        card = json.loads((self._workspace.run_folder(run) / "model" / "run.json").read_text(encoding="utf-8"))
        backend.set_language(card.get("language"), row.config.get("task", "transcribe"))
        return backend
