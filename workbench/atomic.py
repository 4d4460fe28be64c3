"""Files that appear whole or not at all: written beside their place, then put there by one rename."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"  # how a half-written file's name ends


@contextmanager
def replacing(path: Path, *, lasting: bool = False) -> Iterator[Path]:
    """A temporary place beside a file: what is written there takes the file's place, unless an error ends it.

    Args:
        lasting: Whether it has to be on the disk before the old file goes, so that a power cut leaves one of the two.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        yield temporary
        if lasting:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, lasting: bool = False) -> None:
    with replacing(path, lasting=lasting) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, document: Any, *, indent: int | None = None, lasting: bool = False) -> None:
    write_text(path, json.dumps(document, ensure_ascii=False, indent=indent), lasting=lasting)
