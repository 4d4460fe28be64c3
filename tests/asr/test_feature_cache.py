"""A stale activation is never met, a damaged file is computed anew, and the sound at rest gives what was stored."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.asr.backend import ClipInput
from workbench.asr.ctc import CTCBackend
from workbench.asr.feature_cache import CacheItem, FeatureCache

BackendOf = Callable[[str], CTCBackend]


def item_of(seed: int = 0, n: int = 8000) -> tuple[CacheItem, list[int]]:
    """A cache item and the list that counts how often its sound was asked for."""
    asked: list[int] = []
    samples = np.random.default_rng(seed).normal(0, 0.1, n).astype(np.float32)

    def load() -> ClipInput:
        asked.append(1)
        return ClipInput(samples)

    return CacheItem(f"{seed:064d}", "", load, n), asked


def test_the_prefix_runs_once(backend_of: BackendOf, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-group")
    item, asked = item_of()
    cache = FeatureCache(tmp_path, backend, 3)
    assert cache.fill([item]) == 1
    assert cache.fill([item]) == 0
    first = cache.fetch(item)["hidden"]
    second = FeatureCache(tmp_path, backend_of("wav2vec2-group"), 3).fetch(item)["hidden"]
    assert torch.equal(first, second)
    assert len(asked) == 1


def test_another_boundary_model_or_processor_is_another_folder(backend_of: BackendOf, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-group")
    folders = {FeatureCache(tmp_path, backend, b).folder for b in (1, 2, 3)}
    folders.add(FeatureCache(tmp_path, backend_of("wav2vec2-layer"), 3).folder)
    backend.processor.feature_extractor.do_normalize = False
    folders.add(FeatureCache(tmp_path, backend, 3).folder)
    assert len(folders) == 5


def test_another_sound_or_variant_is_another_file(backend_of: BackendOf, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, backend_of("wav2vec2-group"), 3)
    first, _ = item_of(0)
    other, _ = item_of(1)
    louder = replace(first, variant="louder", load=lambda: ClipInput(np.ones(8000, np.float32) * 0.1))
    values = [cache.fetch(i)["hidden"] for i in (first, other, louder)]
    assert not torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    assert all(
        f.name.startswith((first.sha256, other.sha256)) for f in cache.folder.iterdir()
    )  # so that erasing finds them


@pytest.mark.parametrize("damage", [b"", b"\x10\x00\x00\x00\x00\x00\x00\x00{broken", b"x" * 40])
def test_a_damaged_file_is_computed_anew(damage: bytes, backend_of: BackendOf, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, backend_of("wav2vec2-group"), 3)
    item, asked = item_of()
    good = cache.fetch(item)["hidden"].clone()
    cache.path(item).write_bytes(damage)
    assert torch.equal(cache.fetch(item)["hidden"], good)
    assert len(asked) == 2


def test_a_failed_write_leaves_nothing_behind(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FeatureCache(tmp_path, backend_of("wav2vec2-group"), 3)
    item, _ = item_of()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.asr.feature_cache.save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        cache.fetch(item)
    assert list(cache.folder.iterdir()) == []


def test_at_boundary_zero_nothing_is_stored(backend_of: BackendOf, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, backend_of("wav2vec2-group"), 0)
    item, _ = item_of()
    assert cache.fill([item]) == 0
    assert set(cache.fetch(item)) == {"samples"}
    assert not cache.folder.exists()
