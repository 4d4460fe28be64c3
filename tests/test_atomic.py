"""A file that is replaced is the old one or the new one, never half of one, and nothing is left beside it."""

import json
import os
from pathlib import Path

import pytest

from workbench.atomic import replacing, write_json, write_text


def test_it_is_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_text(file, "old")
    write_json(file, {"Ärzte": 1}, lasting=True)
    assert json.loads(file.read_text(encoding="utf-8")) == {"Ärzte": 1}
    assert list(tmp_path.iterdir()) == [file]


def test_an_error_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write_text(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "new\ud800")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])


def test_the_temporary_one_is_hidden_and_its_own(tmp_path: Path) -> None:
    with replacing(tmp_path / ".a") as one, replacing(tmp_path / ".a") as other:
        assert one != other
        for temporary in (one, other):
            assert temporary.parent == tmp_path
            assert temporary.name.startswith(".a.")
            assert temporary.suffix == ".tmp"
            temporary.write_text(temporary.name)
    assert (tmp_path / ".a").read_text() == one.name


@pytest.mark.skipif(os.name == "nt", reason="Windows knows other rights")
def test_a_private_one_is_for_this_user(tmp_path: Path) -> None:
    for private in (True, False):
        file = tmp_path / str(private)
        with replacing(file, private=private) as temporary:
            temporary.write_bytes(b"sound")
        assert bool(file.stat().st_mode & 0o077) is not private
