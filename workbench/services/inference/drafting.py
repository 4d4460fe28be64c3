"""Drafting: a set's clips heard in the background by the process beside the page, or a few of them at once.

How far a set is stands in the store, for every page, tab and restart; a lock file says whether the thread that drives
it lives. The process is asked for a few seconds of work at a time, so that who waits for a recording, or
speaks, never waits for a set; what it heard is written here, chunk by chunk.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from filelock import FileLock, Timeout
from sqlalchemy import select

from workbench.asr.catalog.catalog import Catalog
from workbench.core.text.normalize import repetition
from workbench.core.text.word_list import Favoured, kept_as
from workbench.core.types import Clip, Heard, Seconds, is_run
from workbench.errors import NothingToDoError, WorkbenchError
from workbench.language.said import count, listing, say, sentence
from workbench.services.inference.draft_progress import (
    DONE,
    FAILED,
    INTERRUPTED,
    STOPPED,
    WORKING,
    DraftView,
    Standing,
    ask_to_stop,
    begin,
    find,
    finish,
    interrupt,
    note,
)
from workbench.services.inference.long_form import CHUNK_SECONDS
from workbench.services.inference.process import ModelProcess, ProcessEndedError
from workbench.services.labels.revisions import Labelling
from workbench.services.models.language_check import check_writer
from workbench.services.storage.reserve import first_served, told_when_full
from workbench.services.storage.sound_files import say_left_out
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow
from workbench.store.queries import find_set, set_choices
from workbench.workspace import Workspace

FIRST_SECONDS: Final[Seconds] = 20.0  # of sound in the first request, from which the model's speed is told
BUSY_SECONDS: Final[Seconds] = 8.0  # of work in each request after it: so long may somebody have to wait for a turn
PROBING_SECONDS: Final[Seconds] = 1.0  # somebody who looks holds the lock for a moment
CLOSING_SECONDS: Final[Seconds] = 10.0
ALL_CONFIRMED: Final = say("Every clip has a confirmed label; there is nothing to draft.")
NO_CLIPS: Final = say("The set has no clips yet; there is nothing to draft.")
UNEXPECTED: Final = say("Drafting ended with an unexpected error; the server's log has the details.")


@dataclass
class _Work:
    """A set on its way through a model; driven by one thread."""

    set_id: int
    set_name: str
    model: str
    language: str | None
    favoured: Favoured | None
    draft: bool
    clips: list[Clip]  # that are to be heard
    total: int
    had: Sequence[str]  # texts of those that were heard before the server ended
    texts: list[str] = field(default_factory=list)
    broken: list[Clip] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def kept_as(self) -> str:
        return kept_as(self.model, self.favoured)

    @property
    def done(self) -> int:
        return len(self.had) + len(self.texts)

    @property
    def seconds_left(self) -> Seconds | None:
        if not self.texts:
            return None
        return (time.monotonic() - self.began) / len(self.texts) * (self.total - self.done)


class _Pace:
    """How much of what waits is asked for at once: as much as the model hears in some seconds."""

    def __init__(self) -> None:
        self._sound = FIRST_SECONDS

    def take(self, waiting: list[Clip]) -> list[Clip]:
        """The first of the clips, at least one, which wait no more."""
        chunk: list[Clip] = []
        while waiting and sum(c.duration for c in chunk) < self._sound:
            chunk.append(waiting.pop(0))
        return chunk

    def learn(self, sound: Seconds, spent: Seconds) -> None:
        if sound and spent:
            self._sound = min(BUSY_SECONDS * sound / spent, CHUNK_SECONDS)


class Drafting:
    """The use cases around hearing the clips of a set."""

    def __init__(
        self, workspace: Workspace, store: Store, catalog: Catalog, labelling: Labelling, process: ModelProcess
    ) -> None:
        self.workspace, self.store, self.catalog, self.labelling = workspace, store, catalog, labelling
        self._process = process
        self._own: dict[int, threading.Thread] = {}  # set -> who drives it in this process
        self._looking = threading.Lock()
        self._closing = False

    # ---- a set, in the background ----

    def start_drafts(self, set_name: str, model: str) -> None:
        """Begin to draft the clips of a set that have no confirmed label; returns at once.

        One that was broken off, by the same model, goes on with the clips that it had not come to.

        Raises:
            WorkbenchError: Unknown names, a language that the model does not know, drafting already.
            NothingToDoError: No clip waits for a label.
        """
        self._refuse_twice(set_name)
        check_writer(self.catalog, model, self._language(set_name))
        every = self.labelling.clips(set_name)
        clips = [c for c in every if c.status != "confirmed"]
        if not clips:
            raise NothingToDoError(ALL_CONFIRMED if every else NO_CLIPS)
        self._begin(set_name, model, clips, draft=True)

    def start_hearing(self, set_name: str, model: str, clips: Sequence[Clip]) -> None:
        """Begin to let a model hear clips that have a label, to hold the two against each other; returns at once.

        Raises:
            WorkbenchError: As `start_drafts`.
        """
        self._refuse_twice(set_name)
        if not is_run(model):
            self.catalog.find(model)
        self._begin(set_name, model, clips, draft=False)

    def draft_view(self, set_name: str) -> DraftView:
        """Where the drafting of a set stands, whoever drives it."""
        standing = self.store.cached(("drafting", set_name), lambda: find(self.store, set_name))
        if standing is None:
            return DraftView(set_name, "", 0, 0, None, False, "")
        if standing.state == WORKING and standing.set_id not in self._own:
            standing = self._look_after(set_name, standing)
        return standing.view(set_name)

    def stop_drafts(self, set_name: str) -> None:
        """Stop after the clips in hand; finished drafts stay."""
        ask_to_stop(self.store, set_name)

    def close(self) -> None:
        """End what goes on in this process, so that a next one can go on with it."""
        self._closing = True
        self._process.close()
        for thread in list(self._own.values()):
            thread.join(CLOSING_SECONDS)

    # ---- a few clips, at once ----

    def draft_now(self, set_name: str, model: str, clip_ids: Sequence[int]) -> dict[int, str]:
        """Draft these clips and wait for it; those with a damaged sound are left out.

        Raises:
            WorkbenchError: No sound can be used; names the clips.
        """
        texts: dict[int, str] = {}
        broken: list[Clip] = []
        waiting, language, pace = [self.labelling.clip(i) for i in clip_ids], self._language_of(clip_ids), _Pace()
        self._fetch(model)
        favoured = self.labelling.favoured(set_name)
        while waiting:
            heard, damaged, sounds = self._hear(model, pace, waiting, language, favoured)
            self.labelling.save_drafts(kept_as(model, favoured), heard, sounds=sounds)
            texts |= {i: said.text for i, said in heard.items()}
            broken += damaged
        if broken and not texts:
            raise WorkbenchError(say_left_out(broken, len(clip_ids)))
        return texts

    # ---- the thread ----

    @told_when_full(say("The drafts were not begun"))
    def _begin(self, set_name: str, model: str, clips: Sequence[Clip], *, draft: bool) -> None:
        with self.store.session() as session:
            set_id = find_set(session, set_name).id
        lock = self._lock_of(set_id)
        try:
            lock.acquire(timeout=PROBING_SECONDS)
        except Timeout:
            busy = self.draft_view(set_name).active
            raise WorkbenchError(_already(set_name) if busy else _ending(set_name)) from None
        try:
            language, favoured = self._language(set_name), self.labelling.favoured(set_name) if draft else None
            had = begin(self.store, set_id, kept_as(model, favoured), language, [c.id for c in clips], draft=draft)
            left = [c for c in clips if c.id not in had]
            work = _Work(set_id, set_name, model, language, favoured, draft, left, len(clips), list(had.values()))
            thread = threading.Thread(target=self._drive, args=(work, lock), daemon=True)
            self._own[set_id] = thread
            thread.start()
        except BaseException:
            self._own.pop(set_id, None)
            lock.release()
            raise

    def _drive(self, work: _Work, lock: FileLock) -> None:
        try:
            state, message = self._carry_out(work)
            broken = [clip.id for clip in work.broken] if state == DONE else []
            ended = partial(finish, self.store, work.set_id, state, work.done, message, broken)
            # It may say that the disk is full.
            first_served(self.store, say("The end of the drafting was not noted"), ended)
        except Exception:  # the thread's boundary: the store says nothing of its end, and whoever looks finds it dead
            logging.getLogger(__name__).exception("the end of drafting %s could not be written", work.set_name)
        finally:
            self._own.pop(work.set_id, None)
            lock.release()

    def _carry_out(self, work: _Work) -> tuple[str, str]:
        """How it ended, and what is said of it."""
        try:
            return self._hear_all(work)
        except ProcessEndedError:
            return FAILED, _by_itself(work)
        except WorkbenchError as e:
            if self._closing:
                return INTERRUPTED, ""
            return FAILED, sentence(e)
        except Exception:  # the thread's boundary: logged, and said on the page
            logging.getLogger(__name__).exception("drafting %s failed", work.set_name)
            return FAILED, UNEXPECTED

    def _hear_all(self, work: _Work) -> tuple[str, str]:
        self._fetch(work.model)
        waiting, pace, message = list(work.clips), _Pace(), say("Getting ready")
        while waiting:
            if not note(self.store, work.set_id, work.done, work.seconds_left, message):
                return STOPPED, _stopped(work)
            heard, damaged, sounds = self._hear(work.model, pace, waiting, work.language, work.favoured, behind=True)
            self.labelling.save_drafts(work.kept_as, heard, draft=work.draft, sounds=sounds)
            work.texts += [said.text for said in heard.values()]
            work.broken += damaged
            message = say("Drafting") if work.draft else say("Listening")
        return DONE, _told(work)

    def _fetch(self, model: str) -> None:
        """Bring a model's files here before its process is asked, so that nobody waits for a download of another's.

        Raises:
            ModelError: They cannot be had.
        """
        if not is_run(model):
            from workbench.asr.catalog.fetch import fetch

            fetch(self.catalog.find(model))

    def _hear(
        self,
        model: str,
        pace: _Pace,
        waiting: list[Clip],
        language: str | None,
        favoured: Favoured | None,
        *,
        behind: bool = False,
    ) -> tuple[dict[int, Heard], list[Clip], dict[int, str]]:
        """What the process hears in the next of the clips that wait, those whose sound is damaged, and what it heard.

        The last as hashes of sounds.
        """
        clips = pace.take(waiting)
        named: Any = model if is_run(model) else self.catalog.find(model).to_json()
        request = {"do": "hear", "model": named, "clips": [c.id for c in clips], "language": language}
        request["favoured"] = favoured.to_json() if favoured else None
        answer = self._process.ask(request, behind=behind)
        heard = {int(i): Heard(text, tuple(sure)) for i, (text, sure) in answer["heard"].items()}
        pace.learn(sum(c.duration for c in clips if c.id in heard), float(answer["seconds"]))
        sounds = {int(i): str(sha256) for i, sha256 in answer["sounds"].items()}
        return heard, [c for c in clips if c.id in answer["broken"]], sounds

    # ---- who is at work ----

    def _look_after(self, set_name: str, standing: Standing) -> Standing:
        """What stands in the store as going on, and is not driven from here: as it is, or interrupted."""
        lock = self._lock_of(standing.set_id)
        with self._looking:
            try:
                lock.acquire(timeout=0)
            except (Timeout, OSError):  # where nothing can be written, that says nothing about the other process
                return standing
            try:
                first_served(self.store, "", lambda: interrupt(self.store, standing.set_id))
            finally:
                lock.release()
        return find(self.store, set_name) or standing

    def _lock_of(self, set_id: int) -> FileLock:
        return FileLock(self.workspace.root / f".drafting-{set_id}.lock", thread_local=False)

    def _refuse_twice(self, set_name: str) -> None:
        if self.draft_view(set_name).active:
            raise WorkbenchError(_already(set_name))

    def _language(self, set_name: str) -> str | None:
        with self.store.session() as session:
            return set_choices(session, set_name)[0]

    def _language_of(self, clip_ids: Sequence[int]) -> str | None:
        """The language of the set that these clips are in."""
        with self.store.session() as session:
            query = select(ClipSetRow.language).join(ClipRow, ClipRow.set_id == ClipSetRow.id)
            return session.scalars(query.where(ClipRow.id == clip_ids[0])).first() if clip_ids else None


def _already(set_name: str) -> str:
    return say("The set {set_name} is being drafted already; wait, or stop it.", set_name=set_name)


def _ending(set_name: str) -> str:
    return say("The last drafting of the set {set_name} is just being ended; try again in a moment.", set_name=set_name)


def _stopped(work: _Work) -> str:
    return say("Stopped after {done} of {total} clips; start again to go on.", done=work.done, total=work.total)


def _by_itself(work: _Work) -> str:
    return say(
        "After {done} of {total} clips the process that runs the models ended without a word, perhaps for lack of "
        "memory; close other programs or choose a smaller model, then start again to go on.",
        done=work.done,
        total=work.total,
    )


def _told(work: _Work) -> str:
    """The last word on a set that was heard to its end, but for the clips with a damaged sound; see `finish`."""
    texts = [*work.had, *work.texts]
    silent = sum(not said for said in texts)
    endless = sum(repetition(said) is not None for said in texts)
    said = [_written(work)]
    if silent:
        said.append(say("In {n} of them it heard no speech.", n=silent))
    if endless:
        said.append(
            count(
                endless,
                "{n} of the texts goes round in circles: write it down by ear.",
                "{n} of the texts go round in circles: write these down by ear.",
            )
        )
    return listing(said, " ")


def _written(work: _Work) -> str:
    if work.draft:
        return count(work.done, "{n} clip drafted by {model}.", "{n} clips drafted by {model}.", model=work.model)
    return count(work.done, "{n} clip heard by {model}.", "{n} clips heard by {model}.", model=work.model)
