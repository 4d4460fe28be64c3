"""Moonshine run block by block must be Moonshine, each clip as if it were alone, from any boundary."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tests.asr.moonshine import POSITIONS, save_moonshine
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.catalog.outline import characters, n_frames, outline, window
from workbench.asr.models import greedy as reading
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.moonshine import MoonshineBackend
from workbench.asr.training.freezing import apply_plan, plan_for_blocks, strategy_names, training_mode
from workbench.core.config import TrainingConfig
from workbench.errors import ModelError

TEXTS = ["Hello World", "the cat's", "a zoo"]
KINDS = {"tied": {}, "untied": {"tied": False}}
CONFIG = TrainingConfig(blocks="encoder 2, decoder 1", lora_rank=2)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = save_moonshine(tmp_path_factory.mktemp(kind), **KINDS[kind])
        return made[kind]

    return make


@pytest.fixture
def backend_of(folder_of: Callable[[str], Path]) -> Callable[[str], MoonshineBackend]:
    def make(kind: str) -> MoonshineBackend:
        backend = load(folder_spec(folder_of(kind)))
        assert isinstance(backend, MoonshineBackend)
        backend.set_language(None)
        return backend

    return make


def clips_of(backend: MoonshineBackend) -> list[ClipInput]:
    rng = np.random.default_rng(0)
    return [
        ClipInput(rng.normal(0, 0.1, n).astype(np.float32), tuple(backend.encode_label(text)))
        for n, text in zip((8000, 17_531, 12_000), TEXTS, strict=True)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_each_clips_loss_is_transformers_own_from_every_boundary(kind: str, backend_of: Callable) -> None:
    backend = backend_of(kind)
    clips = clips_of(backend)
    labels = [c.label_ids for c in clips]
    with torch.no_grad():
        sums = []
        for clip in clips:
            (item,) = backend.encode_prefix([clip], 0)
            given = backend.processor(clip.samples, sampling_rate=16_000, return_tensors="pt")
            torch.testing.assert_close(item["samples"][None], given["input_values"])
            theirs = backend.model(**given, labels=torch.tensor([clip.label_ids])).loss
            alone = backend.loss(backend.collate([item], [clip.label_ids]), 0)
            torch.testing.assert_close(alone, theirs, atol=1e-5, rtol=1e-5)
            sums.append(theirs * len(clip.label_ids))
        expected = sum(sums) / sum(map(len, labels))
        items = backend.encode_prefix(clips, 0)
        for boundary in range(len(backend.blocks())):
            if boundary:
                items = backend.advance(items, labels, boundary - 1, boundary)
            for known in (items, backend.encode_prefix(clips, boundary)):
                loss = backend.loss(backend.collate(known, labels), boundary)
                torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_texts_equal_transformers_generate(
    kind: str, backend_of: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "REPEATS", 1000)  # random weights love loops; transformers goes on with them
    backend = backend_of(kind)
    items = backend.encode_prefix(clips_of(backend), 0)
    together = backend.transcribe(backend.collate(items), 0)
    for item, text in zip(items, together, strict=True):
        ids = backend.model.generate(item["samples"][None], max_length=POSITIONS)
        theirs = backend.processor.tokenizer.decode(ids[0], skip_special_tokens=True)
        assert text == " ".join(theirs.split())
        for boundary in (0, 2, backend.embed_block):
            start = backend.advance([item], [()], 0, boundary)
            assert backend.transcribe(backend.collate(start), boundary) == [text]
    assert len(set(together)) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_strategy_moves_what_its_plan_says(kind: str, backend_of: Callable) -> None:
    for strategy in strategy_names("seq2seq", backend_of(kind).blocks()):
        backend = backend_of(kind)
        clips = clips_of(backend)
        labels = [c.label_ids for c in clips]
        plan = plan_for_blocks(backend.blocks(), strategy, CONFIG)
        assert plan.total_parameters == sum(p.numel() for p in backend.model.parameters())
        apply_plan(backend, plan)
        before = {n: p.detach().clone() for n, p in backend.model.named_parameters()}
        optimizer = torch.optim.AdamW((p for p in backend.model.parameters() if p.requires_grad), lr=1e-2)
        counted = sum(p.numel() for g in optimizer.param_groups for p in g["params"])
        assert plan.trainable_parameters == counted, strategy
        backend.set_dropout(0.0)
        training_mode(backend, plan)
        for _ in range(2):  # of a fresh adapter one half moves first, then the other
            cached = backend.collate(backend.encode_prefix(clips, plan.boundary), labels)
            optimizer.zero_grad()
            backend.loss(cached, plan.boundary).backward()
            optimizer.step()
        moved = {n for n, p in backend.model.named_parameters() if not torch.equal(before[n], p)}
        learning = {n for n, p in backend.model.named_parameters() if p.requires_grad}
        assert moved == learning, (strategy, learning ^ moved)


@pytest.mark.parametrize("kind", KINDS)
def test_the_outline_drawn_from_files_equals_the_loaded_model(
    kind: str, backend_of: Callable, folder_of: Callable
) -> None:
    folder, backend = folder_of(kind), backend_of(kind)
    assert outline(folder) == backend.blocks()
    assert characters(folder) is backend.characters() is None
    assert window(folder) is backend.window is None
    assert n_frames({"is_encoder_decoder": True}, 16_000) is None


def test_dropout_acts_only_while_learning(backend_of: Callable) -> None:
    backend = backend_of("tied")
    clips = clips_of(backend)
    batch = backend.collate(backend.encode_prefix(clips, 0), [c.label_ids for c in clips])
    backend.set_dropout(0.5)
    with torch.no_grad():
        backend.model.train()
        assert len({backend.loss(batch, 0).item() for _ in range(3)}) == 3
        backend.model.eval()
        assert len({backend.loss(batch, 0).item() for _ in range(3)}) == 1


def test_limits_are_said(backend_of: Callable) -> None:
    backend = backend_of("tied")
    assert backend.unlearnable_reason("Hello", 16_000) is None
    assert f"at most {POSITIONS}" in (backend.unlearnable_reason("hello " * 30, 160_000) or "")
    assert "Nothing is left" in (backend.unlearnable_reason(" ", 16_000) or "")
    with pytest.raises(ModelError, match="cannot translate"):
        backend.set_language(None, "translate")


def test_saving_and_loading_gives_the_same_model(backend_of: Callable, tmp_path: Path) -> None:
    backend = backend_of("tied")
    clip = clips_of(backend)[0]
    backend.save(tmp_path)
    again = transformers.AutoModelForSpeechSeq2Seq.from_pretrained(tmp_path)
    (item,) = backend.encode_prefix([clip], 0)
    labels = torch.tensor([clip.label_ids])
    with torch.no_grad():
        ours = backend.loss(backend.collate([item], [clip.label_ids]), 0)
        torch.testing.assert_close(again(item["samples"][None], labels=labels).loss, ours)
    assert load(folder_spec(tmp_path)).encode_label("a zoo") == backend.encode_label("a zoo")
