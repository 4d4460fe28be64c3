"""When the words of a run's tested clips were said, as a file in the run's folder; it holds times and no texts."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from workbench.atomic import write_json
from workbench.core.word_times import WordTimes
from workbench.language.documents import kept, read

TIMES: Final = "times.json"  # in the run's folder

# "reference" (by the adapted model), "base" and "adapted" (each by the model that wrote it).
ClipTimes = Mapping[str, WordTimes]


def read_times(folder: Path) -> dict[int, ClipTimes]:
    """Clip id -> the times of its words; empty where the run has none, or where the file is damaged."""
    try:
        document = read(json.loads((folder / TIMES).read_text(encoding="utf-8")))
        return {int(clip_id): times_from_json(times) for clip_id, times in document["clips"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def add_times(folder: Path, new: Mapping[int, ClipTimes]) -> None:
    """Add clips to a run's file, which appears whole or not at all."""
    if new:
        with _changing(folder) as times:
            times |= new


def forget_times(folder: Path, clip_ids: Collection[int] | None = None) -> None:
    """Remove clips from a run's file, all of them by default."""
    if (folder / TIMES).is_file():
        with _changing(folder) as times:
            for clip_id in list(times) if clip_ids is None else clip_ids:
                times.pop(clip_id, None)


@contextmanager
def _changing(folder: Path) -> Iterator[dict[int, ClipTimes]]:
    """A run's times to be changed in place; the run's worker and the page may both want to."""
    with FileLock(folder / f".{TIMES}.lock"):
        times = read_times(folder)
        yield times
        document = {"clips": {str(clip_id): times_to_json(found) for clip_id, found in times.items()}}
        write_json(folder / TIMES, kept(document))


def times_to_json(times: ClipTimes) -> dict[str, Any]:
    """Milliseconds are enough."""
    return {
        name: {
            "spans": [None if span is None else [round(second, 3) for second in span] for span in found.spans],
            "why": found.why,
        }
        for name, found in times.items()
    }


def times_from_json(document: Mapping[str, Any]) -> dict[str, WordTimes]:
    return {
        name: WordTimes(
            tuple(None if span is None else (float(span[0]), float(span[1])) for span in found["spans"]),
            found["why"],
        )
        for name, found in document.items()
    }
