"""Clip sets and the ways sounds come in: files, folders and lists, uploads, the microphone, the bundled samples."""

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt
from sqlalchemy import case, delete, func, select
from sqlalchemy.exc import IntegrityError

from workbench.assets import assets_root
from workbench.audio.decode import Sound, from_array
from workbench.core.text.clean import clean_label, clean_name
from workbench.core.text.word_list import term_of
from workbench.core.types import Seconds
from workbench.errors import UnknownNameError
from workbench.language.said import say
from workbench.services.clips.import_job import ImportReport, Intake, Progress, scratch_folder
from workbench.services.clips.segments import Decode
from workbench.services.clips.set_names import LANGUAGE, check_language, check_set_name, taken
from workbench.services.importers import Candidate, ImportOptions, ImportScan
from workbench.services.importers.lines import read_text
from workbench.services.importers.reading import read_path, read_uploads
from workbench.services.storage.licences import licence_beside, state_licence
from workbench.services.storage.reserve import comes_first, told_when_full
from workbench.services.trash import trash as erasing
from workbench.services.trash.trash import Deleted, Erased
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow, ReferenceRow, RunRow
from workbench.store.queries import STATUS, find_set, refuse_archived, select_labelled, set_names
from workbench.workspace import Workspace

SAMPLE_KINDS: Final = ("clinic", "workshop", "general")


@dataclass(frozen=True)
class SetInfo:
    """A clip set at a glance.

    Attributes:
        words: The terms of the expert's word list.
        word_lines: Its lines, which may say how a term sounds too.
        duration: Of all clips together, in seconds.
        speakers: How many are known by name.
        favours_words: Whether models favour these words while they write drafts.
        archived: Whether it is put away: it takes no new clips and runs.
    """

    id: int
    name: str
    language: str | None
    words: tuple[str, ...]
    clips: int
    confirmed: int
    drafted: int
    unlabelled: int
    duration: Seconds
    speakers: int
    archived: bool = False
    word_lines: tuple[str, ...] = ()
    favours_words: bool = False

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "words": list(self.words), "word_lines": list(self.word_lines)}


class Collecting:
    """The use cases of collecting clips in one workspace."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store

    @told_when_full(say("The clip set was not made"))
    def create_set(self, name: str, language: str | None = None) -> SetInfo:
        """Make an empty set.

        Raises:
            DataError: The name is taken, empty or looks like a run's, or the language is no language tag.
        """
        cleaned, tag = check_set_name(name), check_language(language)
        try:
            with self._store.session() as session:
                session.add(ClipSetRow(name=cleaned, language=tag))
        except IntegrityError as e:
            raise taken(cleaned) from e
        return self.set_info(cleaned)

    def sets(self) -> list[SetInfo]:
        """All sets, oldest first; the archived ones after all others."""
        return list(self._store.cached("sets", self._infos))

    def set_info(self, name: str) -> SetInfo:
        """One set.

        Raises:
            UnknownNameError: Lists the sets there are.
        """
        infos = self.sets()
        found = next((info for info in infos if info.name == name), None)
        if found is None:
            raise UnknownNameError(say("clip set"), name, [info.name for info in infos])
        return found

    def latest_set(self) -> str:
        """The set where something happened last: a label saved, a clip added, a run started; empty without sets.

        One that is archived does not count.
        """
        in_set = ClipRow.set_id, func.max(ClipRow.added_at)
        labelled = select(ClipRow.set_id, func.max(ReferenceRow.created_at)).join(
            ReferenceRow, ReferenceRow.clip_id == ClipRow.id
        )
        questions = (
            select(*in_set).group_by(ClipRow.set_id),
            labelled.group_by(ClipRow.set_id),
            select(RunRow.set_id, func.max(RunRow.created_at)).group_by(RunRow.set_id),
        )
        with self._store.session() as session:
            here = ClipSetRow.deleted_at.is_(None), ClipSetRow.archived_at.is_(None)
            living = session.scalars(select(ClipSetRow).where(*here)).all()
            when = {row.id: (row.created_at, row.id) for row in living}
            for question in questions:
                for set_id, moment in session.execute(question):
                    if set_id in when and moment is not None:
                        when[set_id] = max(when[set_id], (moment, set_id))
            return max(living, key=lambda row: when[row.id]).name if living else ""

    @comes_first(say("The word list was not saved"))
    def set_words(self, set_name: str, terms: Sequence[str]) -> list[str]:
        """Replace a set's word list; empty lines and repetitions are dropped. A line may say how its term sounds, see
        `core.text.word_list`."""
        words = list(dict.fromkeys(word for word in map(clean_label, terms) if word))
        with self._store.session() as session:
            find_set(session, set_name).words = words
        return words

    @comes_first(say("The word list was not saved"))
    def favour_words(self, set_name: str, favours: bool) -> None:
        """Whether models favour a set's words while they write drafts, and while one speaks to them."""
        with self._store.session() as session:
            find_set(session, set_name).favours_words = favours

    def import_path(
        self,
        path: str | os.PathLike[str],
        set_name: str,
        *,
        language: str | None = None,
        allow_outside: bool = False,
        wishes: ImportOptions | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a list, a folder, an archive or a sound from this machine; the set is made where it is missing.

        Args:
            language: Of the set; else that of most rows.
            allow_outside: Whether a list may name existing files outside its own folder.
            wishes: Format, tiers, channels and length of clips; else what the files suggest.

        Raises:
            TierChoice: Annotations have several tiers, and none was named.
            WorkbenchError: The path cannot be read at all, or the disk is full.
        """
        wishes = replace(wishes or ImportOptions(), allow_outside=allow_outside)
        with scratch_folder(self._workspace) as scratch:
            reading = read_path(Path(path).expanduser(), scratch, wishes)
            reading.licence = licence_beside(Path(path).expanduser())
            return self._import(reading, set_name, language, progress, wishes, scratch)

    def add_files(
        self,
        set_name: str,
        files: Sequence[tuple[str | os.PathLike[str], str]],
        *,
        language: str | None = None,
        speaker: str | None = None,
        wishes: ImportOptions | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import uploaded files: sounds, what stands beside them, lists that name sounds of the same upload, archives.

        Args:
            files: Where each file lies now, and what the user called it.
            speaker: Who speaks, for sounds whose list does not say.
            wishes: As for `import_path`.

        Raises:
            TierChoice: Annotations have several tiers, and none was named.
        """
        wishes = wishes or ImportOptions()
        with scratch_folder(self._workspace) as scratch:
            reading = read_uploads([(Path(p), name) for p, name in files], scratch, wishes)
            if who := clean_name(speaker or ""):
                reading.candidates = [replace(c, speaker=c.speaker or who) for c in reading.candidates]
            return self._import(reading, set_name, language, progress, wishes, scratch)

    def add_recording(
        self,
        set_name: str,
        rate: int,
        array: npt.ArrayLike,
        *,
        name: str | None = None,
        speaker: str | None = None,
        text: str | None = None,
    ) -> ImportReport:
        """Add what a microphone recorded.

        Args:
            rate: Hz.
            array: `(n_samples,)` or `(n_samples, n_channels)`, integers or floats.
            text: What was read out; counts as confirmed.
        """
        return self._add_decoded(set_name, lambda _: from_array(rate, array), name, speaker, text, True)

    def add_sound(
        self,
        set_name: str,
        sound: Sound,
        *,
        name: str | None = None,
        speaker: str | None = None,
        text: str | None = None,
        confirmed: bool = True,
    ) -> ImportReport:
        """Add a sound that is decoded already, such as a take that was read aloud and trimmed.

        Args:
            text: What was read out.
            confirmed: Whether the text counts as checked, or is a draft to look at.
        """
        return self._add_decoded(set_name, lambda _: sound, name, speaker, text, confirmed)

    @told_when_full(say("The recording was not saved"))
    def _add_decoded(
        self, set_name: str, decode: Decode, name: str | None, speaker: str | None, text: str | None, confirmed: bool
    ) -> ImportReport:
        name = clean_name(name or "") or f"recording {datetime.now():%Y-%m-%d %H.%M.%S}"
        who = clean_name(speaker or "") or None
        candidate = Candidate(Path(name), name, name, text=clean_label(text or ""), confirmed=confirmed, speaker=who)
        with scratch_folder(self._workspace) as scratch:
            reading = ImportScan(candidates=[candidate])
            return self._import(reading, set_name, None, None, ImportOptions(), scratch, decode=decode)

    def import_samples(
        self, kind: str, set_name: str | None = None, *, progress: Progress | None = None
    ) -> ImportReport:
        """Import a bundled sample set with its word list.

        Args:
            kind: "clinic", "workshop" or "general".
            set_name: What the set is called; the kind by default.
        """
        if kind not in SAMPLE_KINDS:
            raise UnknownNameError(say("sample set"), kind, SAMPLE_KINDS)
        return self.import_path(assets_root() / "clips" / kind, set_name or kind, progress=progress)

    def set_licence(self, set_name: str, licence: str) -> str:
        """Say under which licence a set's clips are, in place of what imports said; the licence as it is kept.

        Raises:
            WorkbenchError: No such set, or the licence is too long.
        """
        return state_licence(self._workspace, self._store, set_name, licence)

    @comes_first(say("Nothing was deleted"))
    def delete_clips(self, clip_ids: Collection[int]) -> int:
        """Move clips to the bin for a week; how many there were."""
        return erasing.delete_clips(self._store, clip_ids)

    @comes_first(say("The clip set was not deleted"))
    def delete_set(self, name: str) -> int:
        """Move a set to the bin for a week; its id, for `undo_delete`."""
        return erasing.delete_set(self._store, name)

    def deleted(self) -> list[Deleted]:
        """What can still be brought back, newest deletion first."""
        return erasing.list_deleted(self._store)

    @comes_first(say("Nothing was brought back"))
    def undo_delete(self, *, clip_ids: Collection[int] = (), set_id: int | None = None) -> int:
        """Bring clips or a set back; how many clips came back."""
        return erasing.undo_delete(self._store, clip_ids=clip_ids, set_id=set_id)

    @comes_first(say("It was not erased for good and waits in the bin"))
    def erase(self, *, clip_ids: Collection[int] = (), set_id: int | None = None) -> Erased:
        """Erase clips or a whole set for good, at once, whether deleted before or not."""
        if set_id is not None:
            return erasing.erase_set(self._workspace, self._store, set_id)
        return erasing.erase_clips(self._workspace, self._store, clip_ids)

    @comes_first(say("What is past its time in the bin was not erased"))
    def erase_expired(self, days: float = erasing.KEEP_DAYS) -> Erased:
        """Erase what was deleted longer ago than this."""
        return erasing.erase_expired(self._workspace, self._store, days=days)

    def _infos(self) -> list[SetInfo]:
        counted = (
            select_labelled(
                ClipRow.set_id,
                func.count(ClipRow.id),
                *(
                    func.sum(case((STATUS.in_([status]), 1), else_=0))
                    for status in ("confirmed", "drafted", "unlabelled")
                ),
                func.sum(ClipRow.duration),
                func.count(ClipRow.speaker.distinct()),
            )
        ).group_by(ClipRow.set_id)
        put_away = ClipSetRow.archived_at.is_not(None)
        sets = select(ClipSetRow).where(ClipSetRow.deleted_at.is_(None)).order_by(put_away, ClipSetRow.id)
        with self._store.session() as session:
            counts = {row[0]: row[1:] for row in session.execute(counted)}
            return [_info(row, *counts.get(row.id, (0, 0, 0, 0, 0.0, 0))) for row in session.scalars(sets)]

    def _import(
        self,
        reading: ImportScan,
        set_name: str,
        language: str | None,
        progress: Progress | None,
        wishes: ImportOptions,
        scratch: Path,
        *,
        decode: Decode | None = None,
    ) -> ImportReport:
        set_id, name, is_new = self._ensure_set(set_name, check_language(language), reading)
        intake = Intake(self._workspace, self._store, set_id, name)
        report = intake.take(reading, wishes, scratch, progress=progress, decode=decode)
        if is_new and not report.added:  # an empty set would open in place of the one with the user's work
            with self._store.session() as session:
                if not session.scalars(select(ClipRow.id).where(ClipRow.set_id == set_id)).first():
                    session.execute(delete(ClipSetRow).where(ClipSetRow.id == set_id))
        return report

    def _ensure_set(self, set_name: str, language: str | None, reading: ImportScan) -> tuple[int, str, bool]:
        """The set's id and name, and whether it is new: made where it is missing, with language and words.

        Language and words that it has already stay.
        """
        name = check_set_name(set_name)
        spoken = Counter(c.language for c in reading.candidates if c.language and LANGUAGE.fullmatch(c.language))
        is_new = self._make_set(name)
        with self._store.session() as session:
            row = refuse_archived(find_set(session, name))
            row.language = language or row.language or (spoken.most_common(1)[0][0].lower() if spoken else None)
            if reading.words and not row.words:
                row.words = list(dict.fromkeys(word for word in map(clean_label, reading.words) if word))
            return row.id, row.name, is_new

    def _make_set(self, name: str) -> bool:
        """Make an empty set where there is none of this name; whether it was this call that made it."""
        try:
            with self._store.session() as session:
                if name in set_names(session):
                    return False
                session.add(ClipSetRow(name=name))
        except IntegrityError:  # another import has made it meanwhile
            return False
        return True


def _info(row: ClipSetRow, *counted: Any) -> SetInfo:
    words = tuple(dict.fromkeys(term_of(line).text for line in row.words))
    info = SetInfo(row.id, row.name, row.language, words, *counted)
    archived = row.archived_at is not None
    return replace(info, archived=archived, word_lines=tuple(row.words), favours_words=row.favours_words)


def read_words(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a word list file."""
    return read_text(Path(path)).splitlines()
