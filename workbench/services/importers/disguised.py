"""Text files beside a sound that are no plain text: subtitles, annotations, label tracks and console output.

A `.txt` is a label only where somebody wrote down what is said. Here the others are told by what stands in them, and
read as what they are, or refused.
"""

import json
import re
from collections.abc import Callable
from typing import Final

from workbench.core.text.clean import clean_label
from workbench.core.text.unspoken import unspoken
from workbench.core.types import Seconds
from workbench.language.said import say
from workbench.services.importers import elan, subtitles, textgrid
from workbench.services.importers.annotations import Annotations, Span, Unreadable, decoded
from workbench.services.importers.candidates import Refused
from workbench.services.importers.candidates import number as number_of
from workbench.services.importers.lines import LONGEST_LINE, Problem

Reader = Callable[[bytes, str], Annotations]

_NUMBER: Final = r"\d+(?:[.,]\d+)?"
_TRACK: Final = re.compile(rf"({_NUMBER})\t({_NUMBER})(?:\t(.*))?")  # Audacity's label track
_FREQUENCIES: Final = re.compile(r"\\\t.*")  # its second line for labels with a range of frequencies
_CLOCK: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,3})?)"
_CONSOLE: Final = re.compile(rf"\[{_CLOCK}\s*-?->\s*{_CLOCK}\]\s*(.*)")  # whisper, whisper.cpp, WhisperX
_CONSOLE_SECONDS: Final = re.compile(rf"\[({_NUMBER})s?\s*-?->\s*({_NUMBER})s?\]\s*(.*)")  # faster-whisper's examples
_STAMPED: Final = re.compile(r"^\s*\d{1,2}:\d{2}(?::\d{2})?(?:\s|$)|\s\d{1,2}:\d{2}(?::\d{2})?\s*$")
_TABLE_HEAD: Final = "start\tend\ttext"  # whisper --output_format tsv, in milliseconds
_ONLY_SAID: Final = say("leave only what is said in it, or give subtitles as .srt or .vtt")
_PAIRED: Final = 0.8  # of the lines that have to be of a kind, so that a file is; the others are told


def reader_of(content: bytes, ending: str = ".txt") -> Reader | None:
    """Who reads a text file that is none: the reader of what it really holds; None for plain text, and for other JSON.

    Args:
        ending: Of its name, in lower case.
    """
    if ending == ".json":
        return read_segments if b'"segments"' in content[:LONGEST_LINE] else None
    try:
        text = decoded(content)
    except Unreadable:
        return None  # read as plain text it says what is wrong with it
    head = text.lstrip()[:200]
    if "ooTextFile" in head or head.startswith('"Praat'):
        return textgrid.read
    if head.startswith("WEBVTT"):
        return subtitles.read_vtt
    if head.startswith("<?xml") and "ANNOTATION_DOCUMENT" in text[:2_000]:
        return elan.read
    lines = [line for line in text.split("\n") if line.strip()]
    for pattern, reader in ((_TRACK, read_track), (_CONSOLE, read_console), (_CONSOLE_SECONDS, read_console)):
        fitting = sum(bool(pattern.fullmatch(line.strip("\r\n "))) for line in lines)
        if lines and fitting >= _PAIRED * sum(not _FREQUENCIES.fullmatch(line) for line in lines):
            return reader
    if lines and is_whispers_table(lines[0]):
        return read_track
    if any(subtitles.is_timing(line) for line in lines):
        return subtitles.read_srt
    return None


def is_whispers_table(head: str) -> bool:
    """Whether a table's first line is that of Whisper's own, which has times and no files."""
    return head.strip().lower() == _TABLE_HEAD


def read_segments(content: bytes, name: str) -> Annotations:
    """Whisper's JSON: segments with start, end and text."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as e:
        raise Unreadable(say("not valid JSON"), say("write it again")) from e
    segments = document.get("segments") if isinstance(document, dict) else None
    found = Annotations()
    spans: list[Span] = []
    for segment in segments if isinstance(segments, list) else []:
        times = [number_of(segment.get(key)) for key in ("start", "end")] if isinstance(segment, dict) else [None]
        if None in times or not isinstance(segment.get("text"), str):
            found.problems.append(Problem(name, None, say("a segment without times and text"), say("take it out")))
        else:
            _add(spans, times[0] or 0.0, times[1] or 0.0, segment["text"], len(spans) + 1)
    return _with(found, spans)


def check_plain(text: str) -> None:
    """Refuse a text that is no label.

    Raises:
        Refused: It names what stands in it, and the line.
    """
    if text.lstrip().startswith("{\\rtf"):
        raise Refused(say("an RTF document, no plain text"), say("save it as plain text (.txt)"))
    if re.match(r"\s*(?:<!DOCTYPE|<html|<\?xml)", text, re.IGNORECASE):
        raise Refused(say("HTML or XML, no plain text"), say("save what is said as plain text (.txt)"))
    stamped = [n for n, line in enumerate(text.split("\n"), start=1) if _STAMPED.search(line)]
    if len(stamped) > 1:  # one may be a text that begins with the time of day
        raise Refused(
            say(
                "its lines {line} and {other} begin or end with times, which nobody says",
                line=stamped[0],
                other=stamped[1],
            ),
            _ONLY_SAID,
        )
    for number, line in enumerate(text.split("\n"), start=1):
        found = unspoken(line)
        if found:
            kind, written = found
            raise Refused(
                say(
                    "its text holds {kind} (“{written}”, line {line}), which nobody says",
                    kind=kind,
                    written=clean_label(written)[:40],
                    line=number,
                ),
                _ONLY_SAID,
            )


def read_track(content: bytes, name: str) -> Annotations:
    """Start, end and text between tabs: Audacity's label track in seconds, Whisper's table in milliseconds."""
    lines = decoded(content).split("\n")
    in_milliseconds = lines[0].strip().lower() == _TABLE_HEAD
    found = Annotations()
    spans: list[Span] = []
    for number, line in enumerate(lines, start=1):
        match = _TRACK.fullmatch(line.rstrip("\r"))
        if match is None:
            if line.strip() and not _FREQUENCIES.fullmatch(line) and not (in_milliseconds and number == 1):
                _say_unread(found, name, number)
            continue
        start, end = (_seconds(value) / (1_000 if in_milliseconds else 1) for value in match.groups()[:2])
        _add(spans, start, end, match[3] or "", number)
    return _with(found, spans)


def read_console(content: bytes, name: str) -> Annotations:
    """Lines `[00:00.000 --> 00:02.000] text`, or `[0.00s -> 2.00s] text`, as recognisers print them."""
    found = Annotations()
    spans: list[Span] = []
    for number, raw in enumerate(decoded(content).split("\n"), start=1):
        line = raw.strip()
        match = _CONSOLE.fullmatch(line)
        if match:
            groups = match.groups()
            _add(spans, _clock(groups[:3]), _clock(groups[3:6]), groups[6], number)
            continue
        match = _CONSOLE_SECONDS.fullmatch(line)
        if match:
            _add(spans, _seconds(match[1]), _seconds(match[2]), match[3], number)
        elif line:
            _say_unread(found, name, number)
    return _with(found, spans)


def _add(spans: list[Span], start: Seconds, end: Seconds, text: str, line: int) -> None:
    said = clean_label(text)
    if said:
        spans.append(Span(start, end, said, line))


def _with(found: Annotations, spans: list[Span]) -> Annotations:
    if spans:
        found.tiers[""] = spans
    return found


def _say_unread(found: Annotations, name: str, line: int) -> None:
    found.problems.append(Problem(name, line, say("a line without times"), say("give it times, or take it out")))


def _seconds(value: str) -> Seconds:
    return float(value.replace(",", "."))


def _clock(groups: tuple[str | None, ...]) -> Seconds:
    hours, minutes, seconds = groups
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + _seconds(seconds or "0")
