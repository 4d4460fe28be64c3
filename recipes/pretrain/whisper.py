"""A small Whisper: window of 15 s, 40 ms a frame, its own tokens, and a CTC head while it is young.

On little data attention alone takes long to find which frames a token comes from; a CTC head on the encoder (Watanabe
et al. 2017, "Hybrid CTC/attention") shows it the letters first. The head writes two letters a frame, because fast
speech has barely 40 ms a letter; and once it hears the letters, it shows two of the decoder's heads where each token
is spoken. It is no part of the model that is saved, and lies beside it only for going on with the training.

The encoder's positions are fixed sinusoids and its attention has no mask, so training may run on windows that are
shorter than 15 s; the last part of the training uses the full one, as everybody does afterwards.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import (
    AutoConfig,
    Wav2Vec2ForCTC,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from recipes.pretrain.alignment import letter_frames
from recipes.pretrain.clips import SAMPLE_RATE_HZ, Clip, packed
from recipes.pretrain.deeper import deepened
from recipes.pretrain.learner import ALPHABET, IGNORED, Targets, ctc_loss, filled_up, letter_targets, write_half
from recipes.pretrain.whisper_shape import (
    END,
    FRAME,
    HOP,
    LONGEST_TEXT,
    N_FFT,
    SPECIAL,
    WINDOW_S,
    config_of,
    generation_config_of,
    processor_of,
    tokenizer_of,
)
from recipes.pretrain.whisper_young import listen_nearby, take_over

LETTERS_PER_FRAME = 2
LETTERS_FILE = "training/letters.safetensors"  # beside the model, not among its weights
PREFIX = 4  # tokens before the text
GUIDED_LAYER, GUIDED_HEADS = 1, 2  # the decoder's layer, and how many of its heads, that are shown where to look
GUIDE_MARGIN = 2  # frames on either side of a token
GUIDE_WEIGHT = 1.0
GUIDE_EVERY = 32  # steps on a GPU, which waits while a core finds the path
TOKENS_PER_S = 16  # room for a text; the fastest of 720 clips says 11.5, and may be played 1.25 times as fast
MASKED_BANDS, MASKED_FRAMES = 12, 10  # at most, in a masked band and stretch
MARGIN_S = 0.1  # silence kept behind the longest clip, so that no frame sees the mirrored end of the window
WRONG_TOKENS = 0.1  # share of the decoder's inputs replaced, so that it listens instead of guessing on
LETTERS_ALONE_UNTIL = 0.3  # share of the time: a decoder that listens to nothing useful only learns to guess
CTC_WEIGHT = (1.0, 0.2)  # at first, at the end


class Mel:
    """Log-mel frames as `WhisperFeatureExtractor` makes them, many clips at a time."""

    def __init__(self, extractor: WhisperFeatureExtractor) -> None:
        self.filters = torch.from_numpy(extractor.mel_filters.T).float().contiguous()
        self.window = torch.hann_window(N_FFT)

    def to(self, device: torch.device) -> None:
        """Compute on another device from now on."""
        self.filters, self.window = self.filters.to(device), self.window.to(device)

    def __call__(self, sounds: torch.Tensor) -> torch.Tensor:
        """`(n, n_samples) float32` to `(n, 80, n_samples / HOP) float32`; log10 power, scaled, 8 below the loudest."""
        self.to(sounds.device)
        spectrum = torch.stft(sounds, N_FFT, HOP, window=self.window, return_complex=True)[..., :-1]
        power = self.filters @ torch.view_as_real(spectrum).square().sum(-1)
        logs = power.clamp(min=1e-10).log10()
        return (torch.maximum(logs, logs.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0


@dataclass(frozen=True)
class WhisperTargets(Targets):
    """What `n` clips say."""

    inputs: torch.Tensor  # (n, n_tokens) int64, what the decoder is given
    tokens: torch.Tensor  # (n, n_tokens) int64, what it must say next; -100 after the end
    ends: torch.Tensor  # (n, n_tokens) int64, letters said when a token has been said; -1 for what is no text
    letters: torch.Tensor  # (n, n_letters) int64, for the CTC head; -100 after the end
    n_letters: torch.Tensor  # (n,) int64


class WithLetters(torch.nn.Module):
    """Whisper and the CTC head on its encoder."""

    def __init__(self, whisper: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.whisper = whisper
        self.letters = torch.nn.Linear(whisper.config.d_model, LETTERS_PER_FRAME * len(ALPHABET))


class WhisperCore(torch.nn.Module):
    """All of it but the loss; while the letters learn alone, without the decoder."""

    def __init__(self, model: WithLetters) -> None:
        super().__init__()
        self.model, self.alone = model, False

    def forward(self, mel: torch.Tensor, inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the encoder heard, the CTC head's logits, what the guided layer asks with, and the tokens' logits.

        Args:
            mel: `(n, 80, 2 * n_frames) float32`.
            inputs: `(n, n_tokens) int64`.
        """
        whisper = self.model.whisper
        hidden = encoded(whisper, mel.to(self.model.letters.weight.dtype))
        if self.alone:
            return hidden, self.model.letters(hidden)
        with overheard(whisper.model.decoder.layers[GUIDED_LAYER].encoder_attn) as asking:
            tokens = decoded(whisper, hidden, inputs)
        return hidden, self.model.letters(hidden), asking[0], tokens


class Whisper:
    """WhisperForConditionalGeneration, from the weights in a folder, a CTC model's transformer, or random ones."""

    window_s = float(WINDOW_S)

    def __init__(
        self,
        start_from: Path | None,
        texts: Iterable[str] = (),
        *,
        tokens: Path | None = None,
        layers: int | None = None,
    ) -> None:
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
        if layers:
            encoder = whisper.model.encoder
            encoder.layers = deepened(encoder.layers, layers, last=("self_attn.out_proj", "fc2"))
            whisper.config.encoder_layers = layers
        whisper.generation_config.alignment_heads = [[GUIDED_LAYER, head] for head in range(GUIDED_HEADS)]
        whisper.model.encoder.embed_positions.requires_grad_(False)  # `from_pretrained` forgets that they are fixed
        self.module = WithLetters(whisper)
        self.core = WhisperCore(self.module)
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
        # The tokens of a word do not depend on its neighbours, and looking them up is quicker than the tokenizer.
        self.prefix = tokenizer.prefix_tokens
        self.word_ids = cache(lambda word: tokenizer(word, add_special_tokens=False)["input_ids"])
        self.step = 0
        self.n_plain = self.processor.tokenizer.convert_tokens_to_ids(END)  # tokens below it are text

    def targets(self, labels: Sequence[str], rng: np.random.Generator, *, width: int = 0) -> WhisperTargets:
        """The tokens of each label, some of the decoder's inputs wrong, and its letters."""
        most = min(LONGEST_TEXT, PREFIX + 1 + int(TOKENS_PER_S * width / SAMPLE_RATE_HZ)) if width else 0
        rows = [np.array(self.token_ids(label)[: 1 + (most or LONGEST_TEXT)]) for label in labels]
        inputs = filled_up([row[:-1] for row in rows], self.n_plain, width=most)
        tokens = filled_up([row[1:] for row in rows], IGNORED, width=most)
        wrong = torch.from_numpy(rng.random(inputs.shape) < WRONG_TOKENS) & (inputs < self.n_plain)
        inputs = torch.where(wrong, torch.from_numpy(rng.integers(0, self.n_plain, inputs.shape)), inputs)
        text = (tokens >= 0) & (tokens < self.n_plain)
        # A space stands before the first word, which the letters do not have.
        ends = torch.where(text, torch.from_numpy(self.n_letters)[tokens.clamp(min=0)].cumsum(1) - 1, -1)
        letters = letter_targets(labels)
        return WhisperTargets(inputs, tokens, ends, letters, (letters != IGNORED).sum(1))

    def token_ids(self, label: str) -> list[int]:
        """The tokens of a label with Whisper's prefix and end, as many as the model has positions for."""
        ids = [*self.prefix, *(token for word in label.split() for token in self.word_ids(word))]
        return [*ids, self.processor.tokenizer.eos_token_id][: LONGEST_TEXT + 1]

    def frames(self, sounds: torch.Tensor, n_samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-mel frames `(n, 80, n_mel_frames)` of clips `(n, width)`, and the encoder frames with sound in them."""
        most = WINDOW_S * SAMPLE_RATE_HZ
        width = min(most, -(-(sounds.shape[1] + int(MARGIN_S * SAMPLE_RATE_HZ)) // FRAME) * FRAME)
        sounds = functional.pad(sounds, (0, max(0, width - sounds.shape[1])))[:, :width]
        return self.mel(sounds), ((n_samples + FRAME) // FRAME).clamp(max=width // FRAME)

    def given(self, sounds: torch.Tensor, n_samples: torch.Tensor, targets: WhisperTargets) -> tuple[torch.Tensor, ...]:
        """Log-mel frames, some masked, and the decoder's inputs."""
        return masked(self.frames(sounds, n_samples)[0]), targets.inputs

    def loss(
        self, said: tuple[torch.Tensor, ...], n_samples: torch.Tensor, targets: WhisperTargets, part: float
    ) -> torch.Tensor:
        """At first CTC a letter alone, then cross-entropy a token and CTC, whose weight falls with time."""
        hidden, letters, *decoded_too = said
        n_frames = ((n_samples + FRAME) // FRAME).clamp(max=hidden.shape[1])
        scores = spread(letters)
        letter_loss = ctc_loss(scores, n_frames * LETTERS_PER_FRAME, targets.letters, targets.n_letters)
        self.core.alone = part < self.letters_alone_until and not hidden.is_cuda  # what is recorded stays as it is
        if part < self.letters_alone_until or not decoded_too:
            return letter_loss
        asking, tokens = decoded_too
        n_symbols = tokens.shape[2]
        token_loss = functional.cross_entropy(
            tokens.float().view(-1, n_symbols), targets.tokens.view(-1), ignore_index=IGNORED
        )
        first, last = CTC_WEIGHT
        loss = token_loss + (first + part * (last - first)) * letter_loss
        self.step += 1
        if self.step % (GUIDE_EVERY if hidden.is_cuda else 1):
            return loss
        return loss + GUIDE_WEIGHT * self.guide_loss(asking, hidden, self.token_frames(scores, n_frames, targets))

    def guide_loss(self, asking: torch.Tensor, hidden: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        """How little the guided heads look at where the next token is spoken; zero where they look there.

        `asking` is the attention's input `(n, n_tokens, d_model)`, `hidden` the encoder's output, `where
        (n, n_tokens, n_frames) bool`.
        """
        attention = self.module.whisper.model.decoder.layers[GUIDED_LAYER].encoder_attn
        shape = (attention.num_heads, attention.head_dim)
        query, key = attention.q_proj(asking.float()), attention.k_proj(hidden.float())
        query = query.unflatten(2, shape)[:, :, :GUIDED_HEADS].transpose(1, 2) * attention.scaling
        key = key.unflatten(2, shape)[:, :, :GUIDED_HEADS].transpose(1, 2)
        looked = (query @ key.transpose(2, 3)).softmax(-1)
        there = (looked * where[:, None]).sum(-1)  # (n, n_heads, n_tokens)
        counted = where.any(-1)[:, None].expand_as(there)
        return -(there.clamp(min=1e-6).log() * counted).sum() / counted.sum().clamp(min=1)

    @torch.no_grad()
    def token_frames(self, scores: torch.Tensor, n_frames: torch.Tensor, targets: WhisperTargets) -> torch.Tensor:
        """`(n, n_tokens, n_frames) bool`, where each target token is spoken; all False where that is not known."""
        spoken = letter_frames(scores, targets.letters, targets.n_letters, n_frames * LETTERS_PER_FRAME)
        before = functional.pad(targets.ends, (1, 0), value=-1)[:, :-1]
        first, last = before.clamp(min=0), targets.ends.minimum(targets.n_letters[:, None]) - 1
        begin = spoken[:, :, 0].gather(1, first.minimum(targets.n_letters[:, None] - 1)) // LETTERS_PER_FRAME
        end = spoken[:, :, 1].gather(1, last.clamp(min=0)) // LETTERS_PER_FRAME
        frames = torch.arange(scores.shape[1] // LETTERS_PER_FRAME, device=scores.device)
        known = (targets.ends >= 0) & (first <= last) & (begin >= 0) & (end >= 0)
        inside = (frames >= begin[..., None] - GUIDE_MARGIN) & (frames <= end[..., None] + GUIDE_MARGIN)
        return inside & known[..., None]

    def letter_scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """The CTC head's log probabilities, `(n, LETTERS_PER_FRAME * n_frames, n_letters) float32`."""
        return spread(self.module.letters(hidden))

    @torch.inference_mode()
    def transcribe(self, module: WithLetters, clips: list[Clip]) -> list[str]:
        """Greedy texts by stock `generate` on the full window; the model is left in evaluation mode."""
        module.eval()
        whisper, texts = module.whisper, {}
        for group in packed([clip.n_samples for clip in clips], 240, random.Random(0), window_s=WINDOW_S):
            sounds = [clips[i].sound()[: WINDOW_S * SAMPLE_RATE_HZ] for i in group]
            features = self.processor.feature_extractor(sounds, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
            ids = whisper.generate(features.input_features.to(whisper.device), language="en", task="transcribe")
            said = self.processor.batch_decode(ids, skip_special_tokens=True)
            texts |= {i: text.strip() for i, text in zip(group, said, strict=True)}
        return [texts[i] for i in range(len(clips))]

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


def spread(letters: torch.Tensor) -> torch.Tensor:
    """The CTC head's logits, several letters a frame, as log probabilities of one letter after another."""
    return letters.float().unflatten(2, (LETTERS_PER_FRAME, len(ALPHABET))).flatten(1, 2).log_softmax(-1)


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


def decoded(whisper: WhisperForConditionalGeneration, hidden: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The logits of the next token `(n, n_tokens, n_vocabulary)`, as the stock decoder's without cache."""
    decoder = whisper.model.decoder
    said = decoder.embed_tokens(inputs) + decoder.embed_positions.weight[: inputs.shape[1]]
    for layer in decoder.layers:
        said = layer(said, None, hidden, use_cache=False)
    return whisper.proj_out(decoder.layer_norm(said))


def masked(mel: torch.Tensor) -> torch.Tensor:
    """SpecAugment: in half of the clips a band and some stretches of up to 0.2 s are set to 0, which is mid scale."""
    n, n_bands, n_frames = mel.shape

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(shape, device=mel.device)

    low, high = drawn(n, 1) * n_bands, drawn(n, 1) * MASKED_BANDS
    bands = torch.arange(n_bands, device=mel.device)
    band = (bands >= low) & (bands < low + high)
    begin, long = drawn(n, max(1, n_frames // 100), 1) * n_frames, drawn(n, max(1, n_frames // 100), 1) * MASKED_FRAMES
    frames = torch.arange(n_frames, device=mel.device)
    stretch = ((frames >= begin) & (frames < begin + long)).any(1)
    chosen = drawn(n, 1, 1) < 0.5
    return mel.masked_fill(chosen & (band[:, :, None] | stretch[:, None, :]), 0.0)
