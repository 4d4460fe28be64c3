"""Speaks lines into a folder: one raw file of 16-bit samples and one line of facts per clip.

One big file, mapped into memory by the trainer, because opening 30,000 small ones costs more than training on them.
"""

import json
import math
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

from recipes.pretrain.texts import Corpus, Line, draw_lines
from recipes.pretrain.voices import Voice, draw_voice

SAMPLE_RATE_HZ = 16_000
PEAK = 0.5  # of full scale: leaves room for the noise and level of augmentation
MARGIN_S = 0.05  # silence kept at both ends
SILENCE = 0.005  # of full scale, after the peak was set
CLIPS_PER_FOLDER = 400  # a quarter of an hour of speech, which one core speaks in ten seconds


@dataclass(frozen=True)
class Fact:
    """Where a clip lies in `audio.i16`, and what it says."""

    offset: int  # samples
    n_samples: int
    label: str
    voice: str  # the synthesiser's name for it


def trimmed(sound: np.ndarray) -> np.ndarray:
    """`(n_samples,) float32` without the silence around it, `MARGIN_S` excepted."""
    loud = np.flatnonzero(np.abs(sound) > SILENCE)
    margin = int(MARGIN_S * SAMPLE_RATE_HZ)
    return sound[max(0, loud[0] - margin) : loud[-1] + margin] if len(loud) else sound[:0]


def speak(text: str, voice: Voice, folder: Path) -> np.ndarray:
    """The spoken text, `(n_samples,) float32` at 16 kHz, peak 0.5, trimmed; empty where the voice stayed silent."""
    with tempfile.NamedTemporaryFile(suffix=".wav", dir=folder) as file:
        voice.say(text, Path(file.name))
        sound, rate_hz = sf.read(file.name, dtype="float32")
    if rate_hz != SAMPLE_RATE_HZ and len(sound):
        sound = resample_poly(sound, SAMPLE_RATE_HZ // 50, rate_hz // 50).astype(np.float32)
    peak = float(np.abs(sound).max(initial=0.0))
    return trimmed(sound * (PEAK / peak)) if peak else sound[:0]


def speak_all(
    jobs: Iterable[tuple[Line, Voice]], out: Path, *, until: float = math.inf, threads: int = os.cpu_count() or 1
) -> float:
    """Speak the lines into `out` and return the seconds of speech; the facts appear only when all is spoken.

    Lines whose turn comes after `until`, seconds since 1970, are left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    offset, part = 0, out / "facts.jsonl.part"
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(threads) as pool,
        (out / "audio.i16").open("wb") as audio,
        part.open("w", encoding="utf-8") as facts,
    ):

        def one(job: tuple[Line, Voice]) -> tuple[np.ndarray, str, str]:
            if time.time() > until:
                return np.zeros(0, dtype=np.float32), job[0].label, job[1].name
            return speak(job[0].spoken, job[1], Path(folder)), job[0].label, job[1].name

        for sound, label, voice in pool.map(one, jobs):
            if not len(sound):
                continue
            audio.write((sound * 32767).astype("<i2").tobytes())
            facts.write(json.dumps(asdict(Fact(offset, len(sound), label, voice))) + "\n")
            offset += len(sound)
    part.rename(out / "facts.jsonl")
    return offset / SAMPLE_RATE_HZ


def with_voices(
    lines: Iterable[Line], draw: Callable[[random.Random], Voice], *, seed: int
) -> Iterator[tuple[Line, Voice]]:
    """Give each line a voice drawn by `draw(rng)`."""
    rng = random.Random(seed)
    return ((line, draw(rng)) for line in lines)


def speak_folders(corpus: Corpus, root: Path, *, until: float, place: int, of: int, seed: int = 0) -> None:
    """Speak training lines into folder after folder of `root` until that time, seconds since 1970.

    Of the folders 1, 2, ... this speaks number `place` of every `of`, from the first that is not there yet.
    """
    number = place
    while (root / str(number) / "facts.jsonl").exists():
        number += of
    drawn = random.Random(f"{seed} {number}").getrandbits(32)
    jobs = with_voices(draw_lines(corpus, seed=drawn), draw_voice, seed=drawn)
    while time.time() < until:
        speak_all(islice(jobs, CLIPS_PER_FOLDER), root / str(number), until=until, threads=1)
        number += of


def speaking(corpus: Corpus, root: Path, *, until: float, cores: int, seed: int = 0) -> list[BaseProcess]:
    """Processes, one a core, that speak training lines below `root` until that time; they end with this one.

    Threads would wait for one another: what Python does about a clip takes a tenth of the time of speaking it.
    """
    fresh = multiprocessing.get_context("spawn")  # a fork would take this process's threads and GPU along
    arguments = {"until": until, "of": cores, "seed": seed}
    speakers = [
        fresh.Process(target=speak_folders, args=(corpus, root), kwargs={**arguments, "place": place + 1}, daemon=True)
        for place in range(cores)
    ]
    for speaker in speakers:
        speaker.start()
    return speakers
