"""A stale activation is never met, a damaged file is computed anew, and the sound at rest gives what was stored."""

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from tests.asr.conftest import KINDS
from tests.small_disk import fill, small_disk
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.ctc import CTCBackend
from workbench.asr.training.feature_cache import CacheItem, FeatureCache, compact
from workbench.disk import reserve_size
from workbench.errors import WorkbenchError

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

    monkeypatch.setattr("workbench.asr.training.feature_cache.save_file", full_disk)
    with pytest.raises(WorkbenchError, match="The disk is full"):
        cache.fetch(item)
    assert list(cache.folder.iterdir()) == []


def test_the_loss_from_what_is_stored_is_the_loss(
    model_folder: Callable[[str], Path], clips: list[ClipInput], tmp_path: Path
) -> None:
    for kind in KINDS:
        backend = load(folder_spec(model_folder(kind)))
        labels = [backend.encode_label(text) for text in ("ab c", "hello", "a", "zoo")]
        items = [CacheItem(f"{i:064d}", "", lambda c=c: c, len(c.samples)) for i, c in enumerate(clips)]
        with torch.no_grad():
            whole = backend.loss(backend.collate(backend.encode_prefix(clips, 0), labels), 0)
            for boundary in range(1, len(backend.blocks())):
                cache = FeatureCache(tmp_path / kind, backend, boundary)
                cache.fill(items)
                stored = backend.loss(backend.collate([cache.fetch(i) for i in items], labels), boundary)
                torch.testing.assert_close(
                    stored, whole, rtol=2e-3, atol=0, msg=f"{kind}, boundary {boundary}: {stored} {whole}"
                )


def test_outliers_that_half_precision_cannot_write_stay_whole() -> None:
    values = torch.randn(50, 8)
    assert compact(values).dtype == torch.float16
    assert compact(values * 1e5).dtype == torch.float32
    assert compact(values * 1e-9).dtype == torch.float32
    assert compact(torch.ones(3, dtype=torch.int64)).dtype == torch.int64


def test_the_cache_stays_within_its_limit_and_keeps_what_is_needed(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of("wav2vec2-group")
    items = [item_of(seed)[0] for seed in range(6)]
    cache = FeatureCache(tmp_path, backend, 3)
    cache.fill(items[:3])
    size = cache.path(items[0]).stat().st_size
    for age, item in zip((30, 10, 20), items, strict=False):
        os.utime(cache.path(item), (time.time() - age, time.time() - age))
    cache.fill(items[:1])  # needed again: the youngest now
    monkeypatch.setenv("WORKBENCH_CACHE_GB", str(3.5 * size / 1e9))
    cache.fill(items[3:5])
    assert [cache.path(i).exists() for i in items[:5]] == [True, False, False, True, True]
    cache.fill(items)  # more than the limit, but all of it is needed now
    assert all(cache.path(i).exists() for i in items)
    monkeypatch.setenv("WORKBENCH_CACHE_GB", "much")
    with pytest.raises(WorkbenchError, match="number of gigabytes, not 'much'"):
        FeatureCache(tmp_path, backend, 2).fill(items)


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_met_by_forgetting_what_is_not_needed(
    error: Exception, backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of("wav2vec2-group")
    old, _ = item_of(0)
    new, _ = item_of(1)
    FeatureCache(tmp_path, backend, 2).fill([old])
    cache = FeatureCache(tmp_path, backend, 3)

    def full_while_the_old_one_is_there(values: object, file: str) -> None:
        if FeatureCache(tmp_path, backend, 2).path(old).exists():
            raise error
        save_file(values, file)

    monkeypatch.setattr("workbench.asr.training.feature_cache.save_file", full_while_the_old_one_is_there)
    cache.fill([new])
    assert cache.path(new).exists()


def test_on_a_real_full_disk_old_activations_make_room_and_the_last_bytes_are_left_alone(
    backend_of: BackendOf, tmp_path: Path
) -> None:
    backend = backend_of("wav2vec2-group")
    with small_disk(tmp_path / "disk", "2m") as disk:
        old = [item_of(seed)[0] for seed in range(4)]
        FeatureCache(disk / "cache", backend, 2).fill(old)
        fill(disk, leave=2 * reserve_size(disk) + 1024)
        cache, new = FeatureCache(disk / "cache", backend, 3), item_of(9)[0]
        cache.fill([new])
        assert cache.get(new) is not None
        assert not any(FeatureCache(disk / "cache", backend, 2).path(item).exists() for item in old)
        fill(disk, leave=2 * reserve_size(disk) - 1024)
        with pytest.raises(WorkbenchError, match="The disk is full: the frozen part's output cannot be kept"):
            cache.fill([item_of(10)[0]])
        assert shutil.disk_usage(disk).free >= 2 * reserve_size(disk) - 4096
        assert not list(disk.rglob("*.tmp"))


def test_any_other_failure_to_write_is_not_called_a_full_disk(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: Input/output error (os error 5)")

    monkeypatch.setattr("workbench.asr.training.feature_cache.save_file", broken)
    with pytest.raises(SafetensorError, match="os error 5"):
        FeatureCache(tmp_path, backend_of("wav2vec2-group"), 3).fetch(item_of()[0])


@pytest.mark.slow
def test_two_processes_fill_one_cache(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        import numpy as np
        from workbench.asr.models.backend import ClipInput
        from workbench.asr.catalog.catalog import folder_spec
        from workbench.asr.training.feature_cache import CacheItem, FeatureCache
        from workbench.asr.catalog.loading import load
        cache = FeatureCache(Path(sys.argv[2]), load(folder_spec(Path(sys.argv[1]))), 3)
        sounds = [np.random.default_rng(i).normal(0, 0.1, 8000).astype(np.float32) for i in range(40)]
        items = [CacheItem(f"{i:064d}", "", lambda s=s: ClipInput(s), 8000) for i, s in enumerate(sounds)]
        for round in range(3):
            cache.fill(items, batch_seconds=1)
            print(sum(float(cache.fetch(i)["hidden"].sum()) for i in items))
            if round < 2:
                [cache.path(i).unlink(missing_ok=True) for i in items[::2]]
    """)
    command = [sys.executable, "-c", script, str(model_folder("wav2vec2-group")), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=200) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    sums = [float(line) for out, _ in said for line in out.splitlines()]
    assert sums == pytest.approx([sums[0]] * 6, abs=1e-2)  # a clip's batch differs, and with it the last digits
    assert len(list(tmp_path.rglob("*.safetensors"))) == 40
    assert not list(tmp_path.rglob("*.tmp"))


def test_at_boundary_zero_nothing_is_stored(backend_of: BackendOf, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, backend_of("wav2vec2-group"), 0)
    item, _ = item_of()
    assert cache.fill([item]) == 0
    assert set(cache.fetch(item)) == {"samples"}
    assert not cache.folder.exists()
