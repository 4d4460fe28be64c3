"""A workbench with a small labelled set, for handlers called without a browser."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.services.workbench import Workbench

HOSTILE = "<script>alert(1)</script> ${alert(2)} {{alert(3)}} <img src=x onerror=alert(4)> `${5}`"


@pytest.fixture
def fill(bench: Workbench, make_wav: Callable[..., Path]) -> Callable[..., list[int]]:
    """fill("set", n, text=…): n clips in a set, confirmed where a text is given; their ids."""

    def add(name: str, n: int, *, text: str = "", speaker: str | None = None) -> list[int]:
        files = [
            (make_wav(f"{name}-{i}.wav", 0.6, seed=zlib.crc32(name.encode()) % 1000 + i), f"{name}-{i}.wav")
            for i in range(n)
        ]
        bench.collecting.add_files(name, files, speaker=speaker)
        ids = [clip.id for clip in bench.labelling.clips(name)]
        for i, clip_id in enumerate(ids):
            if text:
                bench.labelling.save(clip_id, f"{text} {i}", author="t", confirmed=True)
        return ids

    return add
