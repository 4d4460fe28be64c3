"""General speech in three parts that share no speaker and no sentence: to rehearse, to steer by, to report on.

The bundled sample set is what is reported, as ever; the bundled voices to learn from are divided into the other two. A
set of the user's own is divided into three where it is large enough; else all of it is reported, and of English the
bundled voices do the rest. Each part follows from the clips alone (core/general_division.py).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from workbench.assets import assets_root
from workbench.audio.decode import content_hash, read_clip
from workbench.core.general_division import SHARES, Part, Spoken, divide, divide_own
from workbench.core.splits import closed_vocabulary
from workbench.core.text.normalize import normalize_marks, normalizer
from workbench.core.text.numbers import language_code
from workbench.core.text.ruler import choose_ruler
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.language.said import say
from workbench.services.runs.clips import RunClip

BUNDLED: Final = "general"  # the bundled sample set's name; a set of the workspace of this name comes first
LEARN: Final = "general-learn"  # general speech to learn from; never reported on
LEARN_SHARES: Final[dict[Part, float]] = {"rehearse": 5 / 7, "steer": 2 / 7}  # of its words: about 100 and 40 clips


@dataclass(frozen=True)
class GeneralParts:
    """What general speech is used for.

    Attributes:
        rehearse: May be learned from.
        steer: Chooses between states of a model; empty where nothing is chosen by what is forgotten.
        report: Scored once, at the end; neither of the others says one of its sentences in one of its voices.
        note: Why a set of the user's own was not divided, one sentence; empty where it was.
    """

    rehearse: tuple[RunClip, ...] = ()
    steer: tuple[RunClip, ...] = ()
    report: tuple[RunClip, ...] = ()
    note: str = ""

    def each(self, keep: Callable[[tuple[RunClip, ...]], tuple[RunClip, ...]]) -> "GeneralParts":
        """What is left of each part."""
        return replace(self, rehearse=keep(self.rehearse), steer=keep(self.steer), report=keep(self.report))

    def unlike(self, learned: Iterable[RunClip], judging: Iterable[RunClip] = ()) -> "GeneralParts":
        """The parts for a run: nothing that it learns from steers or is reported, and what judges it is not rehearsed.

        Args:
            learned: The clips that train the model or choose its best state.
            judging: Its test clips.
        """
        known = list(learned)
        return replace(
            self,
            rehearse=without_learned(self.rehearse, [*known, *judging, *self.report]),
            steer=without_learned(self.steer, [*known, *self.report]),
            report=without_learned(self.report, known),
        )


class PartLengths(NamedTuple):
    """Lengths of the clips of each part, about: what a model will learn from is not left out yet.

    Attributes:
        note: As of `GeneralParts`.
    """

    rehearse: Sequence[Seconds] = ()
    steer: Sequence[Seconds] = ()
    report: Sequence[Seconds] = ()
    note: str = ""


def bundled_parts() -> GeneralParts:
    """The bundled English speech."""
    clips, parts = learn_clips(), _learn_division()
    return GeneralParts(_of(clips, parts, "rehearse"), _of(clips, parts, "steer"), bundled_clips())


def bundled_lengths() -> PartLengths:
    """How long the bundled speech is, known without its sounds."""
    learn, parts = _manifest(assets_root() / LEARN), _learn_division()
    lengths = {part: [r["duration"] for r, p in zip(learn, parts, strict=True) if p == part] for part in LEARN_SHARES}
    report = [r["duration"] for r in _manifest(assets_root() / "clips" / BUNDLED)]
    return PartLengths(lengths["rehearse"], lengths["steer"], report)


def own_lengths(name: str, clips: Sequence[RunClip], set_language: str | None, language: str | None) -> PartLengths:
    """The same of a user's own set; see `own_parts`."""
    parts = divide_own(_spoken(clips, set_language))
    if parts is not None:
        of = {part: _lengths(_of(clips, parts, part)) for part in SHARES}
        return PartLengths(of["rehearse"], of["steer"], of["report"])
    report, english = _lengths(clips), language_code(language) == "en"
    note = _too_small(name, bundled=english)
    return bundled_lengths()._replace(report=report, note=note) if english else PartLengths([], [], report, note)


def _lengths(clips: Iterable[RunClip]) -> list[Seconds]:
    return [c.n_samples / SAMPLE_RATE for c in clips]


def own_parts(name: str, clips: Sequence[RunClip], set_language: str | None, language: str | None) -> GeneralParts:
    """The parts of a user's own set, or all of it to report on with the bundled voices for the rest, where they suit.

    Args:
        set_language: Of the set.
        language: Of the run.
    """
    parts = divide_own(_spoken(clips, set_language))
    if parts is not None:
        return GeneralParts(_of(clips, parts, "rehearse"), _of(clips, parts, "steer"), _of(clips, parts, "report"))
    if language_code(language) != "en":
        return GeneralParts(report=tuple(clips), note=_too_small(name, bundled=False))
    return replace(bundled_parts(), report=tuple(clips), note=_too_small(name, bundled=True))


def _too_small(name: str, *, bundled: bool) -> str:
    if bundled:
        return say(
            "The general set {name} is too small to be divided by speakers: all of it is reported, and the bundled "
            "general speech steers in its place.",
            name=name,
        )
    return say(
        "The general set {name} is too small to be divided by speakers: all of it is reported, and nothing steers by "
        "what is forgotten.",
        name=name,
    )


def _spoken(clips: Sequence[RunClip], language: str | None) -> list[Spoken]:
    scored = normalizer(choose_ruler([clip.text for clip in clips], language).normalizer)
    return [
        Spoken(f"{c.whole or c.sha256} {c.text}", c.speaker, normalize_marks(c.text), len(scored(c.text).split()))
        for c in clips
    ]


def _of(clips: Sequence[RunClip], parts: Sequence[Part], wanted: Part) -> tuple[RunClip, ...]:
    return tuple(clip for clip, part in zip(clips, parts, strict=True) if part == wanted)


def without_learned(clips: Sequence[RunClip], learned: Iterable[RunClip]) -> tuple[RunClip, ...]:
    """The clips whose sound, and in an open vocabulary whose sentence, is not among what was learned."""
    known = list(learned)
    sounds = {c.whole or c.sha256 for c in known} | {c.sha256 for c in known}
    said = set() if closed_vocabulary([c.text for c in clips]) else {normalize_marks(c.text) for c in known}
    return tuple(c for c in clips if sounds.isdisjoint((c.sha256, c.whole)) and normalize_marks(c.text) not in said)


@cache
def bundled_clips() -> tuple[RunClip, ...]:
    """The bundled sample set, where it lies."""
    return _read_clips(assets_root() / "clips" / BUNDLED, first=1)


@cache
def learn_clips() -> tuple[RunClip, ...]:
    """General speech to learn from, where it lies; no voice and no sentence of it is in the sample set."""
    return _read_clips(assets_root() / LEARN, first=1 + len(bundled_clips()))


@cache
def _learn_division() -> list[Part]:
    """The part of each clip of it; known without its sounds."""
    rows = _manifest(assets_root() / LEARN)
    spoken = [
        Spoken(r["audio_filepath"], r["speaker"], normalize_marks(r["text"]), len(r["text"].split())) for r in rows
    ]
    return divide(spoken, LEARN_SHARES)


def _manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def _read_clips(folder: Path, *, first: int) -> tuple[RunClip, ...]:
    """The clips of a bundled folder; their ids are negative, since they are no clips of the workspace."""
    clips = []
    for number, row in enumerate(_manifest(folder), first):
        path = folder / row["audio_filepath"]
        samples = read_clip(path)
        clips.append(
            RunClip(-number, content_hash(samples), path.name, len(samples), row["speaker"], row["text"], path)
        )
    return tuple(clips)
