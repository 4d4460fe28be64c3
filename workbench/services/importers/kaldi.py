"""Kaldi's data folder: wav.scp and text, with utt2spk, utt2lang and segments where they are there.

Kaldi lets wav.scp hold commands that make the sound. None is ever run here: such a line is refused.
https://kaldi-asr.org/doc/data_prep.html
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.core.types import Seconds
from workbench.language.said import say
from workbench.services.importers.candidates import Candidate, ImportScan, Refused, number, split_name, text_of
from workbench.services.importers.lines import read_lines
from workbench.services.importers.place import Place

SCP: Final = "wav.scp"
BESIDE: Final = frozenset(("text", "segments", "utt2spk", "utt2lang"))  # the lists without an ending
_OFFSET: Final = re.compile(r"(?s).+\.(ark|scp):\d+(\[.*\])?")

_RIGHT: Final = say("keep the line that is right")


@dataclass(frozen=True)
class _Segment:
    recording: str
    start: Seconds
    end: Seconds | None
    channel: int | None
    line: int


def recognise(place: Place) -> list[str]:
    """wav.scp in the folder itself, or in each of its folders."""
    return [SCP] if SCP in place.files else [n for n in place.files if PurePosixPath(n).name == SCP]


def read(place: Place, name: str, reading: ImportScan) -> None:
    recordings = _recordings(place, name, reading)
    texts = _table(place, name, "text", reading)
    speakers, languages = _table(place, name, "utt2spk", reading), _table(place, name, "utt2lang", reading)
    segments = _segments(place, name, reading)
    utterances: dict[str, _Segment | None] = dict(segments) if segments is not None else dict.fromkeys(recordings)
    split = split_name(PurePosixPath(name).parent.name)
    for utterance, segment in utterances.items():
        recording = segment.recording if segment else utterance
        with reading.refusing(utterance, segment.line if segment else None):
            if recording not in recordings:
                reason = say(
                    "its recording {recording} is not in {list}", recording=clean_name(recording, 60), list=SCP
                )
                raise Refused(reason, say("add it to {list}", list=SCP))
            path = recordings[recording]
            if path is None:
                continue  # the line in wav.scp has been refused
            candidate = Candidate(
                path,
                clean_name(utterance),
                clean_name(_with_ending(recording, path)),
                texts[utterance][0] if utterance in texts else None,
                text_of({"text": texts[utterance][1]}) if utterance in texts else "",
                speaker=clean_name(speakers[utterance][1]) or None if utterance in speakers else None,
                language=clean_name(languages[utterance][1], 20) or None if utterance in languages else None,
                source=clean_name(recording) if segment else None,
                split=split,
                cut=(segment.start, segment.end) if segment else None,
                channel=segment.channel if segment else None,
            )
            reading.candidates.append(candidate)
    for utterance, (line, _) in texts.items():
        if utterance not in utterances:
            where = "segments" if segments is not None else SCP
            reason = say("has a text but no sound in {list}", list=where)
            reading.reject(utterance, line, reason, say("add it to {list}", list=where))


def _with_ending(recording: str, path: Path) -> str:
    """What the clip is called: the recording's id, with the sound's ending."""
    return recording if PurePosixPath(recording).suffix.lower() == path.suffix.lower() else recording + path.suffix


def _recordings(place: Place, name: str, reading: ImportScan) -> dict[str, Path | None]:
    """Recording -> file; None for a line that was refused."""
    found: dict[str, Path | None] = {}
    for line in reading.kept(read_lines(place.path(name), SCP)):
        parts = line.text.split(None, 1)
        if not parts:
            continue
        key, written = parts[0], parts[1].strip() if len(parts) > 1 else ""
        with reading.refusing(f"{SCP}: {key}", line.number):
            if key in found:
                reason = say("'{recording}' stands there twice", recording=clean_name(key, 60))
                raise Refused(reason, say("give each recording an id of its own"))
            found[key] = None
            found[key] = _file(place, name, written)
    return found


def _file(place: Place, name: str, written: str) -> Path:
    if not written:
        raise Refused(say("names no sound"), say("write the recording's id, a space, and its sound file"))
    if written.endswith("|") or written.startswith("|") or written == "-":
        raise Refused(
            say("a command instead of a sound file; commands from a list are never run"),
            say("run it yourself, save its output as WAV, and write that file's name"),
        )
    if _OFFSET.fullmatch(written):
        remedy = say("save the sound as WAV (wav-copy), and write that file's name")
        raise Refused(say("a place in a Kaldi archive"), remedy)
    return place.locate_any(written, name)


def _table(place: Place, name: str, other: str, reading: ImportScan) -> dict[str, tuple[int, str]]:
    """Utterance -> line and the rest of it."""
    beside = place.beside(name, other)
    found: dict[str, tuple[int, str]] = {}
    for line in reading.kept(read_lines(place.path(beside), other)) if beside else ():
        parts = line.text.split(None, 1)
        if parts and parts[0] in found:
            reading.reject(parts[0], line.number, say("stands twice in {list}", list=other), _RIGHT)
        elif parts:
            found[parts[0]] = (line.number, parts[1] if len(parts) > 1 else "")
    return found


def _segments(place: Place, name: str, reading: ImportScan) -> dict[str, _Segment] | None:
    beside = place.beside(name, "segments")
    if beside is None:
        return None
    found: dict[str, _Segment] = {}
    for line in reading.kept(read_lines(place.path(beside), "segments")):
        parts = line.text.split()
        times = [number(part) for part in parts[2:4]]
        if len(parts) not in (4, 5) or None in times:
            remedy = say("write utterance, recording, start and end in seconds")
            reading.reject(parts[0] if parts else "segments", line.number, say("not a segment"), remedy)
        elif parts[0] in found:
            reading.reject(parts[0], line.number, say("stands twice in {list}", list="segments"), _RIGHT)
        else:
            start, end = float(times[0] or 0), float(times[1] or 0)
            channel = int(parts[4]) if len(parts) == 5 and parts[4].isdigit() else None
            found[parts[0]] = _Segment(parts[1], start, None if end == -1 else end, channel, line.number)
    return found
