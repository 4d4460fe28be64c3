"""Lets a base model or a run's adapted model write down clips: drafts for the labels, files for the command line.

Models stay loaded between calls, so that a recorded clip is drafted at once. torch is imported with the first of them.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from workbench.asr.catalog.catalog import Catalog
from workbench.audio.decode import check, from_array
from workbench.core.text.languages import spoken_code
from workbench.core.text.normalize import repetition
from workbench.core.types import SAMPLE_RATE, Clip, Heard, ModelSpec, Seconds, is_run
from workbench.errors import AudioError, ModelError, WorkbenchError
from workbench.services.inference.long_form import CHUNK_SECONDS, document_of, hear_sounds, usable
from workbench.services.labels.revisions import Labelling
from workbench.services.models.language_check import check_known
from workbench.services.storage.sound_files import read_sound, say_left_out
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow
from workbench.store.queries import set_choices
from workbench.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from workbench.asr.models.backend import Backend

KEPT_MODELS = 2  # a base and an adapted one


@dataclass(frozen=True)
class DraftView:
    """Where the drafting of a set stands."""

    set_name: str
    model: str
    done: int
    total: int
    seconds_left: Seconds | None
    active: bool
    message: str


class Transcribing:
    """The use cases around hearing clips."""

    def __init__(self, workspace: Workspace, store: Store, catalog: Catalog, labelling: Labelling) -> None:
        self.workspace, self.store, self.catalog, self.labelling = workspace, store, catalog, labelling
        self._models: OrderedDict[str, Backend] = OrderedDict()
        self._one_at_a_time = threading.Lock()
        self._drafts: dict[str, DraftView] = {}
        self._stop: set[str] = set()

    # ---- drafting a set, in a thread whose state every page can see ----

    def start_drafts(self, set_name: str, model: str) -> None:
        """Begin to draft the clips of a set that have no confirmed label; returns at once.

        Raises:
            WorkbenchError: Unknown names, a language that the model does not know, nothing to draft, drafting already.
        """
        if self.draft_view(set_name).active:
            raise WorkbenchError(f"The set {set_name} is being drafted already; wait, or stop it.")
        self._check_known(model, self._set_language(set_name))
        clips = [c for c in self.labelling.clips(set_name) if c.status != "confirmed"]
        if not clips:
            raise WorkbenchError("Every clip has a confirmed label; there is nothing to draft.")
        self._begin(set_name, model, clips, draft=True)

    def start_hearing(self, set_name: str, model: str, clips: Sequence[Clip]) -> None:
        """Begin to let a model hear clips that have a label, to hold the two against each other; returns at once.

        Raises:
            WorkbenchError: As `start_drafts`.
        """
        if self.draft_view(set_name).active:
            raise WorkbenchError(f"The set {set_name} is being drafted already; wait, or stop it.")
        if not is_run(model):
            self.catalog.find(model)
        self._begin(set_name, model, clips, draft=False)

    def _begin(self, set_name: str, model: str, clips: Sequence[Clip], *, draft: bool) -> None:
        self._stop.discard(set_name)
        self._drafts[set_name] = DraftView(set_name, model, 0, len(clips), None, True, "Getting ready")
        threading.Thread(target=self._draft, args=(set_name, model, clips, draft), daemon=True).start()

    def draft_view(self, set_name: str) -> DraftView:
        return self._drafts.get(set_name, DraftView(set_name, "", 0, 0, None, False, ""))

    def stop_drafts(self, set_name: str) -> None:
        """Stop after the clips in hand; finished drafts stay."""
        self._stop.add(set_name)

    def draft_now(self, set_name: str, model: str, clip_ids: Sequence[int]) -> dict[int, str]:
        """Draft these clips and wait for it; those with a damaged sound are left out.

        Raises:
            WorkbenchError: No sound can be used; names the clips.
        """
        texts: dict[int, str] = {}
        broken: list[Clip] = []
        for chunk, sounds in self._chunks([self.labelling.clip(i) for i in clip_ids], broken):
            heard = self.listen(model, sounds, self._language_of(clip_ids))
            drafts = {c.id: said for c, (said, _) in zip(chunk, heard, strict=True)}
            self.labelling.save_drafts(model, drafts)
            texts |= {i: said.text for i, said in drafts.items()}
        if broken and not texts:
            raise WorkbenchError(say_left_out(broken, len(clip_ids)))
        return texts

    def _draft(self, set_name: str, model: str, clips: Sequence[Clip], draft: bool) -> None:
        began = time.monotonic()
        broken: list[Clip] = []
        language = self._set_language(set_name)
        done = endless = silent = 0

        def show(message: str, *, active: bool = True) -> None:
            left = (time.monotonic() - began) / done * (len(clips) - done) if done else None
            self._drafts[set_name] = DraftView(set_name, model, done, len(clips), left, active, message)

        try:
            for chunk, sounds in self._chunks(clips, broken):
                if set_name in self._stop:
                    show(f"Stopped after {done} of {len(clips)} clips.", active=False)
                    return
                heard = self.listen(model, sounds, language)
                drafts = {c.id: said for c, (said, _) in zip(chunk, heard, strict=True)}
                self.labelling.save_drafts(model, drafts, draft=draft)
                done += len(chunk)
                endless += sum(repetition(said.text) is not None for said in drafts.values())
                silent += sum(not said.text for said in drafts.values())
                show("Drafting" if draft else "Listening")
            nobody = f" In {silent} of them it heard no speech." if silent else ""
            circles = f" {endless} of the texts go round in circles: write these down by ear." if endless else ""
            gone = f" {say_left_out(broken, len(clips))}" if broken else ""
            show(f"{done} clips {'drafted' if draft else 'heard'} by {model}.{nobody}{circles}{gone}", active=False)
        except WorkbenchError as e:
            show(str(e), active=False)
        except Exception:  # the thread's boundary: logged, and said on the page
            import logging

            logging.getLogger(__name__).exception("drafting %s failed", set_name)
            show("Drafting ended with an unexpected error; the server's log has the details.", active=False)

    # ---- hearing ----

    def hear(
        self, model: str | ModelSpec, sounds: "Sequence[np.ndarray]", language: str | None = None
    ) -> list[tuple[str, Seconds]]:
        """Text and computing time of each sound; see `listen`."""
        return [(said.text, seconds) for said, seconds in self.listen(model, sounds, language)]

    def listen(
        self, model: str | ModelSpec, sounds: "Sequence[np.ndarray]", language: str | None = None
    ) -> list[tuple[Heard, Seconds]]:
        """Text, with the confidence of each word, and computing time of each sound, (n_samples,) float32 at 16 kHz.

        Args:
            language: ISO 639-1 code; a multilingual base model that is told none, or one it does not know, writes in
                its own (see `TokenWriter.own_language`), or recognises each sound's. An adapted model keeps the
                language that it was adapted with.
        """
        with self._one_at_a_time:
            backend = self._backend(model)
            known = backend.languages()
            if known is not None and not (isinstance(model, str) and is_run(model)):
                backend.set_language(spoken_code(language, known))
            return hear_sounds(backend, sounds)

    def _check_known(self, model: str | ModelSpec, language: str | None) -> None:
        """Refuse a language that a base model does not know; one of a run has learned its clips'."""
        if isinstance(model, ModelSpec) or not is_run(model):
            check_known(self.catalog, self.catalog.find(model) if isinstance(model, str) else model, language)

    def _check_named(self, model: str | ModelSpec, language: str | None) -> None:
        """Refuse a language that was asked for by its code, where the model cannot be told it.

        Raises:
            ModelError: Lists the codes that it takes.
        """
        self._check_known(model, language)
        if language is None:
            return
        with self._one_at_a_time:
            backend = self._backend(model)
        known = backend.languages()
        if known is None:
            return
        code = spoken_code(language, known)
        if code is None:
            raise ModelError(
                f"The model {backend.spec.name} has no language {language}; it takes {', '.join(sorted(known))}."
            )
        kept = getattr(backend, "language", code)
        if isinstance(model, str) and is_run(model) and kept not in (None, code):
            raise ModelError(f"{model} was adapted to {kept} and writes that alone; leave the language out.")

    def _set_language(self, set_name: str) -> str | None:
        with self.store.session() as session:
            return set_choices(session, set_name)[0]

    def _language_of(self, clip_ids: Sequence[int]) -> str | None:
        """The language of the set that these clips are in."""
        with self.store.session() as session:
            query = select(ClipSetRow.language).join(ClipRow, ClipRow.set_id == ClipSetRow.id)
            return session.scalars(query.where(ClipRow.id == clip_ids[0])).first() if clip_ids else None

    def hear_array(self, model: str | ModelSpec, rate: int, array: "np.ndarray") -> str:
        """Text of a recording straight from the microphone.

        Raises:
            AudioError: Silent, too short or too long.
        """
        sound = from_array(rate, array)
        check(sound)
        return self.hear(model, [sound.samples])[0][0]

    def files(
        self,
        model: str | ModelSpec,
        paths: Sequence[Path],
        *,
        language: str | None = None,
        done: Callable[[int], None] = lambda n: None,
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Transcribe files, as many as can be used.

        Args:
            language: What is spoken in them; else a multilingual model recognises it.

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
                problems.append(str(e))
            enough = sum(len(sound) for _, sound, _ in waiting) >= CHUNK_SECONDS * SAMPLE_RATE
            if waiting and (enough or number == len(paths)):
                heard = self.listen(model, [sound for _, sound, _ in waiting], language)
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
        done: Callable[[int], None] = lambda n: None,
        left_out: Callable[[str], None] = lambda sentence: None,
    ) -> list[dict[str, Any]]:
        """Transcribe a set; the texts are kept as drafts where a clip has no label.

        Args:
            language: What is spoken in it; the set's by default.
            left_out: Told in one sentence which clips have a damaged sound, where some have.

        Raises:
            WorkbenchError: No sound of the set can be used, or the model does not know its language.
        """
        name = model if isinstance(model, str) else model.name
        clips = self.labelling.clips(set_name)
        self._check_named(model, language)
        language = language or self._set_language(set_name)
        self._check_known(model, language)
        documents: list[dict[str, Any]] = []
        broken: list[Clip] = []
        for chunk, sounds in self._chunks(clips, broken):
            heard = self.listen(model, sounds, language)
            self.labelling.save_drafts(name, {c.id: said for c, (said, _) in zip(chunk, heard, strict=True)})
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
            self.labelling.save_drafts(name, texts, draft=False)
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

    def _backend(self, model: str | ModelSpec) -> "Backend":
        from workbench.asr.catalog import loading
        from workbench.asr.training.checkpoint import load_run_model

        key = model if isinstance(model, str) else model.location
        if key in self._models:
            self._models.move_to_end(key)
            return self._models[key]
        if isinstance(model, ModelSpec):
            backend = loading.load(model)
        elif is_run(model):
            from workbench.store.runs import find_run

            with self.store.session() as session:
                find_run(session, model)  # an unknown run is said as such
            backend, _ = load_run_model(self.workspace.run_folder(model) / "model")
        else:
            backend = loading.load(self.catalog.find(model))
        self._models[key] = backend
        while len(self._models) > KEPT_MODELS:
            self._models.popitem(last=False)
        return backend


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
