"""What annotation files hold, whatever their format: texts with their times, in tiers."""

from dataclasses import dataclass, field

from workbench.core.types import Seconds
from workbench.services.listings import Problem


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


class Unreadable(Exception):
    """The file as a whole cannot be used; reason and remedy without full stops."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def decoded(content: bytes) -> str:
    """Text in UTF-8, or in UTF-16 with its byte order mark; line ends become "\\n".

    Raises:
        Unreadable: It is neither.
    """
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as e:
        where = f" (line {content[: e.start].count(10) + 1})" if encoding == "utf-8-sig" else ""
        raise Unreadable(f"not UTF-8 or UTF-16 text{where}", "save it as UTF-8") from e
    return text.replace("\r\n", "\n").replace("\r", "\n")
