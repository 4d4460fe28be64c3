"""The probability of nobody speaking is the one behind the start token; a text's likelihood counts its end."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.greedy import GreedyState
from workbench.asr.models.whisper import WhisperBackend

CLIPS = [ClipInput(np.random.default_rng(i).normal(0, 0.1, 8000 * (i + 1)).astype(np.float32)) for i in range(3)]


@pytest.mark.parametrize("several", [True, False])
def test_it_is_what_transformers_gives_behind_the_start(tmp_path: Path, several: bool) -> None:
    backend = load(folder_spec(save_whisper(tmp_path / "w", several_languages=several)))
    assert isinstance(backend, WhisperBackend)
    heard = backend.transcribe_with_confidence(backend.collate(backend.encode_prefix(CLIPS, 0)), 0)
    mel = torch.stack([item["mel"] for item in backend.encode_prefix(CLIPS, 0)])
    start = torch.full((3, 1), backend.start_token)
    with torch.no_grad():
        shares = backend.model(input_features=mel, decoder_input_ids=start).logits[:, 0].softmax(-1)
    token = backend.processor.tokenizer.convert_tokens_to_ids("<|nospeech|>")
    assert [h.silence for h in heard] == pytest.approx(shares[:, token].tolist(), rel=1e-3)
    assert all(h.log_probability is not None and h.log_probability < 0 for h in heard)
    assert [h.text for h in heard] == backend.transcribe(backend.collate(backend.encode_prefix(CLIPS, 0)), 0)


def test_a_model_without_such_a_token_says_nothing(tmp_path: Path) -> None:
    backend = load(folder_spec(save_whisper(tmp_path / "w")))
    assert isinstance(backend, WhisperBackend)
    backend.silence_token = None
    heard = backend.transcribe_with_confidence(backend.collate(backend.encode_prefix(CLIPS, 0)), 0)
    assert [h.silence for h in heard] == [None] * 3


def test_a_texts_end_counts_among_its_tokens() -> None:
    none = torch.tensor([], dtype=torch.long)
    state = GreedyState(1, end_token=2, never=none, not_first=none, measured=True)
    assert state.begin() == [0]
    for shares in ([0.9, 0.05, 0.05], [0.2, 0.1, 0.7]):
        state.take(torch.tensor([shares]).log())
    assert state.finished
    assert state.log_probability(0) == pytest.approx((math.log(0.9) + math.log(0.7)) / 2, abs=1e-5)
