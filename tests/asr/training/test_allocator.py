"""What a worker keeps: freed memory, and as many activations as were allowed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.asr.training.test_trainer import examples_of
from workbench.asr.training.batches import ExampleDataset
from workbench.asr.training.feature_cache import FeatureCache

PROGRAM = """
import ctypes, resource, torch
from workbench.asr.training.allocator import keep_freed_memory
print(keep_freed_memory())
torch.ones(5_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(5_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_freed_memory_is_used_again() -> None:
    out = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    if out[0] == "False":
        pytest.skip("another C library")
    assert int(out[1]) < 40_000  # 20 MB are some 4,900 pages, and there were twenty of them


def test_activations_stay_in_memory_up_to_the_limit(backend_of: Callable, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-group")
    examples = examples_of(backend)
    cache = FeatureCache(tmp_path, backend, 3)
    one = sum(v.nbytes for v in cache.fetch(examples[-1].items[0]).values())
    dataset = ExampleDataset(examples, cache, kept_bytes=3 * one)
    first = [dataset[i] for i in range(len(examples))]
    assert 3 <= len(dataset.kept) < len(examples)
    assert sum(v.nbytes for found in dataset.kept.values() for v in found.values()) <= 3 * one
    for i, (found, ids, _) in enumerate(first):
        assert ids == examples[i].label_ids
        assert torch.equal(dataset[i][0]["hidden"], found["hidden"])
        assert torch.equal(cache.fetch(examples[i].items[0])["hidden"], found["hidden"])
