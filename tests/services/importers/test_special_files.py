"""Pipes, devices, sockets and endless files in a folder or a list: never opened, one sentence each, and nothing hangs.

A test that fails here would wait for ever, hence the time limit.
"""

import os
import socket
from pathlib import Path

import pytest

from tests.conftest import speechlike
from tests.services.conftest import found, problems
from workbench.audio.decode import decode_file
from workbench.audio.recording import open_recording
from workbench.errors import AudioError, DataError
from workbench.services.importers.lines import first_lines, read_lines, read_rows, read_text

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names"),
]
SPECIAL = "a pipe, device or socket, not a file"


@pytest.fixture
def special(folder) -> Path:
    """A folder with one real sound and every kind of thing that is no file, under the endings that are looked at."""
    for ending in ("wav", "txt", "csv", "tsv", "jsonl", "eaf", "TextGrid", "srt", "vtt", "zip"):
        os.mkfifo(folder / f"pipe.{ending}")
        (folder / f"zero.{ending}").symlink_to("/dev/zero")
    os.mkfifo(folder / "metadata.csv")
    os.mkfifo(folder / "words.txt")
    os.mkfifo(folder / "wav.scp")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket.wav"))
    return folder


def test_a_folder_of_them_is_read_around_them(special, read, make_wav) -> None:
    make_wav("data/real.wav", samples=speechlike(0.5))
    reading = read(special)
    assert found(reading) == [("real.wav", "")]
    assert problems(reading) == [("metadata.csv and 23 more", None, SPECIAL)]


def test_few_of_them_are_told_by_name(folder, read, make_wav) -> None:
    os.mkfifo(folder / "a.wav")
    (folder / "b.TextGrid").symlink_to("/dev/zero")
    make_wav("data/real.wav", samples=speechlike(0.5))
    assert problems(read(folder)) == [("a.wav", None, SPECIAL), ("b.TextGrid", None, SPECIAL)]


def test_a_list_cannot_name_them(folder, write, read) -> None:
    os.mkfifo(folder / "pipe.wav")
    (folder / "zero.wav").symlink_to("/dev/zero")
    rows = '{"audio_filepath": "pipe.wav"}\n{"audio_filepath": "zero.wav"}\n{"audio_filepath": "/dev/zero"}\n'
    write({"manifest.jsonl": rows})
    reading = read(folder / "manifest.jsonl", allow_outside=True)
    assert [(line, reason) for _, line, reason in problems(reading)] == [(1, SPECIAL), (2, SPECIAL), (3, SPECIAL)]
    assert [reason for *_, reason in problems(read(folder / "manifest.jsonl"))][2] != SPECIAL  # it lies outside


@pytest.mark.parametrize("ending", ["wav", "zip", "csv", "jsonl", "txt", "TextGrid"])
def test_one_that_was_named_is_refused(folder, read, ending: str) -> None:
    os.mkfifo(folder / f"pipe.{ending}")
    (folder / f"zero.{ending}").symlink_to("/dev/zero")
    for name in (f"pipe.{ending}", f"zero.{ending}"):
        with pytest.raises(DataError, match=f"{name} is {SPECIAL}; put the file itself in its place"):
            read(folder / name)


def test_no_reader_opens_them_by_itself(folder, tmp_path) -> None:
    os.mkfifo(folder / "pipe")
    for path in (folder / "pipe", Path("/dev/zero")):
        with pytest.raises(AudioError, match="a pipe, device or folder, not a file"):
            decode_file(path)
        with pytest.raises(AudioError, match="a pipe, device or folder, not a file"), open_recording(path, tmp_path):
            pass
        for reader in (read_text, lambda p: list(read_rows(p, "list.csv")), lambda p: list(read_lines(p, "list"))):
            with pytest.raises(DataError, match="and not a file"):
                reader(path)
        assert first_lines(path) == ()


def test_files_of_the_kernel_that_never_end_are_empty(folder) -> None:
    endless = Path("/proc/self/pagemap")
    if not endless.exists():
        pytest.skip("this system has no /proc")
    with pytest.raises(AudioError, match="empty"):
        decode_file(endless)
    assert read_text(endless) == ""


def test_many_empty_sounds_are_one_sentence_and_are_not_decoded(collecting, folder, write, tmp_path) -> None:
    write({f"{n:04}.wav": b"" if n % 2 else b"RIFF" + bytes(40) for n in range(3000)})
    for report in (
        collecting.import_path(folder, "s"),
        collecting.add_files("s", [(path, path.name) for path in sorted(folder.iterdir())]),
    ):
        assert report.added == 0
        assert [(p.file, p.reason) for p in report.rejected] == [
            ("0000.wav and 2,999 more", "empty: no sound in it"),
        ]
