"""Subtitles beside a recording: SubRip (.srt) and WebVTT (.vtt). Times and texts, no more; markup is dropped.

https://www.w3.org/TR/webvtt1/
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from workbench.core.text.clean import clean_label, clean_name
from workbench.core.types import Seconds
from workbench.language.said import say
from workbench.services.importers.annotations import Annotations, Span, Unreadable, decoded
from workbench.services.importers.lines import Problem

_TIME: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING: Final = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_SBV: Final = re.compile(r"\s*(\d+:\d{1,2}:\d{1,2}\.\d{1,3}),(\d+:\d{1,2}:\d{1,2}\.\d{1,3})\s*")
_SPEAKER: Final = re.compile(r"\s*\[?(SPEAKER_\d{1,3})\]?\s*:\s*|\s*\[(SPEAKER_\d{1,3})\]\s*")  # WhisperX, pyannote
_SRT_MARKUP: Final = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_VTT_MARKUP: Final = re.compile(r"</?(?:(?:c|i|b|u|ruby|rt|v|lang)(?:[.\s][^<>]*)?|[\d:.]+)>")
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_WORD_TIME: Final = re.compile(r"<\d{1,2}:\d{2}:\d{2}\.\d{3}><c>")  # YouTube's automatic captions
ROLLING: Final = 0.5  # of the captions that have to repeat the one before, where no word has a time
_TIMES: Final = say("write 00:00:01,000 --> 00:00:04,000")


def read_srt(content: bytes, name: str) -> Annotations:
    """The captions of a SubRip file.

    Raises:
        Unreadable: It is no text.
    """
    return _read(decoded(content), name, vtt=False)


def read_sbv(content: bytes, name: str) -> Annotations:
    """The captions of YouTube's SubViewer files: start and end in one line, with a comma between.

    Raises:
        Unreadable: It is no text.
    """
    lines = decoded(content).split("\n")
    timed = [_SBV.sub(r"\1 --> \2", line) if _SBV.fullmatch(line) else line for line in lines]
    return _read("\n".join(timed), name, vtt=False)


def read_vtt(content: bytes, name: str) -> Annotations:
    """The cues of a WebVTT file; `<v Name>` tells the speaker.

    Raises:
        Unreadable: It is no text, or does not begin with WEBVTT.
    """
    text = decoded(content)
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        reason = say("not WebVTT (its first line must be WEBVTT)")
        raise Unreadable(reason, say("save it as WebVTT or as SubRip (.srt)"))
    return _read(text, name, vtt=True)


def is_timing(line: str) -> bool:
    """Whether a line holds the times of a caption, and nothing else."""
    return _TIMING.fullmatch(line) is not None


@dataclass(frozen=True)
class _Cue:
    """A caption: its times, its lines as they are shown, the number of its timing line, and who speaks."""

    start: Seconds
    end: Seconds
    lines: list[str]
    line: int
    speaker: str | None


def _read(text: str, name: str, *, vtt: bool) -> Annotations:
    found, cues = Annotations(), []
    for first_line, lines in _blocks(text, vtt=vtt):
        starts = [n for n, line in enumerate(lines) if is_timing(line) or (n < 2 and "-->" in line)]
        if not vtt and (not starts or starts[0] > 1):
            found.problems.append(Problem(name, first_line, say("a caption without times"), _TIMES))
        # Some programs leave no empty line between captions: the next one begins with its number, or with its times.
        begins = [n - 1 if n and lines[n - 1].strip().isdigit() else n for n in starts]
        for start, stop in zip(starts, [*begins[1:], len(lines)][: len(starts)], strict=True):
            match, line = _TIMING.fullmatch(lines[start]), first_line + start
            if match is None:
                found.problems.append(Problem(name, line, say("times that cannot be read"), _TIMES))
                continue
            written = lines[start + 1 : stop]
            voice = _VOICE.search(" ".join(written)) if vtt else None
            speaker = clean_name(html.unescape(voice[1])) or None if voice else None
            tag = _SPEAKER.match(written[0]) if written else None
            if tag:
                speaker = speaker or tag[1] or tag[2]
                written[0] = written[0][tag.end() :]
            shown = [said for said in (clean_label(_plain(w, vtt=vtt)) for w in written) if said]
            groups = match.groups()
            cues.append(_Cue(_seconds(groups[:4]), _seconds(groups[4:]), shown, line, speaker))
    shown_lines = [cue.lines for cue in cues]
    new = _unrolled(shown_lines) if _rolls(text, shown_lines) else shown_lines
    spans = [
        Span(cue.start, cue.end, " ".join(lines), cue.line, cue.speaker)
        for cue, lines in zip(cues, new, strict=True)
        if lines
    ]
    if spans:
        found.tiers[""] = spans
    return found


def _rolls(text: str, cues: Sequence[list[str]]) -> bool:
    """Whether captions roll upwards, as YouTube's automatic ones do: each shows the line before once more."""
    pairs = [(before, after) for before, after in pairwise(cues) if before and after]
    repeated = sum(before[-1] == after[0] for before, after in pairs)
    return len(pairs) > 1 and (repeated > 0 if _WORD_TIME.search(text) else repeated >= ROLLING * len(pairs) > 2)


def _unrolled(cues: Sequence[list[str]]) -> list[list[str]]:
    """The lines of each caption that the one before did not show."""
    new: list[list[str]] = []
    before: list[str] = []
    for lines in cues:
        shared = next((n for n in range(min(len(before), len(lines)), 0, -1) if before[-n:] == lines[:n]), 0)
        new.append(lines[shared:])
        before = lines or before
    return new


def _blocks(text: str, *, vtt: bool) -> Iterator[tuple[int, list[str]]]:
    """What stands between empty lines, with the number of its first line; a line of one space ends no WebVTT cue."""
    block: list[str] = []
    number = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line if vtt and any("-->" in above for above in block) else line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield number - len(block) + 1, block


def _plain(text: str, *, vtt: bool) -> str:
    return html.unescape(_VTT_MARKUP.sub("", text)) if vtt else _SRT_MARKUP.sub("", text)


def _seconds(groups: tuple[str | None, ...]) -> Seconds:
    hours, minutes, seconds, fraction = groups
    return (
        int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + int((fraction or "").ljust(3, "0")) / 1000
    )
