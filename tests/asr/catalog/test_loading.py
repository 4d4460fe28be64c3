"""Every way a model can be unusable is one clear sentence, before anything starts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError

from workbench.asr.catalog import fetch as fetch_module
from workbench.asr.catalog import loading
from workbench.asr.catalog.catalog import Catalog, folder_spec, rate_for
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, UnknownNameError

Folder = Callable[[str], Path]


@pytest.fixture
def copied(model_folder: Folder, tmp_path: Path) -> Path:
    """A tiny model of one's own to spoil."""
    return Path(shutil.copytree(model_folder("wav2vec2-layer"), tmp_path / "mine"))


def change_config(folder: Path, **values: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_the_bundled_model_is_first_loads_and_hears() -> None:
    import numpy as np

    from workbench.asr.models.backend import ClipInput

    spec = Catalog().specs[0]
    assert (spec.name, spec.source, spec.family) == ("ctc-en", "bundled", "ctc")
    assert spec.licence != "unknown"
    assert spec.languages == ("en",)
    backend = loading.load(spec)
    assert spec.parameters == sum(b.parameters for b in backend.blocks())
    noise = ClipInput(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32))
    assert isinstance(backend.transcribe(backend.collate(backend.encode_prefix([noise], 0)), 0)[0], str)


def test_folders_of_models_join_the_catalogue_and_names_stay_apart(copied: Path, tmp_path: Path) -> None:
    other = tmp_path / "more" / "mine"
    shutil.copytree(copied, other)
    names = Catalog([copied], [other.parent]).names()
    assert {"ctc-en", "mine", "mine (2)"} <= set(names)


@pytest.mark.parametrize("name", ["../secret", "/etc", "a/../b", "..", "", "a/b/c", "~/x", "a/ b", "file:///x/y"])
def test_the_browser_can_never_name_a_path(name: str) -> None:
    with pytest.raises(UnknownNameError, match="ctc-en"):
        Catalog().find(name)


def test_any_hub_id_is_taken_as_one() -> None:
    assert Catalog().find("someone/some-model.v2").source == "hub"


def test_rates_follow_the_strategy() -> None:
    spec = Catalog().specs[0]
    assert rate_for(spec, "top-2") == rate_for(spec, "top-4") == spec.learning_rates["top-N"]
    assert rate_for(spec, "head") > rate_for(spec, "full")


def test_a_folder_without_safetensors_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no \.safetensors file.*can run code"):
        folder_spec(copied)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        folder_spec(tmp_path)
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        Catalog().resolve(str(tmp_path))


def test_a_model_without_a_ctc_head_is_refused(copied: Path) -> None:
    change_config(copied, architectures=["Wav2Vec2Model"])
    with pytest.raises(ModelError, match=r"Wav2Vec2Model.*neither a Whisper model nor one with a CTC head"):
        loading.load(folder_spec(copied))


def test_code_beside_a_model_never_runs(copied: Path) -> None:
    witness = copied / "ran"
    (copied / "modeling_evil.py").write_text(f"open({str(witness)!r}, 'w')\n")
    change_config(
        copied, model_type="evil", auto_map={"AutoConfig": "modeling_evil.C", "AutoModelForCTC": "modeling_evil.M"}
    )
    with pytest.raises(ModelError, match="supported kind"):
        loading.load(folder_spec(copied))
    change_config(copied, model_type="wav2vec2")
    assert loading.load(folder_spec(copied)).blocks()  # the stock model, whatever lies beside it
    assert not witness.exists()


def test_a_ctc_model_of_an_unknown_kind_is_refused_before_it_is_loaded(copied: Path) -> None:
    """SEW looks like wav2vec 2.0 in its parts and halves its frames in between: it must not be run as one."""
    change_config(copied, architectures=["SEWForCTC"], model_type="sew")
    assert folder_spec(copied).family == "unsupported"
    with pytest.raises(ModelError, match=r"SEWForCTC.*supported kind.*wavlm"):
        loading.load(folder_spec(copied))


def test_a_damaged_file_is_one_sentence(copied: Path) -> None:
    spec = folder_spec(copied)
    (copied / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(ModelError, match=r"holds no weights"):
        loading.load(spec)


def test_a_model_without_its_tokenizer_is_one_sentence(copied: Path) -> None:
    for file in ("vocab.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json"):
        (copied / file).unlink(missing_ok=True)
    with pytest.raises(ModelError, match=r"cannot be loaded|tokenizer"):
        loading.load(folder_spec(copied))


def test_a_folder_that_is_gone_is_one_sentence(copied: Path) -> None:
    spec = folder_spec(copied)
    shutil.rmtree(copied)
    with pytest.raises(ModelError, match="no longer in"):
        loading.load(spec)


def test_too_large_for_the_memory_is_said_before_loading(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    little = SimpleNamespace(available=50_000)
    monkeypatch.setattr("workbench.asr.catalog.catalog.psutil.virtual_memory", lambda: little)
    with pytest.raises(ModelError, match=r"needs about .* GB of memory"):
        loading.load(folder_spec(copied), trainable_share=1.0)


HUB = ModelSpec("some/model", "ctc", "hub", "some/model")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LocalEntryNotFoundError("offline"), "hub cannot be reached.*bundled model"),
        (ConnectionError("refused"), "hub cannot be reached"),
        (
            RepositoryNotFoundError("404", response=httpx.Response(404, request=httpx.Request("GET", "http://x"))),
            "no model called",
        ),
        (
            GatedRepoError("403", response=httpx.Response(403, request=httpx.Request("GET", "http://x"))),
            "asks for consent",
        ),
    ],
)
def test_the_hubs_refusals_are_one_sentence(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(fetch_module, "snapshot_download", refuse)
    with pytest.raises(ModelError, match=words) as caught:
        loading.load(HUB)
    assert "\n" not in str(caught.value)


def test_only_safetensors_are_fetched_from_the_hub(monkeypatch: pytest.MonkeyPatch, copied: Path) -> None:
    asked: dict[str, Any] = {}

    def fetch(repo: str, **options: Any) -> str:
        asked.update(options, repo=repo)
        return str(copied)

    monkeypatch.setattr(fetch_module, "snapshot_download", fetch)
    assert loading.load(HUB).blocks()
    assert asked["repo"] == "some/model"
    assert not any(p.endswith((".bin", ".pt", ".pth", ".py", "*")) for p in asked["allow_patterns"])
    assert "adapter.*" in asked["ignore_patterns"]  # MMS has a thousand


def test_the_fingerprint_names_everything_that_changes_the_result(copied: Path) -> None:
    first = loading.fingerprint(copied)
    change_config(copied, layer_norm_eps=1e-3)
    second = loading.fingerprint(copied)
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert len({first, second, loading.fingerprint(copied)}) == 3
