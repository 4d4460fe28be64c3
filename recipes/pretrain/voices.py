"""The synthetic speakers: which voices train the model, which are kept for its tests and for the sample clips.

espeak-ng is a formant synthesiser: clear, very various (accent x variant x pitch x rate), far from a human.
flite's slt, rms and awb are statistical voices built from recorded people: few, but nearer to what we want, so they
speak more than half of the lines. Reserved voices are never drawn here; `draw_voice` cannot reach them.
"""

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TEST_FLITE = ("kal",)  # never trained on, for good
TEST_ACCENTS = ("en-029",)  # never trained on, for good
TEST_VARIANTS = ("norbert", "travis", "anika")  # never trained on, for good
SAMPLE_VARIANTS = ("victor", "shelby", "sandro")  # of earlier sample clips; no model has learned from them

ACCENTS = (
    *("en-us",) * 4, "en-gb", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-gb-x-gbclan", "en-gb-x-gbcwmd",
)  # fmt: skip
# All of espeak-ng's that sound like someone, as its files spell them.
VARIANTS = (
    "", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt4",
    "klatt6", "steph", "steph2", "steph3", "linda", "belinda", "max", "john", "Alicia", "Andy", "rob", "Lee",
    "edward", "edward2", "antonio", "Annie", "adam", "Alex", "Andrea", "aunty", "benjamin", "boris", "caleb",
    "david", "Denis", "Diogo", "ed", "Gene", "Gene2", "grandma", "grandpa", "gustave", "Henrique", "Hugo", "iven",
    "iven2", "iven3", "iven4", "Jacky", "marcelo", "Marco", "Mario", "michel", "miguel", "Mike", "Nguyen", "pablo",
    "paul", "pedro", "quincy", "robert", "RicishayMax", "RicishayMax2", "zac",
)  # fmt: skip
FLITE = {"slt": (140, 240), "rms": (75, 135), "awb": (85, 160), "kal16": (80, 140)}  # mean pitch drawn from, Hz
FLITE_WEIGHTS = (4, 4, 3, 1)
FLITE_SHARE = 0.55


@dataclass(frozen=True)
class Voice:
    """One way of speaking: a synthesiser with its voice and settings."""

    engine: str  # "espeak-ng" or "flite"
    name: str  # espeak-ng: accent or accent+variant; flite: the voice
    options: tuple[str, ...] = ()  # further words of the command line

    def say(self, text: str, wav: Path) -> None:
        """Speak the text into a 16-bit WAV file of the synthesiser's own rate (16 or 22.05 kHz; kal 8 kHz)."""
        if self.engine == "flite":
            words = ["flite", "-voice", self.name, *self.options, "-t", text, "-o", str(wav)]
        else:
            words = ["espeak-ng", "-z", "-v", self.name, *self.options, "-w", str(wav), text]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


ENGINES = ("espeak-ng", "flite")


def missing_engines() -> list[str]:
    """The synthesisers that this machine lacks."""
    return [engine for engine in ENGINES if not shutil.which(engine)]


def espeak(name: str, rng: random.Random) -> Voice:
    """The espeak-ng voice with a random rate (words a minute), pitch (0-99) and, seldom, gaps between its words."""
    gap = ("-g", str(rng.randint(2, 9))) if rng.random() < 0.15 else ()
    return Voice("espeak-ng", name, ("-s", str(rng.randint(110, 215)), "-p", str(rng.randint(15, 85)), *gap))


def flite(name: str, rng: random.Random) -> Voice:
    """The flite voice with a random rate, mean pitch and liveliness of the pitch."""
    low, high = FLITE.get(name, FLITE["kal16"])
    settings = {
        "duration_stretch": f"{rng.uniform(0.75, 1.4):.2f}",
        "int_f0_target_mean": rng.randint(low, high),
        "int_f0_target_stddev": rng.randint(8, 35),
    }
    return Voice("flite", name, tuple(word for k, v in settings.items() for word in ("--setf", f"{k}={v}")))


def draw_voice(rng: random.Random) -> Voice:
    """A voice to train on."""
    if rng.random() < FLITE_SHARE:
        return flite(rng.choices(list(FLITE), FLITE_WEIGHTS)[0], rng)
    variant = rng.choice(VARIANTS)
    return espeak(rng.choice(ACCENTS) + (f"+{variant}" if variant else ""), rng)


def draw_test_voice(rng: random.Random) -> Voice:
    """A voice the model has never heard: a third each of the reserved flite voice, accent and variants."""
    kind = rng.randrange(3)
    if kind == 0:
        return flite(TEST_FLITE[0], rng)
    if kind == 1:
        return espeak(TEST_ACCENTS[0], rng)
    return espeak(f"{rng.choice(ACCENTS)}+{rng.choice(TEST_VARIANTS)}", rng)
