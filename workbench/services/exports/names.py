"""Names of files made from what users called things: every file system takes them, and no two are alike."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

LONGEST_STEM: Final = 80  # characters; with folder and ending well under what file systems allow
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # Windows opens devices by these names


def safe_names(names: Sequence[str]) -> list[str]:
    """File names that every file system takes, ending in .flac and unique whatever the case, in the same order."""
    return [stem + ".flac" for stem in safe_stems([Path(name).stem for name in names])]


def safe_stems(stems: Sequence[str]) -> list[str]:
    """The same for names without their ending."""
    used: set[str] = set()
    return [_unique(_stem(stem), used) for stem in stems]


def _stem(stem: str) -> str:
    safe = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", stem)).strip("._")[:LONGEST_STEM] or "clip"
    return f"_{safe}" if _RESERVED.fullmatch(safe) else safe


def _unique(stem: str, used: set[str]) -> str:
    chosen, number = stem, 1
    while chosen.casefold() in used:
        number += 1
        chosen = f"{stem}-{number}"
    used.add(chosen.casefold())
    return chosen
