"""Running a model block by block must be the model: alone, in a batch, and from any boundary on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tests.asr.conftest import KINDS, VOCABULARY
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.catalog.outline import CTC_NAMINGS, characters, n_frames, outline
from workbench.asr.models.backend import Activations, Backend, ClipInput
from workbench.asr.models.ctc import FAMILIES, CTCBackend
from workbench.asr.training.freezing import apply_plan, plan_for_blocks, strategy_names, training_mode
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan

TEXTS = ["ab c", "hello it's", "a", "zoo"]
BackendOf = Callable[[str], CTCBackend]


def labels_of(backend: Backend) -> list[list[int]]:
    return [backend.encode_label(t) for t in TEXTS]


def sound_of(item: Activations) -> torch.Tensor:
    """What boundary 0 holds of one clip, as a batch of one."""
    (value,) = item.values()
    return value[None]


def plan_of(backend: Backend, strategy: str) -> FreezePlan:
    blocks = "encoder 1: norms, encoder 2: lora, head" if strategy == "custom" else ""
    config = TrainingConfig(blocks=blocks, lora_rank=2)
    return plan_for_blocks(backend.blocks(), strategy, config)


@pytest.mark.parametrize("kind", KINDS)
def test_each_clip_is_computed_as_if_it_were_alone(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of(kind)
    sounds = backend.encode_prefix(clips, 0)
    with torch.no_grad():
        together, lengths = backend.logits(backend.collate(sounds), 0)
        for row, sound, n in zip(together, sounds, lengths.tolist(), strict=True):
            alone = backend.model(sound_of(sound)).logits[0]
            assert n == len(alone)
            torch.testing.assert_close(row[:n], alone, atol=1e-4, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")  # transformers' own WavLM
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_heard_is_what_the_processor_makes_of_the_sound(kind: str, backend_of: BackendOf) -> None:
    backend = backend_of(kind)
    for n in (8000, 8159, 8160, 8319, 8480):  # even and odd numbers of 10 ms frames, and just before
        clip = ClipInput(np.random.default_rng(n).normal(0, 0.1, n).astype(np.float32))
        theirs = backend.processor(clip.samples, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True)
        sound = sound_of(backend.encode_prefix([clip], 0)[0])
        given = theirs[backend.model.main_input_name]
        torch.testing.assert_close(sound, given[:, : sound.shape[1]])
        with torch.no_grad():
            expected = backend.model(given, attention_mask=theirs["attention_mask"]).logits
            ours = backend.model(sound).logits
        if not backend.model.config.to_dict().get("add_adapter"):  # there the masked half of a frame shines through
            torch.testing.assert_close(ours, expected[:, : ours.shape[1]], atol=1e-4, rtol=1e-4)
        assert ours.shape[1] == backend.n_frames(n)
        assert expected.shape[1] - ours.shape[1] in (0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_cached_loss_equals_uncached_loss_at_every_boundary(
    kind: str, backend_of: BackendOf, clips: list[ClipInput]
) -> None:
    backend = backend_of(kind)
    items = backend.encode_prefix(clips, 0)
    with torch.no_grad():
        uncached = backend.loss(backend.collate(items, labels_of(backend)), 0)
        assert 0 < uncached < torch.inf
        for boundary in range(1, len(backend.blocks())):
            items = backend.advance(items, [()] * len(clips), boundary - 1, boundary)
            for known in (items, backend.encode_prefix(clips, boundary)):
                batch = backend.collate(known, labels_of(backend))
                torch.testing.assert_close(backend.loss(batch, boundary), uncached, atol=1e-4, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")  # transformers' own WavLM
@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_transformers_own(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of(kind)
    items = backend.encode_prefix(clips[:2], 0)
    for item, label in zip(items, labels_of(backend)[:2], strict=True):
        sound = sound_of(item)
        with torch.no_grad():
            whole = torch.ones(sound.shape[:2], dtype=torch.long)
            theirs = backend.model(sound, attention_mask=whole, labels=torch.tensor([label])).loss
            torch.testing.assert_close(backend.loss(backend.collate([item], [label]), 0), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_the_plan_says_moves_and_is_counted(kind: str, backend_of: BackendOf, clips: list[ClipInput]) -> None:
    for strategy in strategy_names("ctc", backend_of(kind).blocks()):
        backend = backend_of(kind)
        plan = plan_of(backend, strategy)
        assert plan.total_parameters == sum(p.numel() for p in backend.model.parameters())
        apply_plan(backend, plan)
        before = {n: t.detach().clone() for n, t in backend.model.state_dict(keep_vars=True).items()}
        learning = {id(p) for ps, yes in zip(backend.block_parameters(), plan.learns, strict=True) if yes for p in ps}
        optimizer = torch.optim.AdamW((p for p in backend.model.parameters() if p.requires_grad), lr=1e-2)
        assert plan.trainable_parameters == sum(p.numel() for g in optimizer.param_groups for p in g["params"])
        training_mode(backend, plan)
        batch = backend.collate(backend.encode_prefix(clips, plan.boundary), labels_of(backend))
        backend.loss(batch, plan.boundary).backward()
        optimizer.step()
        after = backend.model.state_dict(keep_vars=True)
        moved = {n for n, t in after.items() if not torch.equal(before[n], t)}
        assert all(id(after[n]) in learning and after[n].requires_grad for n in moved), strategy
        for block, weights in zip(plan.blocks, backend.block_parameters(), strict=True):
            unused = kind == "conformer" and block.name == "position"  # its own forward passes it by
            if any(p.requires_grad for p in weights) and not unused:
                assert any(id(after[n]) in {id(p) for p in weights} for n in moved), (strategy, block.name)


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


def test_characters_are_read_again_where_the_file_has_changed(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(model_folder("wav2vec2-layer"), tmp_path / "other")
    before = characters(folder)
    letters = json.loads((folder / "vocab.json").read_text())
    (folder / "vocab.json").write_text(json.dumps({**letters, "ß": len(letters)}))
    assert characters(folder) == {*(before or ()), "ß"}


def test_the_page_knows_the_same_families() -> None:
    assert CTC_NAMINGS.keys() == FAMILIES.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_says_the_same_in_plain_transformers(
    kind: str, backend_of: BackendOf, clips: list[ClipInput], tmp_path: Path
) -> None:
    backend = backend_of(kind)
    plan = plan_of(backend, "full")
    apply_plan(backend, plan)
    backend.set_time_mask(0.2)
    backend.set_dropout(0.1)
    optimizer = torch.optim.AdamW(backend.model.parameters(), lr=1e-2)
    training_mode(backend, plan)
    items = backend.encode_prefix(clips, 0)
    backend.loss(backend.collate(items, labels_of(backend)), 0).backward()
    optimizer.step()
    backend.model.eval()
    backend.save(tmp_path)
    again = transformers.AutoModelForCTC.from_pretrained(tmp_path)
    with torch.no_grad():
        logits, _ = backend.logits(backend.collate(items[:1]), 0)
        torch.testing.assert_close(logits, again(sound_of(items[0])).logits, atol=1e-4, rtol=1e-4)
    assert outline(tmp_path) == load(folder_spec(tmp_path)).blocks() == backend.blocks()


@pytest.mark.parametrize("kind", ["unispeech", "unispeech-sat"])
def test_other_names_of_the_same_architecture(kind: str, model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model_folder("wav2vec2-layer"), tmp_path / kind))
    known = load(folder_spec(folder))
    model = {"unispeech": transformers.UniSpeechForCTC, "unispeech-sat": transformers.UniSpeechSatForCTC}[kind]
    other = model(model.config_class(**{**known.model.config.to_dict(), "model_type": kind}))
    prefix = f"{known.model.base_model_prefix}."
    weights = {n.replace(prefix, f"{other.base_model_prefix}.", 1): t for n, t in known.model.state_dict().items()}
    other.load_state_dict(weights)
    other.save_pretrained(folder)
    backend = load(folder_spec(folder))
    sound = [ClipInput(np.random.default_rng(0).normal(0, 0.1, n).astype(np.float32)) for n in (8000, 9000)]
    items = known.encode_prefix(sound, 0)
    assert outline(folder) == backend.blocks() == known.blocks()
    with torch.no_grad():
        torch.testing.assert_close(backend.logits(backend.collate(items), 0), known.logits(known.collate(items), 0))
        torch.testing.assert_close(
            backend.logits(backend.collate(items[:1]), 0)[0], backend.model(sound_of(items[0])).logits
        )


def test_decoding_equals_the_tokenizers_own(backend_of: BackendOf) -> None:
    backend = backend_of("wav2vec2-group")
    rng = np.random.default_rng(1)
    written = [0, *range(VOCABULARY.index("|"), len(VOCABULARY))]  # a trained head never chooses <s>, </s>, <unk>
    for _ in range(50):
        ids = rng.choice(written, 40).repeat(rng.integers(1, 3)).tolist()
        theirs = backend.processor.tokenizer.decode(ids)  # as transformers.pipeline calls it
        assert backend.writing.decode(ids) == " ".join(theirs.split())


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
    assert backend.writing.decode(ids) == "sǔ:"
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
    assert backend.unlearnable_reason("hello", 16_000) is None
    assert "cannot write ǔ" in (backend.unlearnable_reason("sǔ", 16_000) or "")
    assert "frames" in (backend.unlearnable_reason("a long text for so short a sound", 3200) or "")
    assert "Nothing is left" in (backend.unlearnable_reason(" ", 16_000) or "")


def test_the_recipes_traps_are_closed(backend_of: BackendOf, clips: list[ClipInput]) -> None:
    backend = backend_of("wav2vec2-group")
    config = backend.model.config
    assert (config.layerdrop, config.ctc_loss_reduction, config.ctc_zero_infinity) == (0.0, "mean", True)
    plan = plan_of(backend, "top-1")
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
    embed = backend.family.base.masked_spec_embed
    with torch.no_grad():
        backend.model.train()
        hidden = backend.run(batch, 1, 2).hidden
        share = (hidden == embed).all(-1).float().mean().item()
        assert 0.2 < share < 0.4
        backend.model.eval()
        assert not (backend.run(batch, 1, 2).hidden == embed).all(-1).any()


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
