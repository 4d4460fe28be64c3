"""The general check set: which one a run is checked on, which of its clips count, what base and adapted wrote there.

By default it is the bundled sample set, read where it lies: it need not be a set of the workspace. What the model has
learned from is left out, by its sound and (unless most texts are repeated) by its sentence. Every score keeps the
version of the clips it was made on, since figures from unlike clips or labels say nothing about each other. Which of
them are reported, and which steer or are rehearsed, says general_parts.py.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from workbench.assets import assets_root
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.evaluation.forgetting import Forgetting
from workbench.core.evaluation.intervals import EARLIER_METHOD
from workbench.core.run_result import RunResult
from workbench.core.text.numbers import language_code
from workbench.core.text.ruler import choose_ruler
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import UnknownNameError, WorkbenchError
from workbench.language.said import count, listing, say
from workbench.services.jobs.stop import StopRequested
from workbench.services.runs.clips import RunClip, run_clip
from workbench.services.runs.general_parts import (
    BUNDLED,
    GeneralParts,
    PartLengths,
    bundled_lengths,
    bundled_parts,
    own_lengths,
    own_parts,
)
from workbench.services.storage.sound_files import divide_usable, say_left_out
from workbench.store.models import ClipRow, GeneralEvaluationRow, ReferenceRow, RunRow
from workbench.store.queries import batches, living_set, set_names
from workbench.store.sounds import cut_of
from workbench.workspace import Workspace

# Lets the model as it stands hear clips: (clips, phase, message) to texts by clip id; raises StopRequested.
Hear = Callable[[Sequence[RunClip], str, str], dict[int, str]]

NONE: Final = "none"
VERSION_DIGITS: Final = 12
STOPPED: Final = say("The general set was not scored: the run was stopped before.")


@dataclass(frozen=True)
class GeneralSet:
    """The general speech of a run, in its parts.

    Attributes:
        parts: Clips of the bundled sets have negative ids, since they are no clips of the workspace.
        left_out: How many of those to report on were left out because the model learns from them.
        unscored: Why no clip is reported on, one sentence; empty where some are.
        notes: What else was left out and why, one sentence each.
        version: The bundled set's number; of another set, a hash of the sounds and labels that are reported on.
    """

    name: str
    language: str | None
    parts: GeneralParts = field(default_factory=GeneralParts)
    left_out: int = 0
    unscored: str = ""
    notes: tuple[str, ...] = ()
    version: str = ""

    @property
    def clips(self) -> tuple[RunClip, ...]:
        """Those that a run is checked on."""
        return self.parts.report

    def to_json(self) -> dict[str, Any]:
        """What a run's result keeps of it."""
        kept = {"set": self.name, "version": self.version, "language": self.language}
        return {**kept, "left_out": self.left_out, "unscored": self.unscored}

    def within(self, window: Seconds | None) -> "GeneralSet":
        """Without the clips that are longer than what the model hears at once."""
        if window is None:
            return self
        longest = window * SAMPLE_RATE
        parts = self.parts.each(lambda clips: tuple(c for c in clips if c.n_samples <= longest))
        gone = len(self.clips) - len(parts.report)
        if not gone:
            return replace(self, parts=parts)
        note = count(
            gone,
            "{n} of {clips} clips of the general set {name} was left out: it is longer than the {window} s that this "
            "model hears at once.",
            "{n} of {clips} clips of the general set {name} were left out: they are longer than the {window} s that "
            "this model hears at once.",
            clips=len(self.clips),
            name=self.name,
            window=f"{window:g}",
        )
        return replace(self, parts=parts, unscored="" if parts.report else note, notes=(*self.notes, note))

    def whole(self, workspace: Workspace) -> "GeneralSet":
        """Without the clips whose stored sound is damaged or missing."""
        every = (*self.parts.rehearse, *self.parts.steer, *self.parts.report)
        own = [c for c in every if c.path is None]
        kept, broken = divide_usable(workspace, own)
        if not broken:
            return self
        note = say_left_out(broken, len(own), general=self.name)
        usable = {c.id for c in kept}
        parts = self.parts.each(lambda clips: tuple(c for c in clips if c.path is not None or c.id in usable))
        return replace(self, parts=parts, unscored="" if parts.report else note, notes=(*self.notes, note))


@dataclass
class GeneralCheck:
    """A run's check on general speech: what base and adapted heard in it.

    Args:
        found: None where no check was wished for.
        steers: Whether what is forgotten of general speech chooses something in this run.

    Attributes:
        base: What the base hears, also in the clips that steer.
    """

    found: GeneralSet | None
    steers: bool = False
    base: dict[int, str] = field(default_factory=dict)
    adapted: dict[int, str] = field(default_factory=dict)

    @property
    def clips(self) -> tuple[RunClip, ...]:
        return self.found.clips if self.found else ()

    @property
    def steer(self) -> tuple[RunClip, ...]:
        """The clips that steer; none where nothing has to be chosen."""
        return self.found.parts.steer if self.found and self.steers else ()

    @property
    def notes(self) -> tuple[str, ...]:
        return self.found.notes if self.found else ()

    def hear_base(self, hear: Hear) -> None:
        """Let the base hear the general set."""
        if clips := (*self.clips, *self.steer):
            self.base = hear(clips, "base", say("Transcribing general speech with the base model"))

    def hear_adapted(self, hear: Hear, should_stop: Callable[[], bool]) -> None:
        """Let the delivered model hear it; a stop ends this alone, and is said."""
        if self.found is None or not self.clips:
            return
        try:
            if should_stop():
                raise StopRequested
            self.adapted = hear(self.clips, "general", say("Checking what was forgotten of general speech"))
        except StopRequested:
            self.found = replace(self.found, unscored=STOPPED)

    def store(self, session: Session, run_id: int) -> None:
        """Keep the texts in place of an earlier attempt's; clips erased meanwhile are passed over."""
        session.execute(delete(GeneralEvaluationRow).where(GeneralEvaluationRow.run_id == run_id))
        ids = [c.id for c in self.clips if c.id > 0]
        here = {i for part in batches(ids) for i in session.scalars(select(ClipRow.id).where(ClipRow.id.in_(part)))}
        for c in self.clips:
            if c.id in self.adapted and (c.id < 0 or c.id in here):
                clip_id, texts = (c.id if c.id > 0 else None), {"base": self.base[c.id], "adapted": self.adapted[c.id]}
                session.add(
                    GeneralEvaluationRow(
                        run_id=run_id, clip_id=clip_id, name=c.name, speaker=c.speaker, reference=c.text, **texts
                    )
                )

    def to_json(self) -> dict[str, Any] | None:
        """What the run's result keeps of it."""
        return self.found.to_json() if self.found else None


def default_general(language: str | None) -> str:
    """The set that suits a run's language: the bundled one is English."""
    return BUNDLED if language_code(language) == "en" else NONE


def no_general_set(language: str | None) -> str:
    """What to do about forgetting in a language for which no general set is bundled, one sentence."""
    return say(
        "What the model forgets of general speech is not measured: the bundled general set is English, and this set's "
        "language is {language}. Name a set of your own with everyday speech in it as general speech to check.",
        language=language,
    )


def general_lengths(session: Session, name: str, own_set_id: int, language: str | None = None) -> PartLengths:
    """Lengths of a general set's clips by part, about: what a model will learn from is not left out yet.

    Args:
        language: Of the run.

    Raises:
        WorkbenchError: There is no such set, it has no confirmed clip, or it is the run's own.
    """
    if name == NONE:
        return PartLengths()
    row = living_set(session, name)
    if name == BUNDLED and (row is None or row.id == own_set_id):
        return bundled_lengths()
    if row is None:
        raise UnknownNameError(say("general set"), name, [*dict.fromkeys([BUNDLED, *set_names(session)]), NONE])
    if row.id == own_set_id:
        raise WorkbenchError(
            say("The set {name} is the one to learn from; choose another general set, or none.", name=name)
        )
    clips = _confirmed(session, row.id)
    if name != BUNDLED and not clips:
        raise WorkbenchError(
            say("The general set {name} has no confirmed clip; confirm its labels, or choose none.", name=name)
        )
    return own_lengths(name, clips, row.language, language) if clips else bundled_lengths()


def general_set(
    session: Session,
    name: str | None,
    own_set_id: int,
    learned: Iterable[RunClip],
    *,
    judging: Iterable[RunClip] = (),
    language: str | None = None,
) -> GeneralSet | None:
    """The clips of a general set that a model knows nothing of; None where none was wished for.

    A set that has become useless since the run was started is said in `unscored`: the run itself is worth having.

    Args:
        learned: The clips that train the model or choose its best state.
        judging: The run's test clips.
        language: Of the run.
    """
    if name is None or name == NONE:
        return None
    try:
        general_lengths(session, name, own_set_id)
    except WorkbenchError as e:
        return GeneralSet(name, None, unscored=say("The general set was not scored: {why}", why=e))
    row = living_set(session, name)
    clips = _confirmed(session, row.id) if row is not None and row.id != own_set_id else ()
    set_language = row.language if row is not None and clips else "en"
    parts = own_parts(name, clips, set_language, language) if clips else bundled_parts()
    version = version_of(parts.report) if clips else bundled_version()
    kept = parts.unlike(learned, judging)
    left_out = len(parts.report) - len(kept.report)
    notes = (kept.note,) if kept.note else ()
    return GeneralSet(
        name, set_language, kept, left_out, "" if kept.report else _all_learned(name, parts), notes, version
    )


def _all_learned(name: str, parts: GeneralParts) -> str:
    return say(
        "The general set was not scored: the model learns from all {clips} clips of {name}, or their sentences.",
        clips=len(parts.report),
        name=name,
    )


def bundled_version() -> str:
    """The version of the bundled set; another one where any of its clips or labels is another."""
    return (assets_root() / "clips" / BUNDLED / "version.txt").read_text(encoding="utf-8").strip()


def version_of(clips: Iterable[RunClip]) -> str:
    """Twelve hexadecimal digits that change with any sound or label of a set, and not with its clips' order."""
    said = sorted(f"{c.sha256} {c.text}" for c in clips)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:VERSION_DIGITS]


def unlike_general(runs: Sequence[RunRow]) -> str:
    """Why what these runs forgot cannot be compared, one sentence; empty where it can, or nothing is there to compare.

    Runs from before versions were kept are like each other and unlike all that came later.
    """
    checked = [(run.name, found) for run in runs if (found := _checked(run)) and not found["unscored"]]
    if len({(found["set"], found.get("version", "")) for _, found in checked}) < 2:
        return ""
    return say(
        "What they forgot of general speech is not compared, since it was checked on unlike clips: {sets}.",
        sets=listing(_checked_on(name, found) for name, found in checked),
    )


def _checked(run: RunRow) -> Mapping[str, Any] | None:
    result = RunResult.from_json(run.result)
    return result.general if result else None


def _checked_on(run: str, found: Mapping[str, Any]) -> str:
    if not found.get("version"):
        return say("{run} on {set} (an earlier version)", run=run, set=found["set"])
    return say("{run} on {set} (version {version})", run=run, set=found["set"], version=found["version"])


def forgetting_of(session: Session, run: RunRow, *, normalizer: str | None = None) -> Forgetting | None:
    """What a run has forgotten; None for a run without a general set."""
    result = RunResult.from_json(run.result)
    known = result.general if result else None
    if result is None or not known:
        return None
    query = (
        select(GeneralEvaluationRow)
        .outerjoin(ClipRow, ClipRow.id == GeneralEvaluationRow.clip_id)
        .where(GeneralEvaluationRow.run_id == run.id, ClipRow.deleted_at.is_(None))
        .order_by(GeneralEvaluationRow.id)
    )
    rows = [
        ComparisonRow(r.name, r.reference, r.base, r.adapted, speaker=r.speaker, clip_id=r.clip_id)
        for r in session.scalars(query)
    ]
    red_line = float(run.config.get("red_line", 3.0)) / 100
    left_out, version = int(known.get("left_out", 0)), str(known.get("version", ""))
    if not rows:
        why = known.get("unscored") or say("The clips of the general set {set} were deleted since.", set=known["set"])
        return Forgetting(known["set"], red_line, None, left_out, why, version)
    chosen = normalizer or choose_ruler([r.reference for r in rows], known.get("language")).normalizer
    seed, language = int(run.config["seed"]), known.get("language")
    method = result.interval_method or EARLIER_METHOD
    comparison = compare(rows, normalizer=chosen, language=language, seed=seed, scheme="given", method=method)
    return Forgetting(known["set"], red_line, comparison, left_out, version=version)


def _confirmed(session: Session, set_id: int) -> tuple[RunClip, ...]:
    query = (
        select(ClipRow, ReferenceRow.text)
        .join(ReferenceRow, ReferenceRow.id == ClipRow.reference_id)
        .where(ClipRow.set_id == set_id, ClipRow.deleted_at.is_(None), ReferenceRow.confirmed)
        .order_by(ClipRow.id)
    )
    return tuple(run_clip(c, text, cut_of(c)) for c, text in session.execute(query))
