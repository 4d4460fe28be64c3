"""Fixtures for everyone: an empty workspace, its store, its command line, and sounds made on the spot."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Before torch is imported, here and in the workers: the tiny models' matrices gain nothing from threads, and threads
# that wait for each other on a busy machine make them many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The models that this machine has are no part of a test, but where it asks for them by `real_model`. What is inherited
# is kept under another name: pytest-xdist's workers start with the environment that is set here.
os.environ.setdefault("WORKBENCH_REAL_MODELS", os.environ.get("WORKBENCH_MODELS", ""))
os.environ["WORKBENCH_MODELS"] = str(Path(__file__).parent / "no models")

import numpy as np
import pytest
import soundfile

from workbench.asr.catalog.kept_models import models_root
from workbench.cli import main
from workbench.services.workbench import Workbench
from workbench.store.database import Store
from workbench.workspace import Workspace

SHARED_AUDIO = Path(__file__).resolve().parents[2] / "shared" / "audio"
SHARED_CASES = SHARED_AUDIO.parent / "cases"


def speechlike(seconds: float, *, rate: int = 16_000, seed: int = 0, level: float = 0.3) -> np.ndarray:
    """`(n_samples,)` float32: a buzz with a wandering pitch and syllables; each seed sounds, and hashes, differently.

    Enough for everything but recognition: it has energy where speech has it, pauses, and no clipping.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * rate)) / rate
    pitch = 110 + 40 * rng.random() + 20 * np.sin(2 * np.pi * (0.7 + rng.random()) * times)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    buzz = sum(np.sin(k * phase + rng.random()) / k for k in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 3 * times + rng.random()), 0, 1)
    sound = buzz * syllables + 0.01 * rng.standard_normal(len(times))
    return (level * sound / np.abs(sound).max()).astype(np.float32)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    opened = Store.open(workspace)
    yield opened
    opened.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    yield opened
    opened.close()


@pytest.fixture
def make_wav(tmp_path: Path) -> Callable[..., Path]:
    """Writes a sound: make_wav("name.wav", seconds, seed=…, rate=…, samples=…); the ending says the format."""

    def make(
        name: str,
        seconds: float = 1.0,
        *,
        seed: int = 0,
        rate: int = 16_000,
        samples: np.ndarray | None = None,
        subtype: str | None = None,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = speechlike(seconds, rate=rate, seed=seed) if samples is None else samples
        soundfile.write(path, data, rate, subtype=subtype)
        return path

    return make


@pytest.fixture
def real_model(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """The folder of a model that `workbench fetch` has brought to this machine; the test is skipped without it."""

    def find(name: str) -> Path:
        monkeypatch.setenv("WORKBENCH_MODELS", os.environ["WORKBENCH_REAL_MODELS"])
        folder = models_root() / name
        if not (folder / "model.safetensors").is_file():
            pytest.skip(f"the real weights of {name} are not on this machine (workbench fetch {name})")
        return folder

    return find


@pytest.fixture
def shared_audio() -> Path:
    """The real recordings beside the project."""
    if not SHARED_AUDIO.is_dir():
        pytest.skip(f"the real recordings are not at {SHARED_AUDIO}")
    return SHARED_AUDIO


@pytest.fixture
def shared_cases() -> Path:
    """Inputs that failed once, beside the project; a folder for each kind."""
    if not SHARED_CASES.is_dir():
        pytest.skip(f"the reported cases are not at {SHARED_CASES}")
    return SHARED_CASES


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """say("verb", …): its JSON document; with status=1 or 2 what stood on stderr. On a workspace of one's own."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "workspace"))

    def run(*words: str, status: int = 0) -> Any:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*words, *(["--json"] if not status else [])])
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == status, printed.err
        return printed.err if status else json.loads(printed.out)

    return run
