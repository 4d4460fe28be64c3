"""The shape of the small Whisper: its tokens, learned from the texts, its configuration and its processor."""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperProcessor,
    WhisperTokenizer,
)

from recipes.pretrain.clips import SAMPLE_RATE_HZ

WINDOW_S = 15
HOP = 320  # samples, 20 ms; the second convolution halves the frames
N_FFT = 512
FRAME = 2 * HOP  # samples of one encoder frame
N_TOKENS = 640  # 256 bytes and the merges of them
LONGEST_TEXT = 192  # tokens
END = "<|endoftext|>"
SPECIAL = (  # in Whisper's order; what lies above the last one would be a time stamp
    END, "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip


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
