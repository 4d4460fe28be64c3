"""Clips are joined, packed and turned into what stock transformers would make of them."""

import random
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import Wav2Vec2Processor

from recipes.pretrain import clips as clip_files
from recipes.pretrain.clips import SAMPLE_RATE_HZ, Clip
from recipes.pretrain.ctc import TEMPLATE, Ctc, scaled
from recipes.pretrain.learner import ALPHABET, IGNORED, padded, spelled_out
from recipes.pretrain.texts import Corpus, draw_lines
from recipes.pretrain.whisper import GUIDE_MARGIN, Whisper, decoded, encoded, masked
from recipes.pretrain.whisper_shape import LONGEST_TEXT, SPECIAL, WINDOW_S
from recipes.pretrain.whisper_young import NEARBY
from tests.conftest import speechlike


def clip(seconds: float, label: str = "yes", seed: int = 0) -> Clip:
    return Clip(((speechlike(seconds, seed=seed) * 32767).astype(np.int16),), label)


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    """Random weights; the tokens are learned from the recipe's own lines."""
    torch.manual_seed(0)
    return Whisper(None, (line.label for line in islice(draw_lines(Corpus(), seed=0), 3000)))


def test_joined_clips_lose_nothing_and_fit_the_window() -> None:
    singles = [clip(0.5 + 0.37 * (i % 9), f"word {i}", seed=i) for i in range(40)]
    joined = list(clip_files.joined(singles, 0.7, random.Random(0)))
    assert " ".join(one.label for one in joined) == " ".join(one.label for one in singles)
    assert sum(one.n_samples for one in joined) == sum(one.n_samples for one in singles)
    assert max(len(one.pieces) for one in joined) > 1
    rng = np.random.default_rng(0)
    assert all(len(one.sound(rng)) / SAMPLE_RATE_HZ <= clip_files.LONGEST_S for one in joined)


def test_a_share_of_zero_joins_nothing() -> None:
    singles = [clip(1, seed=i) for i in range(5)]
    assert list(clip_files.joined(singles, 0.0, random.Random(0))) == singles


@pytest.mark.parametrize("window_s", [0.0, 3.0])
def test_packed_groups_hold_every_clip_within_the_limit(window_s: float) -> None:
    lengths = [int((0.3 + 0.2 * (i % 12)) * SAMPLE_RATE_HZ) for i in range(50)]
    groups = clip_files.packed(lengths, 8.0, random.Random(0), window_s=window_s)
    assert sorted(i for group in groups for i in group) == list(range(50))
    for group in groups:
        assert len(group) * max(window_s, *(lengths[i] / SAMPLE_RATE_HZ for i in group), 0) <= 8.0


def test_batches_of_few_shapes_are_full_and_leave_out_only_what_fills_none() -> None:
    shapes = [(8, 100), (4, 200), (2, 400)]
    lengths = [random.Random(i).randint(10, 450) for i in range(200)]
    groups = clip_files.packed_into(shapes, lengths, random.Random(0))
    packed = [i for rows, _ in groups for i in rows]
    assert len(packed) == len(set(packed))
    for rows, width in groups:
        assert (len(rows), width) in shapes
        assert max(lengths[i] for i in rows) <= width
    assert sum(length <= 400 for i, length in enumerate(lengths) if i not in packed) < 2


def test_whispers_frames_are_the_feature_extractors(whisper: Whisper) -> None:
    group = [clip(1.0, seed=1), clip(2.3, seed=2)]
    sounds = [one.sound() for one in group]
    stock = whisper.processor.feature_extractor(sounds, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
    padded = torch.stack([functional.pad(torch.from_numpy(s), (0, WINDOW_S * 16_000 - len(s))) for s in sounds])
    assert torch.allclose(whisper.mel(padded), stock.input_features, atol=1e-5)
    # A shorter window is the beginning of the full one: what is learned there holds here.
    n = 2 * 16_000 * 4 // 640
    assert torch.allclose(whisper.mel(padded[:, : n * 320]), stock.input_features[:, :, :n], atol=1e-5)


def test_the_encoder_says_the_same_as_the_stock_one_on_the_full_window(whisper: Whisper) -> None:
    model = whisper.module.whisper.eval()
    mel = torch.randn(1, 80, 2 * model.config.max_source_positions)
    with torch.inference_mode():
        assert torch.equal(encoded(model, mel), model.model.encoder(mel).last_hidden_state)


def test_the_decoder_says_the_same_as_the_stock_one(whisper: Whisper) -> None:
    model = whisper.module.whisper.eval()
    hidden, inputs = (
        torch.randn(2, 50, 192),
        whisper.targets(["turn on the light", "yes"], np.random.default_rng(0)).inputs,
    )
    with torch.inference_mode():
        stock = model(encoder_outputs=(hidden,), decoder_input_ids=inputs, use_cache=False).logits
        assert torch.allclose(decoded(model, hidden, inputs), stock, atol=1e-5)


def test_targets_of_one_width_have_one_shape(whisper: Whisper) -> None:
    rng = np.random.default_rng(0)
    shapes = {whisper.targets([label], rng, width=32_000).tokens.shape for label in ("yes", "turn on the light" * 9)}
    assert len(shapes) == 1


def test_the_encoder_begins_by_looking_nearby(whisper: Whisper) -> None:
    encoder = whisper.module.whisper.model.encoder
    mel = whisper.mel(torch.from_numpy(speechlike(6.4))[None])
    sound = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).transpose(1, 2)
    attention = encoder.layers[0].self_attn
    seen = encoder.layers[0].self_attn_layer_norm(sound + encoder.embed_positions.weight[: sound.shape[1]])
    query, key = (
        part(seen).unflatten(2, (attention.num_heads, attention.head_dim)).transpose(1, 2)
        for part in (attention.q_proj, attention.k_proj)
    )
    weights = (query @ key.transpose(2, 3) / attention.head_dim**0.5).softmax(-1)[0]
    for head, offset in zip(weights, NEARBY, strict=True):
        nearby = sum(head.diagonal(near).sum() for near in (offset - 1, offset, offset + 1))
        assert nearby > 0.7 * len(head)


def test_the_positions_stay_fixed_when_a_whisper_is_trained_on(whisper: Whisper, tmp_path: Path) -> None:
    whisper.save(whisper.module, tmp_path)
    again = Whisper(tmp_path)
    assert not again.module.whisper.model.encoder.embed_positions.weight.requires_grad
    positions = (one.module.whisper.model.encoder.embed_positions.weight for one in (again, whisper))
    assert torch.allclose(*positions, atol=2e-3), "louder than Whisper's own, and kept"
    assert torch.equal(again.module.letters.weight, whisper.module.letters.weight)


def test_tokens_are_sought_where_their_letters_are_heard(whisper: Whisper) -> None:
    """A CTC head that hears one letter every four frames, whatever the sound."""
    label = "turn on the light"
    targets = whisper.targets([label], np.random.default_rng(0))
    n_frames = 102
    scores = torch.full((1, 2 * n_frames, len(ALPHABET)), -9.0)
    scores[:, :, 0] = -1.0
    scores[:, :, 0][:, ::8] = -9.0
    for i, letter in enumerate(targets.letters[0].tolist()):
        scores[0, 8 * i, letter] = 0.0
    where = whisper.token_frames(scores, torch.tensor([n_frames]), targets)[0]
    tokens = whisper.processor.tokenizer.convert_ids_to_tokens(targets.tokens[0])
    at = -1
    for token, frames in zip(tokens, where, strict=True):
        if token in SPECIAL:
            assert not frames.any()
            continue
        letters = range(max(0, at), at + len(token))  # the space before the first word is not spoken
        at += len(token)
        middle = 4 * (letters[0] + letters[-1]) // 2
        assert frames[middle]
        assert frames.sum() <= 4 * len(letters) + 2 * GUIDE_MARGIN


def test_whispers_tokens_are_the_stock_ones_shifted(whisper: Whisper) -> None:
    labels = ["turn on the light", "yes", "i don't said o'hara's dog " * 30]
    made = whisper.targets(labels, np.random.default_rng(0))
    for label, inputs, tokens in zip(labels, made.inputs, made.tokens, strict=True):
        stock = whisper.processor.tokenizer(label)["input_ids"]
        told = tokens[tokens != IGNORED].tolist()
        assert told == stock[1 : LONGEST_TEXT + 1]
        assert inputs[:4].tolist() == stock[:4], "the prefix is never disturbed"
        assert label.startswith(whisper.processor.tokenizer.decode(told, skip_special_tokens=True).strip())


def test_whispers_special_tokens_stand_last_and_in_order(whisper: Whisper) -> None:
    tokenizer = whisper.processor.tokenizer
    ids = tokenizer.convert_tokens_to_ids(list(SPECIAL))
    assert ids == list(range(len(tokenizer) - len(SPECIAL), len(tokenizer)))
    assert tokenizer.all_special_ids[-1] == ids[-1], "above the last one stock code sees time stamps"


@pytest.mark.parametrize(
    ("seconds", "mel_frames", "frames"), [(1, range(51, 60), 26), (15, [750], 375), (16, [750], 375)]
)
def test_whisper_hears_no_more_than_its_window(
    whisper: Whisper, seconds: int, mel_frames: Sequence[int], frames: int
) -> None:
    mel, n_frames = whisper.frames(*padded([speechlike(seconds)]))
    assert mel.shape[2] in mel_frames
    assert n_frames.tolist() == [frames]
    assert mel.shape[2] >= 2 * frames


def test_masks_leave_half_of_the_clips_and_most_of_the_rest_alone() -> None:
    torch.manual_seed(0)
    hidden = (masked(torch.ones(400, 80, 300)) == 0).float().mean((1, 2))
    assert 0.4 < (hidden > 0).float().mean() < 0.6
    assert 0.05 < hidden[hidden > 0].mean() < 0.3


def test_ctc_is_given_what_the_stock_processor_gives() -> None:
    group = [clip(0.7, "yes", 1), clip(1.1, "don't stop", 2)]
    sounds, n_samples = padded([one.sound() for one in group])
    targets = Ctc(None).targets([one.label for one in group], np.random.default_rng(0))
    stock = Wav2Vec2Processor.from_pretrained(TEMPLATE)
    values = stock([one.sound() for one in group], sampling_rate=SAMPLE_RATE_HZ, padding=True, return_tensors="pt")
    assert torch.allclose(scaled(sounds, n_samples), values.input_values, atol=1e-4)
    assert n_samples.tolist() == values.attention_mask.sum(1).tolist()
    for row, one in zip(targets.letters, group, strict=True):
        assert row[row != IGNORED].tolist() == stock.tokenizer(one.label).input_ids


def test_ctc_says_what_the_stock_model_says() -> None:
    learner = Ctc(TEMPLATE)
    sounds, n_samples = padded([speechlike(0.7, seed=1), speechlike(1.6, seed=2)])
    mask = (torch.arange(sounds.shape[1]) < n_samples[:, None]).long()
    model = learner.module.eval()
    with torch.inference_mode():
        n_frames = model._get_feat_extract_output_lengths(n_samples)
        (said,) = learner.core(scaled(sounds, n_samples), n_frames)
        stock = model(scaled(sounds, n_samples), attention_mask=mask).logits
    for one, other, n in zip(said, stock, n_frames, strict=True):
        assert torch.allclose(one[:n], other[:n], atol=1e-4)


def test_repeats_and_blanks_vanish() -> None:
    index = {letter: i for i, letter in enumerate(ALPHABET)}
    frames = [index[letter] for letter in ["h", "h", "<pad>", "e", "l", "<pad>", "l", "o", "|", "|", "<pad>"]]
    assert spelled_out(frames) == "hello"


def test_clips_out_of_bounds_are_left_out(spoken: Callable[..., Path], tmp_path: Path) -> None:
    folder = spoken("long", ("a", "b"), seconds=14.95)
    assert clip_files.spoken_clips(folder) == []


def test_while_the_letters_learn_alone_nothing_is_decoded(whisper: Whisper) -> None:
    sounds, n_samples = padded([speechlike(1.0)])
    targets = whisper.targets(["yes"], np.random.default_rng(0))
    given = whisper.given(sounds, n_samples, targets)
    parts = {}
    for part in (0.1, 0.2, 0.9, 0.95):
        said = whisper.core(*given)
        parts[part] = len(said)
        assert whisper.loss(said, n_samples, targets, part).isfinite()
    assert parts == {0.1: 4, 0.2: 2, 0.9: 2, 0.95: 4}
    assert not whisper.core.alone
