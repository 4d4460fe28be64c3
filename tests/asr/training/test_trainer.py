"""The loop: the base is a candidate, the best is kept, a cut training goes on as if it had not been cut."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from workbench.asr.models.backend import ClipInput
from workbench.asr.models.ctc import CTCBackend
from workbench.asr.training import trainer as training
from workbench.asr.training.batch_plan import batch_sizes
from workbench.asr.training.batches import Example, LengthSampler
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.freezing import plan_for_blocks
from workbench.asr.training.trainer import Check, Hooks, best_check, fine_tune, transcribe_items
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.scoring import evaluate
from workbench.errors import TrainingError

BackendOf = Callable[[str], CTCBackend]
WORDS = ["abba", "zoo", "kiwi", "lemon", "fig", "pea"]
CONFIG = TrainingConfig(epochs=4, learning_rate=3e-3, batch_clips=4, patience=0, seed=3)


def examples_of(backend: CTCBackend) -> list[Example]:
    """Each word is a chord of its own, so that there is something to learn."""
    out = []
    for i in range(12):
        n = 8000 + 640 * i
        time = np.arange(n) / 16_000
        samples = np.sin(2 * np.pi * (200 + 300 * (i % 6)) * time).astype(np.float32)
        item = CacheItem(f"{i:064d}", "", lambda samples=samples: ClipInput(samples), n)
        out.append(Example(i, (item,), tuple(backend.encode_label(WORDS[i % 6]))))
    return out


def run(
    backend: CTCBackend, folder: Path, strategy: str = "top-1", config: TrainingConfig = CONFIG, **hooks: Any
) -> training.TrainingOutcome:
    plan = plan_for_blocks(backend.blocks(), strategy)
    cache = FeatureCache(folder / "cache", backend, plan.boundary)
    examples = examples_of(backend)

    def score(texts: list[str]) -> tuple[float, float]:
        result = evaluate([WORDS[e.clip_id % 6] for e in examples[8:]], texts, "none")
        return result.wer, result.cer

    options = {k: hooks.pop(k) for k in ("stop_after", "dev") if k in hooks}
    return fine_tune(
        backend,
        plan,
        config,
        train=examples[:8],
        cache=cache,
        folder=folder / "training",
        hooks=Hooks(score, **hooks),
        **{"dev": examples[8:], **options},
    )


def learned(backend: CTCBackend) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in backend.model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("strategy", ["head", "top-2", "all-but-features", "full"])
def test_every_strategy_learns_through_the_one_loop(strategy: str, backend_of: BackendOf, tmp_path: Path) -> None:
    losses: list[float] = []
    backend = backend_of("wav2vec2-layer")
    config = TrainingConfig(epochs=25, learning_rate=1e-2 if strategy == "head" else 2e-3, patience=0, time_mask=0)
    run(backend, tmp_path, strategy, config, dev=[], report=lambda step, planned, loss, checks: losses.append(loss))
    assert len(losses) == 25
    assert losses[-1] < 0.7 * losses[0]


def test_the_same_seed_gives_the_same_weights(backend_of: BackendOf, tmp_path: Path) -> None:
    first, second, other = (backend_of("wav2vec2-group") for _ in range(3))
    run(first, tmp_path / "a", dev=[])
    run(second, tmp_path / "b", dev=[])
    run(other, tmp_path / "c", config=TrainingConfig(**{**CONFIG.to_json(), "seed": 4}), dev=[])
    assert all(torch.equal(a, b) for a, b in zip(learned(first).values(), learned(second).values(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(learned(first).values(), learned(other).values(), strict=True))


def test_a_cut_training_goes_on_as_if_it_had_not_been_cut(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 0.0)
    whole, cut = backend_of("wav2vec2-group"), backend_of("wav2vec2-group")
    expected = run(whole, tmp_path / "whole")

    def cut_at_five(step: int, *_: Any) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(cut, tmp_path / "cut", report=cut_at_five)
    resumed = backend_of("wav2vec2-group")
    steps: list[int] = []
    outcome = run(resumed, tmp_path / "cut", report=lambda step, *_: steps.append(step))
    assert min(steps) == 5  # four updates were kept, the first report is the fifth
    assert outcome.steps == expected.steps == 8
    assert [c.step for c in outcome.checks] == [c.step for c in expected.checks]
    for name, value in learned(whole).items():
        torch.testing.assert_close(learned(resumed)[name], value)


def test_the_base_stays_where_nothing_beats_it(backend_of: BackendOf, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-group")
    before = {n: p.detach().clone() for n, p in backend.model.named_parameters()}
    scores = iter([(0.1, 0.1), *[(0.9, 0.9)] * 9])
    plan = plan_for_blocks(backend.blocks(), "full")
    examples = examples_of(backend)
    cache = FeatureCache(tmp_path / "cache", backend, plan.boundary)
    outcome = fine_tune(
        backend,
        plan,
        CONFIG,
        train=examples[:8],
        dev=examples[8:],
        cache=cache,
        folder=tmp_path / "t",
        hooks=Hooks(lambda _: next(scores)),
    )
    assert outcome.best_step == 0
    assert outcome.steps == 8
    assert all(torch.equal(before[n], p) for n, p in backend.model.named_parameters())


def test_stop_keeps_the_best_so_far(backend_of: BackendOf, tmp_path: Path) -> None:
    steps: list[int] = []
    outcome = run(
        backend_of("wav2vec2-group"),
        tmp_path,
        report=lambda step, *_: steps.append(step),
        should_stop=lambda: max(steps) >= 3,
    )
    assert outcome.stopped
    assert outcome.steps == 3
    assert outcome.best_step in {c.step for c in outcome.checks}
    assert outcome.checks[-1].step == 3  # what was learned until then was a candidate


def test_training_stops_early_without_progress(backend_of: BackendOf, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=20, learning_rate=1e-9, batch_clips=4, patience=3)
    outcome = run(backend_of("wav2vec2-group"), tmp_path, config=config)
    assert outcome.steps < 20
    assert not outcome.stopped


def test_a_loss_that_is_no_number_is_explained(backend_of: BackendOf, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-layer")
    with torch.no_grad():
        backend.model.lm_head.bias[3] = float("nan")
    with pytest.raises(TrainingError, match=r"not a number.*learning rate"):
        run(backend, tmp_path, dev=[])


def test_running_out_of_memory_is_explained(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of("wav2vec2-layer")

    def no_memory(*_: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(backend, "loss", no_memory)
    with pytest.raises(TrainingError, match="ran out of memory with 4 clips"):
        run(backend, tmp_path, dev=[])


def test_batches_keep_their_limits_and_their_number() -> None:
    lengths = [16_000 * s for s in (1, 1, 2, 3, 5, 8, 13, 21, 2, 2, 2, 2, 2, 2)]
    config = TrainingConfig(batch_clips=4, batch_seconds=20)
    sizes = batch_sizes(lengths, config)
    assert sum(sizes) == len(lengths)
    assert max(sizes) <= 4
    sampler = LengthSampler(lengths, config)
    epochs = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler) == len(sizes)
        assert sorted(i for b in batches for i in b) == list(range(len(lengths)))
        epochs.append(batches)
    assert epochs[0] != epochs[1]


def test_the_best_check_is_by_wer_then_cer_then_the_earliest() -> None:
    checks = [Check(0, None, 0.5, 0.3), Check(5, 1.0, 0.4, 0.3), Check(10, 0.5, 0.4, 0.2), Check(15, 0.2, 0.4, 0.2)]
    assert best_check(checks).step == 10


def test_transcripts_from_the_cache_keep_their_order(backend_of: BackendOf, tmp_path: Path) -> None:
    backend = backend_of("wav2vec2-group")
    items = [e.items[0] for e in examples_of(backend)][::-1]
    texts = [transcribe_items(backend, FeatureCache(tmp_path, backend, boundary), items) for boundary in (0, 1, 4, 6)]
    assert texts[0] == texts[1] == texts[2] == texts[3]
    alone = [transcribe_items(backend, FeatureCache(tmp_path, backend, 0), [i])[0] for i in items]
    assert texts[0] == alone
