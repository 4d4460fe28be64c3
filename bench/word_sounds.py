"""Single words said by natural voices, joined so that it is known when each begins: what word times are held against.

Known are the beginnings because each word is a recording of its own: where its sound rises out of its own silence, and
where it was put. Two sources, both real enough to mislead an aligner: people who say digits and letters
(`../shared/audio`: `fsdd_digits`, `english_alphanumeric`; eight voices), and many different words by Kokoro's voices.
"""

import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.shapes import ROOT, SAMPLE_RATE
from recipes.kokoro import FOLDER, Kokoro

AUDIO = ROOT.parent / "shared" / "audio"
RECORDED = ("fsdd_digits", "english_alphanumeric")
SENTENCES = ("general.txt", "general-learn.txt", "workshop.txt", "clinic.txt")
WORDS_A_CLIP = 6
WORDS_A_VOICE = 12  # of Kokoro's, 28 of which speak English
PAUSES = (0.1, 0.8)  # seconds, shortest and longest
AROUND = 0.3  # seconds of room before the first word and after the last
LOUDNESS = 0.1  # root mean square of each word
ROOM = 0.001  # of the noise below everything, 40 dB less: digital silence would make it too easy
FRAME = SAMPLE_RATE // 200  # 5 ms
FAINT_DB = 35  # below the loudest frame of a word, where its sound begins and ends
STEP = 2 * SAMPLE_RATE // 1000  # samples of a fade, so that a cut does not click


@dataclass(frozen=True)
class SingleWord:
    """One word, cut to its sound.

    Attributes:
        samples: (n_samples,) float32 at 16 kHz.
    """

    text: str
    speaker: str
    samples: np.ndarray


@dataclass(frozen=True)
class JoinedWords:
    """Words of one speaker in a row.

    Attributes:
        samples: (n_samples,) float32 at 16 kHz.
        begins: Seconds from the clip's beginning at which each word begins.
    """

    words: tuple[str, ...]
    samples: np.ndarray
    begins: tuple[float, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def sounding(samples: np.ndarray) -> np.ndarray:
    """A word without the silence at both of its ends, faded within two milliseconds, as loud as the others."""
    n = len(samples) // FRAME
    level = np.sqrt((samples[: n * FRAME].reshape(n, FRAME).astype(np.float64) ** 2).mean(1))
    floor = max(level.max() * 10 ** (-FAINT_DB / 20), 3 * np.percentile(level, 2))
    loud = np.flatnonzero(level > min(floor, level.max() / 4))
    cut = samples[loud[0] * FRAME : (loud[-1] + 1) * FRAME].astype(np.float32)
    fade = np.linspace(0, 1, STEP, dtype=np.float32)
    cut[:STEP] *= fade
    cut[-STEP:] *= fade[::-1]
    return cut * np.float32(LOUDNESS / np.sqrt((cut.astype(np.float64) ** 2).mean()))


def recorded_words(audio: Path = AUDIO) -> list[SingleWord]:
    """Digits and letters as people said them; empty where they are not beside the project."""
    from workbench.audio.decode import decode_file

    found = []
    for name in RECORDED:
        if not (audio / name).is_dir():
            continue
        for line in (audio / name / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            samples = decode_file(audio / name / row["audio_filepath"]).samples
            found.append(SingleWord(row["text"].lower(), row["speaker"], sounding(samples)))
    return found


def spoken_words(folder: Path = FOLDER, most: int | None = None) -> list[SingleWord]:
    """Different words by Kokoro's English voices; see `recipes.kokoro`.

    Raises:
        SystemExit: The voices are not here.
    """
    kokoro, words = Kokoro(folder), vocabulary()
    voices = sorted(file.stem for file in (folder / "voices").glob("[ab][fm]_*.bin"))
    said = [(voice, words.pop()) for voice in voices for _ in range(WORDS_A_VOICE)]
    return [SingleWord(word, voice, sounding(kokoro.say(word, voice, 1.0, {}))) for voice, word in said[:most]]


def vocabulary() -> list[str]:
    """Words of the recipes' sentences, each once, in one random order."""
    texts = [(ROOT / "recipes" / "sentences" / name).read_text(encoding="utf-8") for name in SENTENCES]
    found = sorted({word for text in texts for word in re.findall(r"\b[a-z]{2,}\b", text)})
    random.Random(0).shuffle(found)
    return found


def joined(words: Iterable[SingleWord], pauses: tuple[float, float] | None, seed: int = 0) -> list[JoinedWords]:
    """Clips of some words of one speaker each; what is left of a speaker's words makes no clip.

    Args:
        pauses: Shortest and longest, seconds; None joins word to word.
    """
    rng = np.random.default_rng(seed)
    by_speaker = itertools.groupby(sorted(words, key=lambda w: w.speaker), key=lambda w: w.speaker)
    return [_clip(some, pauses, rng) for _, said in by_speaker for some in _mixed(list(said), rng)]


def _mixed(words: list[SingleWord], rng: np.random.Generator) -> Iterator[list[SingleWord]]:
    order = [words[i] for i in rng.permutation(len(words))]
    for i in range(0, len(order) - WORDS_A_CLIP + 1, WORDS_A_CLIP):
        yield order[i : i + WORDS_A_CLIP]


def _clip(words: Sequence[SingleWord], pauses: tuple[float, float] | None, rng: np.random.Generator) -> JoinedWords:
    parts, begins, now = [silence(AROUND)], [], round(AROUND * SAMPLE_RATE)
    for word in words:
        begins.append(now / SAMPLE_RATE)
        pause = silence(rng.uniform(*pauses)) if pauses else silence(0)
        parts += [word.samples, pause]
        now += len(word.samples) + len(pause)
    samples = np.concatenate([*parts, silence(AROUND)])
    samples += rng.normal(0, ROOM, len(samples)).astype(np.float32)
    return JoinedWords(tuple(word.text for word in words), samples, tuple(begins))


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
