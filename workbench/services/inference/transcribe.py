"""Lets a base model or a run's adapted model write down files or a set in this process: for the command line.

The page asks the process beside it instead, see `drafting`. torch is imported with the first model.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.asr.catalog.catalog import Catalog
from workbench.core.splits import folds
from workbench.core.text.languages import spoken_code
from workbench.core.text.ruler import choose_ruler
from workbench.core.text.word_list import Favoured, kept_as
from workbench.core.types import SAMPLE_RATE, Clip, Heard, ModelSpec, Seconds, is_run
from workbench.errors import AudioError, ModelError, TrainingError, WorkbenchError
from workbench.language.said import listing, say, sentence
from workbench.services.inference.long_form import CHUNK_SECONDS, document_of, favour, hear_sounds, usable
from workbench.services.labels.revisions import Labelling
from workbench.services.models.language_check import check_writer
from workbench.services.storage.sound_files import read_sound, say_left_out
from workbench.store.database import Store
from workbench.store.queries import set_choices
from workbench.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from workbench.asr.models.backend import Backend
    from workbench.services.inference.boost_strength import StrengthChoice
    from workbench.services.inference.loaded import LoadedModels


class Transcribing:
    """The use cases around hearing in this process; models stay loaded between calls. For one thread."""

    def __init__(self, workspace: Workspace, store: Store, catalog: Catalog, labelling: Labelling) -> None:
        self.workspace, self.store, self.catalog, self.labelling = workspace, store, catalog, labelling

    @cached_property
    def loaded(self) -> "LoadedModels":
        from workbench.services.inference.loaded import LoadedModels

        return LoadedModels(self.workspace, self.store)

    def hear(
        self, model: str | ModelSpec, sounds: "Sequence[np.ndarray]", language: str | None = None
    ) -> list[tuple[str, Seconds]]:
        """Text and computing time of each sound; see `listen`."""
        return [(said.text, seconds) for said, seconds in self.listen(model, sounds, language)]

    def listen(
        self,
        model: str | ModelSpec,
        sounds: "Sequence[np.ndarray]",
        language: str | None = None,
        favoured: Favoured | None = None,
    ) -> list[tuple[Heard, Seconds]]:
        """Text, with the confidence of each word, and computing time of each sound, (n_samples,) float32 at 16 kHz.

        Args:
            language: See `LoadedModels.find`.
            favoured: Words that it favours.
        """
        return hear_sounds(favour(self._backend(model, language), favoured), sounds)

    def choose_strength(
        self,
        model: str | ModelSpec,
        set_name: str,
        favoured: Favoured,
        *,
        language: str | None = None,
        done: Callable[[int], None] = lambda n: None,
    ) -> "StrengthChoice | None":
        """How strongly words are favoured, chosen on a set's confirmed clips.

        Returns:
            None where there are too few, or all hang together, so that none could tell what others chose.
        """
        from workbench.services.inference.boost_strength import LEAST_CLIPS, MOST_CLIPS, choose_strength

        language = language or self._set_language(set_name)
        backend = self._backend(model, language)
        longest = backend.window or float("inf")
        able = {c.id: c for c in self.labelling.clips(set_name) if c.duration <= longest}
        confirmed = [c for c in self.labelling.candidates(set_name) if c.clip_id in able]
        confirmed = random.Random(0).sample(confirmed, min(MOST_CLIPS, len(confirmed)))
        try:
            splits = folds(confirmed)
        except TrainingError:
            return None
        fold_of = {i: number for number, split in enumerate(splits) for i in split.test}
        clips: list[Clip] = []
        sounds: list[np.ndarray] = []
        for chunk, of_chunk in self._chunks([able[i] for i in fold_of], []):  # damaged ones are told by what comes next
            clips, sounds = clips + chunk, sounds + of_chunk
        if len(clips) < LEAST_CLIPS:
            return None
        texts = [clip.text for clip in clips]
        rules = choose_ruler(texts, language).normalizer
        speakers, of_clips = [clip.speaker for clip in clips], [fold_of[clip.id] for clip in clips]
        return choose_strength(backend, sounds, texts, speakers, of_clips, favoured, rules, done)

    def _check_named(self, model: str | ModelSpec, language: str | None) -> None:
        """Refuse a language that was asked for by its code, where the model cannot be told it.

        Raises:
            ModelError: Lists the codes that it takes.
        """
        check_writer(self.catalog, model, language)
        if language is None:
            return
        backend = self._backend(model, language)
        known = backend.languages()
        if known is None:
            return
        code = spoken_code(language, known)
        if code is None:
            raise ModelError(
                say(
                    "The model {name} has no language {language}; it takes {known}.",
                    name=backend.spec.name,
                    language=language,
                    known=listing(sorted(known)),
                )
            )
        kept = getattr(backend, "language", code)
        if isinstance(model, str) and is_run(model) and kept not in (None, code):
            raise ModelError(
                say(
                    "{model} was adapted to {kept} and writes that alone; leave the language out.",
                    model=model,
                    kept=kept,
                )
            )

    def _set_language(self, set_name: str) -> str | None:
        with self.store.session() as session:
            return set_choices(session, set_name)[0]

    def files(
        self,
        model: str | ModelSpec,
        paths: Sequence[Path],
        *,
        language: str | None = None,
        favoured: Favoured | None = None,
        done: Callable[[int], None] = lambda n: None,
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Transcribe files, as many as can be used.

        Args:
            language: What is spoken in them; else a multilingual model recognises it.
            favoured: Words that the model favours.

        Returns:
            See `document_of`, and a sentence for each file that was left out.

        Raises:
            ModelError: The model does not know the language.
        """
        self._check_named(model, language)
        documents: list[dict[str, Any]] = []
        problems: list[str] = []
        waiting: list[tuple[Path, np.ndarray, tuple[str, ...]]] = []
        for number, path in enumerate(paths, 1):
            try:
                waiting.append((path, *usable(path)))
            except WorkbenchError as e:
                problems.append(sentence(e))
            enough = sum(len(sound) for _, sound, _ in waiting) >= CHUNK_SECONDS * SAMPLE_RATE
            if waiting and (enough or number == len(paths)):
                heard = self.listen(model, [sound for _, sound, _ in waiting], language, favoured)
                documents += [
                    document_of(str(file), None, said, len(sound) / SAMPLE_RATE, seconds, remarks)
                    for (file, sound, remarks), (said, seconds) in zip(waiting, heard, strict=True)
                ]
                waiting = []
                done(number)
        return documents, problems

    def clip_set(
        self,
        model: str | ModelSpec,
        set_name: str,
        *,
        language: str | None = None,
        favoured: Favoured | None = None,
        done: Callable[[int], None] = lambda n: None,
        left_out: Callable[[str], None] = lambda sentence: None,
    ) -> list[dict[str, Any]]:
        """Transcribe a set; the texts are kept as drafts where a clip has no label.

        Args:
            language: What is spoken in it; the set's by default.
            favoured: Words that the model favours.
            left_out: Told in one sentence which clips have a damaged sound, where some have.

        Raises:
            WorkbenchError: No sound of the set can be used, or the model does not know its language.
        """
        name = model if isinstance(model, str) else model.name
        clips = self.labelling.clips(set_name)
        self._check_named(model, language)
        language = language or self._set_language(set_name)
        check_writer(self.catalog, model, language)
        documents: list[dict[str, Any]] = []
        broken: list[Clip] = []
        for chunk, sounds in self._chunks(clips, broken):
            heard = self.listen(model, sounds, language, favoured)
            texts = {c.id: said for c, (said, _) in zip(chunk, heard, strict=True)}
            self.labelling.save_drafts(kept_as(name, favoured), texts, sounds=_sounds(chunk))
            for clip, (said, seconds) in zip(chunk, heard, strict=True):
                documents.append(document_of(clip.name, clip.id, said, clip.duration, seconds, clip.warnings))
            done(len(documents))
        _tell(broken, len(clips), left_out)
        return documents

    def hear_labelled(
        self,
        model: str | ModelSpec,
        set_name: str,
        clips: Sequence[Clip],
        *,
        done: Callable[[int], None] = lambda n: None,
        left_out: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Let a model hear clips that have a label and keep its texts beside them, not as drafts; see `clip_set`."""
        name, language, finished = model if isinstance(model, str) else model.name, self._set_language(set_name), 0
        broken: list[Clip] = []
        for chunk, sounds in self._chunks(clips, broken):
            heard = self.listen(model, sounds, language)
            texts = {c.id: said for c, (said, _) in zip(chunk, heard, strict=True)}
            self.labelling.save_drafts(name, texts, draft=False, sounds=_sounds(chunk))
            finished += len(chunk)
            done(finished)
        _tell(broken, len(clips), left_out)

    def _chunks(self, clips: Sequence[Clip], broken: list[Clip]) -> Iterator["tuple[list[Clip], list[np.ndarray]]"]:
        """Clips with their sounds, some seconds at a time; those with a damaged sound are added to `broken`."""
        chunk: list[Clip] = []
        sounds: list[np.ndarray] = []
        for clip in clips:
            try:
                sounds.append(read_sound(self.workspace, clip))
            except AudioError:
                broken.append(clip)
                continue
            chunk.append(clip)
            if sum(len(s) for s in sounds) >= CHUNK_SECONDS * SAMPLE_RATE:
                yield chunk, sounds
                chunk, sounds = [], []
        if chunk:
            yield chunk, sounds

    def _backend(self, model: str | ModelSpec, language: str | None) -> "Backend":
        base = isinstance(model, ModelSpec) or is_run(model)
        return self.loaded.find(model if base else self.catalog.find(str(model)), language)


def _sounds(clips: Sequence[Clip]) -> dict[int, str]:
    return {clip.id: clip.sha256 for clip in clips}


def _tell(broken: Sequence[Clip], n_clips: int, left_out: Callable[[str], None]) -> None:
    """Say which clips have a damaged sound.

    Raises:
        WorkbenchError: All have.
    """
    if broken:
        sentence = say_left_out(broken, n_clips)
        if len(broken) == n_clips:
            raise WorkbenchError(sentence)
        left_out(sentence)
