"""What annotation files hold, whatever their format: texts with their times, in tiers."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from workbench.core.types import Seconds
from workbench.language.said import say
from workbench.services.importers.candidates import Refused
from workbench.services.importers.lines import Problem


@dataclass(frozen=True)
class Span:
    """A text with its place in the recording.

    Attributes:
        line: Where it stands in its file.
        speaker: Who says it, where the file tells.
    """

    start: Seconds
    end: Seconds
    text: str
    line: int
    speaker: str | None = None


@dataclass
class Annotations:
    """One annotation file.

    Attributes:
        tiers: Name -> spans with text; tiers without any text are left out. Subtitles have one tier, named "".
        media: Sounds that the file itself names, as it writes them.
        origin: Seconds into the sound at which the file's time begins.
        problems: Lines that could not be used.
    """

    tiers: dict[str, list[Span]] = field(default_factory=dict)
    media: list[str] = field(default_factory=list)
    origin: Seconds = 0.0
    problems: list[Problem] = field(default_factory=list)


# How this program names tiers: "Ann - text", as the Montreal Forced Aligner writes speakers; overlaps are counted.
LABEL_TIER: Final = "text"
_OURS: Final = re.compile(r"(?:(?P<speaker>.+) - )?(?P<text>text|reference|base|adapted)(?: \d+)?")


def tier_name(text: str, speaker: str | None, number: int) -> str:
    """What a tier of a speaker's texts is called; from 2 on the number tells tiers of overlapping ones apart."""
    return f"{f'{speaker} - ' if speaker else ''}{text}{f' {number}' if number > 1 else ''}"


def tier_speaker(name: str, *, many: bool) -> str | None:
    """Who speaks in a tier; of other programs' files with several tiers each is somebody's.

    Args:
        many: Whether several tiers are meant.
    """
    ours = _OURS.fullmatch(name)
    return ours["speaker"] if ours else name if many else None


def all_labels(tiers: Collection[str]) -> bool:
    """Whether all tiers are labels that this program has written, so that nobody has to choose."""
    return all((ours := _OURS.fullmatch(name)) is not None and ours["text"] == LABEL_TIER for name in tiers)


class Unreadable(Refused):
    """The file as a whole cannot be used."""


def decoded(content: bytes, *, may_be_utf16: bool = True) -> str:
    """Text in UTF-8, or in UTF-16 with its byte order mark; line ends become "\\n".

    Raises:
        Unreadable: It is neither.
    """
    is_utf16 = may_be_utf16 and content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as e:
        line = content[: e.start].count(10) + 1
        if is_utf16:
            reason = say("not UTF-8 or UTF-16 text")
        elif may_be_utf16:
            reason = say("not UTF-8 or UTF-16 text (line {line})", line=line)
        else:
            reason = say("not UTF-8 text (line {line})", line=line)
        raise Unreadable(reason, say("save it as UTF-8")) from e
    return text.replace("\r\n", "\n").replace("\r", "\n")
