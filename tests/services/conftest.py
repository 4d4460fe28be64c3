"""The use cases of collecting and labelling over an empty workspace, and a folder to import."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.services.clips.sets import Collecting
from workbench.services.importers import ImportOptions, ImportScan, read_path
from workbench.services.labels.revisions import Labelling


@pytest.fixture
def collecting(workspace, store) -> Collecting:
    return Collecting(workspace, store)


@pytest.fixture
def labelling(store) -> Labelling:
    return Labelling(store)


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def write(folder) -> Callable[..., Path]:
    """write({"a.txt": "…", "b/c.csv": b"…"}): files in the folder; a sound's content may be anything."""

    def put(files: dict[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return put


@pytest.fixture
def read(tmp_path) -> Callable[..., ImportScan]:
    """read(path, format=…, tiers=…): what an import would find, without decoding anything."""

    def find(path: Path, **wishes: object) -> ImportScan:
        (tmp_path / "scratch").mkdir(exist_ok=True)
        scratch = tempfile.mkdtemp(dir=tmp_path / "scratch")
        return read_path(path, Path(scratch), ImportOptions(**wishes))  # type: ignore[arg-type]

    return find


def found(reading: ImportScan) -> list[tuple[str, str]]:
    """Name and text of each candidate."""
    return [(c.name, c.text) for c in reading.candidates]


def problems(reading: ImportScan, which: str = "rejected") -> list[tuple[str, int | None, str]]:
    return [(p.file, p.line, p.reason) for p in getattr(reading, which)]
