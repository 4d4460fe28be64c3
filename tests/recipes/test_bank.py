"""Clips come out of the bank as they went in, joined with gaps, slower or faster, and silent outside."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from recipes.pretrain.bank import Bank, Pace
from recipes.pretrain.clips import SAMPLE_RATE_HZ, Clip, Deck, joined

CPU = torch.device("cpu")


@pytest.fixture
def bank(spoken: Callable[..., Path], tmp_path: Path) -> Bank:
    spoken("speech/1")
    spoken("speech/2", ("a", "b c"), seconds=0.3)
    return Bank(tmp_path / "speech", CPU)


def test_clips_that_are_not_changed_come_out_as_they_are(bank: Bank) -> None:
    clips = bank.grow()
    assert len(clips) == 7
    cut = Pace().cut(clips, np.zeros(7, dtype=bool), np.random.default_rng(0))
    assert cut.n_samples.tolist() == [clip.n_samples for clip in clips]
    for sound, clip in zip(bank.play(cut).numpy(), clips, strict=True):
        assert sound[: clip.n_samples] == pytest.approx(clip.sound(), abs=1e-5)
        assert not sound[clip.n_samples :].any()


def test_joined_clips_keep_their_order_with_silence_between(bank: Bank) -> None:
    (both,) = (clip for clip in joined(bank.grow()[:2], 1.0, random.Random(0)) if len(clip.pieces) == 2)
    cut = Pace().cut([both], np.array([False]), np.random.default_rng(0))
    (sound,) = bank.play(cut).numpy()
    first, second = (piece.astype(np.float32) / 32768 for piece in both.pieces)
    assert sound[: len(first)] == pytest.approx(first, abs=1e-5)
    assert sound[-len(second) :] == pytest.approx(second, abs=1e-5)
    assert not sound[len(first) : -len(second)].any()
    assert len(sound) > len(first) + len(second)


def test_a_clip_played_at_half_the_speed_is_twice_as_long_and_an_octave_lower(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ) * 16000
    tone.astype("<i2").tofile(tmp_path / "1" / "audio.i16")
    fact = {"offset": 0, "n_samples": len(tone), "label": "a", "voice": "tone"}
    (tmp_path / "1" / "facts.jsonl").write_text(json.dumps(fact) + "\n")
    bank = Bank(tmp_path, CPU)
    pace = Pace(chance=1, speed_range=(0.5, 0.5), wobble=0, silence_chance=0)
    cut = pace.cut(bank.grow(), np.array([True]), np.random.default_rng(0))
    (sound,) = bank.play(cut)
    assert len(sound) == 2 * len(tone)
    assert torch.fft.rfft(sound).abs().argmax().item() / 2 == 500


def test_changed_clips_begin_and_end_in_silence_now_and_then(bank: Bank) -> None:
    clips = bank.grow()
    cut = Pace(chance=0, silence_chance=1).cut(clips, np.ones(7, dtype=bool), np.random.default_rng(0))
    assert (cut.lead > 0).all()
    for sound, clip, lead, n in zip(bank.play(cut).numpy(), clips, cut.lead[:, 0], cut.n_samples, strict=True):
        assert not sound[:lead].any()
        assert sound[lead : lead + clip.n_samples] == pytest.approx(clip.sound(), abs=1e-5)
        assert n > lead + clip.n_samples


def test_speech_that_comes_later_is_taken_in_once(spoken: Callable[..., Path], tmp_path: Path) -> None:
    spoken("speech/1")
    bank = Bank(tmp_path / "speech", CPU)
    bank.sound = torch.zeros(10 * SAMPLE_RATE_HZ, dtype=torch.int16)
    assert len(bank.grow()) == 5
    assert bank.grow() == []
    spoken("speech/2", ("one more",))
    assert [clip.label for clip in bank.grow()] == ["one more"]
    spoken("speech/3", ("too", "much"), seconds=8.0)
    assert bank.grow() == [], "a full bank leaves out what does not fit"


def test_a_deck_deals_every_clip_before_any_again() -> None:
    clips = [Clip((np.zeros(SAMPLE_RATE_HZ, dtype=np.int16),), str(i)) for i in range(6)]
    deck = Deck(random.Random(0))
    deck.add(clips[:4])
    first = [clip.label for clip in deck.deal(2)]
    deck.add(clips[4:])
    rest = [clip.label for clip in deck.deal(4)]
    assert sorted(first + rest) == list("012345")
    assert len({clip.label for clip in deck.deal(6)}) == 6
