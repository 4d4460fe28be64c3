"""A small Whisper: window of 15 s, 40 ms a frame, its own tokens, and a CTC head while it is young.

On little data attention alone takes long to find which frames a token comes from; a CTC head on the encoder (Watanabe
et al. 2017, "Hybrid CTC/attention") shows it the letters first. The head writes two letters a frame, because fast
speech has barely 40 ms a letter; and once it hears the letters, it shows two of the decoder's heads where each token
is spoken. It is no part of the model that is saved, and lies beside it only for going on with the training.

The encoder's positions are fixed sinusoids and its attention has no mask, so training may run on windows that are
shorter than 15 s; the last part of the training uses the full one, as everybody does afterwards.
"""

import json
import math
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import (
    AutoConfig,
    GenerationConfig,
    Wav2Vec2ForCTC,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from recipes.pretrain.alignment import letter_frames
from recipes.pretrain.clips import SAMPLE_RATE_HZ, Clip, packed
from recipes.pretrain.learner import ALPHABET, BLANK, IGNORED, Batch, Change, letter_targets, write_half

WINDOW_S = 15
HOP = 320  # samples, 20 ms; the second convolution halves the frames
N_FFT = 512
FRAME = 2 * HOP  # samples of one encoder frame
LETTERS_PER_FRAME = 2
LETTERS_FILE = "training/letters.safetensors"  # beside the model, not among its weights
N_TOKENS = 640  # 256 bytes and the merges of them
LONGEST_TEXT = 192  # tokens
END = "<|endoftext|>"
SPECIAL = (  # in Whisper's order; what lies above the last one would be a time stamp
    END, "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip
NEARBY = (-3, -1, 1, 3)  # frames that the encoder's heads look at before they have learned anything
NEARBY_LOUDNESS = 4.0  # of the fastest sinusoids against Whisper's
NEARBY_GAIN = 1.3  # of the first queries and keys
PREFIX = 4  # tokens before the text
GUIDED_LAYER, GUIDED_HEADS = 1, 2  # the decoder's layer, and how many of its heads, that are shown where to look
GUIDE_MARGIN = 2  # frames on either side of a token
GUIDE_WEIGHT = 1.0
MARGIN_S = 0.1  # silence kept behind the longest clip, so that no frame sees the mirrored end of the window
WRONG_TOKENS = 0.1  # share of the decoder's inputs replaced, so that it listens instead of guessing on
LETTERS_ALONE_UNTIL = 0.3  # share of the time: a decoder that listens to nothing useful only learns to guess
CTC_WEIGHT = (1.0, 0.2)  # at first, at the end


def tokenizer_of(texts: Iterable[str]) -> WhisperTokenizer:
    """Byte-level pairs learned from the texts, with Whisper's special tokens behind them.

    A space is put before the first word, so that it is the same token at the start of a text and within.
    """
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    learned.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=N_TOKENS, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    learned.train_from_iterator(texts, trainer)
    merges = [tuple(pair) for pair in trained_merges(learned)]
    vocab = learned.get_vocab()
    vocab |= {token: len(vocab) + i for i, token in enumerate(SPECIAL)}
    tokenizer = WhisperTokenizer(
        vocab=vocab,
        merges=merges,
        add_prefix_space=True,
        pad_token=END,
        additional_special_tokens=list(SPECIAL[1:]),
        model_max_length=LONGEST_TEXT,
    )
    tokenizer.set_prefix_tokens(language="en", task="transcribe", predict_timestamps=False)
    return tokenizer


def trained_merges(tokenizer: Tokenizer) -> list[list[str]]:
    """The merges that training found, in order."""
    return json.loads(tokenizer.to_str())["model"]["merges"]


def processor_of(tokenizer: WhisperTokenizer) -> WhisperProcessor:
    """The feature extractor of this recipe beside the tokenizer."""
    extractor = WhisperFeatureExtractor(feature_size=80, hop_length=HOP, n_fft=N_FFT, chunk_length=WINDOW_S)
    return WhisperProcessor(extractor, tokenizer)


def config_of(tokenizer: WhisperTokenizer) -> WhisperConfig:
    """The architecture: the encoder has the shape of ctc-en's transformer, whose weights it can take over."""
    end, start = tokenizer.convert_tokens_to_ids([END, "<|startoftranscript|>"])
    return WhisperConfig(
        vocab_size=len(tokenizer), num_mel_bins=80, d_model=192,
        encoder_layers=6, encoder_attention_heads=4, encoder_ffn_dim=768,
        decoder_layers=3, decoder_attention_heads=4, decoder_ffn_dim=768,
        max_source_positions=WINDOW_S * SAMPLE_RATE_HZ // FRAME, max_target_positions=LONGEST_TEXT,
        pad_token_id=end, bos_token_id=end, eos_token_id=end, decoder_start_token_id=start,
        suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip


def generation_config_of(tokenizer: WhisperTokenizer) -> GenerationConfig:
    """What `generate` needs to take `language` and `task`."""
    ids = dict(zip(SPECIAL, tokenizer.convert_tokens_to_ids(list(SPECIAL)), strict=True))
    return GenerationConfig(
        is_multilingual=True,
        lang_to_id={"<|en|>": ids["<|en|>"]},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        language="en",
        task="transcribe",
        decoder_start_token_id=ids["<|startoftranscript|>"],
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        pad_token_id=ids[END],
        bos_token_id=ids[END],
        eos_token_id=ids[END],
        max_length=LONGEST_TEXT,
        max_initial_timestamp_index=50,
        return_timestamps=False,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )


def take_over(model: WhisperForConditionalGeneration, ctc: Wav2Vec2ForCTC) -> None:
    """Start the encoder from a CTC model's transformer; a key's bias is left out, because softmax cancels it."""
    for into, layer in zip(model.model.encoder.layers, ctc.wav2vec2.encoder.layers, strict=True):
        for name in ("q_proj", "v_proj", "out_proj"):
            getattr(into.self_attn, name).load_state_dict(getattr(layer.attention, name).state_dict())
        into.self_attn.k_proj.load_state_dict({"weight": layer.attention.k_proj.weight})
        into.self_attn_layer_norm.load_state_dict(layer.layer_norm.state_dict())
        into.fc1.load_state_dict(layer.feed_forward.intermediate_dense.state_dict())
        into.fc2.load_state_dict(layer.feed_forward.output_dense.state_dict())
        into.final_layer_norm.load_state_dict(layer.final_layer_norm.state_dict())
    model.model.encoder.layer_norm.load_state_dict(ctc.wav2vec2.encoder.layer_norm.state_dict())


def listen_nearby(model: WhisperForConditionalGeneration, letters: torch.nn.Linear) -> None:
    """Let every encoder head begin by looking a few frames before or behind, as a convolution would.

    Left alone, the sound drowns the sinusoids, and after 2,000 steps every head still weighed all frames alike, so that
    a letter was judged by the 0.1 s that the convolutions see. Here the fastest sinusoids, as many as a head has
    dimensions, get their dimensions to themselves and louder. A query and a key that pick them, the key turned by the
    offset, score highest there. All of it can be unlearned.
    """
    encoder, d_model = model.model.encoder, model.config.d_model
    n_pairs = d_model // model.config.encoder_attention_heads // 2
    sine, cosine = slice(0, n_pairs), slice(d_model // 2, d_model // 2 + n_pairs)  # as `sinusoids` lays them out
    turns = torch.exp(-math.log(10_000) / (d_model // 2 - 1) * torch.arange(n_pairs))  # radians a frame
    eye = torch.eye(d_model)
    writers = [encoder.conv2, *(part for layer in encoder.layers for part in (layer.self_attn.out_proj, layer.fc2))]
    readers = [letters, *(part for layer in encoder.layers for part in (layer.self_attn.v_proj, layer.fc1))]
    with torch.no_grad():
        for convolution in (
            encoder.conv1,
            encoder.conv2,
        ):  # the library's make the sound 25 times fainter
            torch.nn.init.kaiming_normal_(convolution.weight)
        for fast in (sine, cosine):
            encoder.embed_positions.weight[:, fast] *= NEARBY_LOUDNESS
            for writer in writers:
                writer.weight[fast], writer.bias[fast] = 0, 0
            for reader in readers:
                reader.weight[:, fast] = 0
        for layer in encoder.layers:
            queries, keys = [], []
            for offset in NEARBY:
                cos, sin = (turns * offset).cos()[:, None], (turns * offset).sin()[:, None]
                queries += [eye[sine], eye[cosine]]
                keys += [cos * eye[sine] - sin * eye[cosine], cos * eye[cosine] + sin * eye[sine]]
            layer.self_attn.q_proj.weight.mul_(0.1).add_(torch.cat(queries), alpha=NEARBY_GAIN)
            layer.self_attn.k_proj.weight.mul_(0.1).add_(torch.cat(keys), alpha=NEARBY_GAIN)


class Mel:
    """Log-mel frames as `WhisperFeatureExtractor` makes them, many clips at a time."""

    def __init__(self, extractor: WhisperFeatureExtractor) -> None:
        self.filters = torch.from_numpy(extractor.mel_filters.T).float().contiguous()
        self.window = torch.hann_window(N_FFT)

    def __call__(self, sounds: torch.Tensor) -> torch.Tensor:
        """`(n, n_samples) float32` to `(n, 80, n_samples / HOP) float32`; log10 power, scaled, 8 below the loudest."""
        spectrum = torch.stft(sounds, N_FFT, HOP, window=self.window, return_complex=True)[..., :-1]
        power = self.filters @ torch.view_as_real(spectrum).square().sum(-1)
        logs = power.clamp(min=1e-10).log10()
        return (torch.maximum(logs, logs.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0


@dataclass(frozen=True)
class WhisperBatch(Batch):
    """`n` clips padded to one window."""

    mel: torch.Tensor  # (n, 80, 2 * n_frames) float32
    frames: torch.Tensor  # (n,) int64, encoder frames with sound in them
    inputs: torch.Tensor  # (n, n_tokens) int64, what the decoder is given
    targets: torch.Tensor  # (n, n_tokens) int64, what it must say next; -100 after the end
    letters: torch.Tensor  # (n, n_letters) int64, for the CTC head; -100 after the end


class WithLetters(torch.nn.Module):
    """Whisper and the CTC head on its encoder."""

    def __init__(self, whisper: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.whisper = whisper
        self.letters = torch.nn.Linear(whisper.config.d_model, LETTERS_PER_FRAME * len(ALPHABET))


class Whisper:
    """WhisperForConditionalGeneration, from the weights in a folder, a CTC model's transformer, or random ones."""

    window_s = float(WINDOW_S)

    def __init__(self, start_from: Path | None, texts: Iterable[str] = (), *, tokens: Path | None = None) -> None:
        goes_on = start_from is not None and AutoConfig.from_pretrained(start_from).model_type == "whisper"
        if goes_on:
            self.processor = WhisperProcessor.from_pretrained(start_from)
            whisper = WhisperForConditionalGeneration.from_pretrained(start_from, dtype=torch.float32)
        else:
            tokenizer = WhisperTokenizer.from_pretrained(tokens) if tokens else tokenizer_of(texts)
            self.processor = processor_of(tokenizer)
            whisper = WhisperForConditionalGeneration(config_of(self.processor.tokenizer))
            whisper.generation_config = generation_config_of(self.processor.tokenizer)
            if start_from:
                take_over(whisper, Wav2Vec2ForCTC.from_pretrained(start_from, dtype=torch.float32))
        whisper.generation_config.alignment_heads = [[GUIDED_LAYER, head] for head in range(GUIDED_HEADS)]
        whisper.model.encoder.embed_positions.requires_grad_(False)  # `from_pretrained` forgets that they are fixed
        self.module = WithLetters(whisper)
        if not start_from:
            listen_nearby(whisper, self.module.letters)
        if goes_on and (start_from / LETTERS_FILE).exists():
            self.module.letters.load_state_dict(load_file(start_from / LETTERS_FILE))
        self.letters_alone_until = 0.0 if goes_on else LETTERS_ALONE_UNTIL
        self.mel = Mel(self.processor.feature_extractor)
        tokenizer = self.processor.tokenizer
        plain = {token: i for token, i in tokenizer.get_vocab().items() if token not in SPECIAL}
        self.n_letters = np.zeros(len(tokenizer), dtype=np.int64)  # in each token, spaces too
        self.n_letters[list(plain.values())] = [len(token) for token in plain]
        self.n_plain = self.processor.tokenizer.convert_tokens_to_ids(END)  # tokens below it are text

    def collate(self, clips: list[Clip], change: Change, rng: np.random.Generator, *, window_s: float) -> WhisperBatch:
        """Change the clips, pad them to one window, and make their frames and tokens."""
        sounds = [change(clip.sound(rng), rng)[: WINDOW_S * SAMPLE_RATE_HZ] for clip in clips]
        longest_s = min(WINDOW_S, max([window_s, *(len(sound) / SAMPLE_RATE_HZ + MARGIN_S for sound in sounds)]))
        padded = torch.zeros(len(clips), -int(-longest_s * SAMPLE_RATE_HZ // FRAME) * FRAME)
        for row, sound in zip(padded, sounds, strict=True):
            row[: len(sound)] = torch.from_numpy(sound)
        inputs, targets = self.tokens([clip.label for clip in clips], rng)
        frames = torch.tensor([min(padded.shape[1], len(sound) + FRAME) // FRAME for sound in sounds])
        mel = masked(self.mel(padded), rng)
        return WhisperBatch(mel, frames, inputs, targets, letter_targets([clip.label for clip in clips]))

    def tokens(self, labels: list[str], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The decoder's inputs, some of them wrong, and its targets, each `(n, n_tokens) int64`."""
        rows = [ids[: LONGEST_TEXT + 1] for ids in self.processor.tokenizer(labels)["input_ids"]]
        width = max(map(len, rows)) - 1
        inputs = torch.full((len(rows), width), self.n_plain)
        targets = torch.full((len(rows), width), IGNORED)
        for i, ids in enumerate(rows):
            inputs[i, : len(ids) - 1], targets[i, : len(ids) - 1] = torch.tensor(ids[:-1]), torch.tensor(ids[1:])
        wrong = torch.from_numpy(rng.random(inputs.shape) < WRONG_TOKENS) & (inputs < self.n_plain)
        return torch.where(wrong, torch.from_numpy(rng.integers(0, self.n_plain, inputs.shape)), inputs), targets

    def loss(self, batch: WhisperBatch, part: float) -> torch.Tensor:
        """At first CTC a letter alone, then cross-entropy a token and CTC, whose weight falls with time."""
        whisper = self.module.whisper
        hidden = encoded(whisper, batch.mel)
        letter_loss = self.letter_loss(hidden, batch)
        if part < self.letters_alone_until:
            return letter_loss
        with overheard(whisper.model.decoder.layers[GUIDED_LAYER].encoder_attn) as asking:
            said = whisper(encoder_outputs=(hidden,), decoder_input_ids=batch.inputs, use_cache=False).logits
        token_loss = functional.cross_entropy(said.float().flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)
        first, last = CTC_WEIGHT
        guiding = GUIDE_WEIGHT * self.guide_loss(asking[0], hidden, batch)
        return token_loss + (first + part * (last - first)) * letter_loss + guiding

    def guide_loss(self, asking: torch.Tensor, hidden: torch.Tensor, batch: WhisperBatch) -> torch.Tensor:
        """How little the guided heads look at where the CTC head hears the next token; zero where they look there.

        `asking` is the attention's input `(n, n_tokens, d_model)`, `hidden` the encoder's output.
        """
        attention = self.module.whisper.model.decoder.layers[GUIDED_LAYER].encoder_attn
        where = self.token_frames(hidden, batch)
        shape = (attention.num_heads, attention.head_dim)
        query = attention.q_proj(asking).unflatten(2, shape)[:, :, :GUIDED_HEADS].transpose(1, 2) * attention.scaling
        key = attention.k_proj(hidden).unflatten(2, shape)[:, :, :GUIDED_HEADS].transpose(1, 2)
        looked = (query @ key.transpose(2, 3)).float().softmax(-1)
        there = (looked * where[:, None]).sum(-1)  # (n, n_heads, n_tokens)
        counted = where.any(-1)[:, None].expand_as(there)
        return -there[counted].clamp(min=1e-6).log().mean() if counted.any() else there.sum() * 0

    @torch.no_grad()
    def token_frames(self, hidden: torch.Tensor, batch: WhisperBatch) -> torch.Tensor:
        """`(n, n_tokens, n_frames) bool`, where each target token is spoken; all False where that is not known."""
        n_letters = (batch.letters != IGNORED).sum(1)
        letters = [row[:n].cpu().numpy() for row, n in zip(batch.letters, n_letters, strict=True)]
        spoken = letter_frames(
            self.letter_scores(hidden).cpu().numpy(), letters, (batch.frames * LETTERS_PER_FRAME).cpu().numpy()
        )
        where = torch.zeros(*batch.targets.shape, hidden.shape[1], dtype=torch.bool)
        for i, frames in enumerate(spoken):
            if frames is None:
                continue
            ends = np.cumsum([self.n_letters[max(0, token)] for token in batch.targets[i].tolist()]) - 1
            for j in range(PREFIX - 1, int((batch.targets[i] != IGNORED).sum()) - 1):  # all but the prefix and the end
                first, last = max(0, ends[j - 1]), min(ends[j], len(frames)) - 1
                if first <= last:
                    begin, end = frames[first, 0] // LETTERS_PER_FRAME, frames[last, 1] // LETTERS_PER_FRAME
                    where[i, j, max(0, begin - GUIDE_MARGIN) : end + GUIDE_MARGIN + 1] = True
        return where.to(hidden.device)

    def letter_scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """The CTC head's log probabilities, `(n, LETTERS_PER_FRAME * n_frames, n_letters) float32`."""
        letters = self.module.letters(hidden).float()
        return letters.unflatten(2, (LETTERS_PER_FRAME, len(ALPHABET))).flatten(1, 2).log_softmax(-1)

    def letter_loss(self, hidden: torch.Tensor, batch: WhisperBatch) -> torch.Tensor:
        """CTC a letter on the encoder's output `(n, n_frames, d_model)`."""
        return functional.ctc_loss(
            self.letter_scores(hidden).transpose(0, 1),
            batch.letters.clamp(min=0),
            batch.frames * LETTERS_PER_FRAME,
            (batch.letters != IGNORED).sum(1),
            blank=BLANK,
            zero_infinity=True,
        )

    @torch.inference_mode()
    def transcribe(self, module: WithLetters, clips: list[Clip]) -> list[str]:
        """Greedy texts by stock `generate` on the full window; the model is left in evaluation mode."""
        module.eval()
        whisper, texts = module.whisper, {}
        for group in packed(clips, 240, random.Random(0), window_s=WINDOW_S):
            sounds = [clip.sound()[: WINDOW_S * SAMPLE_RATE_HZ] for clip in group]
            features = self.processor.feature_extractor(sounds, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
            ids = whisper.generate(features.input_features.to(whisper.device), language="en", task="transcribe")
            said = self.processor.batch_decode(ids, skip_special_tokens=True)
            texts |= {id(clip): text.strip() for clip, text in zip(group, said, strict=True)}
        return [texts[id(clip)] for clip in clips]

    def saved_part(self, module: WithLetters) -> WhisperForConditionalGeneration:
        """All but the CTC head."""
        return module.whisper

    def save(self, module: WithLetters, folder: Path) -> None:
        """Whisper in half precision with its processor; the CTC head lies beside it, for going on with the training."""
        copy = WhisperForConditionalGeneration(module.whisper.config)
        copy.load_state_dict(module.whisper.state_dict())
        copy.generation_config = module.whisper.generation_config
        write_half(copy, folder)
        (folder / LETTERS_FILE).parent.mkdir(exist_ok=True)
        save_file(module.letters.state_dict(), folder / LETTERS_FILE)
        self.processor.save_pretrained(folder)


@contextmanager
def overheard(attention: torch.nn.Module) -> Iterator[list[torch.Tensor]]:
    """A list that gets what an attention asks with, the first argument of its call."""
    heard: list[torch.Tensor] = []
    hook = attention.register_forward_pre_hook(
        lambda module, args, kwargs: heard.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True
    )
    try:
        yield heard
    finally:
        hook.remove()


def encoded(whisper: WhisperForConditionalGeneration, mel: torch.Tensor) -> torch.Tensor:
    """The encoder's output `(n, n_frames, d_model)` on a window of any length; stock code takes the full one only."""
    encoder = whisper.model.encoder
    hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).transpose(1, 2)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    for layer in encoder.layers:
        hidden = layer(hidden, None)
    return encoder.layer_norm(hidden)


def masked(mel: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """SpecAugment: in half of the clips a band and some stretches of up to 0.2 s are set to 0, which is mid scale."""
    for clip in mel:
        if rng.random() < 0.5:
            low = int(rng.integers(mel.shape[1]))
            clip[low : low + int(rng.integers(1, 12))] = 0.0
            for start in rng.integers(mel.shape[2], size=max(1, mel.shape[2] // 100)):
                clip[:, start : start + int(rng.integers(1, 10))] = 0.0
    return mel
