"""A tiny random Moonshine, whose tokenizer knows pieces of words and each byte, as Llama's."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import (
    GenerationConfig,
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    PreTrainedTokenizerFast,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Processor,
)

from tests.asr.whisper import enliven

POSITIONS = 40  # tokens of a text
WORDS = ["▁", *"'.abcdefghijklmnopqrstuvwxyzHWTC", "he", "ll", "▁a", "oo"]
MERGES = [("h", "e"), ("l", "l"), ("▁", "a"), ("o", "o")]


def save_moonshine(folder: Path, *, tied: bool = True) -> Path:
    """Save a tiny random Moonshine and its processor."""
    torch.manual_seed(0)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS]
    pieces = Tokenizer(BPE({t: i for i, t in enumerate(tokens)}, MERGES, unk_token="<unk>", byte_fallback=True))
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    model = MoonshineForConditionalGeneration(
        MoonshineConfig(
            vocab_size=len(tokens),
            hidden_size=32,
            intermediate_size=48,
            encoder_num_hidden_layers=3,
            decoder_num_hidden_layers=2,
            encoder_num_attention_heads=2,
            decoder_num_attention_heads=2,
            max_position_embeddings=64,
            attention_dropout=0.1,
            pad_token_id=2,
            tie_word_embeddings=tied,
        )
    )
    enliven(model)
    model.generation_config = GenerationConfig(
        max_length=POSITIONS,
        decoder_start_token_id=1,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        suppress_tokens=list(range(259)),  # single bytes would make broken UTF-8, and no text would ever end
    )
    model.save_pretrained(folder)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=False, return_attention_mask=True)
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    return folder
