"""Tiny random models, saved as folders and loaded like a user's own.

Random weights are enough: what is tested is which weights move, that two ways of computing agree, and what the
files hold; none of that depends on what the model has learned. Real speech goes through the bundled model elsewhere.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.decoders import Metaspace as MetaspaceDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Metaspace
from transformers import (
    ParakeetCTCConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    ParakeetProcessor,
    ParakeetTokenizer,
    SeamlessM4TFeatureExtractor,
    Wav2Vec2BertProcessor,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
)

from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import Backend, ClipInput

VOCABULARY = ["<pad>", "<s>", "</s>", "<unk>", "|", "'", *"abcdefghijklmnopqrstuvwxyz"]
LAYERS = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "layerdrop": 0.1,  # the libraries' default, which must not act here
}
SHAPE = {
    **LAYERS,
    "vocab_size": len(VOCABULARY),
    "conv_dim": (16, 16, 24),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (5, 8, 8),  # 320 samples: 20 ms a frame, as in the real ones
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
    "output_hidden_size": 32,
    "pad_token_id": 0,
}
BERT = {
    **LAYERS,
    "vocab_size": len(VOCABULARY),
    "output_hidden_size": 32,
    "conv_depthwise_kernel_size": 5,
    "left_max_position_embeddings": 8,
    "right_max_position_embeddings": 4,
    "mask_time_prob": 0.05,
    "pad_token_id": 0,
}
GROUP = {"feat_extract_norm": "group", "do_stable_layer_norm": False, "conv_bias": False}
LAYER = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
# Both norm types of the feature encoder, both places of the encoder's norm, and every architecture.
KINDS = {
    "wav2vec2-group": ("Wav2Vec2", {**SHAPE, **GROUP}),
    "wav2vec2-layer": ("Wav2Vec2", {**SHAPE, **LAYER}),
    "wav2vec2-adapter": ("Wav2Vec2", {**SHAPE, **LAYER, "add_adapter": True, "num_adapter_layers": 2}),
    "mms": ("Wav2Vec2", {**SHAPE, **LAYER, "adapter_attn_dim": 4}),
    "hubert-group": ("Hubert", {**SHAPE, **GROUP}),
    "hubert-layer": ("Hubert", {**SHAPE, **LAYER}),
    "hubert-batch": ("Hubert", {**SHAPE, **GROUP, "conv_pos_batch_norm": True}),
    "data2vec": ("Data2VecAudio", {**SHAPE, "num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5}),
    "wavlm-group": ("WavLM", {**SHAPE, **GROUP}),
    "wavlm-layer": ("WavLM", {**SHAPE, **LAYER}),
    "conformer": ("Wav2Vec2Conformer", {**SHAPE, **LAYER, "conv_depthwise_kernel_size": 5}),
    "w2v-bert": ("Wav2Vec2Bert", BERT),
    "w2v-bert-adapter": (
        "Wav2Vec2Bert",
        {**BERT, "add_adapter": True, "num_adapter_layers": 1, "use_intermediate_ffn_before_adapter": True},
    ),
    "parakeet": ("Parakeet", {}),
}
PIECES = ["<unk>", "▁", "'", *"abcdefghijklmnopqrstuvwxyz", "he", "ll", "▁a", "oo", "ello"]  # of words, for Parakeet
MERGES = [("h", "e"), ("l", "l"), ("▁", "a"), ("o", "o"), ("e", "ll"), ("ell", "o")]


def save_model(folder: Path, kind: str) -> Path:
    """Save a tiny random CTC model and its processor."""
    architecture, shape = KINDS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    if architecture == "Parakeet":
        model, processor = parakeet()
    else:
        config = getattr(transformers, f"{architecture}Config")(**shape)
        model = getattr(transformers, f"{architecture}ForCTC")(config)
        processor = letters(folder, kind)
    enliven(model)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    if kind == "mms":
        save_adapter(folder, "deu", len(german()))
    return folder


def save_adapter(folder: Path, language: str, n_letters: int) -> None:
    """A random adapter of another language beside an MMS model, as the hub has them."""
    model = Wav2Vec2ForCTC.from_pretrained(folder)
    sizes = {n: p.shape for n, p in model._get_adapters().items()}
    sizes |= {"lm_head.weight": (n_letters, 32), "lm_head.bias": (n_letters,)}
    save_file({n: torch.randn(size) for n, size in sizes.items()}, folder / f"adapter.{language}.safetensors")


@torch.no_grad()
def enliven(model: torch.nn.Module) -> None:
    """Weights so large that a mistake in attention, positions or norms shows, and that mixed text is written."""
    for name, weight in model.named_parameters():
        if "embed" in name and "weight" in name and weight.dim() == 2:
            weight.normal_(0, 1)
        elif weight.dim() > 1 and "parametrizations" not in name:
            weight.normal_(0, weight[0].numel() ** -0.5)
        if name in ("lm_head.weight", "ctc_head.weight"):
            weight.mul_(4)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):  # fresh ones would do nothing
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)


def letters(folder: Path, kind: str) -> Any:
    """A processor that writes letters."""
    vocabulary = {t: i for i, t in enumerate(VOCABULARY)}
    language = {"target_lang": "eng"} if kind == "mms" else {}
    file = folder / "vocab.json"
    file.write_text(json.dumps({"eng": vocabulary, "deu": german()} if language else vocabulary))
    tokenizer = Wav2Vec2CTCTokenizer(str(file), word_delimiter_token="|", **language)
    if kind.startswith("w2v-bert"):
        return Wav2Vec2BertProcessor(feature_extractor=SeamlessM4TFeatureExtractor(), tokenizer=tokenizer)
    extractor = Wav2Vec2FeatureExtractor(return_attention_mask="group" not in kind, do_normalize=True)
    return Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer)


def german() -> dict[str, int]:
    """The alphabet of a second language, in another order and with one letter more."""
    return {t: i for i, t in enumerate([*VOCABULARY[:5], "ü", *VOCABULARY[:4:-1]])}


def parakeet() -> tuple[Any, Any]:
    """A Parakeet model and its processor, whose tokenizer knows pieces of words; the blank comes last."""
    vocabulary = {piece: i for i, piece in enumerate([*PIECES[:-2], "ell", *PIECES[-2:], "<pad>"])}
    encoder = {
        **LAYERS,
        "conv_kernel_size": 5,
        "subsampling_conv_channels": 4,
        "num_mel_bins": 16,
    }
    model = ParakeetForCTC(
        ParakeetCTCConfig(vocab_size=len(vocabulary), pad_token_id=vocabulary["<pad>"], encoder_config=encoder)
    )
    pieces = Tokenizer(BPE(vocabulary, MERGES, unk_token="<unk>", fuse_unk=True))
    pieces.pre_tokenizer = Metaspace()
    pieces.decoder = MetaspaceDecoder()
    tokenizer = ParakeetTokenizer(tokenizer_object=pieces, unk_token="<unk>", pad_token="<pad>")
    return model, ParakeetProcessor(ParakeetFeatureExtractor(feature_size=16), tokenizer)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of this kind, made once a session."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = save_model(tmp_path_factory.mktemp(kind), kind)
        return made[kind]

    return make


@pytest.fixture
def backend_of(model_folder: Callable[[str], Path]) -> Callable[[str], Backend]:
    """A freshly loaded tiny model of this kind."""
    return lambda kind: load(folder_spec(model_folder(kind)))


@pytest.fixture
def clips() -> list[ClipInput]:
    """Noise of unequal lengths, 0.4 to 1.1 s."""
    rng = np.random.default_rng(0)
    return [ClipInput(rng.normal(0, 0.1, n).astype(np.float32)) for n in (6400, 11_111, 17_600, 9000)]
