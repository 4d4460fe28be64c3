"""Subtitles beside a recording: SubRip (.srt) and WebVTT (.vtt). Times and texts, no more; markup is dropped.

https://www.w3.org/TR/webvtt1/
"""

import html
import re
from collections.abc import Iterator
from typing import Final

from workbench.core.labels import clean_label, clean_name
from workbench.core.types import Seconds
from workbench.services.importing.annotations import Annotations, Span, Unreadable, decoded
from workbench.services.listings import Problem

_TIME: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING: Final = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_SRT_MARKUP: Final = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_VTT_MARKUP: Final = re.compile(r"</?(?:(?:c|i|b|u|ruby|rt|v|lang)(?:[.\s][^<>]*)?|[\d:.]+)>")
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_TIMES: Final = "write 00:00:01,000 --> 00:00:04,000"


def read_srt(content: bytes, name: str) -> Annotations:
    """The captions of a SubRip file.

    Raises:
        Unreadable: It is no text.
    """
    return _read(decoded(content), name, vtt=False)


def read_vtt(content: bytes, name: str) -> Annotations:
    """The cues of a WebVTT file; `<v Name>` tells the speaker.

    Raises:
        Unreadable: It is no text, or does not begin with WEBVTT.
    """
    text = decoded(content)
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        raise Unreadable("not WebVTT (its first line must be WEBVTT)", "save it as WebVTT or as SubRip (.srt)")
    return _read(text, name, vtt=True)


def _read(text: str, name: str, *, vtt: bool) -> Annotations:
    found, spans = Annotations(), []
    for first_line, lines in _blocks(text):
        timed = next((n for n, line in enumerate(lines[:2]) if "-->" in line), None)
        if timed is None:
            if not vtt:
                problem = Problem(name, first_line, "a caption without times", _TIMES)
                found.problems.append(problem)
            continue  # in WebVTT a header, note, style or region
        match, line = _TIMING.fullmatch(lines[timed]), first_line + timed
        if match is None:
            found.problems.append(Problem(name, line, "times that cannot be read", _TIMES))
            continue
        written = " ".join(lines[timed + 1 :])
        said = clean_label(_plain(written, vtt=vtt))
        if said:
            voice = _VOICE.search(written) if vtt else None
            speaker = clean_name(html.unescape(voice[1])) or None if voice else None
            groups = match.groups()
            spans.append(Span(_seconds(groups[:4]), _seconds(groups[4:]), said, line, speaker))
    if spans:
        found.tiers[""] = spans
    return found


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """What stands between empty lines, with the number of its first line."""
    block: list[str] = []
    number = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
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
