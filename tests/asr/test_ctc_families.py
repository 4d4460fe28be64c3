"""What is peculiar to one family: WavLM's shared bias, resting batch norms, pieces of words, languages of MMS."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tests.asr.conftest import KINDS, MERGES, VOCABULARY, german, save_adapter
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import fingerprint, load
from workbench.asr.catalog.outline import characters, outline
from workbench.asr.models import ctc_languages
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.ctc import CTCBackend
from workbench.asr.models.ctc_family import random_spans
from workbench.asr.training.feature_cache import FeatureCache
from workbench.asr.training.freezing import apply_plan, plan_for_blocks, strategy_names, training_mode
from workbench.core.config import TrainingConfig
from workbench.errors import ModelError, WorkbenchError

BackendOf = Callable[[str], CTCBackend]


def gradients(backend: CTCBackend, strategy: str, clips: list[ClipInput], *, blocks: str = "") -> dict[str, float]:
    """Size of each weight's gradient after one batch in training mode."""
    plan = plan_for_blocks(backend.blocks(), strategy, TrainingConfig(blocks=blocks, lora_rank=2))
    apply_plan(backend, plan)
    training_mode(backend, plan)
    labels = [backend.encode_label("ab") for _ in clips]
    backend.loss(backend.collate(backend.encode_prefix(clips, plan.boundary), labels), plan.boundary).backward()
    weights = backend.model.named_parameters()
    return {n: float(p.grad.abs().sum()) for n, p in weights if p.requires_grad and p.grad is not None}


# ---- WavLM ----

BIAS = "wavlm.encoder.layers.0.attention.rel_attn_embed.weight"


@pytest.mark.parametrize("kind", ["wavlm-group", "wavlm-layer"])
def test_wavlms_bias_learns_with_its_block_and_with_no_other(
    kind: str, backend_of: BackendOf, clips: list[ClipInput]
) -> None:
    assert BIAS not in gradients(backend_of(kind), "top-2", clips)
    assert gradients(backend_of(kind), "custom", clips, blocks="encoder 1")[BIAS] > 0
    assert gradients(backend_of(kind), "full", clips)[BIAS] > 0


@pytest.mark.parametrize("kind", ["wavlm-group", "wavlm-layer"])
def test_wavlms_bias_shapes_every_layer(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    """So that the other tests would notice if it were lost behind a boundary."""
    backend = backend_of(kind)
    items = backend.encode_prefix(clips, 5)  # behind layer 2
    with torch.no_grad():
        before, _ = backend.logits(backend.collate(items), 5)
        backend.model.get_parameter(BIAS).zero_()
        after, _ = backend.logits(backend.collate(items), 5)
    assert (before - after).abs().max() > 0.01


def test_a_learned_bias_reaches_the_later_layers(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of("wavlm-layer")
    with torch.no_grad():
        backend.model.get_parameter(BIAS).normal_(0, 3)
        for clip in clips[:2]:
            (item,) = backend.encode_prefix([clip], 5)
            ours, _ = backend.logits(backend.collate([item]), 5)
            sound = backend.encode_prefix([clip], 0)[0]["samples"]
            torch.testing.assert_close(ours, backend.model(sound[None]).logits, atol=1e-4, rtol=1e-4)


def test_adapters_stand_only_beside_matrices_that_wavlm_asks(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    found = gradients(backend_of("wavlm-layer"), "lora", clips)
    assert not any("_proj.lora" in name for name in found)
    assert all(size > 0 for name, size in found.items() if "lora_B" in name)
    assert any("feed_forward" in name and "lora_B" in name for name in found)


# ---- batch norms and dropout ----


@pytest.mark.parametrize("kind", ["parakeet", "conformer"])
def test_batch_norms_rest_even_where_they_learn(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of(kind)
    before = {n: b.clone() for n, b in backend.model.named_buffers()}
    backend.set_dropout(0)
    backend.model.train()
    labels = [backend.encode_label("ab") for _ in clips]
    items = backend.encode_prefix(clips, 0)
    learning = backend.loss(backend.collate(items, labels), 0)
    learning.backward()
    assert all(torch.equal(before[n], b) for n, b in backend.model.named_buffers())
    norms = [m for m in backend.model.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    assert norms
    assert not any(m.training for m in norms)
    assert all(m.weight.grad is not None and m.weight.grad.abs().sum() > 0 for m in norms)
    alone = [backend.loss(backend.collate([i], [ls]), 0).item() for i, ls in zip(items, labels, strict=True)]
    assert learning.item() == pytest.approx(np.mean(alone), rel=1e-4)  # no clip is heard differently for its batch


@pytest.mark.parametrize("kind", KINDS)
def test_no_layer_is_skipped_by_chance(kind: str, backend_of: BackendOf) -> None:
    backend = backend_of(kind)
    parts = [*backend.model.modules(), *(m.config for m in backend.model.modules() if hasattr(m, "config"))]
    assert {float(p.layerdrop) for p in parts if hasattr(p, "layerdrop")} == {0.0}


def test_parakeets_dropout_and_masks_act_only_while_learning(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of("parakeet")
    batch = backend.collate(backend.encode_prefix(clips, 0), [backend.encode_label("ab") for _ in clips])

    def losses(dropout: float, mask: float) -> set[float]:
        backend.set_dropout(dropout)
        backend.set_time_mask(mask)
        with torch.no_grad():
            return {backend.loss(batch, 0).item() for _ in range(3)}

    backend.model.train()
    assert [len(losses(*rates)) for rates in ((0, 0), (0.5, 0), (0, 0.5))] == [1, 3, 3]
    backend.model.eval()
    assert len(losses(0.5, 0.5)) == 1


def test_masks_cover_about_their_share_of_each_clip() -> None:
    torch.manual_seed(0)
    lengths = torch.tensor([400, 2000, 10, 11, 4])
    mask = torch.stack([random_spans(lengths, 2000, 0.4, 10) for _ in range(60)])
    shares = [mask[:, i, :n].float().mean().item() for i, n in enumerate(lengths.tolist())]
    assert 0.33 < shares[0] < 0.47
    assert 0.33 < shares[1] < 0.47
    assert shares[2] == shares[4] == 0  # a clip that one mask would cover stays whole
    assert not mask[:, 0, 400:].any()


# ---- pieces of words ----


def test_pieces_of_words_are_written_and_counted(backend_of: BackendOf) -> None:
    backend = backend_of("parakeet")
    writing, tokenizer = backend.writing, backend.processor.tokenizer
    assert backend.characters() == frozenset("'abcdefghijklmnopqrstuvwxyz")
    for text in ("hello a zoo", "it's  all", "a"):
        ids = backend.encode_label(text)
        blank = backend.model.config.pad_token_id
        frames = [i for token in ids for i in (token, token, blank)]
        assert writing.decode(frames) == " ".join(text.split()) == " ".join(tokenizer.decode(frames).split())
    assert writing.frames_needed("hello") < len("hello")
    assert MERGES
    assert backend.unlearnable_reason("hello", 16_000) is None
    assert "needs" in (backend.unlearnable_reason("a long text of many words", 3200) or "")
    assert "cannot write É" in (backend.unlearnable_reason("École", 16_000) or "").replace("École", "")


def test_an_alphabet_of_pieces_cannot_grow(backend_of: BackendOf) -> None:
    backend = backend_of("parakeet")
    backend.extend(["a"])  # known already
    with pytest.raises(ModelError, match=r"pieces of words.*ǔ"):
        backend.extend(["ǔ"])


# ---- languages ----


def heard(backend: CTCBackend, clips: list[ClipInput]) -> torch.Tensor:
    with torch.no_grad():
        return backend.logits(backend.collate(backend.encode_prefix(clips[:1], 0)), 0)[0]


def test_a_language_is_its_adapter_and_its_alphabet(
    backend_of: BackendOf, model_folder: Callable[[str], Path], clips: list[ClipInput]
) -> None:
    backend, folder = backend_of("mms"), model_folder("mms")
    assert backend.languages() == {"eng", "en", "deu", "de"}
    english = heard(backend, clips)
    backend.set_language("de")
    german_logits = heard(backend, clips)
    assert german_logits.shape[-1] == len(german()) == backend.model.config.vocab_size
    assert "ü" in (backend.characters() or ())
    assert backend.characters() == characters(folder, "de")
    assert backend.encode_label("ü") == [german()["ü"]]
    theirs = transformers.Wav2Vec2ForCTC.from_pretrained(folder, target_lang="deu", ignore_mismatched_sizes=True)
    with torch.no_grad():
        sound = backend.encode_prefix(clips[:1], 0)[0]["samples"]
        torch.testing.assert_close(german_logits, theirs(sound[None]).logits, atol=1e-4, rtol=1e-4)
    backend.set_language(None)  # as it came
    torch.testing.assert_close(heard(backend, clips), english)
    assert backend.characters() == characters(folder) == frozenset("'abcdefghijklmnopqrstuvwxyz")


def test_a_language_is_part_of_the_caches_key(
    backend_of: BackendOf, model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    backend = backend_of("mms")
    english = FeatureCache(tmp_path, backend, 4).folder
    backend.set_language("deu")
    german_folder = FeatureCache(tmp_path, backend, 4).folder
    assert german_folder != english
    folder = Path(shutil.copytree(model_folder("mms"), tmp_path / "mms"))
    save_adapter(folder, "deu", len(german()))  # other weights under the same name
    other = load(folder_spec(folder))
    other.set_language("deu")
    assert FeatureCache(tmp_path, other, 4).folder not in (english, german_folder)
    assert other.fingerprint == backend.fingerprint


def test_a_missing_language_is_one_clear_sentence(backend_of: BackendOf) -> None:
    with pytest.raises(
        ModelError, match=r"no adapter for the language fr \(adapter\.fra\.safetensors\); it has deu, eng"
    ):
        backend_of("mms").set_language("fr")


def test_adapters_of_other_languages_are_not_the_model(
    model_folder: Callable[[str], Path], tmp_path: Path, backend_of: BackendOf
) -> None:
    folder = Path(shutil.copytree(model_folder("mms"), tmp_path / "mms"))
    before = (outline(folder), fingerprint(folder), folder_spec(folder).parameters)
    vocabulary = json.loads((folder / "vocab.json").read_text())
    save_adapter(folder, "fra", len(VOCABULARY))
    assert (outline(folder), fingerprint(folder), folder_spec(folder).parameters) == before
    assert before[2] == sum(b.parameters for b in backend_of("mms").blocks())
    assert "fra" not in vocabulary


@pytest.mark.parametrize("damage", [{}, {"lm_head.weight": torch.zeros(3, 32), "lm_head.bias": torch.zeros(3)}])
def test_a_damaged_adapter_is_one_clear_sentence(
    damage: dict[str, torch.Tensor], model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(model_folder("mms"), tmp_path / "mms"))
    file = folder / "adapter.deu.safetensors"
    if damage:
        from safetensors.torch import save_file

        save_file(damage, file)
    else:
        file.write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}"[:5])
    with pytest.raises(ModelError, match=r"adapter\.deu\.safetensors .*fetch"):
        load(folder_spec(folder)).set_language("de")


def test_an_extended_language_saves_and_loads(backend_of: BackendOf, clips: list[ClipInput], tmp_path: Path) -> None:
    backend = backend_of("mms")
    backend.set_language("de")
    backend.extend(["é"])
    backend.save(tmp_path)
    again = load(folder_spec(tmp_path))
    assert again.languages() == {"deu", "de"}
    again.set_language("de")
    torch.testing.assert_close(heard(again, clips), heard(backend, clips))
    assert again.encode_label("é") == backend.encode_label("é") == [len(german())]
    with pytest.raises(ModelError, match="no adapter for the language en"):
        again.set_language("en")


def test_the_languages_adapter_learns_alone_with_the_head(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of("mms")
    assert "adapters" in strategy_names("ctc", backend.blocks())
    found = gradients(backend, "adapters", clips)
    assert all(".adapter_layer." in name or name.startswith("lm_head.") for name in found)
    assert sum(".adapter_layer." in name for name in found) == 3 * 6
    assert "adapters" not in strategy_names("ctc", backend_of("wav2vec2-layer").blocks())
    with pytest.raises(WorkbenchError, match="means nothing for this kind of model"):
        plan_for_blocks(backend_of("wav2vec2-layer").blocks(), "adapters")


def test_nothing_is_left_out_where_there_are_no_convolutions(backend_of: BackendOf) -> None:
    assert "all-but-features" not in strategy_names("ctc", backend_of("w2v-bert").blocks())


def test_on_the_hub_an_adapter_is_fetched_when_its_language_is_asked_for(
    backend_of: BackendOf, model_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def fetch(location: str, name: str) -> str:
        asked.append((location, name))
        if len(asked) == 1:
            raise ConnectionError("offline")
        return str(shutil.copy(model_folder("mms") / name, tmp_path))

    monkeypatch.setattr(ctc_languages, "hf_hub_download", fetch)
    backend = backend_of("mms")
    adapters = backend.adapters
    assert adapters
    adapters.spec = replace(backend.spec, source="hub", location="facebook/mms")
    adapters.folder = tmp_path / "snapshot"  # holds no adapter yet
    assert backend.languages() == {"eng", "en", "deu", "de"}
    with pytest.raises(ModelError, match=r"adapter\.deu\.safetensors .*cannot be read or fetched.*go online once"):
        backend.set_language("de")
    assert adapters.chosen == "eng"  # nothing has changed
    backend.set_language("de")
    assert asked == [("facebook/mms", "adapter.deu.safetensors")] * 2
    assert "ü" in (backend.characters() or ())
