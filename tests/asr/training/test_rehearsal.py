"""Rehearsal: each update holds its share, a cut training hears the same, and what is rehearsed is what stays."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.asr.training.test_trainer import CONFIG, WORDS, examples_of, learned
from workbench.asr.models.ctc import CTCBackend
from workbench.asr.training import trainer as training
from workbench.asr.training.batch_plan import planned_updates, rehearsed_beside
from workbench.asr.training.batches import Example, LengthSampler
from workbench.asr.training.feature_cache import FeatureCache
from workbench.asr.training.freezing import plan_for_blocks
from workbench.asr.training.trainer import Hooks, TrainingOutcome, fine_tune
from workbench.core.config import TrainingConfig
from workbench.errors import WorkbenchError

BackendOf = Callable[[str], CTCBackend]
LENGTHS = [16_000 * s for s in (1, 1, 2, 3, 5, 8, 13, 21, 2, 2, 2, 2, 2, 2)]


def epochs_of(sampler: LengthSampler, epochs: range) -> list[list[list[int]]]:
    found = []
    for epoch in epochs:
        sampler.set_epoch(epoch)
        found.append(list(sampler))
    return found


def run(
    backend: CTCBackend, folder: Path, n_rehearsed: int = 4, strategy: str = "top-1", **settings: Any
) -> TrainingOutcome:
    plan = plan_for_blocks(backend.blocks(), strategy)
    examples = examples_of(backend)
    hooks = Hooks(lambda texts: (0.5, 0.5), **{k: settings.pop(k) for k in ("report",) if k in settings})
    return fine_tune(
        backend,
        plan,
        TrainingConfig(**{**CONFIG.to_json(), **settings}),
        train=examples[:8],
        dev=[],
        rehearsed=examples[8 : 8 + n_rehearsed],
        cache=FeatureCache(folder / "cache", backend, plan.boundary),
        folder=folder / "training",
        hooks=hooks,
    )


def same(first: CTCBackend, second: CTCBackend) -> bool:
    return all(torch.equal(a, b) for a, b in zip(learned(first).values(), learned(second).values(), strict=True))


def test_each_update_holds_its_share_and_the_own_clips_stay_as_they_were() -> None:
    config = TrainingConfig(batch_clips=4, batch_seconds=20, rehearsal=0.5)
    beside, alone = LengthSampler(LENGTHS, config, 5), LengthSampler(LENGTHS, config)
    for both, own in zip(epochs_of(beside, range(3)), epochs_of(alone, range(3)), strict=True):
        assert [[i for i in batch if i < len(LENGTHS)] for batch in both] == own
        assert [len(batch) for batch in both] == [2 * len(batch) for batch in own]
    assert planned_updates(LENGTHS, config) == planned_updates(LENGTHS, TrainingConfig(batch_clips=4, batch_seconds=20))
    assert [rehearsed_beside(8, share) for share in (0, 0.1, 0.25, 0.5, 0.75, 0.9)] == [0, 1, 3, 8, 24, 72]


def test_all_general_speech_is_heard_before_any_comes_again() -> None:
    sampler = LengthSampler(LENGTHS, TrainingConfig(batch_clips=4, batch_seconds=20, rehearsal=0.3), 7)
    heard = [i for epoch in epochs_of(sampler, range(5)) for batch in epoch for i in batch if i >= len(LENGTHS)]
    counts = np.bincount(np.array(heard) - len(LENGTHS), minlength=7)
    assert len(counts) == 7
    assert counts.max() - counts.min() <= 1
    assert any(a != b for a, b in pairwise([heard[i : i + 7] for i in range(0, len(heard) - 7, 7)]))


def test_an_epoch_deals_the_same_whether_or_not_those_before_were_dealt() -> None:
    config = TrainingConfig(batch_clips=4, batch_seconds=20, rehearsal=0.4, seed=5)
    assert (
        epochs_of(LengthSampler(LENGTHS, config, 6), range(4))[3]
        == epochs_of(LengthSampler(LENGTHS, config, 6), range(3, 4))[0]
    )


def test_a_share_without_general_speech_changes_nothing(backend_of: BackendOf, tmp_path: Path) -> None:
    plain, none, some = (backend_of("wav2vec2-group") for _ in range(3))
    run(plain, tmp_path / "a")
    run(none, tmp_path / "b", n_rehearsed=0, rehearsal=0.5)
    run(some, tmp_path / "c", rehearsal=0.5)
    assert same(plain, none)
    assert not same(plain, some)


def test_the_share_is_that_of_the_gradient(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the number and length of the clips: an update goes where both losses, weighed, point."""
    backend = backend_of("wav2vec2-layer")
    examples, seen = examples_of(backend), list[dict[str, torch.Tensor]]()
    cache = FeatureCache(tmp_path / "cache", backend, plan_for_blocks(backend.blocks(), "head").boundary)

    def gradient() -> dict[str, torch.Tensor]:
        return {n: p.grad.clone() for n, p in backend.model.named_parameters() if p.grad is not None}

    def alone(some: list[Example]) -> dict[str, torch.Tensor]:
        backend.loss(
            backend.collate([cache.fetch(e.items[0]) for e in some], [e.label_ids for e in some]), cache.boundary
        ).backward()
        found = gradient()
        backend.model.zero_grad()
        return found

    backend.set_dropout(0.0)
    training.apply_plan(backend, plan_for_blocks(backend.blocks(), "head"))
    own, general = alone(examples[:8]), alone(examples[8:10])
    monkeypatch.setattr(training._Tail, "zero_grad", lambda self, set_to_none=True: seen.append(gradient()))
    run(
        backend,
        tmp_path,
        2,
        "head",
        **{"epochs": 1, "learning_rate": 1e-9, "batch_clips": 8, "rehearsal": 0.2, "time_mask": 0},
    )
    for name, found in next(g for g in seen if g).items():
        wanted = 0.8 * own[name] + 0.2 * general[name]
        torch.testing.assert_close(found / found.norm(), wanted / wanted.norm(), atol=1e-4, rtol=1e-3)


def test_a_cut_training_rehearses_on_as_if_it_had_not_been_cut(
    backend_of: BackendOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 0.0)
    whole, cut, resumed = (backend_of("wav2vec2-group") for _ in range(3))
    run(whole, tmp_path / "whole", rehearsal=0.4, pull=0.02)

    def cut_at_five(step: int, *_: Any) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(cut, tmp_path / "cut", rehearsal=0.4, pull=0.02, report=cut_at_five)
    steps: list[int] = []
    run(resumed, tmp_path / "cut", rehearsal=0.4, pull=0.02, report=lambda step, *_: steps.append(step))
    assert min(steps) == 5
    for name, value in learned(whole).items():
        torch.testing.assert_close(learned(resumed)[name], value)


def loss_of(backend: CTCBackend, some: list[Example], folder: Path) -> float:
    cache = FeatureCache(folder, backend, 0)
    backend.model.eval()
    with torch.no_grad():
        batch = backend.collate([cache.fetch(e.items[0]) for e in some], [e.label_ids for e in some])
        return float(backend.loss(batch, 0))


def test_what_is_rehearsed_is_learned(backend_of: BackendOf, tmp_path: Path) -> None:
    assert len(set(WORDS)) == 6  # the clips behind the eighth are words that the first eight hold too
    losses = {}
    for share in (0.0, 0.5):
        backend = backend_of("wav2vec2-layer")
        examples = [
            Example(e.clip_id, e.items, tuple(backend.encode_label("quiz"))) if e.clip_id >= 8 else e
            for e in examples_of(backend)
        ]
        plan = plan_for_blocks(backend.blocks(), "top-2")
        fine_tune(
            backend,
            plan,
            TrainingConfig(epochs=25, learning_rate=2e-3, patience=0, time_mask=0, rehearsal=share),
            train=examples[:8],
            dev=[],
            rehearsed=examples[8:],
            cache=FeatureCache(tmp_path / "cache", backend, plan.boundary),
            folder=tmp_path / f"t{share}",
            hooks=Hooks(lambda texts: (0.5, 0.5)),
        )
        losses[share] = loss_of(backend, examples[8:], tmp_path)
    assert losses[0.5] < 0.7 * losses[0.0]


def test_a_pull_keeps_what_learns_nearer_to_the_base(backend_of: BackendOf, tmp_path: Path) -> None:
    base = backend_of("wav2vec2-group")
    start = {n: p.detach().clone() for n, p in base.model.named_parameters()}
    distances = []
    for pull in (0.0, 0.05, 0.5):
        backend = backend_of("wav2vec2-group")
        run(backend, tmp_path / str(pull), pull=pull)
        distances.append(sum(float((p - start[n]).norm()) for n, p in learned(backend).items()))
    assert distances[0] > 1.05 * distances[1] > 1.5 * distances[2] > 0


@pytest.mark.parametrize(
    ("name", "value"), [("rehearsal", 0.95), ("rehearsal", -0.1), ("pull", 0.6), ("rehearsal_texts", "mine")]
)
def test_impossible_settings_are_refused(name: str, value: Any) -> None:
    with pytest.raises(WorkbenchError, match=name.replace("_", " ")):
        TrainingConfig(**{name: value})
