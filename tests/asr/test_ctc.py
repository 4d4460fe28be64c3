"""Running a model block by block must be the model: alone, in a batch, and from any boundary on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.asr.conftest import KINDS, VOCABULARY
from workbench.asr.backend import Backend, ClipInput
from workbench.asr.catalog import folder_spec
from workbench.asr.ctc import CTCBackend
from workbench.asr.freezing import apply_plan, plan_for_blocks, strategy_names, training_mode
from workbench.asr.loading import load
from workbench.asr.outline import characters, n_frames, outline

TEXTS = ["ab c", "hello it's", "a", "zoo"]
BackendOf = Callable[[str], CTCBackend]


def labels_of(backend: Backend) -> list[list[int]]:
    return [backend.encode_label(t) for t in TEXTS]


@pytest.mark.parametrize("kind", KINDS)
def test_each_clip_is_computed_as_if_it_were_alone(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of(kind)
    sounds = backend.encode_prefix(clips, 0)
    with torch.no_grad():
        together, lengths = backend.logits(backend.collate(sounds), 0)
        for row, sound, n in zip(together, sounds, lengths.tolist(), strict=True):
            alone = backend.model(sound["samples"][None]).logits[0]
            assert n == len(alone)
            torch.testing.assert_close(row[:n], alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_cached_loss_equals_uncached_loss_for_every_strategy(
    kind: str, backend_of: BackendOf, clips: list[ClipInput]
) -> None:
    backend = backend_of(kind)
    with torch.no_grad():
        uncached = backend.loss(backend.collate(backend.encode_prefix(clips, 0), labels_of(backend)), 0)
        assert torch.isfinite(uncached)
        for strategy in strategy_names(3):
            boundary = plan_for_blocks(backend.blocks(), strategy).boundary
            batch = backend.collate(backend.encode_prefix(clips, boundary), labels_of(backend))
            torch.testing.assert_close(backend.loss(batch, boundary), uncached, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["wav2vec2-layer", "hubert-layer"])
def test_the_loss_is_transformers_own(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of(kind)
    batch = backend.collate(backend.encode_prefix(clips, 0), labels_of(backend))
    mask = (torch.arange(batch["samples"].shape[1])[None] < batch["lengths"][:, None]).long()
    with torch.no_grad():
        theirs = backend.model(batch["samples"], attention_mask=mask, labels=batch["labels"]).loss
        torch.testing.assert_close(backend.loss(batch, 0), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_the_plan_says_moves_and_is_counted(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    for strategy in strategy_names(3):
        backend = backend_of(kind)
        plan = plan_for_blocks(backend.blocks(), strategy)
        apply_plan(backend, plan)
        before = {n: p.detach().clone() for n, p in backend.model.named_parameters()}
        learning = {id(p) for ps, yes in zip(backend.block_parameters(), plan.learns, strict=True) if yes for p in ps}
        optimizer = torch.optim.AdamW((p for p in backend.model.parameters() if p.requires_grad), lr=1e-2)
        assert plan.trainable_parameters == sum(p.numel() for g in optimizer.param_groups for p in g["params"])
        assert plan.total_parameters == sum(p.numel() for p in backend.model.parameters())
        training_mode(backend, plan)
        batch = backend.collate(backend.encode_prefix(clips, plan.boundary), labels_of(backend))
        backend.loss(batch, plan.boundary).backward()
        optimizer.step()
        moved = {n for n, p in backend.model.named_parameters() if not torch.equal(before[n], p)}
        assert moved <= {n for n, p in backend.model.named_parameters() if id(p) in learning}
        assert "lm_head.weight" in moved
        assert all(
            any(id(p) in learning and n in moved for n, p in backend.model.named_parameters() if n.startswith(prefix))
            for prefix in _prefixes(strategy, backend)
        )


def _prefixes(strategy: str, backend: CTCBackend) -> list[str]:
    """Parts of the model of which something has to move."""
    base = backend.model.base_model_prefix
    layers = [f"{base}.encoder.layers.{i}." for i in range(3)]
    some = {"head": [], "top-1": layers[2:], "top-2": layers[1:]}
    whole = [*layers, f"{base}.feature_projection.", f"{base}.encoder.pos_conv_embed."]
    return some.get(strategy, [*whole, f"{base}.feature_extractor."] if strategy == "full" else whole)


@pytest.mark.parametrize("kind", KINDS)
def test_the_outline_drawn_from_files_equals_the_loaded_blocks(
    kind: str, backend_of: BackendOf, model_folder: Callable[[str], Path]
) -> None:
    folder, backend = model_folder(kind), backend_of(kind)
    assert outline(folder) == backend.blocks()
    assert characters(folder) == backend.characters()
    config = json.loads((folder / "config.json").read_text())
    for n_samples in (100, 399, 3200, 3201, 16_000, 480_000):
        assert n_frames(config, n_samples) == max(0, backend.n_frames(n_samples))


def test_decoding_equals_the_tokenizers_own(backend_of: BackendOf) -> None:
    backend = backend_of("wav2vec2-group")
    rng = np.random.default_rng(1)
    written = [0, *range(VOCABULARY.index("|"), len(VOCABULARY))]  # a trained head never chooses <s>, </s>, <unk>
    for _ in range(50):
        ids = rng.choice(written, 40).repeat(rng.integers(1, 3)).tolist()
        theirs = backend.processor.tokenizer.decode(ids)  # as transformers.pipeline calls it
        assert backend._decode(ids) == " ".join(theirs.split())


def test_new_characters_keep_old_rows_and_start_like_their_letter(
    backend_of: BackendOf, clips: list[ClipInput]
) -> None:
    backend = backend_of("wav2vec2-group")
    old_weight, old_bias = backend.model.lm_head.weight.clone(), backend.model.lm_head.bias.clone()
    before = backend.transcribe(backend.collate(backend.encode_prefix(clips, 0)), 0)
    backend.extend(["ǔ", ":", "a", "ǔ"])
    head = backend.model.lm_head
    assert head.out_features == len(VOCABULARY) + 2
    torch.testing.assert_close(head.weight[: len(VOCABULARY)], old_weight)
    torch.testing.assert_close(head.bias[: len(VOCABULARY)], old_bias)
    torch.testing.assert_close(head.weight[len(VOCABULARY)], old_weight[VOCABULARY.index("u")])
    assert {"ǔ", ":"} <= backend.characters()
    ids = backend.encode_label("sǔ:")
    assert ids[1:] == [len(VOCABULARY), len(VOCABULARY) + 1]
    assert backend._decode(ids) == "sǔ:"
    assert len(before) == len(backend.transcribe(backend.collate(backend.encode_prefix(clips, 0)), 0))


def test_an_extended_model_saves_and_loads_with_plain_transformers(backend_of: BackendOf, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-layer")
    backend.extend(["ǔ"])
    backend.save(tmp_path)
    again = load(folder_spec(tmp_path))
    assert again.encode_label("ǔ") == backend.encode_label("ǔ") == [len(VOCABULARY)]
    torch.testing.assert_close(again.model.lm_head.weight, backend.model.lm_head.weight)


def test_what_cannot_be_learned_is_said(backend_of: BackendOf) -> None:
    backend = backend_of("wav2vec2-group")
    assert backend.learnable("hello", 16_000) is None
    assert "cannot write ǔ" in (backend.learnable("sǔ", 16_000) or "")
    assert "frames" in (backend.learnable("a long text for so short a sound", 3200) or "")
    assert "Nothing is left" in (backend.learnable(" ", 16_000) or "")


def test_the_recipes_traps_are_closed(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of("wav2vec2-group")
    config = backend.model.config
    assert (config.layerdrop, config.ctc_loss_reduction, config.ctc_zero_infinity) == (0.0, "mean", True)
    plan = plan_for_blocks(backend.blocks(), "top-1")
    apply_plan(backend, plan)
    training_mode(backend, plan)
    frozen = [m for ms, yes in zip(backend.block_modules(), plan.learns, strict=True) if not yes for m in ms]
    assert not any(part.training for m in frozen for part in m.modules())
    # A training-mode model still computes its frozen prefix without dropout.
    first, second = backend.encode_prefix(clips, plan.boundary), backend.encode_prefix(clips, plan.boundary)
    assert all(torch.equal(a["hidden"], b["hidden"]) for a, b in zip(first, second, strict=True))


def test_half_precision_files_are_trained_in_float32(tmp_path: Path, model_folder: Callable[[str], Path]) -> None:
    folder = tmp_path / "half"
    shutil.copytree(model_folder("wav2vec2-layer"), folder)
    backend = load(folder_spec(folder))
    backend.model.half().save_pretrained(folder)
    assert next(load(folder_spec(folder)).model.parameters()).dtype == torch.float32


def test_time_masks_cover_about_their_share_and_only_while_learning(backend_of: BackendOf) -> None:
    backend = backend_of("wav2vec2-layer")
    backend.set_time_mask(0.3)
    long = [ClipInput(np.random.default_rng(i).normal(0, 0.1, 160_000).astype(np.float32)) for i in range(4)]
    batch = backend.collate(backend.encode_prefix(long, 1))
    with torch.no_grad():
        backend.model.train()
        hidden = backend._run(batch, 1, 2)["hidden"]
        share = (hidden == backend.base.masked_spec_embed).all(-1).float().mean().item()
        assert 0.2 < share < 0.4
        backend.model.eval()
        assert not (backend._run(batch, 1, 2)["hidden"] == backend.base.masked_spec_embed).all(-1).any()


def test_dropout_acts_only_while_learning(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of("wav2vec2-layer")
    backend.set_dropout(0.5)
    backend.set_time_mask(0)
    batch = backend.collate(backend.encode_prefix(clips, 0), labels_of(backend))
    with torch.no_grad():
        resting = [backend.loss(batch, 0).item() for _ in range(2)]
        backend.model.train()
        learning = [backend.loss(batch, 0).item() for _ in range(2)]
    assert resting[0] == resting[1]
    assert learning[0] != learning[1]
