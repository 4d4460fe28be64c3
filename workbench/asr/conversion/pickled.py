"""Weights that PyTorch keeps in a file of its own (.pt, .bin): read as weights only, so that nothing in it can run.

Such a file is a ZIP of an index (a pickle) and the numbers, not compressed. A pickle can name any function; torch's
`weights_only` takes no other than those that build tensors.
"""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor

from workbench.asr.catalog.catalog import FREE_SHARE
from workbench.asr.weights.headers import FETCH_AGAIN, LFS_POINTER, MOST_NAME
from workbench.errors import ModelError
from workbench.files import FileProblem, open_regular, size_of
from workbench.language.said import say

MOST_ENTRIES = 20_000
COPIES = 2  # of the weights in memory: as read, and as they are written


def read_pickled(path: Path) -> Any:
    """What a file of torch's holds.

    Raises:
        FileProblem: It is none, is damaged, or holds more than weights.
        ModelError: There is too little memory for it.
    """
    size = size_of(path)
    _check_zip(path, size)
    free = psutil.virtual_memory().available
    if COPIES * size > free * FREE_SHARE:
        raise ModelError(
            say(
                "The file {path} needs about {copies:.1f} GB of memory and {free:.1f} GB are free; "
                "close other programs.",
                path=path,
                copies=COPIES * size / 1000000000.0,
                free=free / 1000000000.0,
            )
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as e:
        reason = say("holds more than weights, which could run a program when it is opened, so it was not opened")
        raise FileProblem(path, reason, say("ask its maker for safetensors, or for its weights alone")) from e
    except Exception as e:  # of a damaged file torch raises many kinds
        raise FileProblem(path, say("is damaged ({why})", why=type(e).__name__), FETCH_AGAIN) from e


def tensors_of(path: Path, document: Any) -> dict[str, Tensor]:
    """The tensors of a state dict that was read from this file.

    Raises:
        FileProblem: It is no such thing, or says to have more numbers than the file.
    """
    if not isinstance(document, Mapping) or not document:
        raise FileProblem(path, say("holds no list of weights"), FETCH_AGAIN)
    for name, value in document.items():
        if not isinstance(name, str) or len(name) > MOST_NAME or not isinstance(value, Tensor):
            raise FileProblem(
                path, say("holds what is no weight under the name '{name}'", name=str(name)[:40]), FETCH_AGAIN
            )
        if value.layout is not torch.strided or value.is_quantized:
            raise FileProblem(path, say("holds {name} in a form that cannot be used here", name=name[:80]), FETCH_AGAIN)
    once = {(t.data_ptr(), t.shape): t.numel() * t.element_size() for t in document.values()}
    if sum(once.values()) > size_of(path):
        raise FileProblem(path, say("tells of more numbers than it holds"), FETCH_AGAIN)
    return dict(document)


def _check_zip(path: Path, size: int) -> None:
    with open_regular(path) as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise FileProblem(
                path, say("is a pointer of git-lfs and not the weights themselves"), say("run 'git lfs pull' there")
            )
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as e:
            reason = say("is cut off, or no file that PyTorch 1.6 or newer has written")
            raise FileProblem(path, reason, FETCH_AGAIN) from e
    whole = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or whole > size or any(e.compress_type != zipfile.ZIP_STORED for e in entries):
        raise FileProblem(path, say("is packed as no model is"), FETCH_AGAIN)
