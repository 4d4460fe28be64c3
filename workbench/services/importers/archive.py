"""A ZIP archive as a place to import from: every entry is judged before anything of it is read.

Nothing is ever unpacked under a name that the archive chose: entries that are wanted go, numbered, into a folder of the
workspace that is removed after the import. So a name cannot lead anywhere; names that try are refused all the same,
since an archive that has them is broken or means harm.
"""

import lzma
import os
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from workbench.core.text.clean import clean_name
from workbench.disk import is_full
from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.importers.candidates import AUDIO_SUFFIXES, FEW, LARGEST_HEADER, ImportScan, Refused
from workbench.services.importers.formats import COMPANIONS, TEXT_SUFFIXES
from workbench.services.importers.place import Place

MOST_ENTRIES: Final = 200_000
LARGEST_TOTAL: Final = 50 * 2**30  # bytes unpacked
LARGEST_TEXT: Final = 512 * 2**20  # bytes; as for lists that lie in a folder
HIGHEST_RATIO: Final = 200  # unpacked to packed; text reaches 20, a WAV of pure zeros 1,000
HARMLESS: Final = 20 * 2**20  # bytes; below it the ratio does not matter
SPARE_DISK: Final = 512 * 2**20  # bytes left free
LONGEST_NAME: Final = 1_000  # characters
DEEPEST: Final = 40  # folders
CHUNK: Final = 2**20  # bytes
ARCHIVES: Final = frozenset((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"))
JUNK: Final = re.compile(r"(^|/)(__MACOSX/|\.[^./]|Thumbs\.db$|desktop\.ini$)")
METHODS: Final = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
LOCAL_HEADER: Final = 30  # bytes before an entry's name
END_RECORD: Final = 22  # bytes of the record at the end, before its comment
END_RECORD_64: Final = 56  # bytes of ZIP64's longer record
END_LOCATOR: Final = 20  # bytes of what tells its place, before the record at the end
OVERFLOWN: Final = 0xFFFFFFFF  # stands for a number that ZIP64's record tells
LONGEST_COMMENT: Final = 2**16  # bytes
LARGEST_DIRECTORY: Final = 2**28  # bytes of the list of files: 200,000 long names
NAME_IS_UTF8: Final = 0x800  # bit 11 of the flags, APPNOTE 4.4.4
UNIX_LINKS: Final = {0x000D: 12, 0x756E: 14}  # extra fields that may name a link's target: bytes they have without one

Judged = Iterator[tuple[zipfile.ZipInfo, str]]  # entries with the names they go by
_AGAIN: Final = say("pack the archive again without it")


def archive_place(path: Path, title: str, scratch: Path, reading: ImportScan) -> Place:
    """Judge an archive, and lay what can be imported from it into `scratch`.

    Args:
        title: What messages call the archive.
        scratch: An empty folder that the caller removes.
        reading: Takes the entries that were refused, each with its reason.

    Raises:
        DataError: It is no ZIP archive, is damaged, or would unpack to more than it should.
    """
    try:
        _check_directory(path, title)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_whole(entries, title, scratch)
            _check_content(entries, title)
            judged = _judged(entries, title, reading)
            return _unpack(archive, judged, title, scratch, reading)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, EOFError) as e:
        if is_full(e):
            raise  # said where the import as a whole is
        if isinstance(e, OSError) and e.errno is not None:
            raise DataError(
                say(
                    "{title} cannot be unpacked ({why}); check the disk and try again.",
                    title=title,
                    why=e.strerror,
                )
            ) from e
        raise DataError(say("{title} is no ZIP archive, or a damaged one; pack or copy it again.", title=title)) from e


def _real_name(entry: zipfile.ZipInfo) -> str:
    """An entry's name: macOS and others write UTF-8 without saying so, which `zipfile` then takes for DOS's letters."""
    if entry.flag_bits & NAME_IS_UTF8:
        return entry.orig_filename
    try:
        return entry.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.orig_filename


def _check_whole(entries: list[zipfile.ZipInfo], title: str, scratch: Path) -> None:
    if len(entries) > MOST_ENTRIES:
        raise DataError(
            say(
                "{title} holds {n:,} files, more than {most:,}; pack several archives.",
                title=title,
                n=len(entries),
                most=MOST_ENTRIES,
            )
        )
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST_TOTAL:
        raise DataError(
            say(
                "{title} would unpack to {size_gb:.0f} GB, more than {most_gb:.0f}; pack several.",
                title=title,
                size_gb=total / 2**30,
                most_gb=LARGEST_TOTAL / 2**30,
            )
        )
    for entry in entries:
        if entry.file_size > HARMLESS and entry.file_size > HIGHEST_RATIO * max(1, entry.compress_size):
            name = clean_name(entry.filename, 100)
            raise DataError(
                say(
                    "{title} is packed like a bomb: {name} would grow to {size_mb:,.0f} MB, "
                    "{times:,.0f} times its size; nothing of it was read.",
                    title=title,
                    name=name,
                    size_mb=entry.file_size / 2**20,
                    times=entry.file_size / max(1, entry.compress_size),
                )
            )
    if total > HARMLESS and total > HIGHEST_RATIO * sum(entry.compress_size for entry in entries):
        raise DataError(
            say(
                "{title} is packed like a bomb: its {n:,} files would grow to {size_mb:,.0f} MB; "
                "nothing of it was read.",
                title=title,
                n=len(entries),
                size_mb=total / 2**20,
            )
        )
    placed = sorted(entries, key=lambda entry: entry.header_offset)
    for before, after in pairwise(placed):
        if before.header_offset + LOCAL_HEADER + before.compress_size > after.header_offset:
            raise DataError(
                say(
                    "{title} is packed like a bomb: its files share the same bytes; nothing of it was read.",
                    title=title,
                )
            )
    if total > shutil.disk_usage(scratch).free - SPARE_DISK:
        raise DataError(
            say(
                "{title} would unpack to {size_mb:,.0f} MB, for which the disk has no room.",
                title=title,
                size_mb=total / 2**20,
            )
        )


def _check_directory(path: Path, title: str) -> None:
    """Refuse an archive whose list of files alone would fill the memory, before that list is read."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(-min(size, END_RECORD + LONGEST_COMMENT), os.SEEK_END)
        tail = file.read()
        place = tail.rfind(b"PK\5\6")
        if place < 0 or len(tail) - place < END_RECORD:
            return  # no archive, which is said when it is opened
        (listed,) = struct.unpack_from("<L", tail, place + 12)
        if listed == OVERFLOWN:
            listed = _long_directory(file, tail[max(0, place - END_LOCATOR) : place])
    if listed > LARGEST_DIRECTORY:
        raise DataError(say("{title} lists more files than can be looked at; pack several archives.", title=title))


def _long_directory(file: BinaryIO, locator: bytes) -> int:
    """Bytes of the list of files as ZIP64 tells it; 0 where it does not, which is said when the archive is opened."""
    if not locator.startswith(b"PK\6\7") or len(locator) < END_LOCATOR:
        return 0
    file.seek(min(struct.unpack_from("<Q", locator, 8)[0], file.seek(0, os.SEEK_END)))
    record = file.read(END_RECORD_64)
    return int(struct.unpack_from("<Q", record, 40)[0]) if len(record) == END_RECORD_64 else 0


def _check_content(entries: list[zipfile.ZipInfo], title: str) -> None:
    """Refuse many files with nothing in them, before each is looked at."""
    if len(entries) > FEW and not any(_holds_something(entry) for entry in entries):
        raise DataError(
            say(
                "{title} holds {n:,} files and no sound or text in any of them; pack it again with the sounds.",
                title=title,
                n=len(entries),
            )
        )


def _holds_something(entry: zipfile.ZipInfo) -> bool:
    suffix = PurePosixPath(entry.filename).suffix.lower() if entry.file_size else ""
    return entry.file_size > (LARGEST_HEADER if suffix in AUDIO_SUFFIXES else 0)


def _judged(entries: list[zipfile.ZipInfo], title: str, reading: ImportScan) -> Judged:
    """Entries with the names they go by; those refused go into the reading."""
    seen: set[str] = set()
    for entry in entries:
        if JUNK.search(entry.filename):
            continue
        with reading.refusing(f"{title}: {_real_name(entry)}", None):
            name = _checked_name(_real_name(entry))
            _check_entry(entry)
            if name.endswith("/"):
                continue
            key = unicodedata.normalize("NFC", name).casefold()
            if key in seen:
                raise Refused(
                    say("a second file of the same name, case aside"), say("give each file a name of its own")
                )
            seen.add(key)
            yield entry, name


def _checked_name(written: str) -> str:
    name = written.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise Refused(say("a name that no file can have"), _AGAIN)
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise Refused(say("an absolute path"), _AGAIN)
    if ".." in parts:
        raise Refused(say("a path that leads out of the archive"), _AGAIN)
    if len(name) > LONGEST_NAME or len(parts) > DEEPEST:
        raise Refused(say("a path that is too long"), _AGAIN)
    return str(PurePosixPath(name)) + ("/" if name.endswith("/") else "")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK or _names_a_link(entry.extra):
        raise Refused(say("a link"), say("pack the file itself instead of the link"))
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(say("a device or pipe, not a file"), _AGAIN)
    if entry.flag_bits & 0x2041:
        raise Refused(say("encrypted"), say("pack the archive again without a password"))
    if entry.compress_type not in METHODS:
        raise Refused(
            say("packed in an unknown way (method {method})", method=entry.compress_type),
            say("pack the archive again as plain ZIP"),
        )


def _names_a_link(extra: bytes) -> bool:
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if length > UNIX_LINKS.get(kind, length):
            return True
        extra = extra[4 + length :]
    return False


def _unpack(archive: zipfile.ZipFile, entries: Judged, title: str, scratch: Path, reading: ImportScan) -> Place:
    place = Place(title)
    others: dict[str, list[str]] = {}
    empty: list[tuple[zipfile.ZipInfo, str, Path]] = []
    for number, (entry, name) in enumerate(entries):
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in ARCHIVES:
            remedy = say("unpack it, and pack its files")
            reading.reject(f"{title}: {name}", None, say("an archive inside the archive"), remedy)
        elif suffix in AUDIO_SUFFIXES | TEXT_SUFFIXES or PurePosixPath(name).name in COMPANIONS:
            target = scratch / f"{number:06}{suffix}"
            if not _holds_something(entry):
                empty.append((entry, name, target))
                continue
            _lay_out(archive, entry, name, target, place, reading)
        else:
            others.setdefault(suffix, []).append(name)
    for entry, name, target in empty if len(empty) <= FEW else ():
        _lay_out(archive, entry, name, target, place, reading)
    if len(empty) > FEW:
        reading.reject_empty([f"{title}: {name}" for _, name, _ in empty])
    for suffix, names in sorted(others.items()):
        reading.warn_of_others(f"{title}: {names[0]}", len(names), suffix)
    return _without_common_folder(place)


def _lay_out(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, target: Path, place: Place, reading: ImportScan
) -> None:
    with reading.refusing(f"{place.title}: {name}", None):
        place.files[name] = _extract(archive, entry, target)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> Path:
    if target.suffix not in AUDIO_SUFFIXES and entry.file_size > LARGEST_TEXT:
        raise Refused(
            say("a text of more than {most_mb} MB", most_mb=LARGEST_TEXT // 2**20), say("split it into several")
        )
    left = entry.file_size
    try:
        with archive.open(entry) as packed, target.open("xb") as file:
            while part := packed.read(CHUNK):
                left -= len(part)
                if left < 0:
                    raise Refused(say("longer than the archive says"), _AGAIN)
                file.write(part)
        if left:
            raise Refused(say("shorter than the archive says"), say("pack or copy the archive again"))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError) as e:
        target.unlink(missing_ok=True)
        if isinstance(e, OSError) and e.errno is not None:  # the disk, not the archive
            raise
        raise Refused(say("damaged in the archive"), say("pack or copy the archive again")) from e
    except Refused:
        target.unlink(missing_ok=True)
        raise
    return target


def _without_common_folder(place: Place) -> Place:
    """Most archives hold one folder with everything in it, some a folder in a folder."""
    files = place.files
    while files and all("/" in name for name in files) and len({name.split("/")[0] for name in files}) == 1:
        folder = next(iter(files)).split("/")[0]
        if any(os.path.normpath(name) != name for name in files):
            break
        if folder.lower() in ("train", "dev", "test", "validation"):
            break  # a split, not a wrapper
        files = {name.partition("/")[2]: path for name, path in files.items()}
    place.files = dict(sorted(files.items()))
    return place
