"""What the readers of formats find: sounds that may become clips, and what was wrong with the rest."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from workbench.core.text.clean import LONGEST_LABEL, clean_label, clean_name
from workbench.core.types import Seconds, SplitName
from workbench.errors import DataError
from workbench.language.said import Said, count, listing, say
from workbench.services.importers.lines import Problem, Remark

Kept = TypeVar("Kept")

AUDIO_SUFFIXES: Final = frozenset(
    "." + ending
    for ending in (
        *("3g2", "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dts", "eac3"),
        *("flac", "flv", "gsm", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "oga"),
        *("ogg", "ogv", "opus", "rf64", "rm", "snd", "spx", "tta", "voc", "w64", "wav", "wave", "weba", "webm", "wma"),
        *("wmv", "wv"),
    )
)
TEXT_COLUMNS: Final = ("text", "sentence", "transcription", "transcript", "normalized_text")
SPEAKER_COLUMNS: Final = ("speaker", "speaker_id", "client_id", "speaker_name")
LANGUAGE_COLUMNS: Final = ("language", "lang", "locale")
SOURCE_COLUMNS: Final = ("source", "recording")
SPLITS: Final[dict[str, SplitName]] = {
    "train": "train",
    "dev": "dev",
    "validation": "dev",
    "valid": "dev",
    "val": "dev",
    "eval": "dev",
    "test": "test",
}

NOTHING: Final = frozenset(("NaN", "<NA>"))  # how tables write an empty cell; "nan" may be a grandmother
NOBODY: Final = frozenset(("nan", "<na>", "null", "none", "n/a", "na"))
MISSING: Final = say("text names a missing file")
OUTSIDE: Final = say("leads outside the folder of its list")
NO_TEXT: Final = say("no text")
NO_TEXT_REMEDY: Final = say("label it on the page, or let the base model draft it")
FEW: Final = 20  # of a kind; they are told one by one, each with its name and line
LARGEST_HEADER: Final = 64  # bytes; sounds of this size have a header at most, since 0.2 s take more in any format


@dataclass(frozen=True)
class Candidate:
    """A sound, or a part of one, that may become a clip.

    Attributes:
        file: What reports call it: the name as the list writes it, or its path under the imported folder.
        name: The file's own name, kept with the clip.
        text: The label that came with it, cleaned; empty where there is none.
        confirmed: Whether the label counts as checked; a data set exported from a workbench says so itself.
        stated: The duration its list states, in seconds.
        cut: Start and end of the part that is meant, in seconds; the end is None for "to the end". None for all of it.
        channel: The one channel that is meant, from 0; None for all of them mixed.
        place: Where in its source a sound was cut earlier; start and end in seconds.
        hypotheses: What models heard, as (model, text); the first becomes the draft where there is no label.
    """

    path: Path
    file: str
    name: str
    line: int | None = None
    text: str = ""
    confirmed: bool = True
    speaker: str | None = None
    language: str | None = None
    source: str | None = None
    split: SplitName | None = None
    stated: Seconds | None = None
    cut: tuple[Seconds, Seconds | None] | None = None
    channel: int | None = None
    place: tuple[Seconds, Seconds] | None = None
    hypotheses: tuple[tuple[str, str], ...] = ()

    @classmethod
    def bare(cls, path: Path, name: str) -> "Candidate":
        """A sound of which no more is known than its place and its name under the imported folder."""
        return cls(path, clean_name(name) or "unnamed", clean_name(PurePosixPath(name).name) or "unnamed")

    def problem(self, reason: str, remedy: str) -> Problem:
        return Problem(self.file, self.line, reason, remedy)


@dataclass
class ImportScan:
    """What was found, in order; filled by the readers.

    Attributes:
        licence: What a folder says of its clips in a file; empty where it says nothing.
        tiers: For each annotation file whose tier has to be chosen first, the tiers that hold text.
    """

    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    licence: str = ""
    tiers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def reject(self, file: str, line: int | None, reason: str, remedy: str) -> None:
        self.rejected.append(Problem(_called(file), line, reason, remedy))

    def reject_together(self, names: Sequence[str], reason: str, remedy: str) -> None:
        """Reject files of one kind: a few by their names, many in one sentence."""
        several = [*names] if len(names) <= FEW else [and_more(names)]
        for name in several:
            self.reject(name, None, reason, remedy)

    def reject_empty(self, names: Sequence[str]) -> None:
        self.reject_together(names, say("empty: no sound in it"), say("record or copy them again"))

    def warn(self, file: str, line: int | None, reason: str, remedy: str) -> None:
        self.warnings.append(Problem(_called(file), line, reason, remedy))

    def warn_of_others(self, file: str, n: int, suffix: str) -> None:
        """Say of files with an ending that no sound has that they are left out; `file` is one of them."""
        reason = count(
            n,
            "not a sound file ({n} file of the kind '{suffix}')",
            "not a sound file ({n} files of the kind '{suffix}')",
            suffix=suffix,
        )
        self.warn(file, None, reason, say("nothing to do, unless it holds sound: then convert it to WAV"))

    def kept(self, lines: Iterable[Kept | Problem]) -> Iterator[Kept]:
        """A list's readable lines; what is wrong with the others is noted."""
        for line in lines:
            if isinstance(line, Remark):
                self.warnings.append(line)
            elif isinstance(line, Problem):
                self.rejected.append(line)
            else:
                yield line

    @contextmanager
    def refusing(self, file: str, line: int | None) -> Iterator[None]:
        """Reject a line where what is done with it is `Refused`."""
        try:
            yield
        except Refused as refused:
            self.reject(file, line, refused.reason, refused.remedy)

    def leave_out_empty(self) -> None:
        """Take sounds without a sound out where there are many: they are not decoded and told one by one."""
        empty = {path for path in {c.path for c in self.candidates} if _size(path) <= LARGEST_HEADER}
        if len(empty) > FEW:
            names = [c.file for c in self.candidates if c.path in empty]
            self.candidates = [c for c in self.candidates if c.path not in empty]
            self.reject_empty(names)


class Refused(Exception):
    """What cannot become a candidate, such as a line of a list; the reason and remedy without full stops."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


class TierChoice(DataError):
    """Annotation files have several tiers with text and none was named.

    Attributes:
        file: The first of these files.
        tiers: All tiers, in the order they were found.
    """

    def __init__(self, found: Mapping[str, Sequence[str]]) -> None:
        self.tiers = tuple(dict.fromkeys(tier for tiers in found.values() for tier in tiers))
        self.file, tiers = next(iter(found.items()))
        super().__init__(_several_tiers(self.file, listing(f"'{tier}'" for tier in tiers), len(found) - 1))


def _several_tiers(file: str, tiers: str, others: int) -> str:
    if not others:
        return say(
            "{file} has several tiers with text ({tiers}); name those that are meant with --tier.",
            file=file,
            tiers=tiers,
        )
    return count(
        others,
        "{file} (and {n} more file) has several tiers with text ({tiers}); name those that are meant with --tier.",
        "{file} (and {n} more files) has several tiers with text ({tiers}); name those that are meant with --tier.",
        file=file,
        tiers=tiers,
    )


def _called(file: str) -> str:
    return file if isinstance(file, Said) else clean_name(file) or "unnamed"


def and_more(names: Sequence[str]) -> str:
    """The first of some names, and how many others there are."""
    first = clean_name(names[0]) or "unnamed"
    return say("{name} and {n:,} more", name=first, n=len(names) - 1) if len(names) > 1 else first


def missing(written: str, alike: str = "") -> Refused:
    """The refusal of a name behind which there is nothing.

    Args:
        alike: What nearly has this name.
    """
    file = clean_name(written, 100)
    if not alike:
        return Refused(MISSING, say("put {file} where the list says, or correct the name", file=file))
    remedy = say(
        "put {file} where the list says, or correct the name (there is {other})",
        file=file,
        other=clean_name(alike, 100),
    )
    return Refused(MISSING, remedy)


def split_name(value: str) -> SplitName | None:
    """The split a column's value or a folder's name stands for."""
    return SPLITS.get(value.strip().lower())


def text_of(values: Mapping[str, Any], columns: Sequence[str] = TEXT_COLUMNS) -> str:
    """The label in a row, cleaned; empty where there is none.

    Raises:
        Refused: It is no text, or endless.
    """
    text = first(values, columns)
    if text is None or (isinstance(text, float) and math.isnan(text)):  # pandas writes an empty cell as NaN
        return ""
    if isinstance(text, str) and text.strip() in NOTHING:
        return ""
    if isinstance(text, str):
        text = _unwrapped(text)
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise Refused(say("its text is not text"), say("write the text as a string, or null where there is none"))
    cleaned = clean_label(str(text))
    if len(cleaned) > LONGEST_LABEL:
        raise Refused(
            say("text longer than {most:,} characters", most=LONGEST_LABEL),
            say("check that the text belongs to this clip"),
        )
    return cleaned


def _unwrapped(text: str) -> str:
    """A text from Label Studio's CSV, which writes lists and objects into a cell.

    Raises:
        Refused: There are several, whose times only its JSON has.
    """
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict):
        found = found.get("text", text)
    texts = found if isinstance(found, list) else [found]
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise Refused(
            say("several texts in one cell, without their times"), say("export it as JSON, which has the times")
        )
    return texts[0]


def first(values: Mapping[str, Any], columns: Sequence[str]) -> Any:
    """The value of the first of these columns that has one."""
    return next((values[c] for c in columns if values.get(c) is not None), None)


def word(values: Mapping[str, Any], columns: Sequence[str], longest: int = 200) -> str | None:
    """A short name in a row, cleaned; None where there is none."""
    value = first(values, columns)
    if (isinstance(value, float) and math.isnan(value)) or str(value).strip().lower() in NOBODY:
        return None
    return clean_name(str(value), longest) or None if isinstance(value, str | int | float) else None


def number(value: object) -> float | None:
    """A finite number, however it is written; None for anything else."""
    try:
        found = float(str(value)) if value is not None else None
    except ValueError:
        return None
    return found if found is not None and abs(found) < 1e9 else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return LARGEST_HEADER + 1  # missing or not to be read: decoding it says so
