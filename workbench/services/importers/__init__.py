"""What lies in a folder, an archive, a list or an upload, as candidates for clips: found and named, not yet decoded.

`formats.py` lists the formats; each has a module of its own. Readers see a `Place`, so that every format works from a
folder, from a ZIP archive and from files that were uploaded.
"""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import DataError
from workbench.services.importers.archive import archive_place
from workbench.services.importers.candidates import (
    AUDIO_SUFFIXES,
    MISSING,
    NO_TEXT,
    NO_TEXT_REMEDY,
    OUTSIDE,
    Candidate,
    ImportScan,
    TierChoice,
)
from workbench.services.importers.formats import FORMATS, TEXT_SUFFIXES, ImportOptions, read_place
from workbench.services.importers.place import check_exists, file_place, folder_place, upload_place
from workbench.services.importers.sounds import WORDS_FILE

__all__ = [
    "AUDIO_SUFFIXES",
    "FORMATS",
    "MISSING",
    "NO_TEXT",
    "NO_TEXT_REMEDY",
    "OUTSIDE",
    "WORDS_FILE",
    "Candidate",
    "ImportOptions",
    "ImportScan",
    "TierChoice",
    "read_path",
    "read_uploads",
]

ARCHIVE = ".zip"


def read_path(path: Path, scratch: Path, wishes: ImportOptions | None = None) -> ImportScan:
    """Find the clips in a list, a folder, an archive or a single sound.

    Args:
        scratch: An empty folder that outlives the import; archives are laid out there.

    Raises:
        TierChoice: Annotations have several tiers, and none was named.
        DataError: The path does not exist, cannot be read as a whole, or holds no sound at all.
    """
    wishes, reading = wishes or ImportOptions(), ImportScan()
    check_exists(path)
    if path.is_dir():
        place = folder_place(path, reading, allow_outside=wishes.allow_outside)
    elif path.suffix.lower() == ARCHIVE:
        place = archive_place(path, path.name, scratch, reading, TEXT_SUFFIXES)
    else:
        place = file_place(path, allow_outside=wishes.allow_outside)
    read_place(place, reading, wishes)
    _check(reading)
    if not (reading.candidates or reading.rejected):
        raise DataError(f"{path} holds no sound files.")
    return reading


def read_uploads(files: Sequence[tuple[Path, str]], scratch: Path, wishes: ImportOptions | None = None) -> ImportScan:
    """The clips among uploaded files: sounds, what stands beside them, lists of sounds of the same upload, archives.

    Args:
        files: Where each file lies now, and what the user called it.
        scratch: An empty folder that outlives the import.

    Raises:
        TierChoice: Annotations have several tiers, and none was named.
        DataError: An archive or a list cannot be read as a whole.
    """
    wishes, reading = wishes or ImportOptions(), ImportScan()
    uploads = upload_place(files)
    for number, name in enumerate(uploads.named(ARCHIVE)):
        folder = scratch / str(number)
        folder.mkdir()
        read_place(archive_place(uploads.files.pop(name), name, folder, reading, TEXT_SUFFIXES), reading, wishes)
    if uploads.files:
        read_place(uploads, reading, wishes)
    _check(reading)
    return reading


def _check(reading: ImportScan) -> None:
    if reading.tiers:
        raise TierChoice(reading.tiers)
