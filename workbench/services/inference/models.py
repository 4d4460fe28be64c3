"""What loaded models are asked for: clips written down, words in time, two models on one sound; needs torch."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from workbench.asr.models.backend import Backend, ClipInput
from workbench.audio.decode import check, decode_file, read_clip, write_flac
from workbench.core.types import SAMPLE_RATE, ModelSpec
from workbench.core.word_times import WordTimes
from workbench.errors import AudioError
from workbench.services.inference.aligner import clip_times, listen
from workbench.services.inference.loaded import LoadedModels
from workbench.services.inference.long_form import hear_sounds
from workbench.services.storage.sound_files import read_sound
from workbench.services.storage.word_times import times_to_json
from workbench.store.database import Store
from workbench.store.models import ClipRow
from workbench.store.queries import batches
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace


class Models:
    """Answers the requests of the page, one after another."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self.loaded = LoadedModels(workspace, store)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for; see `server`."""
        handlers: dict[str, Callable[..., dict[str, Any]]] = {
            "hear": self.hear,
            "times": self.times,
            "try": self.try_out,
            "place": self.place,
        }
        return handlers[request.pop("do")](**request)

    def hear(self, model: str | Mapping[str, Any], clips: Sequence[int], language: str | None) -> dict[str, Any]:
        """What a model hears in some clips: {"heard": {id: [text, confidences]}, "sounds", "broken", "seconds"}.

        Clips that were erased meanwhile are left out. "sounds" has the hash of what was heard of each.

        Args:
            model: A base model's spec as JSON, or a run.
            language: What is spoken in them; see `LoadedModels.find`.
        """
        backend = self.loaded.find(model if isinstance(model, str) else ModelSpec.from_json(model), language)
        with self._store.session() as session:
            rows = [r for ids in batches(clips) for r in session.scalars(select(ClipRow).where(ClipRow.id.in_(ids)))]
        sounds, broken = {}, []
        for row in rows:
            try:
                sounds[row.id] = read_sound(self._workspace, row)
            except AudioError:
                broken.append(row.id)
        heard = dict(zip(sounds, hear_sounds(backend, list(sounds.values())), strict=True))
        return {
            "heard": {i: [said.text, list(said.confidences)] for i, (said, _) in heard.items()},
            "sounds": {row.id: row.sha256 for row in rows if row.id in heard},
            "broken": broken,
            "seconds": sum(seconds for _, seconds in heard.values()),
        }

    def times(self, run: str, clips: Sequence[int]) -> dict[str, Any]:
        """Times of the words of some of a run's tested clips: {"clips": {id: times}}."""
        with self._store.session() as session:
            row = find_run(session, run)
            measured = [(e, clip) for e, clip in evaluations(session, row.id) if clip.id in set(clips)]
        language = row.config.get("language")
        found = {}
        for e, clip in measured:
            sound = ClipInput(read_sound(self._workspace, clip))
            before, after = (listen(self._of_run(run, adapted=side), sound) for side in (False, True))
            found[clip.id] = times_to_json(clip_times(before, after, e, sound.samples, language))
        return {"clips": found}

    def try_out(self, upload: str, sound: str, models: Sequence[tuple[str, bool]]) -> dict[str, Any]:
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
            backend = self._of_run(run, adapted=adapted)
            text = hear_sounds(backend, [decoded.samples])[0][0].text
            texts.append(text)
            times.append(times_to_json({"": self._place(backend, decoded.samples, text, run)})[""])
        return {"texts": texts, "times": times, "duration": decoded.duration, "warnings": warnings}

    def place(self, sound: str, run: str, text: str) -> dict[str, Any]:
        """Times of a text's words in a FLAC file, by a run's adapted model: {"times": …}."""
        found = self._place(self._of_run(run, adapted=True), read_clip(Path(sound)), text, run)
        return {"times": times_to_json({"": found})[""]}

    def _place(self, backend: Backend, samples: np.ndarray, text: str, run: str) -> WordTimes:
        if backend.window is not None and len(samples) > backend.window * SAMPLE_RATE:
            return WordTimes(why=f"Longer than the {backend.window:.0f} s that this model hears at once.")
        with self._store.session() as session:
            language = find_run(session, run).config.get("language")
        return listen(backend, ClipInput(samples)).place([text], samples, language)[0]

    def _of_run(self, run: str, *, adapted: bool) -> Backend:
        return self.loaded.adapted(run) if adapted else self.loaded.base_of(run)
