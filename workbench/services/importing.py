"""What lies in a folder, a list or an upload, as candidates for clips: found and named, not yet decoded.

Understood are NeMo's JSONL manifests, Hugging Face's AudioFolder (metadata.csv or .jsonl, also one per split folder),
sounds with a text file of the same name, and plain sounds.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from workbench.core.labels import LONGEST_LABEL, clean_label, clean_name
from workbench.core.types import Seconds, SplitName
from workbench.errors import DataError
from workbench.services.listings import LIST_SUFFIXES, Problem, Row, read_rows, read_text

AUDIO_SUFFIXES: Final = frozenset(
    "." + ending
    for ending in (
        *("3g2", "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dts", "eac3"),
        *("flac", "flv", "gsm", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "oga"),
        *("ogg", "ogv", "opus", "rf64", "rm", "snd", "spx", "tta", "voc", "w64", "wav", "wave", "weba", "webm", "wma"),
        *("wmv", "wv"),
    )
)
FILE_COLUMNS: Final = ("audio_filepath", "file_name")
TEXT_COLUMNS: Final = ("text", "sentence", "transcription", "transcript")
SPEAKER_COLUMNS: Final = ("speaker", "speaker_id", "client_id")
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
WORDS_FILE: Final = "words.txt"  # a word list that travels with a set
NOT_LABELS: Final = frozenset({"readme.txt", "license.txt", "licence.txt", WORDS_FILE})

MISSING: Final = "text names a missing file"
OUTSIDE: Final = "leads outside the folder of its list"
NO_TEXT: Final = "no text"
NO_TEXT_REMEDY: Final = "label it on the page, or let the base model draft it"


@dataclass(frozen=True)
class Candidate:
    """A sound that may become a clip.

    Attributes:
        file: What reports call it: the name as the list writes it, or its path under the imported folder.
        name: The file's own name, kept with the clip.
        text: The label that came with it, cleaned; empty where there is none.
        confirmed: Whether the label counts as checked; a data set exported from a workbench says so itself.
        stated: The duration its list states, in seconds.
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

    def problem(self, reason: str, remedy: str) -> Problem:
        return Problem(self.file, self.line, reason, remedy)


@dataclass
class Reading:
    """What was found, in order; filled by the readers."""

    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class _Refused(Exception):
    """A line of a list that cannot become a candidate."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


Locate = Callable[[str], Path]


def read_path(path: Path, *, allow_outside: bool = False) -> Reading:
    """Find the clips in a list, a folder or a single sound.

    Args:
        path: A JSONL manifest, a metadata table, a folder of either, a folder of sounds, or one sound.
        allow_outside: Whether a list may name existing files outside its folder.

    Raises:
        DataError: The path does not exist, holds several manifests, or no sound at all.
    """
    if path.is_dir():
        reading = _read_folder(path, allow_outside)
    elif not path.exists():
        raise DataError(f"There is no file or folder {path}.")
    elif path.suffix.lower() in LIST_SUFFIXES:
        reading = Reading()
        _read_list(reading, path, path.name, _InFolder(path.parent, allow_outside))
    else:
        reading = Reading()
        _read_sounds(reading, [(path, path.name)], _texts_beside([path]))
    if not (reading.candidates or reading.rejected):
        raise DataError(f"{path} holds no sound files.")
    return reading


def read_uploads(files: Sequence[tuple[Path, str]]) -> Reading:
    """The clips among uploaded files: sounds, their text files, and lists that name sounds of the same upload.

    Args:
        files: Where each file lies now, and what the user called it.
    """
    reading = Reading()
    named = [(path, PurePosixPath(original.replace("\\", "/")).name or "unnamed") for path, original in files]
    by_name = {name: path for path, name in named}
    lists = [(path, name) for path, name in named if Path(name).suffix.lower() in LIST_SUFFIXES]
    for path, name in lists:
        _read_list(reading, path, name, lambda written: _uploaded(written, by_name))
    used = {candidate.path for candidate in reading.candidates} | {path for path, _ in lists}
    texts = {("", Path(name).stem): (path, name) for path, name in named if Path(name).suffix.lower() == ".txt"}
    sounds = [(p, name) for p, name in named if p not in used and Path(name).suffix.lower() != ".txt"]
    _read_sounds(reading, sounds, texts)
    return reading


def split_name(value: str) -> SplitName | None:
    """The split a column's value or a folder's name stands for."""
    return SPLITS.get(value.strip().lower())


def _read_folder(root: Path, allow_outside: bool) -> Reading:
    reading = Reading()
    metadata = _metadata_files(root)
    manifests = sorted(p for p in root.iterdir() if "manifest" in p.name and p.suffix in (".jsonl", ".json"))
    if metadata:
        for file in metadata:
            _read_list(reading, file, _label(file, root), _InFolder(file.parent, allow_outside), root)
        _warn_unnamed(reading, root)
    elif len(manifests) > 1:
        names = ", ".join(p.name for p in manifests)
        raise DataError(f"{root} holds several manifests ({names}); name one of them instead of the folder.")
    elif manifests:
        _read_list(reading, manifests[0], manifests[0].name, _InFolder(root, allow_outside))
    else:
        _read_plain_folder(reading, root)
    words = root / WORDS_FILE
    if words.is_file():
        reading.words = read_text(words).splitlines()
    return reading


def _metadata_files(root: Path) -> list[Path]:
    """AudioFolder's metadata, of the folder itself and of its split folders."""
    found = []
    for folder in [root, *sorted(p for p in root.iterdir() if p.is_dir())]:
        here = [folder / name for name in ("metadata.csv", "metadata.jsonl") if (folder / name).is_file()]
        if len(here) > 1:
            raise DataError(f"{folder} holds both metadata.csv and metadata.jsonl; keep the one that is right.")
        found += here
    return found


def _read_list(reading: Reading, path: Path, name: str, locate: Locate, root: Path | None = None) -> None:
    """Append a list's lines to the reading; `root` makes file names relative to the imported folder."""
    folder = path.parent if root else None
    named = _readable_as(path, name)
    for row in read_rows(named, name):
        if isinstance(row, Problem):
            reading.rejected.append(row)
            continue
        written = str(_first(row.values, FILE_COLUMNS) or "")
        file = clean_name(_label(folder / written, root) if folder and root and written else written) or name
        try:
            reading.candidates.append(_candidate(row, file, locate, _folder_split(folder, root, written), reading))
        except _Refused as refused:
            reading.rejected.append(Problem(file, row.line, refused.reason, refused.remedy))


def _readable_as(path: Path, name: str) -> Path:
    """Uploads may lie under another name than the user's; the reader goes by the path's suffix."""
    if path.suffix.lower() == Path(name).suffix.lower():
        return path
    raise DataError(f"{name} arrived as {path.name}; upload it again with its own ending.")


def _candidate(row: Row, file: str, locate: Locate, split: SplitName | None, reading: Reading) -> Candidate:
    values = row.values
    written = _first(values, FILE_COLUMNS)
    if not isinstance(written, str) or not written.strip():
        raise _Refused("names no sound", f"give the sound's file in the column {' or '.join(FILE_COLUMNS)}")
    if values.get("offset"):
        raise _Refused("a part of a longer sound (offset)", "cut the sound into files of their own")
    text, language = _text(values), _word(values, LANGUAGE_COLUMNS, 20)
    candidate = Candidate(
        path=locate(written.strip()),
        file=file,
        name=clean_name(PurePosixPath(written.replace("\\", "/")).name) or file,
        line=row.line,
        text=text,
        confirmed=_word(values, ("status",)) not in ("drafted", "unlabelled"),
        speaker=_word(values, SPEAKER_COLUMNS),
        language=language,
        source=_word(values, SOURCE_COLUMNS),
        split=split,
        stated=_number(values.get("duration")),
    )
    given = _word(values, ("split",))
    if given and not split_name(given):
        reading.warnings.append(candidate.problem(f"unknown split '{given}'", "use train, dev or test"))
    return replace(candidate, split=split_name(given)) if given and split_name(given) else candidate


class _InFolder:
    """Finds the files that a list names, from the list's own folder."""

    def __init__(self, folder: Path, allow_outside: bool) -> None:
        self.folder, self.root, self.allow_outside = folder, folder.resolve(), allow_outside

    def __call__(self, written: str) -> Path:
        try:
            path = self.folder / written
            if "\\" in written and not path.is_file():
                path = self.folder / written.replace("\\", "/")
            inside = path.resolve().is_relative_to(self.root)
            exists = path.is_file()
        except (OSError, ValueError) as e:  # a name too long or with a null byte
            raise _missing(written) from e
        if not inside and not self.allow_outside:
            raise _Refused(OUTSIDE, "move the sound into the folder of the list")
        if not exists:
            raise _missing(written)
        return path


def _uploaded(written: str, by_name: Mapping[str, Path]) -> Path:
    path = by_name.get(PurePosixPath(written.replace("\\", "/")).name)
    if path is None:
        raise _missing(written)
    return path


def _missing(written: str) -> _Refused:
    return _Refused(MISSING, f"put {clean_name(written, 100)} where the list says, or correct the name")


def _text(values: Mapping[str, Any]) -> str:
    text = _first(values, TEXT_COLUMNS)
    if text is None:
        return ""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise _Refused("its text is not text", "write the text as a string, or null where there is none")
    cleaned = clean_label(str(text))
    if len(cleaned) > LONGEST_LABEL:
        raise _Refused(f"text longer than {LONGEST_LABEL:,} characters", "check that the text belongs to this clip")
    return cleaned


def _first(values: Mapping[str, Any], columns: Sequence[str]) -> Any:
    return next((values[c] for c in columns if values.get(c) is not None), None)


def _word(values: Mapping[str, Any], columns: Sequence[str], longest: int = 200) -> str | None:
    value = _first(values, columns)
    return clean_name(str(value), longest) or None if isinstance(value, str | int | float) else None


def _number(value: object) -> float | None:
    try:
        return float(str(value)) if value is not None else None
    except ValueError:
        return None


def _folder_split(folder: Path | None, root: Path | None, written: str) -> SplitName | None:
    """AudioFolder names splits by folders: that of the metadata, or the first one a file's name goes through."""
    if folder is None or root is None or Path(written).is_absolute():
        return None
    folders = (folder / written).relative_to(root).parts[:-1]
    return split_name(folders[0]) if folders else None


def _warn_unnamed(reading: Reading, root: Path) -> None:
    used = {candidate.path.resolve() for candidate in reading.candidates}
    missed = [p for p in _files(root) if p.suffix.lower() in AUDIO_SUFFIXES and p.resolve() not in used]
    if missed:
        reason = f"not named in the metadata ({len(missed)} {'file' if len(missed) == 1 else 'files'})"
        reading.warnings.append(Problem(_label(missed[0], root), None, reason, "add a line to the metadata for each"))


def _read_plain_folder(reading: Reading, root: Path) -> None:
    files = list(_files(root))
    sounds = [p for p in files if p.suffix.lower() in AUDIO_SUFFIXES]
    texts = {(str(p.parent), p.stem): (p, _label(p, root)) for p in files if _is_label_file(p)}
    _read_sounds(reading, [(p, _label(p, root)) for p in sounds], texts)
    others = [p for p in files if p.suffix.lower() not in AUDIO_SUFFIXES | {".txt"}]
    for suffix in sorted({p.suffix for p in others}):
        same = [p for p in others if p.suffix == suffix]
        reason = f"not a sound file ({len(same)} {'file' if len(same) == 1 else 'files'} of the kind '{suffix}')"
        remedy = "nothing to do, unless it holds sound: then convert it to WAV"
        reading.warnings.append(Problem(_label(same[0], root), None, reason, remedy))


def _read_sounds(
    reading: Reading, sounds: Sequence[tuple[Path, str]], texts: Mapping[tuple[str, str], tuple[Path, str]]
) -> None:
    """Append sounds, each with the text file of the same name; `texts` is keyed by folder and stem."""
    used = set()
    for path, file in sounds:
        key = ("", Path(file).stem) if ("", Path(file).stem) in texts else (str(path.parent), path.stem)
        candidate = Candidate(path, clean_name(file) or "unnamed", clean_name(Path(file).name) or "unnamed")
        if key in texts:
            used.add(key)
            candidate = _with_text(candidate, *texts[key], reading)
        reading.candidates.append(candidate)
    for key, (_, file) in texts.items():
        if key not in used:
            remedy = "put the sound of the same name beside it"
            reading.rejected.append(Problem(clean_name(file), None, MISSING, remedy))


def _with_text(candidate: Candidate, path: Path, file: str, reading: Reading) -> Candidate:
    try:
        return replace(candidate, text=_text({"text": read_text(path)}))
    except DataError as e:
        reading.warnings.append(Problem(clean_name(file), None, str(e).rstrip("."), "import it again afterwards"))
    except _Refused as refused:
        reading.warnings.append(Problem(clean_name(file), None, refused.reason, refused.remedy))
    return candidate


def _texts_beside(sounds: Sequence[Path]) -> dict[tuple[str, str], tuple[Path, str]]:
    beside = (path.with_suffix(".txt") for path in sounds)
    return {(str(p.parent), p.stem): (p, p.name) for p in beside if p.is_file()}


def _is_label_file(path: Path) -> bool:
    return path.suffix.lower() == ".txt" and path.name.lower() not in NOT_LABELS


def _files(root: Path) -> Iterator[Path]:
    """Every file under a folder, in order, without hidden ones; links to folders are not followed."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def _label(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
