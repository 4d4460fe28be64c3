"""What loaded models are asked for: clips and spoken pieces written down, words in time; needs torch."""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from sqlalchemy import select

from workbench.asr.models.backend import Backend, ClipInput
from workbench.audio.decode import check, decode_file, read_clip, write_flac
from workbench.core.text.word_list import Favoured
from workbench.core.types import SAMPLE_RATE, ModelSpec, Seconds
from workbench.core.word_times import WordTimes, joined, later
from workbench.errors import AudioError
from workbench.language.said import say
from workbench.services.inference.aligner import clip_times, listen
from workbench.services.inference.loaded import LoadedModels
from workbench.services.inference.long_form import favour, hear_sounds
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
            "load": self.load,
            "piece": self.piece,
            "try": self.try_out,
            "place": self.place,
        }
        return handlers[request.pop("do")](**request)

    def hear(
        self,
        model: str | Mapping[str, Any],
        clips: Sequence[int],
        language: str | None,
        favoured: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """What a model hears in some clips: {"heard": {id: [text, confidences]}, "sounds", "broken", "seconds"}.

        Clips that were erased meanwhile are left out. "sounds" has the hash of what was heard of each.

        Args:
            model: A base model's spec as JSON, or a run.
            language: What is spoken in them; see `LoadedModels.find`.
            favoured: Words that it favours, see `Favoured.to_json`.
        """
        backend = self.loaded.find(model if isinstance(model, str) else ModelSpec.from_json(model), language)
        favour(backend, Favoured.from_json(favoured))
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

    def load(self, models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Load models and let each hear a moment of noise: the first time takes a model longer."""
        noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE).astype(np.float32)
        for model in models:
            hear_sounds(self.find(model), [noise])
        return {}

    def piece(self, model: Mapping[str, Any], samples: str) -> dict[str, Any]:
        """What a model hears in a piece of what is being spoken: {"text", "seconds"}.

        Args:
            samples: (n_samples,) int16 at 16 kHz, little-endian, in base64.
        """
        sound = np.frombuffer(base64.b64decode(samples), "<i2").astype(np.float32) / 32768
        backend = self.find(model)
        said, seconds = hear_sounds(backend, [sound])[0]
        return {"text": said.text, "seconds": seconds}

    def try_out(self, upload: str, sound: str, models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What models hear in a file: {"texts": […], "duration", "warnings"}.

        Args:
            upload: The file as it came.
            sound: Where to keep it as FLAC.

        Raises:
            AudioError: The file cannot be used.
        """
        decoded = decode_file(upload)
        warnings = check(decoded)
        write_flac(Path(sound), decoded.samples)
        texts = [hear_sounds(self.find(model), [decoded.samples])[0][0].text for model in models]
        return {"texts": texts, "duration": decoded.duration, "warnings": warnings}

    def place(
        self, sound: str, model: Mapping[str, Any], pieces: Sequence[tuple[Seconds, Seconds, str]]
    ) -> dict[str, Any]:
        """Times of words in a FLAC file, by a model: {"times": …}.

        Args:
            pieces: Where each begins and ends, and what was written or said there.
        """
        samples, backend = read_clip(Path(sound)), self.find(model)
        language = self._language(model)
        found = [
            later(self._place(backend, samples[round(a * SAMPLE_RATE) : round(b * SAMPLE_RATE)], text, language), a)
            for a, b, text in pieces
            if text
        ]
        return {"times": times_to_json({"": joined(found)})[""]}

    def _place(self, backend: Backend, samples: np.ndarray, text: str, language: str | None) -> WordTimes:
        if backend.window is not None and len(samples) > backend.window * SAMPLE_RATE:
            return WordTimes(
                why=say("Longer than the {seconds:.0f} s that this model hears at once.", seconds=backend.window)
            )
        return listen(backend, ClipInput(samples)).place([text], samples, language)[0]

    def find(self, model: Mapping[str, Any]) -> Backend:
        """A model that was asked for.

        Args:
            model: {"run", "adapted"}: a run's adapted model or the base that it began with; or {"spec", "language"}.
                "favoured" has the words that it favours.
        """
        return favour(self._found(model), Favoured.from_json(model.get("favoured")))

    def _found(self, model: Mapping[str, Any]) -> Backend:
        if "run" in model:
            return self._of_run(model["run"], adapted=model["adapted"])
        return self.loaded.find(ModelSpec.from_json(model["spec"]), model["language"])

    def _language(self, model: Mapping[str, Any]) -> str | None:
        if "run" not in model:
            return cast("str | None", model["language"])
        with self._store.session() as session:
            return cast("str | None", find_run(session, model["run"]).config.get("language"))

    def _of_run(self, run: str, *, adapted: bool) -> Backend:
        return self.loaded.adapted(run) if adapted else self.loaded.base_of(run)
