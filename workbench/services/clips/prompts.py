"""Prompted recording: what there is to read aloud, and each take trimmed, judged at once and kept with its text.

A take is a clip as soon as it was read, so that whoever loses the page loses at most the sentence being spoken; what is
left to read follows from the clips that are there.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from workbench.audio.decode import LONGEST, SHORTEST, Sound, content_hash, decode_wav, is_silent
from workbench.audio.trim import Trimmed, trim
from workbench.core.doctor.checks import FASTEST
from workbench.core.doctor.takes import nearer_prompt
from workbench.core.text.carrier_sentences import MOST_PER_TERM, carried, carriers
from workbench.core.text.clean import clean_label, clean_name
from workbench.core.text.normalize import normalize_marks
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.errors import AudioError, DataError
from workbench.language.said import count, say
from workbench.services.clips.sets import Collecting
from workbench.services.labels.revisions import Labelling, Revision
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow
from workbench.store.queries import TEXT, select_labelled
from workbench.store.sounds import has_sound

MOST_PROMPTS: Final = 2_000
LONGEST_PROMPT: Final = 350  # characters; slow readers need the 30 s that a clip may last
COMFORTABLE: Final = 160  # characters; longer lines are read sentence by sentence
LONGEST_TAKE: Final[Seconds] = LONGEST + 2.0  # as recorded; its silence is taken off before it has to fit
QUIET_DB: Final = -42.0  # of full scale; speech into a near microphone is 15 dB louder
CUT_IN: Final = say("The beginning may be missing, so the text is kept as a draft; press first, then read.")
CUT_OFF: Final = say("The end may be missing, so the text is kept as a draft; finish reading, then press.")
_NUMBERING: Final = re.compile(r"^\s*(?:[-*•–]|\d{1,4}[.)])\s+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…。！？])\s+")


@dataclass(frozen=True)
class Prompt:
    """Something to read aloud, and whether this speaker has read it into the set already."""

    text: str
    read: bool


@dataclass(frozen=True)
class Prompts:
    """What there is to read.

    Attributes:
        notes: What was done to the list, one sentence each.
    """

    prompts: tuple[Prompt, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"prompts": [asdict(prompt) for prompt in self.prompts], "notes": list(self.notes)}


@dataclass(frozen=True)
class Take:
    """A take that was kept.

    Attributes:
        name: Of the clip; an earlier one's where the set has this very sound already.
        duration: Of the clip, without the silence at the ends.
        remark: What is wrong with it and what to do, one sentence; empty for a good take.
    """

    clip_id: int
    name: str
    duration: Seconds
    remark: str


class Prompting:
    """The use cases of recording on the page."""

    def __init__(
        self, store: Store, collecting: Collecting, hear: Callable[[str, int], str] = lambda set_name, clip_id: ""
    ) -> None:
        """Over one store.

        Args:
            hear: What the model that drafts a set of this name hears in one of its clips.
        """
        self._store, self._collecting, self._hear = store, collecting, hear
        self._labelling = Labelling(store)

    def prompts(
        self,
        set_name: str,
        lines: str,
        *,
        in_sentences: bool = False,
        per_term: int = 2,
        speaker: str = "",
        seed: int = 0,
    ) -> Prompts:
        """What there is to read, in order; nothing twice.

        Args:
            lines: Words or sentences, one a line; numbering is dropped, long lines are cut at their sentences' ends.
            in_sentences: Put each line into carrier sentences of the set's language.
            per_term: How many sentences each line gets then.
            speaker: Who reads.

        Raises:
            DataError: There is nothing to read, too much of it, or a sentence is too long to be read in one clip.
        """
        info = self._collecting.set_info(set_name)
        texts = list(_texts(lines))
        notes: list[str] = []
        if in_sentences and not carriers(info.language):
            notes.append(
                say(
                    "There are no sentences in the set's language ({language}) yet; each line stands alone.",
                    language=info.language,
                )
            )
        elif in_sentences:
            texts = carried(texts, info.language, per_term=min(per_term, MOST_PER_TERM), seed=seed)
        distinct: dict[str, str] = {}
        for text in texts:
            distinct.setdefault(normalize_marks(text) or text, text)
        if len(distinct) < len(texts):
            n = len(texts) - len(distinct)
            notes.append(count(n, "{n} repeated line was left out.", "{n} repeated lines were left out."))
        if not distinct:
            raise DataError(say("There is nothing to read yet; write words or sentences, one a line."))
        if len(distinct) > MOST_PROMPTS:
            raise DataError(
                say(
                    "{n:,} prompts are too many; take at most {most:,} at a time.",
                    n=len(distinct),
                    most=MOST_PROMPTS,
                )
            )
        read = self._read(info.id, clean_name(speaker) or None)
        return Prompts(tuple(Prompt(text, key in read) for key, text in distinct.items()), tuple(notes))

    def keep(
        self,
        set_name: str,
        wav: bytes,
        *,
        text: str = "",
        confirmed: bool = True,
        speaker: str = "",
        replaces: int | None = None,
    ) -> Take:
        """Trim a take and add it to its set.

        Args:
            wav: A WAV file as the page recorded it.
            text: What was read out; empty for free speech.
            confirmed: Whether the text counts as a checked label, or is a draft; of a take that may lack its beginning
                or its end it is a draft.
            replaces: The clip that this take is read again for; it goes to the bin once this one is kept.

        Raises:
            UnknownNameError: The set does not exist any more; nothing is made in its place.
            AudioError: Nothing was said, or too little for the text; nothing is kept.
        """
        info = self._collecting.set_info(set_name)
        label = clean_label(text)
        sound = decode_wav(wav, longest=LONGEST_TAKE)
        trimmed = trim(sound.samples)
        _refuse(trimmed, label)
        sound = replace(sound, samples=trimmed.samples)
        name = f"{'read' if label else 'recording'} {datetime.now():%Y-%m-%d %H.%M.%S}.wav"
        whole = not (trimmed.cut_in or trimmed.cut_off)
        report = self._collecting.add_sound(
            info.name, sound, name=name, speaker=speaker, text=label, confirmed=confirmed and whole
        )
        if report.rejected:
            raise AudioError(report.rejected[0].reason, report.rejected[0].remedy)
        clip_id, name = self._clip_of(info.id, sound)
        if replaces is not None and replaces != clip_id and self._belongs(replaces, info.id):
            self._collecting.delete_clips([replaces])
        return Take(clip_id, name, sound.duration, _remark(sound, trimmed, label))

    def check(self, set_name: str, clip_id: int, prompts: Sequence[str], *, author: str) -> str:
        """Let what drafts the set hear a take, and hold it back where it fits another prompt clearly better.

        Its label is a draft then; it stays confirmed where nobody is heard, or where nothing fits better.

        Args:
            prompts: All that are read from.

        Returns:
            A remark, one sentence; empty where the take is not held back.

        Raises:
            WorkbenchError: The clip or the set is gone, or no model can listen.
        """
        label, words = self._labelling.clip(clip_id), self._labelling.word_list(set_name)
        if label.status != "confirmed":
            return ""
        other = nearer_prompt(self._hear(set_name, clip_id), label.text, prompts, words)
        if other is None:
            return ""
        held = Revision(clip_id, label.text, label.text, confirmed=False)
        if not self._labelling.revise([held], author):
            return ""
        return say(
            "This sounds like “{other}”, so the text is kept as a draft; listen, then confirm or read again.",
            other=other,
        )

    def _read(self, set_id: int, speaker: str | None) -> set[str]:
        """The texts that a speaker's clips have already, normalised."""
        statement = select_labelled(TEXT).where(ClipRow.set_id == set_id, ClipRow.speaker == speaker)
        with self._store.session() as session:
            return {normalize_marks(text) or text for text in session.scalars(statement) if text}

    def _clip_of(self, set_id: int, sound: Sound) -> tuple[int, str]:
        """Id and name of the clip that has this sound."""
        statement = select(ClipRow).where(
            ClipRow.set_id == set_id,
            has_sound([content_hash(sound.samples)]),
            ClipRow.deleted_at.is_(None),
        )
        with self._store.session() as session:
            row = session.scalars(statement).one()
            return row.id, row.name

    def _belongs(self, clip_id: int, set_id: int) -> bool:
        living = select_labelled(ClipSetRow.id).where(ClipRow.id == clip_id)
        with self._store.session() as session:
            return bool(session.scalar(living) == set_id)


def _texts(lines: str) -> Iterator[str]:
    """The lines that hold something, without numbering; long ones sentence by sentence."""
    for number, line in enumerate(lines.splitlines(), start=1):
        whole = clean_label(_NUMBERING.sub("", line))
        for text in _SENTENCE_END.split(whole) if len(whole) > COMFORTABLE else [whole]:
            if len(text) > LONGEST_PROMPT:
                raise DataError(
                    say(
                        "Line {line} has a sentence of {n} characters, too long to be read in the "
                        "{seconds:g} s of a clip; break it into lines of at most {most}.",
                        line=number,
                        n=len(text),
                        seconds=LONGEST,
                        most=LONGEST_PROMPT,
                    )
                )
            if text:
                yield text


def _refuse(trimmed: Trimmed, text: str) -> None:
    """Raise an AudioError for a take that holds nothing, or too little."""
    samples = trimmed.samples
    if is_silent(samples):
        raise AudioError(say("nothing was heard"), say("check that the right microphone is on, then try again"))
    seconds = trimmed.speech or len(samples) / SAMPLE_RATE
    letters = sum(character.isalnum() for character in text)
    if seconds < SHORTEST or letters > FASTEST * seconds:
        raise AudioError(
            say("that was too short ({seconds:.1f} s)", seconds=seconds), say("press, say all of it, then press again")
        )


def _remark(sound: Sound, trimmed: Trimmed, text: str) -> str:
    """What to do better, the worst first; empty for a good take."""
    if text and (trimmed.cut_in or trimmed.cut_off):
        return CUT_IN if trimmed.cut_in else CUT_OFF
    if sound.clipped:
        if text:
            return say("Too loud: kept, but the sound is distorted; move back a little, then read it again.")
        return say(
            "Too loud: kept, but the sound is distorted; move back a little, then record it again and delete this one."
        )
    if trimmed.level_db < QUIET_DB:
        return say("Very quiet; move closer to the microphone and read it again.")
    if not trimmed.stands_out:
        return say("Hardly louder than the room; move closer to the microphone or find a quieter place.")
    if trimmed.cut_in:
        return say("The beginning may be missing; press first, then read.")
    return say("The end may be missing; finish reading, then press.") if trimmed.cut_off else ""
