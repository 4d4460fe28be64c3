"""PEFT's adapters are merged with their base: the result is what PEFT computes, and a broken one is one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.asr.peft_adapters import KINDS, beside, plain, read_by_peft, save_adapter, spoil_config
from tests.asr.whisper import save_whisper
from tests.services.models.test_add import left
from workbench.asr.catalog.catalog import Catalog, kept_spec, state_of
from workbench.asr.catalog.loading import load
from workbench.asr.catalog.model_folder import judge
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.services.models.add import add_from

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("w") / "random")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def computed(model: object, window_s: int = 2, n_mels: int = 16) -> torch.Tensor:
    torch.manual_seed(0)
    mel, ids = torch.randn(1, n_mels, 100 * window_s), torch.tensor([[1, 2, 5, 8, 20, 21]])
    with torch.no_grad():
        return model(input_features=mel, decoder_input_ids=ids).logits  # type: ignore[operator]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_merged_model_computes_what_peft_computes(base: Path, root: Path, tmp_path: Path, kind: str) -> None:
    adapter = save_adapter(base, tmp_path / "theirs", kind)
    document = add_from(adapter)
    assert (document["name"], document["source"]) == ("theirs", "added")
    assert document["from"].startswith("PEFT adapter (")
    merged = plain(root / "theirs")
    torch.testing.assert_close(computed(merged), computed(read_by_peft(base, adapter)), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(computed(merged), computed(plain(base)), atol=1e-3)  # the adapter does something
    assert judge(root / "theirs").family == "seq2seq"
    assert "random with an adapter" in kept_spec(root / "theirs").good_for
    assert state_of(Catalog().find("theirs")) == "here"
    load(Catalog().find("theirs"))
    assert {p.suffix for p in (root / "theirs").iterdir()} <= {".json", ".safetensors", ".md", ".txt", ".jinja"}


def test_pickled_weights_are_read_as_weights_alone(base: Path, root: Path, tmp_path: Path) -> None:
    safe = save_adapter(base, tmp_path / "safe")
    shutil.copytree(safe, tmp_path / "theirs")
    torch.save(load_file(safe / WEIGHTS), tmp_path / "theirs" / "adapter_model.bin")
    (tmp_path / "theirs" / WEIGHTS).unlink()
    add_from(tmp_path / "theirs")
    torch.testing.assert_close(
        computed(plain(root / "theirs")), computed(read_by_peft(base, safe)), atol=1e-4, rtol=1e-4
    )


def test_its_base_is_found_by_the_name_of_a_kept_model(base: Path, root: Path, tmp_path: Path) -> None:
    adapter = save_adapter(base, tmp_path / "theirs", named="somebody/small-one")
    with pytest.raises(WorkbenchError, match="needs its base model somebody/small-one, which is not on this machine"):
        add_from(adapter)
    add_from(base, "small-one")
    added = add_from(adapter)
    assert added["name"] == "theirs"
    assert added["licence"].startswith("unknown; of its base ")


@pytest.mark.parametrize(("named", "fetched"), [("openai/whisper-tiny.en", "whisper-tiny.en"), ("whisper-base",) * 2])
def test_a_base_that_can_be_fetched_is_said_with_the_command(
    base: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, fetched: str
) -> None:
    adapter = save_adapter(base, tmp_path / "theirs", named=named)
    with pytest.raises(SystemExit) as ended:
        main(["add-model", str(adapter)])
    assert ended.value.code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"workbench fetch {fetched}" in said
    assert named in said
    assert left(root) == set()


def cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])


def flip_in_header(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[20] ^= 1
    (folder / WEIGHTS).write_bytes(content)


def endless_numbers(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    name = sorted(weights)[0]
    weights[name].view(-1)[0] = float("nan")
    save_file(weights, folder / WEIGHTS)


def lose_one(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file({name: weights[name] for name in sorted(weights)[1:]}, folder / WEIGHTS)


def one_too_many(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file(weights | {"base_model.model.model.encoder.layers.9.x": torch.ones(2)}, folder / WEIGHTS)


def other_shape(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file({n: w[..., :-1].contiguous() if "lora_A" in n else w for n, w in weights.items()}, folder / WEIGHTS)


def no_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut": (cut, WEIGHTS),
    "flip": (flip_in_header, WEIGHTS),
    "nan": (endless_numbers, "numbers|NaN"),
    "lacks": (lose_one, "lacks"),
    "besides": (one_too_many, "has besides"),
    "shape": (other_shape, "does not fit"),
    "empty": (no_weights, "no weights of it"),
    "prompt": (lambda f: spoil_config(f, peft_type="PREFIX_TUNING"), "cannot be merged"),
    "kind": (lambda f: spoil_config(f, peft_type="NO_SUCH"), "cannot be merged"),
    "program": (lambda f: spoil_config(f, megatron_config={"a": 1}, megatron_core="os"), "asks for what is not done"),
    "pissa": (lambda f: spoil_config(f, init_lora_weights="pissa"), "asks for what is not done"),
    "targets": (lambda f: spoil_config(f, target_modules=["no_such"]), "describes no adapter"),
    "rank": (lambda f: spoil_config(f, r=-3), "describes no adapter"),
    "base": (lambda f: spoil_config(f, base_model_name_or_path=None), "which model it belongs to"),
}


@pytest.mark.parametrize("how", sorted(BROKEN))
def test_a_broken_adapter_is_one_sentence_and_nothing_is_kept(base: Path, root: Path, tmp_path: Path, how: str) -> None:
    spoil, said = BROKEN[how]
    adapter = save_adapter(base, tmp_path / "theirs")
    spoil(adapter)
    with pytest.raises(WorkbenchError, match=said) as told:
        add_from(adapter)
    assert "\n" not in str(told.value)
    assert left(root) == set()


def test_an_adapter_of_another_size_is_refused(base: Path, root: Path, tmp_path: Path) -> None:
    wide = save_whisper(tmp_path / "wide", inner=64)
    adapter = save_adapter(wide, tmp_path / "theirs", "rslora", named=str(base))
    with pytest.raises(WorkbenchError, match="is no adapter for random"):
        add_from(adapter)
    assert left(root) == set()


def test_the_case_beside_a_config_is_one_sentence(shared_audio: Path, root: Path) -> None:
    case = shared_audio.parent / "cases" / "models" / "adapter_with_config"
    with pytest.raises(WorkbenchError, match="workbench fetch whisper-base"):
        add_from(case)


@pytest.mark.slow
def test_a_real_adapter_of_a_real_model_writes_as_peft_does(
    real_model: Callable[[str], Path], shared_audio: Path, tmp_path: Path
) -> None:
    from transformers import AutoProcessor

    from workbench.asr.models.backend import ClipInput
    from workbench.audio.decode import decode_file

    whisper = real_model("whisper-tiny.en")
    models = tmp_path / "models"
    models.mkdir(exist_ok=True)
    (models / whisper.name).symlink_to(whisper)
    monkey = pytest.MonkeyPatch()
    monkey.setenv("WORKBENCH_MODELS", str(models))
    strong = beside(whisper, strength=0.01)
    strong.save_pretrained(tmp_path / "theirs")
    spoil_config(tmp_path / "theirs", base_model_name_or_path="openai/whisper-tiny.en")
    add_from(tmp_path / "theirs")
    lines = (shared_audio / "coffee_commands" / "manifest.jsonl").read_text().splitlines()[:3]
    sounds = [
        decode_file(shared_audio / "coffee_commands" / json.loads(line)["audio_filepath"]).samples for line in lines
    ]
    backend = load(Catalog().find("theirs"))
    ours = backend.transcribe(backend.collate(backend.encode_prefix([ClipInput(s) for s in sounds], 0)), 0)
    processor = AutoProcessor.from_pretrained(whisper)
    features = processor(sounds, sampling_rate=16_000, return_tensors="pt").input_features
    ids = strong.generate(input_features=features, num_beams=1, do_sample=False)
    theirs = [" ".join(t.split()) for t in processor.batch_decode(ids, skip_special_tokens=True)]
    monkey.undo()
    assert ours == theirs
    assert np.all([len(text) > 5 for text in ours])
