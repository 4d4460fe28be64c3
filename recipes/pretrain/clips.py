"""Finds spoken clips in their folders, joins some into longer ones, and packs them into batches of about equal cost."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

from recipes.pretrain.texts import normalise

SAMPLE_RATE_HZ = 16_000
SHORTEST_S, LONGEST_S = 0.15, 14.0  # clips outside are not trained on; Whisper's window holds 15 s
GAP_S = (0.05, 0.5)  # silence between joined clips
FULL_SCALE = 32768.0
SIMILAR = SAMPLE_RATE_HZ // 2  # samples by which clips of a batch may differ for variety's sake


@dataclass(frozen=True)
class Clip:
    """A stretch of sound and what it says; joined clips keep their pieces apart, so that no sound is copied early."""

    pieces: tuple[np.ndarray, ...]  # each (n_samples,) int16 at 16 kHz, perhaps mapped from a file
    label: str
    voice: str = ""  # the synthesiser's name for it
    places: tuple[int, ...] = ()  # where each piece begins, in samples, in its file or in the bank that took it in

    @property
    def n_samples(self) -> int:
        """Samples of all pieces, the gaps between them left out."""
        return sum(map(len, self.pieces))

    def sound(self, rng: np.random.Generator | None = None) -> np.ndarray:
        """`(n_samples,) float32` of full scale 1, with gaps drawn by `rng` between the pieces."""
        parts = [self.pieces[0]]
        for piece in self.pieces[1:]:
            gap_s = rng.uniform(*GAP_S) if rng else GAP_S[0]
            parts += [np.zeros(int(gap_s * SAMPLE_RATE_HZ), dtype=np.int16), piece]
        return np.concatenate(parts).astype(np.float32) / np.float32(FULL_SCALE)


def spoken_clips(folder: Path) -> list[Clip]:
    """The clips of one folder that `speech.speak_all` made."""
    if not (folder / "audio.i16").stat().st_size:  # the time for speaking was over at once
        return []
    sound = np.memmap(folder / "audio.i16", dtype="<i2", mode="r")
    facts = map(json.loads, (folder / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    clips = [
        Clip((sound[fact["offset"] :][: fact["n_samples"]],), fact["label"], fact["voice"], (fact["offset"],))
        for fact in facts
    ]
    return [clip for clip in clips if SHORTEST_S < clip.n_samples / SAMPLE_RATE_HZ < LONGEST_S]


def finished_folders(root: Path) -> list[Path]:
    """The folders under `root` whose speech is complete; more may appear while training runs."""
    return sorted(path.parent for path in root.glob("*/facts.jsonl"))


def recorded_clips(folder: Path, most: int = 1000, *, seed: int = 0) -> list[Clip]:
    """Up to `most` clips, drawn by the seed, of a set of recordings with a NeMo manifest; for scoring only."""
    facts = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    random.Random(seed).shuffle(facts)
    clips = []
    for fact in facts[:most]:
        sound, rate_hz = sf.read(folder / fact["audio_filepath"], dtype="float32")
        sound = sound.mean(1) if sound.ndim > 1 else sound
        sound = resample_poly(sound, SAMPLE_RATE_HZ // 50, rate_hz // 50) if rate_hz != SAMPLE_RATE_HZ else sound
        if label := normalise(fact["text"]):
            clips.append(Clip(((np.clip(sound, -1, 1) * 32767).astype(np.int16),), label))
    return clips


def joined(clips: Iterable[Clip], share: float, rng: random.Random) -> Iterator[Clip]:
    """The clips in their order, a `share` of the results made of two or more that together stay below `LONGEST_S`.

    Without these a model knows short clips only, and Whisper's decoder stops after a few words.
    """
    waiting: list[Clip] = []
    wanted = 1
    for clip in clips:
        length = clip.n_samples + sum(other.n_samples for other in waiting)
        if waiting and (len(waiting) >= wanted or length / SAMPLE_RATE_HZ + GAP_S[1] * len(waiting) > LONGEST_S):
            yield _together(waiting)
            waiting = []
        if not waiting:
            wanted = rng.randint(2, 5) if rng.random() < share else 1
        waiting.append(clip)
    if waiting:
        yield _together(waiting)


def _together(clips: list[Clip]) -> Clip:
    return Clip(
        tuple(piece for clip in clips for piece in clip.pieces),
        " ".join(clip.label for clip in clips),
        places=tuple(place for clip in clips for place in clip.places),
    )


def packed(lengths: Sequence[int], seconds: float, rng: random.Random, *, window_s: float = 0.0) -> list[list[int]]:
    """Which clips of so many samples go together: similar ones, `seconds` long at most when padded, in random order.

    Each clip is counted as `window_s` or more.
    """
    most, least = seconds * SAMPLE_RATE_HZ, int(window_s * SAMPLE_RATE_HZ)
    groups: list[list[int]] = [[]]
    widest = least
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i] + rng.random() * SIMILAR):
        if groups[-1] and max(widest, lengths[i]) * (len(groups[-1]) + 1) > most:
            groups.append([])
            widest = least
        groups[-1].append(i)
        widest = max(widest, lengths[i])
    rng.shuffle(groups)
    return groups


def packed_into(
    shapes: Sequence[tuple[int, int]], lengths: Sequence[int], rng: random.Random
) -> list[tuple[list[int], int]]:
    """Which clips fill batches of these shapes `(n_clips, n_samples)`, from narrow to wide, and their widths.

    In random order. Clips that fill no batch go into the next wider one. Left out are those that are too long for the
    widest, and the last few that do not fill it.
    """
    waiting = sorted(range(len(lengths)), key=lambda i: lengths[i])
    groups: list[tuple[list[int], int]] = []
    left: list[int] = []
    for n_clips, width in shapes:
        fit = next((at for at, i in enumerate(waiting) if lengths[i] > width), len(waiting))
        left += waiting[:fit]
        waiting = waiting[fit:]
        rng.shuffle(left)
        while len(left) >= n_clips:
            groups.append((left[:n_clips], width))
            left = left[n_clips:]
    rng.shuffle(groups)
    return groups


class Deck:
    """Clips dealt in random order, each once before any comes again; new ones are shuffled in."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.all, self.left = rng, list[Clip](), list[Clip]()

    def add(self, clips: list[Clip]) -> None:
        """Shuffle more clips into what is left."""
        self.all += clips
        self.left += clips
        self.rng.shuffle(self.left)

    def deal(self, seconds: float) -> Iterator[Clip]:
        """The next clips that together last `seconds`."""
        n_samples = 0
        while n_samples < seconds * SAMPLE_RATE_HZ:
            if not self.left:
                self.left = self.rng.sample(self.all, len(self.all))
            clip = self.left.pop()
            n_samples += clip.n_samples
            yield clip
