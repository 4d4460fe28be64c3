"""whisper.cpp's files: whole weights come back as they were, rounded ones within their step; damage is one sentence.

The blocks of the writer here were compared by hand with gguf 0.19 (equal numbers), and its files with whisper.cpp
(pywhispercpp 1.5), which wrote with them what Whisper writes.
"""

import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.asr.ggml import KINDS, encoded, save_ggml, weight_of
from tests.asr.whisper import save_whisper
from workbench.asr.conversion.ggml import ROUNDED, ggml_weights, scaled_back
from workbench.files import FileProblem


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("w"), inner=128)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_come_back(whisper: Path, tmp_path: Path, kind: str) -> None:
    shape, weights, rounded = ggml_weights(save_ggml(whisper, tmp_path / "model.bin", kind))
    before = load_file(whisper / "model.safetensors")
    assert (shape.vocab_size, shape.encoder_layers, shape.decoder_layers) == (303, 3, 2)
    assert weights.keys() == before.keys()
    assert rounded == (kind in ("q5_0", "q5_1", "q8_0"))
    most = {"f32": 0.0, "f16": 2**-11, "q8_0": 0.5 / 127, "q5_0": 0.6 / 15, "q5_1": 1.3 / 31}[kind]
    for name, values in weights.items():
        assert values.dtype in (np.float16, np.float32)
        wrong = np.abs(values.astype(np.float32) - before[name]).max()
        assert wrong <= (most + (2**-10 if rounded else 0)) * np.abs(before[name]).max(), name


@pytest.mark.parametrize(
    ("kind", "content", "numbers"),
    [
        ("q8_0", struct.pack("<e32b", 0.5, *range(-16, 16)), [i * 0.5 for i in range(-16, 16)]),
        # The fifth bit of the last weight alone; the low halves count up, the high ones are 1.
        ("q5_0", struct.pack("<eI16B", 2.0, 1 << 31, *(i | 16 for i in range(16))), None),
        ("q5_1", struct.pack("<2eI16B", 2.0, -3.0, 1 << 31, *(i | 16 for i in range(16))), None),
    ],
)
def test_the_blocks_are_those_of_ggml(kind: str, content: bytes, numbers: list[float] | None) -> None:
    found = scaled_back(np.frombuffer(content, ROUNDED[KINDS[kind]]))[0]
    whole = [*range(16), *[1] * 15, 17]
    wanted = numbers or [2.0 * (w - 16) if kind == "q5_0" else 2.0 * w - 3 for w in whole]
    assert found.tolist() == wanted


def test_blocks_of_zeros_are_zeros() -> None:
    for kind in ("q8_0", "q5_0", "q5_1"):
        blocks = np.frombuffer(encoded(np.zeros((2, 32), np.float32), kind), ROUNDED[KINDS[kind]])
        assert not scaled_back(blocks).any()


def test_every_cut_is_noticed(whisper: Path, tmp_path: Path) -> None:
    content = save_ggml(whisper, tmp_path / "model.bin", "q8_0").read_bytes()
    cut = tmp_path / "cut.bin"
    for length in [*range(0, 200), *range(200, len(content), 997), len(content) - 1]:
        cut.write_bytes(content[:length])
        with pytest.raises(FileProblem):
            ggml_weights(cut)


SIZES = (303, 100, 32, 2, 3, 24, 32, 2, 2, 16, 1)


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (struct.pack("<2i", 2**30, 2**30), "cut off or damaged"),
        (struct.pack("<2i", -1, 5), "cut off or damaged"),
        (struct.pack("<3i", 0, 0, 2**31 - 1), "tells of 2,147,483,647 words"),
        (struct.pack("<4i", 0, 0, 1, -4), "cut off or damaged"),
        (struct.pack("<6i", 0, 0, 0, 9, 4, 0), "damaged within its list"),
        (struct.pack("<8i", 0, 0, 0, 2, 1, 0, 2**30, 2**30) + b"a", "cut off or damaged"),
        (struct.pack("<8i", 0, 0, 0, 2, 1, 0, -5, 5) + b"a", "no numbers for a"),
        (struct.pack("<8i", 0, 0, 0, 2, 1, 2, 32, 2) + b"a", "rounded in a way .2. that is not known"),
        (struct.pack("<8i", 0, 0, 0, 2, 1, 8, 30, 2) + b"a", "blocks that do not fit"),
        (struct.pack("<3i", 0, 0, 0) + 2 * weight_of("a", np.zeros(2), "f32"), "holds a twice"),
        (struct.pack("<3i", 0, 0, 0), "does not hold the weights that it tells of"),
    ],
)
def test_a_hostile_file_is_one_sentence(tmp_path: Path, rest: bytes, said: str) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"lmgg" + struct.pack("<11i", *SIZES) + rest)
    with pytest.raises(FileProblem, match=said):
        ggml_weights(file)
