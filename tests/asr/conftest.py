"""Tiny random models, saved as folders and loaded like a user's own.

Random weights are enough: what is tested is which weights move, that two ways of computing agree, and what the
files hold; none of that depends on what the model has learned. Real speech goes through the bundled model elsewhere.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2Processor

from workbench.asr.backend import Backend, ClipInput
from workbench.asr.catalog import folder_spec
from workbench.asr.loading import load

VOCABULARY = ["<pad>", "<s>", "</s>", "<unk>", "|", "'", *"abcdefghijklmnopqrstuvwxyz"]
SHAPE = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": (16, 16, 24),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (5, 8, 8),  # 320 samples: 20 ms a frame, as in the real ones
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
    "pad_token_id": 0,
    "layerdrop": 0.1,  # the libraries' default, which must not act here
}
# Both norm types of the feature encoder, both places of the encoder's norm, and the three architectures.
KINDS = {
    "wav2vec2-group": ("Wav2Vec2", {"feat_extract_norm": "group", "do_stable_layer_norm": False, "conv_bias": False}),
    "wav2vec2-layer": ("Wav2Vec2", {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}),
    "hubert-group": ("Hubert", {"feat_extract_norm": "group", "do_stable_layer_norm": False, "conv_bias": False}),
    "hubert-layer": ("Hubert", {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}),
    "data2vec": ("Data2VecAudio", {"num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5}),
}


def save_model(folder: Path, kind: str) -> Path:
    """Save a tiny random CTC model and its processor."""
    architecture, more = KINDS[kind]
    torch.manual_seed(0)
    config = getattr(transformers, f"{architecture}Config")(**{**SHAPE, **more})
    model = getattr(transformers, f"{architecture}ForCTC")(config)
    with torch.no_grad():  # a fresh head writes one letter everywhere; a larger one writes mixed text
        model.lm_head.weight.mul_(40)
    model.save_pretrained(folder)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({t: i for i, t in enumerate(VOCABULARY)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary), word_delimiter_token="|")
    extractor = Wav2Vec2FeatureExtractor(return_attention_mask="layer" in kind, do_normalize=True)
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    return folder


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
