"""One import into one set: everything that was found is decoded, judged, stored and reported.

Sounds are decoded in several threads and written in parts, each in one transaction: a process killed halfway keeps what
was done, and running the import again adds the rest, since the same sound is never added to a set twice.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from workbench.audio.decode import remedy_for
from workbench.core.licences import LONGEST
from workbench.core.text.clean import clean_name
from workbench.disk import DiskFullError, is_full
from workbench.errors import WorkbenchError
from workbench.language.said import phrase, say
from workbench.services.clips.ingest import Prepared, add_clips, prepare
from workbench.services.clips.segments import Decode
from workbench.services.importers import NO_TEXT, NO_TEXT_REMEDY, Candidate, ImportOptions, ImportScan
from workbench.services.importers.lines import Problem
from workbench.services.labels.splits import assign_set, confirmed_candidates, split_set
from workbench.services.trash.trash import sounds_lock
from workbench.store.database import Store
from workbench.workspace import Workspace

Progress = Callable[[int, int, str], None]  # sounds done, sounds in all, the newest one's name

CLIPS_PER_COMMIT: Final = 64
WORKERS: Final = min(8, os.cpu_count() or 1)
_DISK_FULL: Final = say("Only a part was added (add all of it again afterwards: what is there is not added twice)")


@dataclass(frozen=True)
class ImportReport:
    """What became of the sounds that came in.

    Attributes:
        added: New clips.
        duplicates: Sounds that the set had already.
        rejected: Files and lines that became no clip.
        warnings: Files and lines that were kept, with what was noticed about them.
    """

    set: str
    added: int
    duplicates: int
    rejected: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def doubts(self) -> tuple[Problem, ...]:
        """The warnings that deserve a look."""
        return tuple(problem for problem in self.warnings if problem.reason != NO_TEXT)

    @property
    def without_text(self) -> tuple[Problem, ...]:
        """The sounds that came without a text, which is the usual case: one of each recording that was cut."""
        return tuple(problem for problem in self.warnings if problem.reason == NO_TEXT)

    def to_json(self) -> dict[str, Any]:
        return {
            "set": self.set,
            "added": self.added,
            "duplicates": self.duplicates,
            "rejected": [problem.to_json() for problem in self.rejected],
            "warnings": [problem.to_json() for problem in self.warnings],
        }


class Intake:
    """Takes what was found into a set.

    Args:
        set_id: The set, by its id; it exists.
        name: Its name, for the report.
    """

    def __init__(self, workspace: Workspace, store: Store, set_id: int, name: str) -> None:
        self._workspace, self._store, self._set_id, self._name = workspace, store, set_id, name
        self._added: dict[int, Candidate] = {}
        self._duplicates = 0
        self._rejected: list[Problem] = []
        self._warnings: list[Problem] = []

    def take(
        self,
        reading: ImportScan,
        wishes: ImportOptions,
        scratch: Path,
        *,
        progress: Progress | None = None,
        decode: Decode | None = None,
    ) -> ImportReport:
        """Add every candidate that can be a clip.

        Args:
            scratch: A folder with room for decoded recordings.
            decode: Replaces reading files, for a microphone; its clips are expected to have no text.
        """
        self._rejected, self._warnings = list(reading.rejected), list(reading.warnings)
        licence = clean_name(reading.licence, LONGEST)
        done = 0
        with ThreadPoolExecutor(WORKERS) as pool:
            for part in _parts(_groups(reading.candidates)):
                with sounds_lock(self._workspace):
                    new = self._add(
                        pool.map(lambda g: prepare(self._workspace, g, wishes, scratch, decode=decode), part), licence
                    )
                if decode is None:
                    self._warnings += _without_text(new)
                done += sum(map(len, part))
                if progress:
                    progress(done, len(reading.candidates), part[-1][-1].name)
        self._warnings += self._divide()
        return ImportReport(
            self._name, len(self._added), self._duplicates, tuple(self._rejected), tuple(self._warnings)
        )

    def _add(self, results: Iterable[tuple[list[Prepared | Problem], list[Problem]]], licence: str) -> list[Candidate]:
        """Write one part's clips; the caller holds the sounds lock."""
        sounds: list[Prepared] = []
        for found, remarks in results:
            self._rejected += [item for item in found if isinstance(item, Problem)]
            sounds += [item for item in found if isinstance(item, Prepared)]
            self._warnings += remarks
        outcome = add_clips(self._workspace, self._store, self._set_id, sounds, licence)
        self._warnings += [*(warning for sound in sounds for warning in _sound_warnings(sound)), *outcome.warnings]
        self._added.update(outcome.added)
        self._duplicates += outcome.duplicates
        return list(outcome.added.values())

    def _divide(self) -> Iterator[Problem]:
        """Give new clips their split; say which found none, and what leaks in splits that came along."""
        with self._store.session() as session:
            assign_set(session, self._set_id)
            divided = split_set(session, self._set_id)
            labelled = confirmed_candidates(session, self._set_id)
        for clip_id, reason in divided.left_out.items():
            if clip_id in self._added:
                remedy = say("it is kept, but neither trains nor tests")
                yield self._added[clip_id].problem(phrase(reason), remedy)
        sources = {candidate.source for candidate in labelled}
        if len(labelled) > 1 and len(sources) == 1 and any(candidate.place for candidate in self._added.values()):
            reason = say(
                "all {n} labelled clips come from one recording ({recording})",
                n=len(labelled),
                recording=sources.pop(),
            )
            remedy = say("add others to learn how it does elsewhere: the figures will hold for this one")
            yield Problem("", None, reason, remedy)
        if any(candidate.split for candidate in self._added.values()):
            for sentence in divided.leaks:
                yield Problem("", None, phrase(sentence), say("divide the clips anew without a split column"))


@contextmanager
def scratch_folder(workspace: Workspace) -> Iterator[Path]:
    """A folder for unpacked archives and decoded recordings, gone afterwards.

    Raises:
        WorkbenchError: The disk filled up meanwhile, or cannot be written.
    """
    with (
        _disk_full_in_words(workspace.root),
        tempfile.TemporaryDirectory(dir=workspace.temporary, prefix="import-") as name,
    ):
        yield Path(name)


def _groups(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Candidates in order, parts of the same file together, so that it is decoded once."""
    parts: dict[tuple[Path, bool], list[Candidate]] = {}
    ordered: list[list[Candidate]] = []
    for candidate in candidates:
        if candidate.cut is None:
            ordered.append([candidate])
            continue
        key = (candidate.path, candidate.channel is None)
        if key not in parts:
            ordered.append(parts.setdefault(key, []))
        parts[key].append(candidate)
    yield from ordered


def _parts(grouped: Iterable[list[Candidate]]) -> Iterator[list[list[Candidate]]]:
    """Groups that are added in one transaction: some dozens of candidates together."""
    part: list[list[Candidate]] = []
    for group in grouped:
        part.append(group)
        if sum(map(len, part)) >= CLIPS_PER_COMMIT:
            yield part
            part = []
    if part:
        yield part


def _without_text(added: Iterable[Candidate]) -> list[Problem]:
    """Clips to label; the many pieces of one recording are named once."""
    found = {}
    for candidate in added:
        if not (candidate.text or candidate.hypotheses):
            key = candidate.file, candidate.line, "" if candidate.place else candidate.name
            found[key] = candidate.problem(NO_TEXT, NO_TEXT_REMEDY)
    return list(found.values())


def _sound_warnings(sound: Prepared) -> Iterator[Problem]:
    for warning in sound.warnings:
        yield sound.candidate.problem(warning, remedy_for(warning))


@contextmanager
def _disk_full_in_words(root: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, OperationalError) as e:
        if is_full(e, root):
            raise DiskFullError(_DISK_FULL, root) from e
        if isinstance(e, OperationalError):
            raise
        raise WorkbenchError(
            say("A sound could not be stored ({why}); check the workspace folder.", why=e.strerror or e)
        ) from e
