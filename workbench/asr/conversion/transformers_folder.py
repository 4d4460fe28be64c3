"""A folder of transformers' with pickled weights, in one file or in shards: the same folder with safetensors.

Also one with safetensors already, which is copied. What a Whisper folder may lack (feature extractor, tokenizer,
generation settings) is rebuilt where its sizes tell which one is right.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench.asr.catalog.kept_models import CARD
from workbench.asr.catalog.model_folder import CONFIG, LARGE, LARGE_FILES, SMALL_FILES, family_of, read_config
from workbench.asr.conversion.engines import Taken
from workbench.asr.conversion.pickled import read_pickled, tensors_of
from workbench.asr.conversion.whisper_folder import write_missing
from workbench.asr.conversion.whisper_tokenizer import TOKENIZER, tokenizer_for
from workbench.asr.weights.headers import FETCH_AGAIN, MOST_INDEX, WEIGHTS, all_shapes, weight_files
from workbench.asr.weights.limits import MOST_TOKENS, POSITIONS, WIDTH, check_number
from workbench.files import FileProblem, read_object, size_of
from workbench.language.said import say

PICKLED, INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"
COPIED = (*(name for name in SMALL_FILES if name != CARD), *LARGE_FILES, "merges.txt", "vocab.txt")
EMBEDDING, OUTPUT = "model.decoder.embed_tokens.weight", "proj_out.weight"
NEEDED = {"vocab_size": (1, MOST_TOKENS), "num_mel_bins": WIDTH, "max_source_positions": POSITIONS}
NEEDED |= {"max_target_positions": POSITIONS}


def holds_model(folder: Path) -> bool:
    """Whether a folder seems to be one of transformers'."""
    return any(os.path.lexists(folder / name) for name in (PICKLED, INDEX, WEIGHTS, f"{WEIGHTS}.index.json"))


def from_transformers(source: Path, out: Path) -> Taken:
    """Write a folder of ours from one of transformers'.

    Raises:
        FileProblem: A file is missing, damaged, or holds more than weights.
        ModelError: Too little memory.
    """
    config = read_config(source)
    if family_of(config) == "unsupported":
        names = str(config.get("architectures"))[:80]
        raise FileProblem(
            source, say("holds a model of another kind ({names})", names=names), say("choose a Whisper or a CTC model")
        )
    kind, weights = _weights(source)
    if torch.equal(weights.get(OUTPUT, torch.empty(0)), weights.get(EMBEDDING, torch.empty(1))):
        weights.pop(OUTPUT)  # tied: it is there once
    own = {name: t.detach().clone().contiguous() for name, t in weights.items()}  # none may share another's memory
    save_file(own, out / WEIGHTS, metadata={"format": "pt"})
    for name in COPIED:
        if os.path.lexists(source / name):
            size_of(source / name, most=LARGE)
            shutil.copyfile(source / name, out / name)
    if config["model_type"] == "whisper":
        _complete(source, out, config)
    return Taken(kind, sum(t.numel() for t in weights.values()))


def _weights(source: Path) -> tuple[str, dict[str, Tensor]]:
    if weight_files(source):
        all_shapes(source)  # judged before they are read
        return "safetensors", {n: t for file in weight_files(source) for n, t in load_file(file).items()}
    files = [source / PICKLED] if os.path.lexists(source / PICKLED) else _shards(source / INDEX)
    weights: dict[str, Tensor] = {}
    for file in files:
        weights |= tensors_of(file, read_pickled(file))
    return PICKLED, weights


def _shards(index: Path) -> list[Path]:
    places = read_object(index, most=MOST_INDEX).get("weight_map")
    names = set(places.values()) if isinstance(places, dict) and all(map(_is_shard, places.values())) else set()
    if not names:
        raise FileProblem(index, say("does not say in which files of its folder the weights are"), FETCH_AGAIN)
    return [index.parent / name for name in sorted(names)]


def _is_shard(name: Any) -> bool:
    return isinstance(name, str) and name == Path(name).name and name.endswith(".bin")


def _complete(source: Path, out: Path, config: Mapping[str, Any]) -> None:
    for name, bounds in NEEDED.items():
        value = config.get(name)
        check_number(source / CONFIG, name, "null" if value is None else value, bounds)
    if not ((out / TOKENIZER).is_file() or ((out / "vocab.json").is_file() and (out / "merges.txt").is_file())):
        shutil.copyfile(tokenizer_for(config["vocab_size"], source), out / TOKENIZER)
    write_missing(out, config)
