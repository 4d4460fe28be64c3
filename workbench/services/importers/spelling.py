"""Names of files as lists spell them: in another case, composed otherwise, with another ending, or nearly so."""

import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.services.importers.candidates import AUDIO_SUFFIXES

MOST_GUESSES: Final = 20  # names that are looked for among those that are nearly the same, which takes long
MOST_NAMES: Final = 5_000
NEARLY: Final = 0.7  # share of letters in common, as difflib counts them


def folded(name: str) -> str:
    """A name as it is compared: macOS composes letters otherwise than other systems, and some know no case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


class Names:
    """Files by the names that lists may give them."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files
        self._guesses = 0
        self._by_fold: dict[str, list[str]] = {}
        self._by_bare: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}  # sounds only
        for name in files:
            self._by_fold.setdefault(folded(name), []).append(name)
            if _ending(name) in AUDIO_SUFFIXES:
                self._by_bare.setdefault(folded(PurePosixPath(name).name), []).append(name)
                self._by_stem.setdefault(folded(name[: -len(_ending(name))]), []).append(name)

    def alike(self, name: str) -> str | None:
        """The one file whose name differs in case, or in how its letters are composed."""
        return _only(self._by_fold.get(folded(name), []))

    def several(self, name: str) -> list[str]:
        """Files that this name may mean equally well."""
        found = self._by_fold.get(folded(name), [])
        return found if len(found) > 1 else []

    def anywhere(self, bare: str) -> str | None:
        """The one sound of this name in any folder."""
        return _only(self._by_bare.get(folded(bare), []))

    def with_other_ending(self, name: str) -> str | None:
        """The one sound of this name but for its ending, or with one where the list writes none."""
        ending = _ending(name)
        stem = name[: -len(ending)] if ending in AUDIO_SUFFIXES else name
        return _only(self._by_stem.get(folded(stem), []))

    def nearly(self, name: str) -> str:
        """A sound whose name is nearly this one; empty where there is none, or after many questions."""
        self._guesses += 1
        if self._guesses > MOST_GUESSES:
            return ""
        sounds = sorted({PurePosixPath(n).name for n in self.files if _ending(n) in AUDIO_SUFFIXES})
        return next(iter(get_close_matches(PurePosixPath(name).name, sounds[:MOST_NAMES], 1, NEARLY)), "")


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None
