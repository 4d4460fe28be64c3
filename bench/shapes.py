"""Models of well-known shapes with random weights, and noise to train them on: enough to measure time and memory.

What a step costs does not depend on what the weights are, as long as no text is read until it ends: see `never_end`.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE_RATE = 16_000
LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", "'", *"abcdefghijklmnopqrstuvwxyz"]
WORDS = ["the", "patient", "takes", "four", "drops", "of", "a", "new", "drug", "every", "day", "and", "feels", "well"]
WHISPER_TOKENS = 24  # written for each clip, on both sides
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Shape:
    """One model shape.

    Attributes:
        save: Writes model and processor into a folder.
        seq2seq: Whisper's kind, or CTC.
        words: Of each clip's label: 14 for letters; for Whisper 8, which the bundled tokenizer cuts into about the 20
            tokens that OpenAI's makes of 5 s of speech.
    """

    name: str
    save: Callable[[Path], None]
    seq2seq: bool
    words: int


def save_wav2vec2(folder: Path, **changes: Any) -> None:
    """wav2vec2-base; the speech examples' dropouts and layerdrop (none), masks as configured."""
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    none = ("hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout", "final_dropout")
    config = Wav2Vec2Config(
        vocab_size=len(LETTERS), pad_token_id=0, layerdrop=0.0, ctc_loss_reduction="mean", ctc_zero_infinity=True,
        **dict.fromkeys(none, 0.0), **changes,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vocab.json"
    file.write_text(json.dumps({token: i for i, token in enumerate(LETTERS)}))
    extractor = Wav2Vec2FeatureExtractor(return_attention_mask=config.feat_extract_norm == "layer", do_normalize=True)
    tokenizer = Wav2Vec2CTCTokenizer(str(file), word_delimiter_token="|")
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)


def save_whisper(folder: Path, **changes: Any) -> None:
    """whisper-tiny with the bundled tokenizer and OpenAI's number of tokens."""
    from transformers import (
        AutoProcessor,
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
    )

    bundled = ROOT / "assets" / "whisper-en"
    generation = GenerationConfig.from_pretrained(bundled)
    ids = {n: getattr(generation, n) for n in ("bos_token_id", "eos_token_id", "pad_token_id")}
    width = {"d_model": 384, "encoder_ffn_dim": 1536, "decoder_ffn_dim": 1536}
    heads = {"encoder_attention_heads": 6, "decoder_attention_heads": 6}
    layers = {"encoder_layers": 4, "decoder_layers": 4, "vocab_size": 51_865, "max_target_positions": 448}
    seconds = changes.pop("seconds", 30)
    shape = {**width, **heads, **layers, "max_source_positions": 50 * seconds, **changes}
    start = {"decoder_start_token_id": generation.decoder_start_token_id}
    none = {"suppress_tokens": None, "begin_suppress_tokens": None}
    model = WhisperForConditionalGeneration(WhisperConfig(**shape, **ids, **start, **none))
    generation.max_length = shape["max_target_positions"]
    generation.suppress_tokens = [generation.eos_token_id]  # see `never_end`
    model.generation_config = generation
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer = AutoProcessor.from_pretrained(bundled).tokenizer
    extractor = WhisperFeatureExtractor(chunk_length=seconds)
    WhisperProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)


SMALL_CTC = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
SMALL_CTC |= {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 4}
SMALL_WHISPER = {"d_model": 32, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "encoder_layers": 2, "decoder_layers": 2}
SMALL_WHISPER |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "vocab_size": 649, "seconds": 6}
SHAPES = {
    "wav2vec2-base": Shape("wav2vec2-base", save_wav2vec2, False, 14),
    "whisper-tiny": Shape("whisper-tiny", save_whisper, True, 8),
}
SMOKE_SHAPES = {
    "wav2vec2-base": Shape("wav2vec2-base", lambda folder: save_wav2vec2(folder, **SMALL_CTC), False, 4),
    "whisper-tiny": Shape("whisper-tiny", lambda folder: save_whisper(folder, **SMALL_WHISPER), True, 3),
}


@dataclass(frozen=True)
class Clips:
    """What is trained on and what is evaluated on: sounds (n_samples,) float32 at 16 kHz and their texts."""

    sounds: list[np.ndarray]
    texts: list[str]
    n_train: int

    @property
    def train(self) -> range:
        return range(self.n_train)

    @property
    def further(self) -> range:
        return range(self.n_train, len(self.sounds))


def noise_clips(n_train: int, n_further: int, seconds: float, words: int) -> Clips:
    """Noise with labels of so many words; any sound costs the same."""
    rng = np.random.default_rng(0)
    n = n_train + n_further
    sounds = [rng.normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32) for _ in range(n)]
    texts = [" ".join(rng.choice(WORDS, words)) for _ in range(n)]
    return Clips(sounds, texts, n_train)


def save_shape(shape: Shape, folder: Path) -> Path:
    """The shape's folder, written anew."""
    import torch

    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(0)
    shape.save(folder)
    return folder
