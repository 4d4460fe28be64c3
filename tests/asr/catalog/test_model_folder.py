"""A model folder that somebody brought: whatever is wrong with it is one sentence, said before anything is built."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.asr.moonshine import save_moonshine
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import Catalog, folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.catalog.outline import outline
from workbench.asr.training.checkpoint import load_run_model, save_run_model
from workbench.asr.training.freezing import plan_for_blocks
from workbench.core.config import TrainingConfig
from workbench.errors import ModelError, WorkbenchError

Folder = Callable[[str], Path]
CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "models"
WEIGHTS = "model.safetensors"


@pytest.fixture
def ctc(model_folder: Folder, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder("wav2vec2-layer"), tmp_path / "mine"))


@pytest.fixture(scope="session")
def saved_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture
def whisper(saved_whisper: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved_whisper, tmp_path / "mine"))


def change(file: Path, *way: str, value: Any) -> None:
    document = json.loads(file.read_text())
    node = document
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = value
    file.write_text(json.dumps(document))


def refused(folder: Path, words: str) -> str:
    """The one sentence that the catalogue says of a folder, which it names; the page goes on without it."""
    with pytest.raises(ModelError, match=words) as caught:
        folder_spec(folder)
    said = str(caught.value)
    assert str(folder) in said
    assert "\n" not in said
    assert said.endswith(".")
    catalog = Catalog([folder])
    assert [s.folder for s in catalog.skipped] == [str(folder)]
    assert str(folder) not in catalog.skipped[0].reason
    assert catalog.specs == Catalog().specs
    return said


def header(tensors: dict[str, Any], weights: bytes = b"") -> bytes:
    content = json.dumps(tensors).encode()
    return len(content).to_bytes(8, "little") + content + weights


def tensor(*shape: int, at: tuple[int, int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": at}


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 145262807\n"
TWICE = b'{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": {"dtype": "U8", "shape": [1]}}'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cut off"),
        (b"\x00\x00", "cut off"),
        (LFS, "pointer of git-lfs.*git lfs pull"),
        ((2**63).to_bytes(8, "little") + b"{}", "cut off"),
        ((1000).to_bytes(8, "little") + b"{}", "cut off"),
        ((10_000_000).to_bytes(8, "little") + b" " * 10_000_000, "header of 10,000,000 bytes"),
        ((2).to_bytes(8, "little") + b"[]", "no list of tensors"),
        ((2).to_bytes(8, "little") + b"{}", "holds no weights"),
        ((5).to_bytes(8, "little") + b"[" * 5, "no readable JSON"),
        ((100_000).to_bytes(8, "little") + b"[" * 100_000, "levels"),
        (len(TWICE).to_bytes(8, "little") + TWICE + b"\0", "a stands there twice"),
        (header({"a": tensor(2, at=(0, 8)), "b": tensor(2, at=(4, 12))}, bytes(12)), "b begins at byte 4"),
        (header({"a": tensor(2, at=(0, 8)), "b": tensor(2, at=(16, 24))}, bytes(24)), "b begins at byte 16"),
        (header({"a": tensor(2, at=(0, 8))}, bytes(4)), "4 bytes of weights where its header tells of 8"),
        (header({"a": tensor(2, at=(0, 8))}, bytes(12)), "12 bytes of weights where its header tells of 8"),
        (header({"a": tensor(3, at=(0, 8))}, bytes(8)), "8 bytes for a, whose shape is"),
        (header({"a": tensor(2**62, 2**62, at=(0, 8))}, bytes(8)), "8 bytes for a"),
        (header({"a": tensor(-2, -1, at=(0, 8))}, bytes(8)), "nothing usable of a"),
        (header({"a": tensor(*[1] * 9, at=(0, 4))}, bytes(4)), "nothing usable of a"),
        (header({"a": tensor(True, 2, at=(0, 8))}, bytes(8)), "nothing usable of a"),
        (header({"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}, bytes(8)), "nothing usable of a"),
        (header({"a": {"dtype": "F32", "shape": [2]}}, bytes(8)), "nothing usable of a"),
        (header({"a": 7}, bytes(8)), "nothing usable of a"),
        (header({"a": tensor(2, at=(0, 8), dtype="F4")}, bytes(8)), "a as F4"),
    ],
)
def test_weights_are_judged_by_their_header(content: bytes, words: str, ctc: Path) -> None:
    (ctc / WEIGHTS).write_bytes(content)
    assert WEIGHTS in refused(ctc, words)


JSON_FILES = ("config.json", "processor_config.json", "tokenizer_config.json", "vocab.json")


@pytest.mark.parametrize(
    "name", [*JSON_FILES, "generation_config.json", "added_tokens.json", WEIGHTS, "my_config.json"]
)
@pytest.mark.parametrize("kind", ["pipe", "endless", "folder", "gone"])
def test_files_that_are_none_are_never_opened(name: str, kind: str, ctc: Path) -> None:
    (ctc / name).unlink(missing_ok=True)
    make = {"pipe": os.mkfifo, "folder": os.mkdir}.get(kind)
    make(ctc / name) if make else (ctc / name).symlink_to({"endless": "/dev/zero"}.get(kind, "nowhere"))
    assert name in refused(ctc, "a pipe|a device|a folder|is missing")


@pytest.mark.parametrize("name", JSON_FILES)
@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a": NaN}', b"{", b"[]", b"\xff", b""])
def test_documents_that_are_none_are_one_sentence(name: str, content: bytes, ctc: Path) -> None:
    (ctc / name).write_bytes(content)
    assert name in refused(ctc, "JSON")


def test_a_document_of_ten_gigabytes_is_not_read(ctc: Path) -> None:
    with (ctc / "config.json").open("wb") as f:
        f.truncate(10 * 2**30)
    refused(ctc, r"config\.json holds 10,737,418,240 bytes")


@pytest.mark.parametrize("value", [10**9, 2**63, 4, 0, -1, True, 3.0, "3", None, [3]])
def test_more_layers_than_the_weights_have_are_never_built(value: Any, ctc: Path) -> None:
    change(ctc / "config.json", "num_hidden_layers", value=value)
    refused(ctc, "num_hidden_layers")
    with pytest.raises(WorkbenchError, match="num_hidden_layers"):  # changed after the page has begun
        outline(ctc)


@pytest.mark.parametrize("key", ["encoder_layers", "decoder_layers"])
def test_neither_half_of_a_whisper_has_more_layers_than_its_weights(key: str, whisper: Path) -> None:
    change(whisper / "config.json", key, value=10**9)
    refused(whisper, key)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("conv_kernel", [10] * 10**5, "list of up to 64"),
        ("conv_stride", [5, 0, 8], "conv_stride is 0"),
        ("conv_stride", [5, 8], "unequal length"),
        ("hidden_size", 10**9, "hidden_size is 1000000000"),
        ("num_attention_heads", 0, "num_attention_heads is 0"),
        ("vocab_size", 2**63, "vocab_size is"),
        ("num_conv_pos_embeddings", 10**9, "num_conv_pos_embeddings"),
        ("hidden_dropout", -1, "share from 0 to 1"),
        ("is_encoder_decoder", True, "is_encoder_decoder"),
        ("transformers_weights", "../../other.safetensors", "transformers_weights"),
        ("configuration_files", ["../../config.4.0.0.json"], "configuration_files"),
        ("_attn_implementation", "someone/program", "asks for a program"),
        ("encoder_config", 7, "encoder_config"),
        ("pad_token_id", 10**9, "pad_token_id"),
    ],
)
def test_numbers_that_make_something_grow_have_bounds(key: str, value: Any, words: str, ctc: Path) -> None:
    change(ctc / "config.json", key, value=value)
    refused(ctc, words)


@pytest.mark.parametrize(
    ("key", "value"),
    [("n_fft", 10**9), ("hop_length", 0), ("chunk_length", 10**6), ("feature_size", 10**9), ("sampling_rate", 8000)],
)
def test_a_processors_numbers_have_bounds(key: str, value: int, whisper: Path) -> None:
    change(whisper / "processor_config.json", "feature_extractor", key, value=value)
    refused(whisper, key)


def test_a_window_that_the_model_has_no_positions_for_is_refused(whisper: Path) -> None:
    change(whisper / "processor_config.json", "feature_extractor", "chunk_length", value=30)
    refused(whisper, "30 s in steps of 160 samples, and the model has 100 positions")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("suppress_tokens", [10**9]),
        ("begin_suppress_tokens", 7),
        ("lang_to_id", {"<|en|>": 2**63}),
        ("task_to_id", {}),
        ("no_timestamps_token_id", "x"),
    ],
)
def test_tokens_that_the_model_cannot_write_are_refused(key: str, value: Any, whisper: Path) -> None:
    change(whisper / "generation_config.json", key, value=value)
    refused(whisper, key)


@pytest.mark.parametrize("number", [10**9, -1, None, "x"])
def test_the_token_that_begins_a_text_is_one(number: Any, whisper: Path) -> None:
    change(whisper / "config.json", "decoder_start_token_id", value=number)
    refused(whisper, "decoder_start_token_id")


@pytest.mark.parametrize("number", [10**12, -1, "x", None, True])
def test_a_vocabulary_numbers_its_tokens(number: Any, ctc: Path) -> None:
    change(ctc / "vocab.json", "a", value=number)
    refused(ctc, "token 'a' the number")


@pytest.mark.parametrize("kind", ["whisper", "moonshine", "wav2vec2-layer", "parakeet"])
def test_shapes_are_compared_before_memory_is_asked_for(
    kind: str, model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = {"whisper": save_whisper, "moonshine": save_moonshine}.get(kind)
    folder = save(tmp_path / "m") if save else Path(shutil.copytree(model_folder(kind), tmp_path / "m"))
    config = json.loads((folder / "config.json").read_text())
    way = ("encoder_config", "intermediate_size") if kind == "parakeet" else ("intermediate_size",)
    way = ("encoder_ffn_dim",) if "encoder_ffn_dim" in config else way
    change(folder / "config.json", *way, value=90_000)
    monkeypatch.setattr(torch.nn.Module, "to", lambda *_: pytest.fail("the model was built"))
    with pytest.raises(
        ModelError, match=r"does not fit its config\.json: .* has the shape .*(90000|180000).* more are like it"
    ):
        load(folder_spec(folder))


@pytest.mark.parametrize("places", [{"a": "../../etc/passwd"}, {"a": "/etc/x.safetensors"}, {"a": 7}, {}, [], None])
def test_an_index_names_files_of_its_folder_alone(places: Any, ctc: Path) -> None:
    (ctc / WEIGHTS).rename(ctc / "model-1-of-1.safetensors")
    (ctc / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    refused(ctc, "index.json (names the weight file|does not say)")


def test_shards_are_read_whole_or_refused(ctc: Path) -> None:
    weights = load_file(ctc / WEIGHTS)
    (ctc / WEIGHTS).unlink()
    names = sorted(weights)
    halves = {f"model-{i}-of-2.safetensors": names[i - 1 :: 2] for i in (1, 2)}
    places = {name: file for file, held in halves.items() for name in held}
    (ctc / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    for file, held in halves.items():
        save_file({n: weights[n] for n in held}, ctc / file, metadata={"format": "pt"})
    spec = folder_spec(ctc)
    assert spec.parameters == sum(w.numel() for w in weights.values())
    assert load(spec).blocks() == outline(ctc)
    save_file({n: weights[n] for n in names}, ctc / "model-2-of-2.safetensors", metadata={"format": "pt"})
    refused(ctc, "which another weight file holds too")
    (ctc / "model-2-of-2.safetensors").unlink()
    refused(ctc, r"model-2-of-2\.safetensors is missing")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(dtype: torch.dtype, number: float, ctc: Path) -> None:
    weights = {n: w.to(dtype) for n, w in load_file(ctc / WEIGHTS).items()}
    name = "wav2vec2.encoder.layers.1.attention.k_proj.weight"
    weights[name][3, 4] = weights[name][5, 6] = number
    save_file(weights, ctc / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=rf"weights that are no numbers.* 2 of them in {name}: "):
        load(folder_spec(ctc))


def test_large_weights_are_numbers(ctc: Path) -> None:
    """Their sum is infinite, and they are not."""
    weights = load_file(ctc / WEIGHTS)
    weights["lm_head.bias"] = torch.full_like(weights["lm_head.bias"], 3e38)
    save_file(weights, ctc / WEIGHTS, metadata={"format": "pt"})
    assert load(folder_spec(ctc)).blocks()


def test_what_a_run_learned_is_read_as_carefully(ctc: Path, tmp_path: Path) -> None:
    backend = load(folder_spec(ctc))
    plan, folder = plan_for_blocks(backend.blocks(), "head", TrainingConfig()), tmp_path / "run-1" / "model"
    for weight in backend.model.parameters():
        weight.requires_grad_(weight.data_ptr() == backend.model.lm_head.bias.data_ptr())
    run = {
        "model": backend.spec.to_json() | {"fingerprint": backend.fingerprint},
        "strategy": "head",
        "config": TrainingConfig().to_json(),
        "new_characters": "",
    }
    from workbench.asr.training.freezing import apply_plan

    apply_plan(backend, plan)
    save_run_model(backend, plan, folder, run=run)
    assert load_run_model(folder)[1]["strategy"] == "head"
    learned = folder / "learned.safetensors"
    weights = load_file(learned)
    weights["lm_head.bias"][2] = float("nan")
    save_file(weights, learned)
    with pytest.raises(ModelError, match=r"run-1 has weights that are no numbers.* 1 of them in lm_head\.bias"):
        load_run_model(folder)
    learned.write_bytes(LFS)
    with pytest.raises(ModelError, match=r"run-1.*learned\.safetensors.*git-lfs"):
        load_run_model(folder)
    (folder / "run.json").write_text("{")
    with pytest.raises(ModelError, match=r"run-1.*run\.json.*JSON"):
        load_run_model(folder)


def test_an_adapter_is_no_model_and_says_whose_it_is(whisper: Path) -> None:
    (whisper / WEIGHTS).rename(whisper / "adapter_model.safetensors")
    (whisper / "adapter_config.json").write_text(
        '{"base_model_name_or_path": "openai/whisper-base", "peft_type": "LORA"}'
    )
    refused(whisper, "adapter .LORA.*base model openai/whisper-base; merge it")
    shutil.copy(whisper / "adapter_model.safetensors", whisper / WEIGHTS)  # transformers would load the base instead
    refused(whisper, "adapter .LORA")
    (whisper / "config.json").unlink()
    assert Catalog(collections=[whisper.parent]).skipped[0].reason.startswith("it holds an adapter")


def test_a_whisper_without_its_tokenizer_is_refused(whisper: Path) -> None:
    words = json.loads((whisper / "tokenizer.json").read_text())["model"]["vocab"]
    (whisper / "tokenizer.json").unlink()
    refused(whisper, "without its tokenizer.*save the processor beside the model")
    (whisper / "vocab.json").write_text(json.dumps(words))
    refused(whisper, r"without its tokenizer .*merges\.txt")


def test_a_ctc_model_without_its_letters_is_refused(ctc: Path) -> None:
    (ctc / "vocab.json").write_text("{}")
    refused(ctc, "no vocabulary")
    (ctc / "vocab.json").unlink()
    refused(ctc, "without its tokenizer")


def test_a_folder_without_its_feature_extractor_is_refused(ctc: Path) -> None:
    (ctc / "processor_config.json").unlink()
    refused(ctc, "without its feature extractor")


def test_a_model_in_the_hubs_cache_is_links_and_loads(ctc: Path, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "abc"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for n, file in enumerate(ctc.iterdir()):
        shutil.copy(file, blobs / str(n))
        (snapshot / file.name).symlink_to(f"../../blobs/{n}")
    assert load(folder_spec(snapshot)).blocks() == outline(ctc)


def test_one_bad_folder_does_not_hide_the_others(ctc: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    for name in ("a", "b", "c"):
        shutil.copytree(ctc, many / name)
    (many / "a" / WEIGHTS).write_bytes(LFS)
    (many / "notes.txt").write_text("no model")
    (many / "empty").mkdir()
    catalog = Catalog([tmp_path / "gone", ctc / "config.json"], [many])
    assert {"b", "c"} <= set(catalog.names())
    assert [(s.name, s.reason.split(";")[0]) for s in catalog.skipped] == [
        ("gone", "it is no folder"),
        ("config.json", "it is no folder"),
        ("a", "its model.safetensors is a pointer of git-lfs and not the weights themselves"),
    ]


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o311])
def test_a_folder_that_is_closed_to_this_user_is_said_to_be(mode: int, ctc: Path) -> None:
    root = Path(tempfile.mkdtemp())  # pytest's own folders are closed to anybody else
    root.chmod(0o755)
    closed = Path(shutil.copytree(ctc, root / "many" / "closed"))
    closed.chmod(mode)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        skipped = Catalog([closed], [closed.parent]).skipped
    finally:
        os.seteuid(user)
        closed.chmod(0o755)
        shutil.rmtree(root)
    assert [s.reason for s in skipped] == ["it cannot be read (Permission denied); let this user read it"] * 2


def test_a_folder_whose_name_is_no_text_is_left_out(ctc: Path) -> None:
    odd = os.fsdecode(os.fsencode(ctc.parent) + b"/many/\xff")
    shutil.copytree(ctc, odd)
    skipped = Catalog(collections=[Path(odd).parent]).skipped
    assert "no readable text; rename the folder" in skipped[0].reason
    assert str(skipped[0]).encode("utf-8")


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lfs_pointer", "git lfs pull"),
        ("adapter_with_config", "base model openai/whisper-base"),
        ("no_tokenizer", "no model"),
    ],
)
def test_the_folders_that_people_brought(name: str, words: str) -> None:
    refused(CASES / name, words)


@pytest.mark.parametrize("spoil", ["nan", "shape", "lfs"])
def test_the_adapter_of_a_language_is_read_as_carefully(spoil: str, model_folder: Folder, tmp_path: Path) -> None:
    mms = Path(shutil.copytree(model_folder("mms"), tmp_path / "mms"))
    file = mms / "adapter.deu.safetensors"
    weights = load_file(file)
    name = next(n for n in weights if n.endswith("linear_1.weight"))
    weights[name] = weights[name].fill_(float("nan")) if spoil == "nan" else weights[name][:-1].contiguous()
    save_file(weights, file)
    if spoil == "lfs":
        file.write_bytes(LFS)
    backend = load(folder_spec(mms))
    with pytest.raises(ModelError, match=r"adapter\.deu\.safetensors.*(no numbers|does not fit|cannot be read)"):
        backend.set_language("de")


def test_mms_says_which_language_it_begins_with(model_folder: Folder, tmp_path: Path) -> None:
    mms = Path(shutil.copytree(model_folder("mms"), tmp_path / "mms"))
    change(mms / "tokenizer_config.json", "target_lang", value="fra")
    refused(mms, "target_lang is fra")


def test_the_terminal_names_what_is_left_out_beside_its_document(
    ctc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from workbench.cli import load_verbs
    from workbench.cli.common import app

    load_verbs()
    (ctc / WEIGHTS).write_bytes(LFS)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "workspace"))
    done = CliRunner().invoke(app, ["models", "--models-dir", str(ctc.parent), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)[0]["name"] == "ctc-en"
    assert f"The model folder {ctc} is left out: its model.safetensors is a pointer of git-lfs" in done.stderr


def test_the_page_names_what_is_left_out_without_its_path(ctc: Path) -> None:
    from workbench.ui.adapt.preview import MOST_LEFT_OUT, left_out

    odd = ctc.rename(ctc.with_name("<b>odd"))
    (odd / WEIGHTS).write_bytes(LFS)
    shown = left_out([(s.name, s.reason) for s in Catalog([odd]).skipped * (MOST_LEFT_OUT + 2)])
    assert "&lt;b&gt;odd" in shown
    assert "<b>" not in shown
    assert str(ctc.parent) not in shown
    assert "and 2 more" in shown
    assert left_out([]) == ""
