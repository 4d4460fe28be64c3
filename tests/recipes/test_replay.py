"""What a GPU records is the same computation in half precision; recording itself needs a GPU."""

import numpy as np
import pytest
import torch

from recipes.pretrain.ctc import TEMPLATE, Ctc
from recipes.pretrain.learner import Learner, padded
from recipes.pretrain.recipe import learner_of
from recipes.pretrain.replay import Halved, Replay, agreement
from recipes.pretrain.texts import Corpus
from tests.conftest import speechlike

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")


def given(learner: Learner) -> tuple[torch.Tensor, ...]:
    sounds, n_samples = padded([speechlike(0.7, seed=1), speechlike(1.6, seed=2)])
    targets = learner.targets(["yes", "the red door"], np.random.default_rng(0), width=sounds.shape[1])
    return tuple(part.detach() for part in learner.given(sounds, n_samples, targets))


@pytest.mark.parametrize("model", ["ctc-en", "whisper-en"])
def test_half_precision_pulls_the_weights_the_same_way(model: str) -> None:
    torch.manual_seed(0)
    learner = Ctc(TEMPLATE) if model == "ctc-en" else learner_of(model, None, Corpus())
    learner.module.train()
    assert agreement(learner.core, learner.core, given(learner)) > 0.97
    said = Halved(learner.core)(*given(learner))
    assert all(part.dtype == torch.bfloat16 for part in said)
    sum(part.float().sum() for part in said).backward()
    assert all(weight.grad is None or weight.grad.dtype == torch.float32 for weight in learner.module.parameters())


@needs_gpu
def test_a_recording_gives_what_was_recorded() -> None:
    learner = Ctc(TEMPLATE)
    learner.module.cuda().eval()
    example = tuple(part.cuda() for part in given(learner))
    replay = Replay(learner.core, [example])
    assert agreement(learner.core, replay, example) > 0.999
