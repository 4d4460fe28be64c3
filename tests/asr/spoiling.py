"""Spoils the numbers of a model folder's JSON files one by one, and watches what becomes of each.

    python -m tests.asr.spoiling KIND [COUNT] [SEED]

prints one JSON line for each spoiled value that ended in anything but a working model or one sentence, and a summary.
Each try runs in a process of its own, forked with the libraries loaded, whose memory and time are watched: what is
looked for is what never ends or takes all memory, and neither can be caught from within.
"""

import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

HOSTILE: tuple[Any, ...] = (0, -1, 10**9, 2**63, float("nan"), float("inf"), 1.5, True, "x", "9" * 400, [], {}, None)
MOST_SECONDS = 10.0
MOST_BYTES = 2**30  # that a try may take besides what the libraries had
MOST_LEAVES = 12  # of one list or object: a vocabulary's tokens are all alike
PIPE = multiprocessing.get_context("fork")


def leaves(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value, and to every list and object, but for the many of a vocabulary."""
    if at:
        yield at
    if not isinstance(document, dict | list):
        return
    for n, key in enumerate(document if isinstance(document, dict) else range(len(document))):
        if n < MOST_LEAVES or len(document) < 100:
            yield from leaves(document[key], (*at, key))


def spoiled(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at the end of a way."""
    copy = json.loads(json.dumps(document))
    node = copy
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = value
    return copy


def cases(folder: Path, seed: int, count: int | None) -> list[tuple[str, tuple[Any, ...], Any]]:
    """File, way and hostile value of each try; with a count a seeded choice of them."""
    found = []
    for file in sorted(folder.glob("*.json")):
        for way in leaves(json.loads(file.read_text())):
            found += [(file.name, way, value) for value in HOSTILE]
    random.Random(seed).shuffle(found)
    return found[:count]


def use(folder: Path) -> str:
    """What page and transcription do with a model folder: "works", or the sentence that refuses it."""
    import numpy as np

    from workbench.asr.catalog.catalog import Catalog
    from workbench.asr.catalog.loading import load
    from workbench.asr.catalog.outline import characters, frames_needed, n_frames, outline, window
    from workbench.asr.models.backend import ClipInput
    from workbench.errors import WorkbenchError

    try:
        catalog = Catalog([folder])
        if catalog.skipped:
            return f"refused: {catalog.skipped[0]}"
        spec = next(s for s in catalog.specs if s.source == "folder")
        if spec.family != "unsupported":
            outline(folder), window(folder), characters(folder)
            n_frames(json.loads((folder / "config.json").read_text()), 16_000)
            if spec.family == "ctc":
                frames_needed(folder, "hello")
        backend = load(spec)
        noise = ClipInput(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32))
        texts = backend.transcribe(backend.collate(backend.encode_prefix([noise], 0)), 0)
        return f"works: {texts[0][:20]}"
    except WorkbenchError as e:
        return f"refused: {e}" if "\n" not in str(e) else f"rambled: {e}"


def _try(folder: Path, answer: Connection) -> None:
    try:
        answer.send(use(folder))
    except BaseException:
        answer.send("broke: " + " | ".join(traceback.format_exc().strip().splitlines()[-8:]))


def watch(folder: Path) -> str:
    """Use a folder in a process of its own; "hung" and "swelled" are said of one that had to be ended."""
    ours, theirs = PIPE.Pipe(duplex=False)
    child = PIPE.Process(target=_try, args=(folder, theirs))
    child.start()
    theirs.close()
    begun, watched = time.monotonic(), psutil.Process(child.pid)
    first = watched.memory_info().rss
    verdict = ""
    while not ours.poll(0.02):
        try:
            grown = watched.memory_info().rss - first
        except psutil.NoSuchProcess:
            break
        if grown > MOST_BYTES or time.monotonic() - begun > MOST_SECONDS:
            verdict = "swelled" if grown > MOST_BYTES else "hung"
            child.kill()
            break
    try:
        verdict = verdict or ours.recv()
    except EOFError:
        verdict = "died"
    child.join()
    return verdict


def run(kind: str, count: int | None, seed: int) -> Counter[str]:
    """Spoil a tiny model of this kind; the number of tries by how they ended."""
    from tests.asr.conftest import KINDS, save_model
    from tests.asr.moonshine import save_moonshine
    from tests.asr.whisper import save_whisper

    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root:
        whole, copy = Path(root) / "whole", Path(root) / "copy"
        if kind in KINDS:
            save_model(whole, kind)
        else:
            {"whisper": save_whisper, "moonshine": save_moonshine}[kind](whole)
        use(whole)  # the libraries are loaded before the forks
        for name, way, value in cases(whole, seed, count):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(whole, copy)
            document = json.loads((whole / name).read_text())
            (copy / name).write_text(json.dumps(spoiled(document, way, value)))
            end = watch(copy)
            word = end.partition(":")[0]
            ends[word] += 1
            if word not in ("works", "refused"):
                print(json.dumps([kind, name, list(way), repr(value)[:30], end]), flush=True)
    return ends


if __name__ == "__main__":
    given = sys.argv[1:]
    ended = run(given[0], int(given[1]) if len(given) > 1 else None, int(given[2]) if len(given) > 2 else 0)
    print(json.dumps({"kind": given[0], **ended}))
