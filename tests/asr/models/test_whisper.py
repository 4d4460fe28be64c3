"""Whisper run block by block must be Whisper: its loss and its greedy texts, from any boundary on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor

from tests.asr.whisper import POSITIONS, WINDOW_S, save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.catalog.outline import characters, outline, window
from workbench.asr.models import greedy as reading
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.whisper import WhisperBackend
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.freezing import apply_plan, plan_for_blocks, strategy_names, training_mode
from workbench.core.config import TrainingConfig
from workbench.core.text.normalize import repetition
from workbench.errors import ModelError, WorkbenchError

TEXTS = ["Hello World", "the cat's", "Tuesday the Cat sat"]
KINDS = {"several": {}, "english": {"several_languages": False}, "untied": {"tied": False}}
CONFIG = TrainingConfig(blocks="encoder 2, decoder 1", lora_rank=2)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = save_whisper(tmp_path_factory.mktemp(kind), **KINDS[kind])
        return made[kind]

    return make


@pytest.fixture
def backend_of(folder_of: Callable[[str], Path]) -> Callable[[str], WhisperBackend]:
    def make(kind: str) -> WhisperBackend:
        backend = load(folder_spec(folder_of(kind)))
        assert isinstance(backend, WhisperBackend)
        backend.set_language("en" if backend.multilingual else None)
        return backend

    return make


def clips_of(backend: WhisperBackend) -> list[ClipInput]:
    rng = np.random.default_rng(0)
    lengths = (8000, 32_000, 17_531)
    return [
        ClipInput(rng.normal(0, 0.1, n).astype(np.float32), tuple(backend.encode_label(text)))
        for n, text in zip(lengths, TEXTS, strict=True)
    ]


def strategies(backend: WhisperBackend) -> list[str]:
    return strategy_names("seq2seq", backend.blocks())


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_transformers_own_from_every_boundary(kind: str, backend_of: Callable) -> None:
    backend = backend_of(kind)
    clips = clips_of(backend)
    labels = [c.label_ids for c in clips]
    batch = backend.collate(backend.encode_prefix(clips, 0), labels)
    with torch.no_grad():
        theirs = backend.model(input_features=batch["mel"], labels=batch["labels"]).loss
        for boundary in range(len(backend.blocks())):
            cached = backend.collate(backend.encode_prefix(clips, boundary), labels)
            torch.testing.assert_close(backend.loss(cached, boundary), theirs, atol=1e-5, rtol=1e-5)


def test_labels_are_those_that_whispers_own_tokenizer_makes(backend_of: Callable) -> None:
    backend = backend_of("several")
    theirs = backend.processor.tokenizer(TEXTS[0]).input_ids
    assert [backend.start_token, *backend.encode_label(TEXTS[0])] == theirs


def test_a_text_begins_with_a_space_where_openais_models_want_it(backend_of: Callable) -> None:
    backend = backend_of("several")
    backend.generation.begin_suppress_tokens = [220, 1]
    assert " Hello World" in backend.processor.tokenizer.decode(backend.encode_label("Hello World"))


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_texts_equal_transformers_generate(
    kind: str, backend_of: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "REPEATS", 1000)  # random weights love loops; transformers goes on with them
    backend = backend_of(kind)
    items = backend.encode_prefix(clips_of(backend), 0)
    chosen = {"language": "en", "task": "transcribe"} if backend.multilingual else {}
    for item in items:  # one by one: generate's batches share one length
        ids = backend.model.generate(item["mel"][None], max_length=POSITIONS, **chosen)
        theirs = backend.processor.tokenizer.decode(ids[0], skip_special_tokens=True)
        for boundary in (0, 2, backend.embed_block):
            start = backend.advance([item], [()], 0, boundary)
            assert backend.transcribe(backend.collate(start), boundary) == [" ".join(theirs.split())]
    together = backend.transcribe(backend.collate(items), 0)
    assert together == [backend.transcribe(backend.collate([i]), 0)[0] for i in items]
    assert any(together)


@pytest.mark.parametrize("kind", KINDS)
def test_every_strategy_moves_what_its_plan_says_and_its_cached_loss_is_the_uncached(
    kind: str, backend_of: Callable
) -> None:
    for strategy in strategies(backend_of(kind)):
        backend = backend_of(kind)
        clips = clips_of(backend)
        labels = [c.label_ids for c in clips]
        plan = plan_for_blocks(backend.blocks(), strategy, CONFIG)
        original = dict(backend.model.named_parameters())
        apply_plan(backend, plan)
        before = {n: p.detach().clone() for n, p in backend.model.named_parameters()}
        optimizer = torch.optim.AdamW((p for p in backend.model.parameters() if p.requires_grad), lr=1e-2)
        counted = sum(p.numel() for g in optimizer.param_groups for p in g["params"])
        assert plan.trainable_parameters == counted, strategy
        assert plan.total_parameters == sum(p.numel() for n, p in original.items() if "encoder.embed_pos" not in n)
        backend.set_dropout(0.0)
        training_mode(backend, plan)
        if plan.lora_rank:
            for name, module in backend.model.named_modules():
                if name.endswith("lora_dropout.default"):
                    module.p = 0.0
        for step in range(2):  # of a fresh adapter one half moves first, then the other
            uncached = backend.loss(backend.collate(backend.encode_prefix(clips, 0), labels), 0)
            cached = backend.collate(backend.encode_prefix(clips, plan.boundary), labels)
            loss = backend.loss(cached, plan.boundary)
            torch.testing.assert_close(loss, uncached, atol=1e-5, rtol=1e-5, msg=f"{strategy}, step {step}")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        moved = {n for n, p in backend.model.named_parameters() if not torch.equal(before[n], p)}
        learning = {n for n, p in backend.model.named_parameters() if p.requires_grad}
        assert moved == learning, (strategy, learning ^ moved)


def test_what_each_strategy_lets_learn(backend_of: Callable) -> None:
    backend = backend_of("several")
    expected = {
        "top-1": {"decoder 2"},
        "bottom-1": {"encoder 1"},
        "bottom-2": {"encoder 1", "encoder 2"},
        "encoder": {"features", "encoder 1", "encoder 2", "encoder 3"},
        "decoder": {"embed", "decoder 1", "decoder 2"},
        "custom": {"encoder 2", "decoder 1"},
        "lora": {"encoder 2", "decoder 1"},
    }
    assert "head" not in strategies(backend)
    for strategy, names in expected.items():
        plan = plan_for_blocks(backend.blocks(), strategy, CONFIG)
        assert {b.name for b, yes in zip(plan.blocks, plan.learns, strict=True) if yes} == names
    with pytest.raises(WorkbenchError, match="head means nothing for this kind of model; choose one of top-1"):
        plan_for_blocks(backend.blocks(), "head")
    with pytest.raises(WorkbenchError, match=r"block .*encoder 9"):
        plan_for_blocks(backend.blocks(), "custom", TrainingConfig(blocks="encoder 9"))
    with pytest.raises(WorkbenchError, match="none is chosen"):
        plan_for_blocks(backend.blocks(), "custom")
    with pytest.raises(WorkbenchError, match="not into embed"):
        plan_for_blocks(backend.blocks(), "lora", TrainingConfig(blocks="embed"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_outline_drawn_from_files_equals_the_loaded_model(
    kind: str, backend_of: Callable, folder_of: Callable[[str], Path]
) -> None:
    backend, folder = backend_of(kind), folder_of(kind)
    assert outline(folder) == backend.blocks()
    assert characters(folder) == backend.characters()
    assert window(folder) == backend.window == WINDOW_S
    assert strategy_names("seq2seq", backend.blocks()) == strategies(backend)


def test_a_lower_case_model_is_taught_lower_case_letters_alone(backend_of: Callable) -> None:
    assert backend_of("several").characters() is None
    english = backend_of("english")
    assert english.characters() >= set("helowrdticasmn'")
    assert "The model cannot write H" in english.unlearnable_reason("Hello", 16_000)
    english.extend(["H"])
    assert english.unlearnable_reason("Hello", 16_000) is None
    assert "H" in english.processor.tokenizer.decode(english.encode_label("Hello"))


def test_too_long_is_refused_and_said_never_cut(backend_of: Callable) -> None:
    backend = backend_of("several")
    assert "3.0 s of sound are more than the 2 s" in backend.unlearnable_reason("Hello", 48_000)
    assert f"the model writes at most {POSITIONS}" in backend.unlearnable_reason("z" * 60, 16_000)
    with pytest.raises(ModelError, match=r"3\.0 s is longer than the 2 s .* split it first"):
        backend.encode_prefix([ClipInput(np.ones(48_000, np.float32))], 0)


def test_a_text_that_goes_round_in_circles_is_ended(backend_of: Callable) -> None:
    assert reading.loops([5, 1, 2] + [7, 8] * 8)
    assert reading.loops([9] * 8)
    assert not reading.loops([5, 1, 2] + [7, 8] * 7 + [7])
    assert not reading.loops(list(range(200)))
    backend = backend_of("several")
    texts = backend.transcribe(backend.collate(backend.encode_prefix(clips_of(backend), 0)), 0)
    found = [repetition(text) for text in texts]
    assert any(found), texts
    for text, unit in zip(texts, found, strict=True):
        assert unit is None or reading.REPEATS <= text.count(unit) < POSITIONS - 4, text


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("thank you thank you thank you thank you thank you thank you", "thank you"),
        ("and then okokokokok", None),  # five times
        ("hmmmmmm", None),  # seven characters
        ("no no no", None),
        ("one two three one two three one two three", None),
        ("the end" + "." * 20, "."),
        ("", None),
    ],
)
def test_repetition_is_seen_in_a_text(text: str, unit: str | None) -> None:
    assert repetition(text) == unit


def test_language_and_task_are_chosen_once_and_saved(backend_of: Callable, tmp_path: Path) -> None:
    backend = backend_of("several")
    assert backend.languages() == {"en", "zh"}
    english = backend.encode_label("Hello")
    backend.set_language("zh", "translate")
    german = backend.encode_label("Hello")
    names = backend.processor.tokenizer.convert_ids_to_tokens(german)
    assert names[:3] == ["<|zh|>", "<|translate|>", "<|notimestamps|>"]
    assert german[3:] == english[3:]
    backend.save(tmp_path)
    plain = AutoModelForSpeechSeq2Seq.from_pretrained(tmp_path)
    assert (plain.generation_config.language, plain.generation_config.task) == ("zh", "translate")
    assert AutoProcessor.from_pretrained(tmp_path).tokenizer("Hello").input_ids[1:] == german
    with pytest.raises(ModelError, match="does not know the language xx; it knows en, zh"):
        backend.set_language("xx")
    with pytest.raises(ModelError, match="cannot sing"):
        backend.set_language("zh", "sing")
    with pytest.raises(ModelError, match="cannot translate"):
        backend_of("english").set_language("en", "translate")


def test_without_a_language_each_clips_is_recognised(backend_of: Callable) -> None:
    backend = backend_of("several")
    items = backend.encode_prefix(clips_of(backend), 0)
    found = []
    for item in items:
        ids = backend.model.detect_language(item["mel"][None], generation_config=backend.generation)
        found.append(backend.processor.tokenizer.convert_ids_to_tokens(int(ids[0])).strip("<|>"))
    backend.set_language(None)
    by_itself = backend.transcribe(backend.collate(items), 0)
    for item, language, text in zip(items, found, by_itself, strict=True):
        backend.set_language(language)
        assert backend.transcribe(backend.collate([item]), 0) == [text]
    assert backend.recognise_language(items, 0) == max(set(found), key=found.count)
    assert backend_of("english").recognise_language(items, 0) is None


def test_saving_and_loading_gives_the_same_model(backend_of: Callable, tmp_path: Path) -> None:
    backend = backend_of("several")
    clips = clips_of(backend)
    backend.save(tmp_path)
    again = load(folder_spec(tmp_path))
    labels = [c.label_ids for c in clips]
    with torch.no_grad():
        ours = backend.loss(backend.collate(backend.encode_prefix(clips, 0), labels), 0)
        torch.testing.assert_close(again.loss(again.collate(again.encode_prefix(clips, 0), labels), 0), ours)


def test_behind_the_embedding_the_label_belongs_to_the_key(backend_of: Callable, tmp_path: Path) -> None:
    backend = backend_of("several")
    deep = backend.embed_block + 1
    hearing = FeatureCache(tmp_path, backend, backend.audio_boundary(deep))
    cache = FeatureCache(tmp_path, backend, deep, hearing)
    clip = clips_of(backend)[0]
    asked: list[int] = []

    def item(label: str) -> CacheItem:
        return CacheItem("a" * 64, "", lambda: asked.append(1) or clip, 8000, tuple(backend.encode_label(label)))

    first, other = (cache.fetch(item(label)) for label in ("Hello", "the cat"))
    assert len(asked) == 1  # the second label starts from the encoder's output
    assert first["hidden"].shape != other["hidden"].shape
    torch.testing.assert_close(cache.fetch(item("Hello"))["hidden"], first["hidden"])
    fresh = FeatureCache(tmp_path / "fresh", backend, deep).fetch(item("Hello"))
    torch.testing.assert_close(fresh["hidden"], first["hidden"], atol=1e-5, rtol=1e-5)
    assert hearing.path(item("Hello")) == hearing.path(item("the cat"))
    assert len(list(cache.folder.iterdir())) == 2
