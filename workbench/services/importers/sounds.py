"""Sounds with what stands beside them: annotations or subtitles with times, or a text file of the same name."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.files import FileProblem
from workbench.language.said import say
from workbench.services.importers import disguised
from workbench.services.importers.annotations import Annotations, Span, Unreadable, all_labels, decoded, tier_speaker
from workbench.services.importers.candidates import AUDIO_SUFFIXES, MISSING, Candidate, ImportScan, Refused, text_of
from workbench.services.importers.lines import bytes_of
from workbench.services.importers.place import Place
from workbench.services.importers.spelling import folded
from workbench.services.importers.survey import PLAIN, WORDS_FILE

NOT_LABELS: Final = frozenset({"readme.txt", "license.txt", "licence.txt", WORDS_FILE})
SAME_NAME: Final = say("put the sound of the same name beside it")
# Of two recordings with the same name, the one that lost nothing.
PREFERRED: Final = (".wav", ".flac", *sorted(AUDIO_SUFFIXES - {".wav", ".flac"}))

AGAIN: Final = say("import it again afterwards")
Key = tuple[str, str]
Annotated = Annotations | Unreadable  # what a file with times holds, or why it cannot be used
Readers = Mapping[str, disguised.Reader | None]  # by ending; none for a text that is told by what stands in it
Label = str | Refused  # what a plain text says, or why it is no label
_LANGUAGE_SUFFIX: Final = re.compile(r"\.[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")


def read_sounds(
    place: Place, reading: ImportScan, readers: Readers, *, tiers: Sequence[str] = (), others: Sequence[str] = ()
) -> None:
    """Append sounds with their texts.

    Args:
        readers: The kinds of text files to look at; of two beside the same sound, the first is taken.
        tiers: Of annotations with several, those that are meant.
        others: Files whose names are no sound's, and which are taken for one all the same.
    """
    annotated, labels = _read_texts(place, readers)
    key = _keys(place, [*annotated, *labels])
    timed = _Timed(place, reading, tiers, annotated, key)
    texts = {key(name): name for name in labels}
    used = set()
    for name in place.sounds():
        path, candidate = place.path(name), Candidate.bare(place.path(name), name)
        if path in timed.found:
            reading.candidates += timed.found.pop(path)
            if key(name) in texts:
                used.add(key(name))
                reason = say("not used, since another text has the times")
                remedy = say("nothing to do; take the file with times away if this text is meant")
                reading.warn(texts[key(name)], None, reason, remedy)
            continue
        if key(name) in texts:
            used.add(key(name))
            label = labels[texts[key(name)]]
            if isinstance(label, Refused):
                reading.warn(texts[key(name)], None, label.reason, label.remedy)
            else:
                candidate = replace(candidate, text=label)
        elif path in timed.waiting:
            continue
        elif key(name) in timed.keys:
            reason = say("not used, since {file} has the same name and the text with times", file=timed.keys[key(name)])
            reading.warn(name, None, reason, say("nothing to do; give it another name if it is another recording"))
            continue
        reading.candidates.append(candidate)
    for candidates in timed.found.values():  # sounds elsewhere on this machine
        reading.candidates += candidates
    for wanted, name in texts.items():
        if wanted not in used:
            reading.reject(name, None, MISSING, SAME_NAME)
    reading.candidates += [Candidate.bare(place.path(name), name) for name in others]


def _read_texts(place: Place, readers: Readers) -> tuple[dict[str, Annotated], dict[str, Label]]:
    """What the text files hold: texts with times, and labels, each by its file's name; every file is read once."""
    annotated: dict[str, Annotated] = {}
    labels: dict[str, Label] = {}
    for name, ending in _text_files(place, readers):
        reader = readers.get(ending)
        try:
            content = bytes_of(place.path(name))
            reader = reader or disguised.reader_of(content, ending)
            if reader:
                annotated[name] = reader(content, name)
            elif ending == PLAIN:
                text = decoded(content, may_be_utf16=False)
                disguised.check_plain(text)
                labels[name] = text_of({"text": text})
        except Unreadable as e:
            if reader:
                annotated[name] = e
            else:
                reason = say(
                    "{file} is {reason}; {remedy}", file=PurePosixPath(name).name, reason=e.reason, remedy=e.remedy
                )
                labels[name] = Refused(reason, AGAIN)
        except Refused as e:
            labels[name] = e
        except FileProblem as e:
            if reader:
                annotated[name] = Unreadable(e.reason, e.remedy)
            elif ending == PLAIN:
                reason = say(
                    "{file} {reason}; {remedy}", file=PurePosixPath(name).name, reason=e.reason, remedy=e.remedy
                )
                labels[name] = Refused(reason, AGAIN)
    return annotated, labels


def _text_files(place: Place, endings: Readers) -> Iterator[tuple[str, str]]:
    """Names with their endings: those with times in the order of their readers, plain ones, Whisper's other outputs."""
    for ending in endings:
        for name in place.files:
            if name.lower().endswith(ending) and (ending != PLAIN or _is_label(name)):
                yield name, ending
    if PLAIN in endings:
        for sheet in place.sheets:
            whispers = sheet.ending == ".tsv" and disguised.is_whispers_table(sheet.first)
            if whispers or (sheet.ending == ".json" and sheet.is_label):
                yield sheet.name, sheet.ending


class _Timed:
    """Sounds whose text has times.

    Attributes:
        found: Sound -> its parts.
        waiting: Sounds whose annotations cannot be used yet; without them they would come in as something else.
        keys: Folder and stem of annotations -> name of their sound, for a second recording of the same name.
    """

    def __init__(
        self,
        place: Place,
        reading: ImportScan,
        tiers: Sequence[str],
        annotated: Mapping[str, Annotated],
        key: Callable[[str], Key],
    ) -> None:
        self.place, self.reading, self.tiers, self.key = place, reading, tiers, key
        self.found: dict[Path, list[Candidate]] = {}
        self.waiting: set[Path] = set()
        self.keys: dict[Key, str] = {}
        for name, annotations in annotated.items():
            self._take(name, annotations)

    def _take(self, name: str, annotations: Annotated) -> None:
        problem = annotations if isinstance(annotations, Unreadable) else None
        annotations = Annotations() if isinstance(annotations, Unreadable) else annotations
        sound = _sound_of(self.place, name, annotations)
        if problem:
            self.reading.reject(name, None, problem.reason, problem.remedy)
        elif sound is None:
            self.reading.reject(name, None, MISSING, SAME_NAME)
        elif sound in self.found:
            reason = say("not used, since another text stands beside the same sound")
            remedy = say("nothing to do; name its format with --format if this text is meant")
            self.reading.warn(name, None, reason, remedy)
            return
        self.reading.rejected += annotations.problems
        spans = self._chosen(name, annotations) if sound and not problem else []
        if sound is None:
            return
        called = next((n for n, path in self.place.files.items() if path == sound), sound.name)
        self.keys[self.key(name)] = PurePosixPath(called).name
        if spans:
            self.found[sound] = [_part(called, sound, name, span) for span in spans]
        else:
            self.waiting.add(sound)

    def _chosen(self, name: str, annotations: Annotations) -> list[Span]:
        """The spans of the tiers that are meant, in order of time."""
        tiers = annotations.tiers
        if not tiers:
            remedy = say("annotate it, or take it away to import the sound without it")
            self.reading.reject(name, None, say("no text with times in it"), remedy)
            return []
        if "" in tiers or (not self.tiers and (len(tiers) == 1 or all_labels(tiers))):
            chosen = tiers
        elif self.tiers:
            chosen = {tier: tiers[tier] for tier in tiers if tier in self.tiers}
            if not chosen:
                wanted, there = ", ".join(self.tiers), ", ".join(tiers)
                reason = say(
                    "no tier called {tier}; its tiers with text are {tiers}",
                    tier=clean_name(wanted, 100),
                    tiers=clean_name(there, 300),
                )
                self.reading.reject(name, None, reason, say("name one of them with --tier"))
        else:
            self.reading.tiers[name] = tuple(tiers)
            return []
        spans = [
            replace(
                span,
                start=span.start + annotations.origin,
                end=span.end + annotations.origin,
                speaker=span.speaker or tier_speaker(tier, many=len(chosen) > 1),
            )
            for tier, spans in chosen.items()
            for span in spans
        ]
        return sorted(spans, key=lambda span: (span.start, span.end))


def _part(called: str, sound: Path, name: str, span: Span) -> Candidate:
    return Candidate(
        sound,
        clean_name(name),
        clean_name(PurePosixPath(called).name),
        span.line,
        span.text,
        speaker=span.speaker,
        source=clean_name(called),
        cut=(span.start, span.end),
    )


def _sound_of(place: Place, name: str, annotations: Annotations) -> Path | None:
    """The sound that annotations name themselves, else the one of the same name beside them.

    A video may have no sound, with a recording beside it: the first file in which something sounds is taken.
    """
    from workbench.audio.reading import holds_sound  # numpy, which the command line's help does without

    found = list(dict.fromkeys(_named_by(place, name, annotations)))
    return next((path for path in found if holds_sound(path)), found[0] if found else None)


def _named_by(place: Place, name: str, annotations: Annotations) -> Iterator[Path]:
    for written in annotations.media:
        file = written.removeprefix("file://")
        if not written.startswith("file:"):
            with suppress(Refused):
                yield place.locate(file.removeprefix("./"), name)
        beside = place.beside(name, PurePosixPath(file.replace("\\", "/")).name)
        if beside:
            yield place.path(beside)
    stem = PurePosixPath(name).stem
    # talk.en.vtt stands beside talk.mp4 where subtitles come in several languages.
    for called in dict.fromkeys((stem, _LANGUAGE_SUFFIX.sub("", stem))):
        for ending in PREFERRED:
            for spelled in (ending, ending.upper()):
                beside = place.beside(name, called + spelled)
                if beside:
                    yield place.path(beside)


def _keys(place: Place, texts: Iterable[str]) -> Callable[[str], Key]:
    """What a sound and its text have in common: folder and stem, whatever the case and composition of their letters.

    Where several sounds, or several texts, differ in nothing else, each is known as it is written.
    """
    several: set[Key] = set()
    for names in (place.sounds(), texts):
        seen: dict[Key, Key] = {}
        for name in names:
            exact = str(PurePosixPath(name).parent), PurePosixPath(name).stem
            if seen.setdefault(_folded(exact), exact) != exact:
                several.add(_folded(exact))

    def key(name: str) -> Key:
        exact = str(PurePosixPath(name).parent), PurePosixPath(name).stem
        alike = _folded(exact)
        return exact if alike in several else alike

    return key


def _folded(key: Key) -> Key:
    return folded(key[0]), folded(key[1])


def _is_label(name: str) -> bool:
    return PurePosixPath(name).name.lower() not in NOT_LABELS
