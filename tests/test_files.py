"""Only regular files are read, and no more of them than was asked for; the rest is a sentence that names the file."""

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.files import FileProblem, open_regular, parse_json, read_bytes, read_json, read_object, shown, size_of


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def itself(path: Path) -> None:
    path.symlink_to(path.name)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def sparse(path: Path) -> None:
    with path.open("wb") as f:
        f.truncate(10 * 2**30)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pipe, "is a pipe and not a file"),
        (endless, "is a device and not a file"),
        (itself, "leads back to itself"),
        (listening, "is a socket"),
        (Path.mkdir, "is a folder and not a file"),
        (sparse, r"10,737,418,240 bytes, and at most 1,000 are read"),
        (lambda path: path.symlink_to("gone"), "is missing"),
        (lambda path: None, "is missing"),
    ],
)
def test_what_is_no_regular_file_of_that_size_is_never_read(
    make: Callable[[Path], object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    make(Path("odd.json"))
    for read in (read_bytes, read_json, size_of):
        with pytest.raises(FileProblem, match=words) as caught:
            read(Path("odd.json"), most=1000)
        assert "odd.json" in str(caught.value)
        assert str(caught.value).endswith(".")


def test_a_file_whose_size_is_told_as_nothing_is_still_bounded() -> None:
    with pytest.raises(FileProblem, match="at most 10 are read"):
        read_bytes(Path("/proc/self/maps"), most=10)


def test_links_to_regular_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text('{"a": 1}')
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "link.json").symlink_to("../blob")
    assert read_object(tmp_path / "inner" / "link.json", most=100) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "reckoned with"),
        (b"[" * 65 + b"]" * 65, "more than 64 levels"),
        (b"[" * 500_000, "more than 64 levels"),
        (b"[" + b"0," * 700_001 + b"0]", "more than 700,000 values"),
        (b'{"a":' * 100_000, "more than 64 levels"),
        (b"9" * 10_000, "no readable JSON"),
        (b"\xff\xfe{}", "no readable JSON"),
        (b"", "no readable JSON"),
        (b"[1]", "no JSON object"),
        (b"null", "no JSON object"),
    ],
)
def test_json_that_would_be_trouble_later_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(FileProblem, match=words):
        read_object(tmp_path / "x.json", most=2**21)


def test_a_name_that_stands_twice_is_refused_where_asked(tmp_path: Path) -> None:
    assert parse_json(tmp_path, b'{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(FileProblem, match="a stands there twice"):
        parse_json(tmp_path, b'{"a": 1, "a": 2}', unique=True)
    assert parse_json(tmp_path, b"[" * 64 + b"]" * 64)


def test_a_file_that_may_not_be_read_is_said_so() -> None:
    user = os.geteuid()
    with tempfile.NamedTemporaryFile() as file:
        os.fchmod(file.fileno(), 0)
        if user == 0:  # who may read everything
            os.seteuid(65534)
        try:
            with pytest.raises(FileProblem, match="may not be read by this user"):
                open_regular(Path(file.name))
        finally:
            os.seteuid(user)


def test_a_name_of_any_bytes_can_be_said() -> None:
    shown(os.fsdecode(b"caf\xe9")).encode("utf-8")
