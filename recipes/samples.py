"""Makes the sample clips in assets: small sets of synthetic speech in natural voices, the same for the same parts.

    python -m recipes.samples assets

`clinic` and `workshop` are dictation full of words that a general recogniser has not met; `general` has none of them,
and shows what adaptation to a domain costs elsewhere; `general-learn` is general speech to learn from, without labels.
No voice that is learned from is heard in a dev or test clip or in `general`, and no sentence stands twice in all sets.
Each sentence is spoken once, in a room with its noise: a quiet one, a hall, a telephone, a shop floor. The voices come
from Kokoro-82M (`recipes.kokoro`, which brings them where they are missing). The sets must stay small enough to be
shipped, so they are kept as Opus.
"""

import argparse
import json
import random
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import av
import numpy as np

from recipes import kokoro
from recipes.kokoro import SAMPLE_RATE_HZ, Kokoro
from workbench.audio.augment import Augmentation, Band, Chain, Noise, Room

SENTENCES = Path(__file__).parent / "sentences"
SEED = 30
VERSION = "2"  # of every set; another one where any clip or label is another
LOUDNESS = 0.05  # root mean square of full scale
SPREAD_DB = 4.0  # clips are this much softer or louder
LEAD_S, TAIL_S = (0.1, 0.5), (0.15, 0.7)  # air before and after the sentence, drawn from these ranges
SPEED = (0.92, 1.12)
BIT_RATE = 24_000
FLOOR = 1e-4  # digital silence exists in no recording

# A set's sentences that share a term stand together, eight a term; where in the eight one stands says what it is for.
PARTS = ("train", "test", "train", "dev", "train", "test", "train", "test")
VOICES = {
    "train": (
        "af_heart", "af_bella", "af_aoede", "af_alloy", "af_kore", "af_nicole", "af_sky", "am_fenrir", "am_puck",
        "am_adam", "am_echo", "am_santa", "bf_alice", "bf_isabella", "bm_daniel", "bm_fable",
    ),
    "dev": ("af_jessica", "am_eric", "bm_lewis"),
    "test": (
        "af_sarah", "af_nova", "af_river", "am_michael", "am_liam", "am_onyx", "bf_emma", "bf_lily", "bm_george",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a sentence is said: its room and noise, and how far its machine, if there is one, lies below the speech."""

    sound: Augmentation
    machine_db: tuple[float, float] | None = None


def _place(rt60: tuple[float, float], noise_db: tuple[float, float], *more: Augmentation) -> Chain:
    return Chain(steps=(Room(*rt60, direct_db=9.0), Noise(*noise_db), *more))


PLACES = {
    "quiet": Place(_place((0.1, 0.25), (30, 40))),
    "hall": Place(_place((0.3, 0.6), (20, 28))),
    "phone": Place(_place((0.1, 0.3), (20, 28), Band(low_hz=300, high_hz=3400, probability=1.0))),
    "shop": Place(_place((0.4, 0.7), (22, 30)), machine_db=(14, 20)),
}
PLACES_OF = {
    "clinic": ("quiet", "quiet", "hall", "phone"),
    "workshop": ("quiet", "shop", "shop", "phone"),
    "general": ("quiet", "quiet", "hall", "phone"),
    "general-learn": ("quiet", "hall", "phone", "shop"),
}
SETS = tuple(PLACES_OF)


@dataclass(frozen=True)
class Planned:
    """A sentence with who says it where, before it is said.

    Attributes:
        split: Where it stands in its set; empty where the set is not divided.
    """

    text: str
    voice: str
    split: str
    place: str

    @property
    def speaker(self) -> str:
        return self.voice.partition("_")[2]


def lines(name: str) -> list[str]:
    """The lines of one of the text files beside this recipe."""
    return [line for line in (SENTENCES / name).read_text(encoding="utf-8").splitlines() if line]


def spoken() -> dict[str, str]:
    """The phonemes of words that the phonemizer gets wrong, by their written form in lower case."""
    return dict(line.split(" = ") for line in lines("spoken.txt"))


def planned(name: str) -> list[Planned]:
    """A set's sentences in order, each with a voice of its part: in turn, in a fresh order each round."""
    rng = random.Random(f"{SEED} {name}")
    turns = {part: _in_turn(voices, rng) for part, voices in _voices(name).items()}
    places = _in_turn(PLACES_OF[name], rng)
    divided = "dev" in turns
    parts = PARTS if divided else tuple(turns)
    return [
        Planned(text, next(turns[part]), part if divided else "", next(places))
        for text, part in zip(lines(f"{name}.txt"), (parts[i % len(parts)] for i in count()), strict=False)
    ]


def _voices(name: str) -> dict[str, tuple[str, ...]]:
    if name == "general":
        return {"check": (*VOICES["dev"], *VOICES["test"])}
    return {"learn": VOICES["train"]} if name == "general-learn" else VOICES


def _in_turn(choices, rng):
    while True:
        yield from rng.sample(choices, len(choices))


def record(sentence: Planned, seed: int, voices: Kokoro) -> np.ndarray:
    """One clip, `(n_samples,) float32` at 16 kHz: the voice in its place."""
    rng = np.random.default_rng([SEED, seed])
    sound = voices.say(sentence.text, sentence.voice, round(rng.uniform(*SPEED), 3), spoken())
    return in_place(sound, PLACES[sentence.place], rng)


def in_place(sound: np.ndarray, place: Place, rng: np.random.Generator) -> np.ndarray:
    """A dry voice with air around it, in a place with its room and noise, at about the common loudness."""
    lead, tail = (int(rng.uniform(*ends) * SAMPLE_RATE_HZ) for ends in (LEAD_S, TAIL_S))
    sound = np.pad(sound / np.sqrt((sound**2).mean()), (lead, tail))
    if place.machine_db:
        sound = sound + machine(len(sound), rng) * 10 ** (-rng.uniform(*place.machine_db) / 20)
    sound = place.sound(sound.astype(np.float32), rng)
    sound = sound * LOUDNESS * 10 ** (rng.uniform(-SPREAD_DB, SPREAD_DB) / 20)
    sound = sound + FLOOR * rng.standard_normal(len(sound))
    return (sound / max(1.0, np.abs(sound).max() / 0.98)).astype(np.float32)


def machine(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """A motor that runs nearby, `(n_samples,)`, RMS 1: overtones of its turning, swelling slowly."""
    time = np.arange(n_samples) / SAMPLE_RATE_HZ
    turning_hz = rng.uniform(24, 60)
    tones = sum(
        rng.uniform(0.2, 1) / np.sqrt(k) * np.sin(2 * np.pi * (k * turning_hz * time + rng.random()))
        for k in range(1, 25)
    )
    tones = tones * (1 + 0.3 * np.sin(2 * np.pi * (rng.uniform(0.5, 2) * time + rng.random())))
    return tones / np.sqrt((tones**2).mean())


def write_opus(path: Path, sound: np.ndarray) -> None:
    """Write `(n_samples,) float32` at 16 kHz; the same bytes each time with the same libopus."""
    pcm = np.round(sound * 32767).astype(np.int16)
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono", options={"application": "audio"})
        stream.bit_rate = BIT_RATE
        stream.codec_context.flags |= 1 << 23  # bitexact: no version of the encoder in the file
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def write_clip(name: str, number: int, sentence: Planned, out: Path, voices: Kokoro) -> dict[str, str | float]:
    """Write one clip of a set and say what the manifest says of it."""
    sound = record(sentence, SETS.index(name) * 1000 + number, voices)
    path = f"audio/{name}-{number + 1:03d}-{sentence.speaker}.opus"
    write_opus(out / path, sound)
    fact = {"audio_filepath": path, "duration": round(len(sound) / SAMPLE_RATE_HZ, 3), "text": sentence.text,
            "speaker": sentence.speaker, "language": "en"}  # fmt: skip
    return fact | ({"split": sentence.split} if sentence.split else {})


def write_set(name: str, out: Path, voices: Kokoro) -> float:
    """Write one set's audio, manifest, version and word list; returns its seconds."""
    (out / "audio").mkdir(parents=True, exist_ok=True)
    facts = [write_clip(name, i, sentence, out, voices) for i, sentence in enumerate(planned(name))]
    (out / "manifest.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in facts), encoding="utf-8")
    (out / "version.txt").write_text(f"{VERSION}\n", encoding="utf-8")
    (out / "licence.txt").write_text("CC0-1.0\n", encoding="utf-8")
    if (SENTENCES / f"{name}.words.txt").exists():
        (out / "words.txt").write_text("\n".join(lines(f"{name}.words.txt")) + "\n", encoding="utf-8")
    return sum(float(fact["duration"]) for fact in facts)


def folder_of(name: str, assets: Path) -> Path:
    """Where a set lies: those that can be opened in `clips`, what is only learned from beside it."""
    return assets / name if name == "general-learn" else assets / "clips" / name


def main() -> None:
    """Write the sets below the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.samples", description=__doc__)
    parser.add_argument("assets", type=Path, help="folder that gets clips/NAME and general-learn")
    parser.add_argument("--only", choices=SETS, nargs="+", default=SETS)
    arguments = parser.parse_args()
    if kokoro.missing():
        kokoro.get()
    voices = Kokoro()
    for name in arguments.only:
        out = folder_of(name, arguments.assets)
        seconds = write_set(name, out, voices)
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        print(f"{name}: {seconds / 60:.1f} minutes, {size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
