"""Tiny random Whisper models: one of several languages, cased; one of lower-case English alone, as the bundled one."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|translate|>", "<|transcribe|>"]
SPECIAL += ["<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
WINDOW_S = 2
POSITIONS = 24  # of the decoder
CASED = ["Hello World, it's Tuesday.", "The cat sat on the mat; the Cat!", "Hello hello World world"] * 4
LOWER = [text.lower() for text in CASED]


def save_whisper(
    folder: Path, *, several_languages: bool = True, tied: bool = True, inner: int = 48, window: int = WINDOW_S
) -> Path:
    """Save a tiny random Whisper and its processor; with several languages it is cased, else lower-case only."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(CASED if several_languages else LOWER)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=3,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=inner,
        decoder_ffn_dim=inner,
        num_mel_bins=16,
        max_source_positions=window * 50,
        max_target_positions=POSITIONS,
        encoder_layerdrop=0.1,  # must not act here
        decoder_layerdrop=0.1,
        decoder_start_token_id=ids["<|startoftranscript|>"],
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"],
        pad_token_id=ids["<|endoftext|>"],
        tie_word_embeddings=tied,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    enliven(model)
    generation: dict[str, Any] = {"no_timestamps_token_id": ids["<|notimestamps|>"], "is_multilingual": False}
    if several_languages:
        generation |= {
            "is_multilingual": True,
            "lang_to_id": {t: ids[t] for t in ("<|en|>", "<|zh|>")},
            "task_to_id": {t: ids[f"<|{t}|>"] for t in ("translate", "transcribe")},
        }
    model.generation_config = GenerationConfig(
        max_length=POSITIONS,
        decoder_start_token_id=ids["<|startoftranscript|>"],
        eos_token_id=ids["<|endoftext|>"],
        pad_token_id=ids["<|endoftext|>"],
        suppress_tokens=[ids["<|startofprev|>"], ids["<|nospeech|>"], *odd_bytes(tokenizer)],
        begin_suppress_tokens=[ids["<|endoftext|>"]],
        **generation,
    )
    model.save_pretrained(folder)
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=window)
    WhisperProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    return folder


def odd_bytes(tokenizer: WhisperTokenizer) -> list[int]:
    """Tokens of single bytes that are no letters: random weights would write broken UTF-8 with them."""
    return [i for token, i in tokenizer.get_vocab().items() if len(token) == 1 and not token.isascii()]


@torch.no_grad()
def enliven(model: torch.nn.Module) -> None:
    """Weights so large that a mistake in attention, positions or norms shows."""
    for name, weight in model.named_parameters():
        if name.endswith("encoder.embed_positions.weight"):
            continue
        if weight.dim() > 1:
            weight.normal_(0, 1 if "embed" in name else 1.5 * weight[0].numel() ** -0.5)
        elif name.endswith("bias"):
            weight.normal_(0, 0.1)


def tokenizer_of(texts: list[str]) -> WhisperTokenizer:
    """Byte-level pairs learned from the texts, with Whisper's special tokens."""
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    learned.train_from_iterator(texts, trainer)
    model = json.loads(learned.to_str())["model"]
    vocabulary = model["vocab"] | {token: len(model["vocab"]) + i for i, token in enumerate(SPECIAL)}
    merges = [tuple(pair) for pair in model["merges"]]
    return WhisperTokenizer(
        vocab=vocabulary, merges=merges, pad_token=SPECIAL[0], additional_special_tokens=SPECIAL[1:]
    )
