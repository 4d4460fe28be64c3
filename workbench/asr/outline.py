"""A model's blocks from its files' names alone, so that the page can draw a freezing plan without loading torch.

A test holds the outline against the loaded model's blocks for every family.
"""

import json
import re
from pathlib import Path
from typing import Any

from workbench.core.types import Block

# Parametrised weights are stored under one pair of names and loaded under another; both count once.
_PARTS = (
    ("features", re.compile(r"\.feature_extractor\.")),
    ("projection", re.compile(r"\.feature_projection\.|\.masked_spec_embed$")),
    ("position", re.compile(r"\.encoder\.pos_conv_embed\.")),
    ("layer", re.compile(r"\.encoder\.layers\.(\d+)\.")),
    ("norm", re.compile(r"\.encoder\.layer_norm\.")),
    ("head", re.compile(r"^lm_head\.")),
)


def outline(folder: Path) -> tuple[Block, ...]:
    """The blocks of the CTC model in a folder, with their numbers of weights.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is not what its name says.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    counts: dict[str, int] = {}
    for file in sorted(folder.glob("*.safetensors")):
        for name, size in tensor_sizes(file).items():
            part = _part_of(name)
            if part:
                counts[part] = counts.get(part, 0) + size
    layers = int(config["num_hidden_layers"])
    norm_block = f"encoder {layers}" if config.get("do_stable_layer_norm") else "position"
    counts[norm_block] = counts.get(norm_block, 0) + counts.pop("norm", 0)
    named = [("features", "features"), ("projection", "projection"), ("position", "embed")]
    named += [(f"encoder {i + 1}", "encoder") for i in range(layers)] + [("head", "head")]
    return tuple(Block(name, kind, counts.get(name, 0)) for name, kind in named)


def n_frames(config: dict[str, Any], n_samples: int) -> int:
    """Frames that the convolutions of this config.json make of so many samples (valid convolutions, no padding)."""
    for kernel, stride in zip(config["conv_kernel"], config["conv_stride"], strict=True):
        n_samples = (n_samples - kernel) // stride + 1
    return max(0, n_samples)


def characters(folder: Path) -> frozenset[str]:
    """The characters that a folder's tokenizer can write, space and special tokens excluded."""
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    return frozenset(t for t in vocabulary if len(t) == 1 and t not in "| ")


def _part_of(tensor: str) -> str | None:
    for part, pattern in _PARTS:
        found = pattern.search(tensor)
        if found:
            return f"encoder {int(found[1]) + 1}" if part == "layer" else part
    return None


def tensor_sizes(file: Path) -> dict[str, int]:
    """Number of values of each tensor in a safetensors file, from its header (8 bytes length, then JSON)."""
    with file.open("rb") as f:
        header: dict[str, Any] = json.loads(f.read(int.from_bytes(f.read(8), "little")))
    sizes = {}
    for name, entry in header.items():
        if name != "__metadata__":
            sizes[name] = 1
            for n in entry["shape"]:
                sizes[name] *= n
    return sizes
