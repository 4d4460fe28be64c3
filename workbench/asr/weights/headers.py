"""What a safetensors file says of itself, judged before a byte of its weights is read.

A file is 8 bytes (the header's length, little endian), the header (JSON: name -> dtype, shape, data_offsets), and the
weights without gaps. Format: https://github.com/huggingface/safetensors#format
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.files import FileProblem, open_regular, parse_json, read_object
from workbench.language.said import say

MOST_HEADER = 2 * 2**20  # bytes; 3,000 tensors take a third of one million
MOST_INDEX = 2 * 2**20  # bytes
MOST_DIMENSIONS = 8
MOST_NAME = 500  # characters
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
FETCH_AGAIN = say("fetch or copy the model again")
LFS_POINTER = b"version https://git-lfs"
BYTES_OF = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
}

Shapes = dict[str, tuple[int, ...]]


def tensor_shapes(file: Path) -> Shapes:
    """Shape of each tensor in a safetensors file.

    Raises:
        FileProblem: Not such a file, cut off, or its header does not fit its size.
    """
    with open_regular(file) as opened:
        size = os.fstat(opened.fileno()).st_size
        start = opened.read(8)
        if LFS_POINTER.startswith(start) and start + opened.read(len(LFS_POINTER) - 8) == LFS_POINTER:
            raise FileProblem(
                file, say("is a pointer of git-lfs and not the weights themselves"), say("run 'git lfs pull' there")
            )
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length + 8 > size:
            raise FileProblem(file, say("is cut off or no safetensors file ({size:,} bytes)", size=size), FETCH_AGAIN)
        if length > MOST_HEADER:
            raise FileProblem(file, say("has a header of {size:,} bytes, which no model has", size=length), FETCH_AGAIN)
        header = parse_json(file, opened.read(length), unique=True)
    if not isinstance(header, dict):
        raise FileProblem(file, say("has a header that is no list of tensors"), FETCH_AGAIN)
    tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
    if not tensors:
        raise FileProblem(file, say("holds no weights"), FETCH_AGAIN)
    _check_places(file, {name: _place(file, name, entry) for name, entry in tensors.items()}, size - 8 - length)
    return {name: tuple(entry["shape"]) for name, entry in tensors.items()}


def weight_files(folder: Path) -> list[Path]:
    """The weights that transformers reads from a model folder; none where there are none.

    Without the adapters of single languages that lie beside MMS, or the same weights once more in another precision.

    Raises:
        FileProblem: The index of shards is unreadable, or names what is not in the folder.
    """
    if os.path.lexists(folder / WEIGHTS):
        return [folder / WEIGHTS]
    if os.path.lexists(folder / INDEX):
        return [folder / name for name in _shards(folder / INDEX)]
    return []


def all_shapes(folder: Path) -> Shapes:
    """Shape of each tensor of the model in a folder.

    Raises:
        FileProblem: A weight file is unusable, or two of them hold the same tensor.
    """
    shapes: Shapes = {}
    for file in weight_files(folder):
        found = tensor_shapes(file)
        twice = sorted(found.keys() & shapes.keys())
        if twice:
            raise FileProblem(
                file, say("holds {weights}, which another weight file holds too", weights=twice[0]), FETCH_AGAIN
            )
        shapes |= found
    return shapes


def _shards(index: Path) -> list[str]:
    places = read_object(index, most=MOST_INDEX).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise FileProblem(index, say("does not say in which files the weights are"), FETCH_AGAIN)
    names = set()
    for name in places.values():
        if not isinstance(name, str) or name != Path(name).name or not name.endswith(".safetensors"):
            said = str(name)[:80]
            raise FileProblem(
                index, say("names the weight file '{file}', which is no file of this folder", file=said), FETCH_AGAIN
            )
        names.add(name)
    return sorted(names)


def _place(file: Path, name: str, entry: Any) -> tuple[int, int]:
    """Where a tensor's bytes begin and end, after the header."""
    if len(name) > MOST_NAME or not isinstance(entry, Mapping):
        raise FileProblem(file, say("has a header that says nothing usable of {name}", name=name[:80]), FETCH_AGAIN)
    shape, place = _numbers(entry.get("shape")), _numbers(entry.get("data_offsets"))
    width = BYTES_OF.get(str(entry.get("dtype")))
    if width is None:
        kind = str(entry.get("dtype"))[:20]
        raise FileProblem(
            file,
            say("holds {name} as {kind}, which cannot be used here", name=name, kind=kind),
            say("save it as float32 or float16"),
        )
    if shape is None or len(shape) > MOST_DIMENSIONS or place is None or len(place) != 2:
        raise FileProblem(file, say("has a header that says nothing usable of {name}", name=name), FETCH_AGAIN)
    if math.prod(shape) * width != place[1] - place[0]:
        raise FileProblem(
            file,
            say(
                "has {size:,} bytes for {name}, whose shape is {shape}",
                size=place[1] - place[0],
                name=name,
                shape=shape,
            ),
            FETCH_AGAIN,
        )
    return place[0], place[1]


def _numbers(values: Any) -> list[int] | None:
    right = isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)
    return values if right else None


def _check_places(file: Path, places: Mapping[str, tuple[int, int]], n_bytes: int) -> None:
    """Tensors must fill the file from end to end: safetensors knows no gaps, and none may lie in another."""
    end = 0
    for name, (start, stop) in sorted(places.items(), key=lambda item: item[1]):
        if start != end:
            raise FileProblem(
                file,
                say("says that {name} begins at byte {place:,}, where no tensor begins", name=name, place=start),
                FETCH_AGAIN,
            )
        end = stop
    if end != n_bytes:
        raise FileProblem(
            file,
            say("holds {size:,} bytes of weights where its header tells of {told:,}", size=n_bytes, told=end),
            FETCH_AGAIN,
        )
