"""Whatever stands in a model's small files: it works, or is refused in a sentence; it never hangs or swells."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("whisper", "moonshine", "wav2vec2-layer", "mms", "wavlm-layer", "data2vec", "conformer", "w2v-bert-adapter")


def spoil(kind: str, count: int, seed: int) -> None:
    program = [sys.executable, "-m", "tests.asr.spoiling", kind, str(count), str(seed)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    *odd, summary = done.stdout.splitlines()
    ends = json.loads(summary)
    assert odd == []
    assert ends.pop("kind") == kind
    assert sum(ends.values()) == count
    assert ends.keys() == {"works", "refused"}, "both happen, or the tries were no tries"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["whisper", "wav2vec2-layer"])
def test_some_spoiled_numbers_are_refused_or_work(kind: str) -> None:
    spoil(kind, 25, 12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "parakeet"])
def test_spoiled_numbers_are_refused_or_work(kind: str) -> None:
    spoil(kind, 400, 1)
