"""Makes the sample clips in assets/clips: three small sets of synthetic speech, the same bytes for the same seed.

    python -m recipes.samples assets/clips

`clinic` and `workshop` are dictation full of words a general model has not met; `general` has none of them, and shows
what adaptation to a domain costs elsewhere. Eight speakers, three of them in voices that no model of ours has heard.
Each sentence is spoken once, and sentences that share a term go to different speakers, so a split by speaker leaves
every term in the training part. The sets must stay small enough to be shipped, so the lowest bits of the samples are
zeroed: FLAC stores such bits for nothing.
"""

import argparse
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import fftconvolve, resample_poly

from recipes.pretrain.rooms import coloured_noise, room
from recipes.pretrain.speech import SAMPLE_RATE_HZ, speak
from recipes.pretrain.voices import Voice

SENTENCES = Path(__file__).parent / "sentences"
SETS = ("clinic", "workshop", "general")
SEED = 20
LOUDNESS = 0.05  # root mean square of full scale, the same for every clip
ZEROED_BITS = 7  # of 16: 4 MB for all sets
LEAD_S, TAIL_S = (0.08, 0.2), (0.1, 0.3)  # silence before and after the sentence, drawn from these ranges


@dataclass(frozen=True)
class Speaker:
    """A synthetic person: a voice, a manner of speaking, and the room they always sit in."""

    name: str
    engine: str  # "espeak-ng" or "flite"
    voice: str
    rate: float  # espeak-ng: words a minute; flite: stretch of durations
    pitch: int  # espeak-ng: 0-99; flite: Hz
    shift: float  # playback speed, shifts pitch and formants to a person the voice is not
    rt60_s: float  # of the room
    snr_db: float  # of the noise in the room

    def manner(self, rng: random.Random) -> Voice:
        """The voice with a rate and pitch that vary a little from sentence to sentence."""
        rate, pitch = self.rate * rng.uniform(0.93, 1.08), self.pitch * rng.uniform(0.95, 1.06)
        if self.engine == "espeak-ng":
            return Voice(self.engine, self.voice, ("-s", f"{rate:.0f}", "-p", f"{pitch:.0f}"))
        settings = (f"duration_stretch={rate:.3f}", f"int_f0_target_mean={pitch:.0f}")
        return Voice(self.engine, self.voice, tuple(word for s in settings for word in ("--setf", s)))


SPEAKERS = (
    Speaker("ada", "flite", "slt", 0.92, 185, 1.00, 0.15, 30),
    Speaker("ben", "flite", "rms", 0.90, 100, 1.05, 0.25, 28),
    Speaker("cleo", "flite", "slt", 0.97, 205, 1.09, 0.30, 27),
    Speaker("dan", "flite", "awb", 0.95, 120, 0.96, 0.20, 30),
    Speaker("eve", "espeak-ng", "en-us+f3", 172, 52, 1.00, 0.15, 28),
    Speaker("finn", "espeak-ng", "en-us+victor", 168, 45, 1.00, 0.20, 29),  # a voice kept from training
    Speaker("gwen", "espeak-ng", "en-gb+shelby", 175, 50, 1.00, 0.25, 28),  # a voice kept from training
    Speaker("hugo", "espeak-ng", "en-gb-scotland+sandro", 165, 48, 1.00, 0.30, 30),  # a voice kept from training
)


def lines(name: str) -> list[str]:
    """The lines of one of the text files beside this recipe."""
    return (SENTENCES / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def dealt(sentences: list[str], rng: random.Random) -> list[tuple[str, Speaker]]:
    """Give the sentences out in turn, in a fresh order of speakers each round.

    The files keep sentences that share a term together, so dealing in file order spreads every term over speakers.
    """
    order: list[Speaker] = []
    while len(order) < len(sentences):
        order += rng.sample(SPEAKERS, len(SPEAKERS))
    return list(zip(sentences, order, strict=False))


def in_room(sound: np.ndarray, speaker: Speaker, seed: int) -> np.ndarray:
    """Place a dry voice, `(n_samples,) float32`, in its speaker's room and noise, at the common loudness."""
    rng = np.random.default_rng([SEED, seed])
    echo = room(np.random.default_rng([SEED, SPEAKERS.index(speaker)]), speaker.rt60_s)
    lead, tail = (int(rng.uniform(*ends) * SAMPLE_RATE_HZ) for ends in (LEAD_S, TAIL_S))
    sound = np.pad(fftconvolve(sound, echo)[: len(sound)], (lead, tail))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), 50) / 1000).astype(np.float32)
    noise = np.fft.irfft(coloured_noise(octaves, rng), len(sound))
    sound = sound / np.sqrt((sound**2).mean())
    noise = noise / np.sqrt((noise**2).mean()) * 10 ** (-speaker.snr_db / 20)
    return LOUDNESS * (sound + noise)


def coarse(sound: np.ndarray) -> np.ndarray:
    """`(n_samples,) int16` with the lowest bits zero; the noise of the room is dither enough."""
    step = 2**ZEROED_BITS
    top = 32768 // step - 1
    return (np.clip(np.round(sound * 32768 / step), -top, top) * step).astype(np.int16)


def record(text: str, speaker: Speaker, *, seed: int, folder: Path) -> np.ndarray:
    """One clip, `(n_samples,) int16` at 16 kHz."""
    sound = speak(text, speaker.manner(random.Random(f"{SEED} {seed}")), folder)
    sound = resample_poly(sound, 100, round(100 * speaker.shift)) if speaker.shift != 1 else sound
    return coarse(in_room(sound, speaker, seed))


def write_set(name: str, out: Path) -> float:
    """Write one set's audio, manifest and word list; returns its seconds."""
    (out / "audio").mkdir(parents=True, exist_ok=True)
    facts, total = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for i, (text, speaker) in enumerate(dealt(lines(name), random.Random(f"{SEED} {name}"))):
            sound = record(text, speaker, seed=SETS.index(name) * 1000 + i, folder=Path(folder))
            path = f"audio/{name}-{i + 1:03d}-{speaker.name}.flac"
            sf.write(out / path, sound, SAMPLE_RATE_HZ, subtype="PCM_16", compression_level=1.0)
            seconds = len(sound) / SAMPLE_RATE_HZ
            facts.append(
                {"audio_filepath": path, "duration": round(seconds, 3), "text": text, "speaker": speaker.name,
                 "language": "en"}
            )  # fmt: skip
            total += seconds
    (out / "manifest.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in facts), encoding="utf-8")
    if (SENTENCES / f"{name}.words.txt").exists():
        (out / "words.txt").write_text("\n".join(lines(f"{name}.words")) + "\n", encoding="utf-8")
    return total


def main() -> None:
    """Write all sets below the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.samples", description=__doc__)
    parser.add_argument("out", type=Path, help="folder that gets one folder for each set")
    out = parser.parse_args().out
    for name in SETS:
        seconds = write_set(name, out / name)
        size = sum(path.stat().st_size for path in (out / name).rglob("*") if path.is_file())
        print(f"{name}: {seconds / 60:.1f} minutes, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
