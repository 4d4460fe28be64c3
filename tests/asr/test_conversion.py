"""A model of another engine, taken in: the same weights, the same texts; a damaged file is one sentence."""

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tests.asr.ctranslate2 import convert_folder, text, variable, variables_of, write_model
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import fingerprint, load
from workbench.asr.catalog.model_folder import judge
from workbench.asr.conversion.ctranslate2 import read_index
from workbench.asr.conversion.engines import from_ctranslate2
from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.models.whisper import WhisperBackend
from workbench.files import FileProblem

REAL = Path(__file__).parent / "ctranslate2_int8"


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture
def theirs(whisper: Path, tmp_path: Path) -> Path:
    return convert_folder(whisper, tmp_path / "theirs")


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir()
    return folder


def model_of(folder: Path) -> Any:
    return load(folder_spec(folder)).model


def heard(backend: Backend) -> tuple[torch.Tensor, list[str]]:
    assert isinstance(backend, WhisperBackend)
    backend.set_language("en")
    rng = np.random.default_rng(0)
    label = tuple(backend.encode_label("Hello World"))
    clips = [ClipInput(rng.normal(0, 0.1, n).astype(np.float32), label) for n in (8000, 32_000)]
    items = backend.encode_prefix(clips, 0)
    with torch.no_grad():
        logits = backend.logits(backend.collate(items, [label, label]), 0)
    return logits, backend.transcribe(backend.collate(items), 0)


def test_float32_comes_back_as_it_was(whisper: Path, theirs: Path, ours: Path) -> None:
    taken = from_ctranslate2(theirs, ours)
    assert (taken.kind, taken.note) == ("CTranslate2", "")
    before, after = model_of(whisper).state_dict(), model_of(ours).state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert judge(ours).family == "seq2seq"


def test_it_writes_what_the_original_writes(whisper: Path, theirs: Path, ours: Path) -> None:
    from_ctranslate2(theirs, ours)
    original, copy = load(folder_spec(whisper)), load(folder_spec(ours))
    (logits, texts), (same_logits, same_texts) = heard(original), heard(copy)
    assert torch.equal(logits, same_logits)
    assert texts == same_texts
    assert any(texts)
    assert isinstance(original, WhisperBackend)
    assert isinstance(copy, WhisperBackend)
    names = ("suppress_tokens", "begin_suppress_tokens", "lang_to_id", "task_to_id", "no_timestamps_token_id")
    for name in (*names, "is_multilingual", "eos_token_id", "decoder_start_token_id", "max_length"):
        assert getattr(copy.generation, name) == getattr(original.generation, name), name
    assert copy.generation.alignment_heads == [[1, 0], [1, 1]]
    assert copy.processor.tokenizer.get_vocab() == original.processor.tokenizer.get_vocab()


def test_half_precision_stays_half_on_the_disk(whisper: Path, tmp_path: Path, ours: Path) -> None:
    from_ctranslate2(convert_folder(whisper, tmp_path / "half", "float16"), ours)
    kept = load_file(ours / "model.safetensors")
    assert {values.dtype for values in kept.values()} == {np.dtype(np.float16)}
    before, after = model_of(whisper).state_dict(), model_of(ours).state_dict()
    assert all(torch.equal(before[name].half().float(), after[name]) for name in before)


def test_a_file_of_the_real_converter_is_scaled_back(whisper: Path, ours: Path) -> None:
    taken = from_ctranslate2(REAL, ours)
    assert "rounded" in taken.note
    before, after = model_of(whisper).state_dict(), model_of(ours).state_dict()
    assert before.keys() == after.keys()
    for name in before:
        rows = before[name].abs().reshape(len(before[name]), -1)
        step = rows.amax(1).clamp_min(1e-6) / 127  # half of one is what rounding costs
        wrong = (before[name] - after[name]).abs().reshape(len(rows), -1).amax(1)
        assert (wrong <= step * 0.55 + 1e-3 * rows.amax(1)).all(), name


def test_the_same_weights_have_the_same_fingerprint(theirs: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        from_ctranslate2(theirs, folder)
    assert fingerprint(folders[0]) == fingerprint(folders[1])


def spoil_name(variables: dict[str, Any]) -> None:
    variables["encoder/conv1/weights"] = variables.pop("encoder/conv1/weight")


def spoil_layer(variables: dict[str, Any]) -> None:
    del variables["decoder/layer_1/attention/linear_1/bias"]


def spoil_extra(variables: dict[str, Any]) -> None:
    variables["decoder/adapter/weight"] = np.zeros((2, 2), np.float32)


def spoil_shape(variables: dict[str, Any]) -> None:
    variables["encoder/layer_0/ffn/linear_1/weight"] = np.zeros((32, 32), np.float32)


def spoil_heads(variables: dict[str, Any]) -> None:
    variables["encoder/num_heads"] = np.int16(5)


def spoil_activation(variables: dict[str, Any]) -> None:
    variables["decoder/activation"] = np.int8(0)


def spoil_key(variables: dict[str, Any]) -> None:
    variables["encoder/layer_0/self_attention/linear_0/bias"][33] = 1


def spoil_scale(variables: dict[str, Any]) -> None:
    variables["encoder/conv2/weight"] = np.ones((32, 32, 3), np.int8)


def spoil_zero_scale(variables: dict[str, Any]) -> None:
    spoil_scale(variables)
    variables["encoder/conv2/weight_scale"] = np.zeros(32, np.float32)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_name, "lacks encoder/conv1/weight"),
        (spoil_layer, "lacks 1 of Whisper's weights, such as decoder/layer_1/attention/linear_1/bias"),
        (spoil_extra, "holds 1 weights that Whisper does not have"),
        (spoil_shape, "in the shape .32, 32., where .32, 48. belongs"),
        (spoil_heads, "has 5 heads"),
        (spoil_activation, "has decoder/activation = 0, where Whisper has 3"),
        (spoil_key, "bias for the keys"),
        (spoil_scale, "without a scale"),
        (spoil_zero_scale, "nothing can be divided by"),
    ],
)
def test_another_model_is_one_sentence(
    whisper: Path, theirs: Path, ours: Path, spoil: Callable[[dict[str, Any]], None], said: str
) -> None:
    variables, aliases = variables_of(model_of(whisper), "float32")
    spoil(variables)
    write_model(theirs / "model.bin", variables, aliases)
    with pytest.raises(FileProblem, match=said):
        from_ctranslate2(theirs, ours)


HEAD = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<I", 3)
HUGE = struct.pack("<BIIBI", 2, 2**31, 2**31, 0, 2**31)  # more numbers than any memory has


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is cut off"),
        (b"PK\x03\x04" + bytes(200), "is no CTranslate2 model of version 6"),
        (struct.pack("<I", 6) + text("TransformerSpec") + struct.pack("<I", 7), "TransformerSpec of revision 7"),
        (HEAD + struct.pack("<I", 2**32 - 1), "tells of 4,294,967,295 variables"),
        (HEAD + struct.pack("<IH", 1, 60_000), "name of 60,000 bytes"),
        (HEAD + struct.pack("<I", 1) + text("a") + HUGE, "bytes for a, whose shape is"),
        (HEAD + struct.pack("<I", 1) + text("a") + struct.pack("<BIBI", 1, 9, 0, 36), "is cut off within a"),
        (HEAD + struct.pack("<I", 1) + text("a") + struct.pack("<B", 200), "has 200 dimensions"),
        (HEAD + struct.pack("<I", 2) + 2 * variable("a", np.zeros(1, np.int8)), "holds a twice"),
        (HEAD + struct.pack("<II", 0, 1) + text("b") + text("a"), "b is another name of a, which it cannot be"),
        (HEAD + struct.pack("<II", 0, 0) + b"more", "4 bytes behind its end"),
        (HEAD + struct.pack("<IH", 1, 3) + b"\xff\xfe\0", "no readable text"),
    ],
)
def test_a_hostile_file_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(content)
    with pytest.raises(FileProblem, match=said):
        read_index(file)


def test_every_cut_and_every_flipped_length_is_noticed_or_harmless(theirs: Path, tmp_path: Path) -> None:
    """Nothing but one sentence comes of a file cut anywhere, or of a spoiled byte among its lengths."""
    content = (theirs / "model.bin").read_bytes()
    index = read_index(theirs / "model.bin")
    file, first = tmp_path / "cut.bin", min(v.offset for v in index.variables.values())
    places = [*range(first), *(v.offset + spot for v in index.variables.values() for spot in (-1, v.n_bytes))]
    for place in places:
        file.write_bytes(content[:place])
        with pytest.raises(FileProblem):
            read_index(file)
        flipped = bytearray(content)
        flipped[min(place, len(content) - 1)] ^= 0x40
        file.write_bytes(flipped)
        with suppress(FileProblem):
            read_index(file)


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("config.json", {"suppress_ids": [10**9]}, "suppress_ids what is no list of tokens"),
        ("config.json", {"suppress_ids_begin": "all"}, "suppress_ids_begin what is no list"),
        ("config.json", {"alignment_heads": [[9, 9]]}, "names heads"),
        ("config.json", {"alignment_heads": {"0": 1}}, "names heads"),
        ("tokenizer.json", {"added_tokens": []}, "no tokenizer of Whisper's"),
        ("tokenizer.json", {"added_tokens": None}, "no tokenizer of Whisper's"),
    ],
)
def test_small_files_that_do_not_fit(theirs: Path, ours: Path, name: str, document: Any, said: str) -> None:
    (theirs / name).write_text(json.dumps(document))
    with pytest.raises(FileProblem, match=said):
        from_ctranslate2(theirs, ours)


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(theirs: Path, ours: Path, name: str) -> None:
    (theirs / name).unlink()
    with pytest.raises(FileProblem, match=f"{name} is missing"):
        from_ctranslate2(theirs, ours)


def test_the_tokenizer_of_a_larger_model_is_refused(theirs: Path, ours: Path) -> None:
    document = json.loads((theirs / "tokenizer.json").read_text())
    document["added_tokens"][-1]["id"] = 51_000
    (theirs / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(FileProblem, match="not the tokenizer of this model of 303 tokens"):
        from_ctranslate2(theirs, ours)
