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
def replacing(path: Path, *, lasting: bool = False, private: bool = False) -> Iterator[Path]:
    """A temporary place beside a file: what is written there takes the file's place, unless an error ends it.

    Its name is hidden and its own, so that two processes may write one file. A killed process leaves it there; upkeep
    removes it a day later.

    Args:
        lasting: Whether it has to be on the disk before the old file goes, so that a power cut leaves one of the two.
        private: Whether only this user may read it; else the system's usual rights hold.
    """
    temporary = path.with_name(f".{path.name.lstrip('.')}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        if private:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield temporary
        if lasting:
            with temporary.open("r+b") as file:  # Windows syncs only what may be written
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
