"""Taking in models as their engines keep them: they write what they wrote, and what is no model is one sentence."""

import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.asr.conftest import save_model
from tests.asr.ctranslate2 import convert_folder
from tests.asr.ggml import save_ggml
from tests.asr.openai import checkpoint_of, save_checkpoint
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import Catalog, folder_spec, state_of
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import ClipInput
from workbench.cli import main
from workbench.core.types import ModelSpec
from workbench.errors import WorkbenchError
from workbench.services.models import add as adding
from workbench.services.models.add import add_from

REAL = Path(__file__).parents[2] / "asr" / "ctranslate2_int8"
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("w") / "random", inner=128)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def pickled(source: Path, out: Path, *, shards: int = 1) -> Path:
    """A folder whose weights are files of torch's."""
    shutil.copytree(source, out)
    weights = load_file(out / WEIGHTS)
    (out / WEIGHTS).unlink()
    if shards == 1:
        torch.save(weights, out / "pytorch_model.bin")
        return out
    names = sorted(weights)
    places = {name: f"pytorch_model-{i % shards + 1:05}-of-{shards:05}.bin" for i, name in enumerate(names)}
    for file in set(places.values()):
        torch.save({name: weights[name] for name in names if places[name] == file}, out / file)
    (out / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    return out


def texts(spec: ModelSpec) -> list[str]:
    backend = load(spec)
    if "en" in (backend.languages() or ()):
        backend.set_language("en")
    rng = np.random.default_rng(0)
    clips = [ClipInput(rng.normal(0, 0.1, n).astype(np.float32)) for n in (8000, 24_000)]
    return backend.transcribe(backend.collate(backend.encode_prefix(clips, 0)), 0)


def left(root: Path) -> set[str]:
    return {p.name for p in root.iterdir() if not p.name.endswith(".lock")} if root.is_dir() else set()


def of_transformers(source: Path, tmp_path: Path) -> Path:
    return pickled(source, tmp_path / "theirs")


def of_shards(source: Path, tmp_path: Path) -> Path:
    return pickled(source, tmp_path / "theirs", shards=3)


def of_safetensors(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / "theirs"))


def of_ctranslate2(source: Path, tmp_path: Path) -> Path:
    return convert_folder(source, tmp_path / "theirs")


def of_openai(source: Path, tmp_path: Path) -> Path:
    shutil.copyfile(source / "tokenizer.json", tmp_path / "tokenizer.json")
    return save_checkpoint(source, tmp_path / "theirs.pt")


def of_whisper_cpp(source: Path, tmp_path: Path) -> Path:
    shutil.copyfile(source / "tokenizer.json", tmp_path / "tokenizer.json")
    return save_ggml(source, tmp_path / "theirs.bin", "f32")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (of_whisper_cpp, "ggml"),
        (of_transformers, "pytorch_model.bin"),
        (of_shards, "pytorch_model.bin"),
        (of_safetensors, "safetensors"),
        (of_ctranslate2, "CTranslate2"),
        (of_openai, "OpenAI's .pt"),
    ],
)
def test_each_kind_keeps_its_weights(
    whisper: Path, tmp_path: Path, root: Path, make: Callable[[Path, Path], Path], kind: str
) -> None:
    document = add_from(make(whisper, tmp_path))
    assert set(document) == {"name", "source", "from", "folder", "parameters", "size_mb", "licence"}
    assert (document["name"], document["source"], document["from"]) == ("theirs", "added", kind)
    assert left(root) == {"theirs"}
    spec = Catalog().find("theirs")
    assert (spec.source, state_of(spec)) == ("added", "here")
    before, after = (load(s).model.state_dict() for s in (folder_spec(whisper), spec))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    if kind not in ("OpenAI's .pt", "ggml"):  # whose list of what is no speech is not this random tokenizer's
        assert texts(folder_spec(whisper)) == texts(spec)


def test_what_the_real_converter_made(root: Path) -> None:
    document = add_from(REAL, "rounded")
    assert (document["from"], left(root)) == ("CTranslate2", {"rounded"})
    assert "rounded" in Catalog().find("rounded").good_for


def test_a_ctc_model_too(tmp_path: Path, root: Path) -> None:
    source = pickled(save_model(tmp_path / "ctc", "wav2vec2-layer"), tmp_path / "letters")
    name = add_from(source)["name"]
    spec = Catalog().find(name)
    assert spec.family == "ctc"
    assert texts(spec) == texts(folder_spec(tmp_path / "ctc"))


def test_tied_weights_are_there_once(whisper: Path, tmp_path: Path) -> None:
    source = pickled(whisper, tmp_path / "theirs")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
    torch.save(weights, source / "pytorch_model.bin")
    kept = load_file(Path(add_from(source)["folder"]) / WEIGHTS)
    assert "proj_out.weight" not in kept
    assert kept.keys() == load_file(whisper / WEIGHTS).keys()


def test_half_precision_stays(whisper: Path, tmp_path: Path) -> None:
    shutil.copyfile(whisper / "tokenizer.json", tmp_path / "tokenizer.json")
    kept = add_from(save_checkpoint(whisper, tmp_path / "half.pt", half=True))
    assert {t.dtype for t in load_file(Path(kept["folder"]) / WEIGHTS).values()} == {torch.float16}


def test_what_a_whisper_folder_lacks_is_rebuilt(whisper: Path, tmp_path: Path) -> None:
    source = pickled(whisper, tmp_path / "theirs")
    for name in ("processor_config.json", "generation_config.json", "tokenizer_config.json"):
        (source / name).unlink()
    name = add_from(source)["name"]
    spec = Catalog().find(name)
    original, again = load(folder_spec(whisper)), load(spec)
    assert again.processor.feature_extractor.n_samples == original.processor.feature_extractor.n_samples
    for name in ("lang_to_id", "task_to_id", "no_timestamps_token_id", "eos_token_id", "decoder_start_token_id"):
        assert getattr(again.generation, name) == getattr(original.generation, name), name


def test_no_tokenizer_and_no_way_to_tell_it(whisper: Path, tmp_path: Path, root: Path) -> None:
    source = pickled(whisper, tmp_path / "theirs")
    (source / "tokenizer.json").unlink()
    with pytest.raises(WorkbenchError, match=r"comes without its tokenizer; put its tokenizer.json beside it"):
        add_from(source)
    assert left(root) == set()


def test_openais_file_names_the_model_that_has_its_tokenizer(whisper: Path, tmp_path: Path) -> None:
    document = checkpoint_of(whisper)
    document["dims"]["n_vocab"] = 51_865
    name = "decoder.token_embedding.weight"
    document["model_state_dict"][name] = torch.zeros(51_865, 32)
    torch.save(document, tmp_path / "base.pt")
    with pytest.raises(WorkbenchError, match="workbench fetch whisper-base"):
        add_from(tmp_path / "base.pt")


class Harmful:
    """Would make a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def test_a_file_that_would_run_a_program_is_not_opened(whisper: Path, tmp_path: Path, root: Path) -> None:
    source, mark = pickled(whisper, tmp_path / "theirs"), tmp_path / "ran"
    torch.save({"model.a": torch.zeros(2), "more": Harmful(mark)}, source / "pytorch_model.bin")
    with pytest.raises(WorkbenchError, match="could run a program"):
        add_from(source)
    torch.save({"dims": Harmful(mark)}, tmp_path / "evil.pt")
    with pytest.raises(WorkbenchError, match="could run a program"):
        add_from(tmp_path / "evil.pt")
    assert not mark.exists()
    assert left(root) == set()


def spoil_cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def spoil_old(file: Path) -> None:
    file.write_bytes(pickle.dumps({"a": 1}))


def spoil_packed(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))


def spoil_list(file: Path) -> None:
    torch.save([torch.zeros(2)], file)


def spoil_huge(file: Path) -> None:
    torch.save({"a": torch.zeros(1).expand(2**40)}, file)


def spoil_value(file: Path) -> None:
    torch.save({"a": 3}, file)


def spoil_pointer(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_cut, "cut off"),
        (spoil_old, "no file that PyTorch 1.6 or newer"),
        (spoil_packed, "packed as no model is"),
        (spoil_list, "no list of weights"),
        (spoil_huge, "more numbers than it holds"),
        (spoil_value, "no weight under the name 'a'"),
        (spoil_pointer, "pointer of git-lfs"),
    ],
)
def test_a_spoiled_file_is_one_sentence(
    whisper: Path, tmp_path: Path, root: Path, spoil: Callable[[Path], None], said: str
) -> None:
    source = pickled(whisper, tmp_path / "theirs")
    spoil(source / "pytorch_model.bin")
    with pytest.raises(WorkbenchError, match=said) as told:
        add_from(source)
    assert "\n" not in str(told.value)
    assert left(root) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["dims"].update(n_text_layer=3), "does not hold the weights that it tells of"),
        (lambda d: d["dims"].update(n_audio_state=64), "says of its size n_text_state"),
        (lambda d: d["dims"].update(n_mels=10**9), "says of its size n_mels"),
        (lambda d: d["model_state_dict"].update(more=torch.zeros(2)), "such as more"),
        (lambda d: d.pop("model_state_dict"), "no list of weights"),
        (lambda d: d.pop("dims"), "no Whisper file of OpenAI's"),
    ],
)
def test_openais_file_must_hold_what_it_tells(
    whisper: Path, tmp_path: Path, change: Callable[[Any], Any], said: str
) -> None:
    document = checkpoint_of(whisper)
    change(document)
    torch.save(document, tmp_path / "odd.pt")
    with pytest.raises(WorkbenchError, match=said):
        add_from(tmp_path / "odd.pt")


def test_missing_weights_are_told(whisper: Path, tmp_path: Path, root: Path) -> None:
    source = pickled(whisper, tmp_path / "theirs")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    del weights["model.encoder.layers.0.fc1.weight"]
    torch.save(weights, source / "pytorch_model.bin")
    with pytest.raises(WorkbenchError, match=r"model theirs is not complete.*fc1\.weight"):
        add_from(source)
    assert left(root) == set()


def test_a_model_that_writes_nothing_is_not_kept(whisper: Path, tmp_path: Path, root: Path) -> None:
    source = pickled(whisper, tmp_path / "theirs")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    torch.save({name: torch.zeros_like(w) for name, w in weights.items()}, source / "pytorch_model.bin")
    generation = json.loads((source / "generation_config.json").read_text())
    generation["begin_suppress_tokens"] = None
    generation["suppress_tokens"] = [i for i in range(303) if i != generation["eos_token_id"]]
    (source / "generation_config.json").write_text(json.dumps(generation))
    with pytest.raises(WorkbenchError, match="writes nothing for the bundled clips"):
        add_from(source)
    assert left(root) == set()


def test_what_is_no_model(tmp_path: Path, whisper: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"lmgg" + bytes(100))
    (tmp_path / "a.gguf").write_bytes(b"GGUF" + bytes(100))
    (tmp_path / "empty").mkdir()
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "openai/whisper-base"}))
    text = shutil.copytree(whisper, tmp_path / "text")
    (text / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
    for name, said in (
        ("a.bin", "says of its size n_vocab"),
        ("a.gguf", "GGUF"),
        ("empty", "holds no model that is known; name a folder of transformers'"),
        ("adapter", "needs its base model openai/whisper-base"),
        ("text", "a model of another kind"),
        ("nothing", "There is no"),
    ):
        with pytest.raises(WorkbenchError, match=said):
            add_from(tmp_path / name)


def test_names(whisper: Path, tmp_path: Path, root: Path) -> None:
    cache = tmp_path / "models--Systran--faster-whisper-small" / "snapshots" / "0123abc"
    assert adding._name(cache, None) == "faster-whisper-small"
    assert adding._name(Path("/x/base.en.pt"), None) == "base.en"
    assert adding._name(Path("/x/whisper-base.en"), None) == "whisper-base.en"
    for taken in ("ctc-en", "whisper-base", "wav2vec2-base-960h"):
        with pytest.raises(WorkbenchError, match=f"called {taken} already"):
            add_from(whisper, taken)
    add_from(whisper, "mine")
    with pytest.raises(WorkbenchError, match="called mine already"):
        add_from(whisper, "mine")
    for odd in ("../up", "a/b", ".hidden", "", "x" * 200):
        with pytest.raises(WorkbenchError, match="is no name for a model"):
            add_from(whisper, odd) if odd else adding._name(Path("/"), None)
    assert left(root) == {"mine"}


def test_the_verb(whisper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["add-model", str(whisper), "--name", "mine", "--json"])
    printed = capsys.readouterr()
    assert not ended.value.code, printed.err
    assert json.loads(printed.out)["source"] == "added"
    assert "Let me know when you get home" in printed.err


def test_the_weights_of_openais_tiny(real_model: Callable[[str], Path], tmp_path: Path) -> None:
    """As its owner would have it: tiny.en.pt alone; tokenizer and what is no speech are those of the fetched one."""
    folder = real_model("whisper-tiny.en")
    file = save_checkpoint(folder, tmp_path / "tiny.en.pt", half=True)
    kept = tmp_path / "models" / "whisper-tiny.en"
    kept.mkdir(parents=True)
    for name in os.listdir(folder):
        (kept / name).symlink_to(folder / name)
    os.environ["WORKBENCH_MODELS"] = str(kept.parent)  # undone with real_model's
    added = Path(add_from(file)["folder"])
    before, after = (load_file(f / WEIGHTS) for f in (folder, added))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    settings = [json.loads((f / "generation_config.json").read_text()) for f in (folder, added)]
    settings[0].pop("alignment_heads")  # which OpenAI's program keeps outside its files
    assert settings[0] == settings[1]
