"""Sounds with what stands beside them: annotations or subtitles with times, or a text file of the same name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.errors import DataError
from workbench.files import FileProblem
from workbench.services.importers import disguised, elan, subtitles, textgrid
from workbench.services.importers.annotations import Annotations, Span, Unreadable, all_labels, tier_speaker
from workbench.services.importers.candidates import AUDIO_SUFFIXES, MISSING, Candidate, ImportScan, Refused, text_of
from workbench.services.importers.lines import bytes_of, first_line, read_text
from workbench.services.importers.sources import Place
from workbench.services.importers.spelling import folded

WORDS_FILE: Final = "words.txt"  # a word list that travels with a set
NOT_LABELS: Final = frozenset({"readme.txt", "license.txt", "licence.txt", WORDS_FILE})
SAME_NAME: Final = "put the sound of the same name beside it"
# Of two recordings with the same name, the one that lost nothing.
PREFERRED: Final = (".wav", ".flac", *sorted(AUDIO_SUFFIXES - {".wav", ".flac"}))

# Ending -> reader; of two beside the same sound, the first is taken.
TIMED: Final[dict[str, Callable[[bytes, str], Annotations]]] = {
    ".eaf": elan.read,
    ".textgrid": textgrid.read,
    ".vtt": subtitles.read_vtt,
    ".srt": subtitles.read_srt,
    ".sbv": subtitles.read_sbv,
}
PLAIN: Final = ".txt"
Key = tuple[str, str]
_LANGUAGE_SUFFIX: Final = re.compile(r"\.[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")


def read_sounds(
    place: Place,
    reading: ImportScan,
    *,
    tiers: Sequence[str] = (),
    endings: Sequence[str] = (*TIMED, PLAIN),
    passed_over: frozenset[str] = frozenset(),
) -> None:
    """Append sounds with their texts.

    Args:
        tiers: Of annotations with several, those that are meant.
        endings: The kinds of text files to look at.
        passed_over: Names that a list has dealt with already.
    """
    plain = [name for name in place.named(PLAIN) if _is_label(name)] if PLAIN in endings else []
    readers = {name: TIMED[ending] for ending in endings if ending in TIMED for name in place.named(ending)}
    readers |= {name: reader for name in plain if (reader := _disguised(place, name))}
    if PLAIN in endings:
        readers |= _whispers(place)
    key = _keys(place, [*plain, *readers])
    timed = _Timed(place, reading, tiers, {n: r for n, r in readers.items() if n not in passed_over}, key)
    texts = {key(name): name for name in plain if name not in readers}
    used = set()
    for name in place.sounds():
        path = place.path(name)
        candidate = Candidate(path, clean_name(name) or "unnamed", clean_name(PurePosixPath(name).name) or "unnamed")
        if path in timed.found:
            reading.candidates += timed.found.pop(path)
            if key(name) in texts:
                used.add(key(name))
                remedy = "nothing to do; take the file with times away if this text is meant"
                reading.warn(texts[key(name)], None, "not used, since another text has the times", remedy)
            continue
        if key(name) in texts:
            used.add(key(name))
            candidate = _with_text(candidate, place, texts[key(name)], reading)
        elif path in timed.waiting or name in passed_over:
            continue
        elif key(name) in timed.keys:
            reason = f"not used, since {timed.keys[key(name)]} has the same name and the text with times"
            reading.warn(name, None, reason, "nothing to do; give it another name if it is another recording")
            continue
        reading.candidates.append(candidate)
    for candidates in timed.found.values():  # sounds elsewhere on this machine
        reading.candidates += candidates
    for wanted, name in texts.items():
        if wanted not in used and name not in passed_over:
            reading.reject(name, None, MISSING, SAME_NAME)


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
        readers: Mapping[str, disguised.Reader],
        key: Callable[[str], Key],
    ) -> None:
        self.place, self.reading, self.tiers, self.key = place, reading, tiers, key
        self.found: dict[Path, list[Candidate]] = {}
        self.waiting: set[Path] = set()
        self.keys: dict[Key, str] = {}
        for name, reader in readers.items():
            self._read(name, reader)

    def _read(self, name: str, reader: disguised.Reader) -> None:
        annotations = Annotations()
        problem: Unreadable | None = None
        try:
            annotations = reader(bytes_of(self.place.path(name)), name)
        except Unreadable as e:
            problem = e
        except FileProblem as e:
            problem = Unreadable(e.reason, e.remedy)
        sound = _sound_of(self.place, name, annotations)
        if problem:
            self.reading.reject(name, None, problem.reason, problem.remedy)
        elif sound is None:
            self.reading.reject(name, None, MISSING, SAME_NAME)
        elif sound in self.found:
            remedy = "nothing to do; name its format with --format if this text is meant"
            self.reading.warn(name, None, "not used, since another text stands beside the same sound", remedy)
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
            reason = "no text with times in it"
            self.reading.reject(name, None, reason, "annotate it, or take it away to import the sound without it")
            return []
        if "" in tiers or (not self.tiers and (len(tiers) == 1 or all_labels(tiers))):
            chosen = tiers
        elif self.tiers:
            chosen = {tier: tiers[tier] for tier in tiers if tier in self.tiers}
            if not chosen:
                wanted, there = ", ".join(self.tiers), ", ".join(tiers)
                reason = f"no tier called {clean_name(wanted, 100)}; its tiers with text are {clean_name(there, 300)}"
                self.reading.reject(name, None, reason, "name one of them with --tier")
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


def _with_text(candidate: Candidate, place: Place, name: str, reading: ImportScan) -> Candidate:
    try:
        text = read_text(place.path(name), PurePosixPath(name).name)
        disguised.check_plain(text)
        return replace(candidate, text=text_of({"text": text}))
    except DataError as e:
        reading.warn(name, None, str(e).rstrip("."), "import it again afterwards")
    except Refused as refused:
        reading.warn(name, None, refused.reason, refused.remedy)
    return candidate


def _whispers(place: Place) -> dict[str, disguised.Reader]:
    """Whisper's other outputs beside a sound of the same name."""
    found: dict[str, disguised.Reader] = {}
    for name in place.named(".tsv", ".json"):
        if name.endswith(".json"):
            if place.labels_a_sound(name) and '"segments"' in first_line(place.path(name), whole=True):
                found[name] = disguised.read_segments
        elif disguised.is_whispers_table(first_line(place.path(name))):
            found[name] = disguised.read_track
    return found


def _disguised(place: Place, name: str) -> disguised.Reader | None:
    try:
        return disguised.reader_of(bytes_of(place.path(name)))
    except FileProblem:
        return None  # whoever reads it as a label says so


def _keys(place: Place, texts: Sequence[str]) -> Callable[[str], Key]:
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
