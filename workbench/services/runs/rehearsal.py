"""Rehearsal: the general speech that a run hears beside its own clips, and what it is to write there.

The base writes it itself, once, in its own window and before anything is learned, unless the labels are wished for: so
nobody labels anything, it works in every language that the base knows, and capitals and punctuation stay as they were
(Li and Hoiem 2016, "Learning without Forgetting").
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from workbench.asr.catalog.suggestions import Suggestion
from workbench.core.text.normalize import Alphabet, repetition, to_model_text
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.language.said import count, say
from workbench.services.runs.clips import RunClip
from workbench.services.runs.forgetting import GeneralCheck, Hear, version_of

if TYPE_CHECKING:
    from workbench.services.runs.loaded import LoadedRun

BASE: Final = "base"  # whose texts: as the base writes them
MOST_REHEARSED: Final = 300  # clips: more than a strong model's updates hold once or twice would only have to be heard
NOTHING: Final = say(
    "Nothing is rehearsed: there is no general speech to learn from. Name a set of your own with everyday speech of "
    "many people as general speech to check."
)


@dataclass
class Rehearsal:
    """What a run rehearses.

    Attributes:
        share: Of each update; 0 where nothing is rehearsed.
        whose: BASE, or "labels".
        clips: No sound and, in an open vocabulary, no sentence of them is among the run's own clips.
        texts: Clip id -> what is to be written, of the clips that can be learned.
    """

    share: float = 0.0
    whose: str = BASE
    clips: tuple[RunClip, ...] = ()
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def lengths(self) -> list[Seconds]:
        return [c.n_samples / SAMPLE_RATE for c in self.clips]

    @property
    def learned(self) -> list[tuple[RunClip, str]]:
        """The clips that are rehearsed, with what is to be written."""
        return [(c, self.texts[c.id]) for c in self.clips if c.id in self.texts]

    def find_texts(self, run: "LoadedRun", hear: Hear) -> None:
        """Let the base write down the clips, or take their labels; what cannot be learned from is left out, and said.

        A clip in which the base writes nothing, or goes round in circles, would teach just that.
        """
        if not self.clips:
            return
        if self.whose == BASE:
            written = hear(self.clips, "base", say("Writing down what will be rehearsed with the base model"))
        else:
            written = _as_model_writes(run, self.clips)
        lengths = {c.id: c.n_samples for c in self.clips}
        self.texts = {i: text for i, text in written.items() if _can_be_learned(run, text, lengths[i])}
        _note(run, len(self.clips) - len(self.texts), len(self.clips))
        run.kept["rehearsal"] = self.to_json()

    def to_json(self) -> dict[str, Any]:
        """What the run's result and run.json keep of it; its set is that of the run's settings."""
        learned = [clip for clip, _ in self.learned]
        return {
            "share": self.share,
            "clips": len(learned),
            "version": version_of(learned),
            "texts": self.whose,
        }


def to_rehearse(lengths: Sequence[Seconds], window: Seconds | None) -> list[Seconds]:
    """Of the part that may be learned from, the lengths of what a run rehearses, about; see `rehearsal_of`.

    Args:
        window: The longest sound that the run hears at once.
    """
    return [length for length in lengths if window is None or length <= window][:MOST_REHEARSED]


def without_rehearsal(suggestion: Suggestion) -> Suggestion:
    """The same settings where there is no general speech to learn from."""
    why = {**suggestion.why, "rehearsal": say("None: there is no general speech to learn from.")}
    return replace(suggestion, config=replace(suggestion.config, rehearsal=0.0), why=why)


def rehearsal_of(run: "LoadedRun", general: GeneralCheck) -> Rehearsal:
    """The general speech that a run rehearses: some of the part that may be learned from."""
    config = run.config
    if not config.rehearsal:
        return Rehearsal()
    clips = general.found.parts.rehearse if general.found else ()
    if not clips:
        run.notes.append(NOTHING)
    some = sorted(clips, key=lambda c: c.sha256)[:MOST_REHEARSED]
    return Rehearsal(config.rehearsal, config.rehearsal_texts, tuple(some))


def _as_model_writes(run: "LoadedRun", clips: Sequence[RunClip]) -> dict[int, str]:
    """The clips' labels in the model's own writing."""
    characters = run.backend.characters()
    if characters is None:
        return {c.id: c.text for c in clips}
    alphabet = Alphabet(characters)
    texts = {c.id: to_model_text(c.text, alphabet, run.config.language) for c in clips}
    return {i: text.text for i, text in texts.items() if not text.unknown}


def _can_be_learned(run: "LoadedRun", text: str, n_samples: int) -> bool:
    said = bool(text.strip()) and repetition(text) is None
    return said and run.backend.unlearnable_reason(text, n_samples) is None


def _note(run: "LoadedRun", left_out: int, clips: int) -> None:
    if left_out:
        run.notes.append(
            count(
                left_out,
                "{n} of {clips} clips of general speech was not rehearsed: no text of use is written for it.",
                "{n} of {clips} clips of general speech were not rehearsed: no text of use is written for them.",
                clips=clips,
            )
        )
