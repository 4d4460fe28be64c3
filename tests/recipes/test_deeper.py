"""A deeper model says what it said before, and its new layers learn."""

from pathlib import Path

import numpy as np
import pytest
import torch

from recipes.pretrain.ctc import TEMPLATE, Ctc
from recipes.pretrain.learner import padded
from recipes.pretrain.recipe import learner_of
from recipes.pretrain.texts import Corpus
from recipes.pretrain.whisper import encoded
from tests.conftest import speechlike


def test_a_deeper_ctc_says_the_same_and_learns() -> None:
    old, new = Ctc(TEMPLATE), Ctc(TEMPLATE, layers=old_layers(TEMPLATE) + 3)
    sounds, n_samples = padded([speechlike(1.2)])
    with torch.inference_mode():
        targets = new.targets(["yes"], np.random.default_rng(0))
        given = new.given(sounds, n_samples, targets)
        for learner in (old, new):
            learner.module.eval()
        assert torch.allclose(old.core(*given)[0], new.core(*given)[0], atol=1e-5)
    given = new.given(sounds, n_samples, targets)
    new.loss(new.core(*given), n_samples, targets, 0.5).backward()
    layers = new.module.wav2vec2.encoder.layers
    assert len(layers) == old_layers(TEMPLATE) + 3
    assert all(layer.attention.out_proj.weight.grad.abs().sum() > 0 for layer in layers)


def old_layers(folder: Path) -> int:
    return len(Ctc(folder).module.wav2vec2.encoder.layers)


def test_a_deeper_whisper_hears_the_same_and_is_saved_as_deep(tmp_path: Path) -> None:
    first = learner_of("whisper-en", None, Corpus())
    first.save(first.module, tmp_path / "old")
    deep = learner_of("whisper-en", tmp_path / "old", Corpus(), layers=8)
    old = learner_of("whisper-en", tmp_path / "old", Corpus())
    mel = torch.randn(1, 80, 100)
    with torch.inference_mode():
        assert torch.allclose(encoded(deep.module.whisper, mel), encoded(old.module.whisper, mel), atol=1e-5)
    deep.save(deep.module, tmp_path / "deep")
    again = learner_of("whisper-en", tmp_path / "deep", Corpus())
    assert len(again.module.whisper.model.encoder.layers) == again.module.whisper.config.encoder_layers == 8


def test_fewer_layers_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="deeper one has more, not 2"):
        Ctc(TEMPLATE, layers=2)
