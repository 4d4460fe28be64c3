"""Finds spoken clips in their folders and packs them into padded batches of about equal cost."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import torch
from scipy.signal import resample_poly

from recipes.pretrain.texts import normalise

SAMPLE_RATE_HZ = 16_000
ALPHABET = ["<pad>", "|", "'", *"abcdefghijklmnopqrstuvwxyz", "<unk>"]  # in the order of vocab.json
INDEX = {letter: i for i, letter in enumerate(ALPHABET)} | {" ": ALPHABET.index("|")}
SHORTEST_S, LONGEST_S = 0.15, 7.5  # clips outside are not trained on

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Clip:
    """A stretch of sound and what it says."""

    sound: np.ndarray  # (n_samples,) int16 at 16 kHz, perhaps mapped from a file
    label: str


@dataclass(frozen=True)
class Batch:
    """What the model is given, `n` clips padded to the longest."""

    sound: torch.Tensor  # (n, n_samples) float32, each clip of zero mean and unit variance
    mask: torch.Tensor  # (n, n_samples) int64, 1 where there is sound
    targets: torch.Tensor  # (n, n_letters) int64, -100 after the end


def spoken_clips(folder: Path) -> list[Clip]:
    """The clips of one folder that `speech.speak_all` made."""
    sound = np.memmap(folder / "audio.i16", dtype="<i2", mode="r")
    facts = map(json.loads, (folder / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    clips = [Clip(sound[fact["offset"] :][: fact["n_samples"]], fact["label"]) for fact in facts]
    return [clip for clip in clips if SHORTEST_S < len(clip.sound) / SAMPLE_RATE_HZ < LONGEST_S]


def finished_folders(root: Path) -> list[Path]:
    """The folders under `root` whose speech is complete; more may appear while training runs."""
    return sorted(path.parent for path in root.glob("*/facts.jsonl"))


def recorded_clips(folder: Path, most: int, *, seed: int = 0) -> list[Clip]:
    """Up to `most` clips, drawn by the seed, of a set of recordings with a NeMo manifest; for scoring only."""
    facts = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    random.Random(seed).shuffle(facts)
    clips = []
    for fact in facts[:most]:
        sound, rate_hz = sf.read(folder / fact["audio_filepath"], dtype="float32")
        sound = sound.mean(1) if sound.ndim > 1 else sound
        sound = resample_poly(sound, SAMPLE_RATE_HZ // 50, rate_hz // 50) if rate_hz != SAMPLE_RATE_HZ else sound
        if label := normalise(fact["text"]):
            clips.append(Clip((np.clip(sound, -1, 1) * 32767).astype(np.int16), label))
    return clips


def packed(clips: Iterable[Clip], seconds: float, rng: random.Random) -> list[list[Clip]]:
    """Groups of similar length, each `seconds` long at most when padded, in random order."""
    most = seconds * SAMPLE_RATE_HZ
    groups: list[list[Clip]] = [[]]
    for clip in sorted(clips, key=lambda clip: len(clip.sound) + rng.random() * 8000):
        widest = max([len(clip.sound), *(len(other.sound) for other in groups[-1])])
        if groups[-1] and widest * (len(groups[-1]) + 1) > most:
            groups.append([])
        groups[-1].append(clip)
    rng.shuffle(groups)
    return groups


def collate(clips: list[Clip], change: Change | None = None, rng: np.random.Generator | None = None) -> Batch:
    """Scale, optionally change, and pad the clips."""
    sounds = [clip.sound.astype(np.float32) / 32768 for clip in clips]
    if change and rng:
        sounds = [change(sound, rng) for sound in sounds]
    width, longest = max(map(len, sounds)), max(len(clip.label) for clip in clips)
    sound = torch.zeros(len(clips), width)
    mask = torch.zeros(len(clips), width, dtype=torch.long)
    targets = torch.full((len(clips), longest), -100)
    for i, (samples, clip) in enumerate(zip(sounds, clips, strict=True)):
        samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        sound[i, : len(samples)], mask[i, : len(samples)] = torch.from_numpy(samples), 1
        targets[i, : len(clip.label)] = torch.tensor([INDEX[letter] for letter in clip.label])
    return Batch(sound, mask, targets)
