"""ZIP archives: what comes in, and what hostile ones try. Each hostile one must leave nothing behind but a sentence."""

import io
import json
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.conftest import found, problems
from workbench.errors import DataError
from workbench.services.importers import ImportScan, archive

TABLE = "file_name,text\n"


def pack(path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return path


def special(name: str, kind: int, *, extra: bytes = b"") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3  # Unix
    info.external_attr = (kind | 0o644) << 16
    info.extra = extra
    return info


@pytest.fixture
def zipped(tmp_path) -> Callable[..., Path]:
    return lambda *entries, **options: pack(tmp_path / "set.zip", list(entries), **options)


def left_behind(tmp_path: Path) -> list[str]:
    """Files outside the scratch folder, under a name an archive chose."""
    known = {"set.zip"}
    return [str(p) for p in tmp_path.rglob("*") if p.is_file() and p.name not in known and "scratch" not in p.parts]


# What comes in


def test_every_kind_of_set_from_an_archive(zipped, read) -> None:
    path = zipped(
        ("corpus/", b""),
        ("corpus/metadata.csv", (TABLE + "train/a.wav,one\ntest\\b.flac,two\nc.wav,three\n").encode()),
        ("corpus/train/a.wav", b"x"),
        ("corpus/test/b.flac", b"x"),
        ("corpus/words.txt", b"metoprolol\n"),
        ("corpus/report.pdf", b"x"),
        ("corpus/.DS_Store", b"x"),
        ("__MACOSX/corpus/._metadata.csv", b"x"),
    )
    reading = read(path)
    assert [(c.name, c.text, c.split) for c in reading.candidates] == [
        ("a.wav", "one", "train"),
        ("b.flac", "two", None),
    ]
    assert reading.words == ["metoprolol"]
    assert problems(reading) == [("c.wav", 4, "text names a missing file")]
    assert problems(reading, "warnings") == [
        ("set.zip: corpus/report.pdf", None, "not a sound file (1 file of the kind '.pdf')")
    ]


def test_kaldi_and_common_voice_layouts_from_archives(zipped, read) -> None:
    entries = [("d/wav.scp", b"u /elsewhere/u.wav\n"), ("d/text", b"u said\n"), ("d/utt2spk", b"u ann\n")]
    assert [(c.text, c.speaker) for c in read(zipped(*entries, ("d/audio/u.wav", b"x"))).candidates] == [
        ("said", "ann")
    ]
    entries = [("cv/de/validated.tsv", b"client_id\tpath\tsentence\nann\ta.mp3\tgesagt\n"), ("cv/de/clips/a.mp3", b"x")]
    assert found(read(zipped(*entries))) == [("a.mp3", "gesagt")]


def test_an_archive_is_imported_and_nothing_of_it_stays(collecting, labelling, workspace, make_wav, tmp_path) -> None:
    sound = make_wav("a.wav").read_bytes()
    path = pack(tmp_path / "mine.zip", [("talk/a.wav", sound), ("talk/a.txt", b"hello"), ("talk/b.wav", b"broken")])
    report = collecting.import_path(path, "s")
    assert (report.added, [(p.file, p.reason.split(" (")[0]) for p in report.rejected]) == (
        1,
        [("b.wav", "unreadable")],
    )
    assert [(c.name, c.text) for c in labelling.clips("s")] == [("a.wav", "hello")]
    uploaded = collecting.add_files("t", [(path, "mine.zip"), (make_wav("c.wav", seed=2), "c.wav")])
    assert [c.name for c in labelling.clips("t")] == ["a.wav", "c.wav"]
    assert uploaded.added == 2
    assert list(workspace.temporary.iterdir()) == []


# Hostile ones, refused entry by entry: the good sound beside them comes in


EVIL = b"evil"
ENTRIES = {
    "climbs out": ("../evil.wav", "a path that leads out of the archive"),
    "climbs out in the middle": ("a/../../evil.wav", "a path that leads out of the archive"),
    "climbs out with backslashes": ("..\\..\\evil.wav", "a path that leads out of the archive"),
    "absolute": ("/tmp/evil.wav", "an absolute path"),
    "a drive": ("C:\\Windows\\evil.wav", "an absolute path"),
    "a server": ("\\\\server\\share\\evil.wav", "an absolute path"),
    "a symbolic link": (special("evil.wav", stat.S_IFLNK), "a link"),
    "a hard link": (special("evil.wav", stat.S_IFREG, extra=struct.pack("<HH12s4s", 0x0D, 16, b"", b"/etc")), "a link"),
    "a named pipe": (special("evil.wav", stat.S_IFIFO), "a device or pipe, not a file"),
    "a device": (special("evil.wav", stat.S_IFCHR), "a device or pipe, not a file"),
    "a socket": (special("evil.wav", stat.S_IFSOCK), "a device or pipe, not a file"),
    "a line break in its name": ("e\nvil.wav", "a name that no file can have"),
    "an escape sequence in its name": ("e\x1b[2Jvil.wav", "a name that no file can have"),
    "endless name": ("a/" * 600 + "evil.wav", "a path that is too long"),
    "the same name": ("good.wav", "a second file of the same name, case aside"),
    "the same name in capitals": ("GOOD.wav", "a second file of the same name, case aside"),
    "an archive inside": ("more.zip", "an archive inside the archive"),
    "an archive inside, otherwise packed": ("more.tar.gz", "an archive inside the archive"),
}


@pytest.mark.parametrize("trick", ENTRIES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_entries_are_refused_and_the_rest_comes_in(trick, zipped, read, tmp_path) -> None:
    entry, reason = ENTRIES[trick]
    reading = read(zipped(("good.wav", b"x"), (entry, EVIL)))
    assert [(c.name, c.path.read_bytes()) for c in reading.candidates] == [("good.wav", b"x")]
    ((_, _, said),) = problems(reading)
    assert said == reason
    assert "\n" not in reading.rejected[0].file
    assert "\x1b" not in reading.rejected[0].file
    assert reading.rejected[0].remedy
    assert left_behind(tmp_path) == []
    assert all(p.name[:6].isdigit() for p in (tmp_path / "scratch").rglob("*") if p.is_file())


def patched(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def with_flags(path: Path, flags: int, method: int | None = None) -> Path:
    """Set bits of the second entry's flags, and its method, in both of its headers."""
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(signature, content.index(signature) + 1)
        content[place + at] |= flags & 0xFF
        content[place + at + 1] |= flags >> 8
        if method is not None:
            content[place + at + 2 : place + at + 4] = struct.pack("<H", method)
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: with_flags(path, 0x1), "encrypted"),
        (lambda path: with_flags(path, 0x41), "encrypted"),
        (lambda path: with_flags(path, 0x2000), "encrypted"),
        (lambda path: with_flags(path, 0, 99), "packed in an unknown way (method 99)"),
        (lambda path: with_flags(path, 0, 9), "packed in an unknown way (method 9)"),
        (lambda path: patched(path, b"evil sound", b"evil SOUND"), "damaged in the archive"),
        (
            lambda path: patched(path, b"PK\x03\x04\x14\0\0\0\0\0", b"PK\x03\x05\x14\0\0\0\0\0"),
            "damaged in the archive",
        ),
    ],
    ids=["encrypted", "strongly encrypted", "masked", "AES", "deflate64", "wrong checksum", "wrong header"],
)
def test_entries_that_cannot_be_read(zipped, read, spoil, reason) -> None:
    path = zipped(("good.wav", b"x"), ("evil.wav", b"evil sound"), method=zipfile.ZIP_STORED)
    reading = read(spoil(path))
    assert ("set.zip: evil.wav", None, reason) in problems(reading)
    assert "evil.wav" not in [c.name for c in reading.candidates]


# Hostile ones, refused as a whole


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("zeros.wav", bytes(64 * 2**20))
    return packed.getvalue()


def swarm() -> bytes:
    """Many entries that are harmless one by one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for n in range(16):
            file.writestr(f"{n}.wav", bytes(4 * 2**20))
    return packed.getvalue()


def overlapping() -> bytes:
    """Two entries whose headers point at the same packed bytes, as in the quoting bomb."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        file.writestr("a.wav", bytes(1000))
        file.writestr("b.wav", bytes(1000))
    content = bytearray(packed.getvalue())
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(content)


def liar() -> bytes:
    """An entry that claims to be a hundred gigabytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        file.writestr("a.wav", bytes(1000), zipfile.ZIP_STORED)
    content = packed.getvalue()
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", 0xFFFFFFF0) + content[at + 28 :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bomb(), r"set\.zip is packed like a bomb: zeros\.wav would grow to 64 MB, 1,0\d\d times its size"),
        (swarm(), r"set\.zip is packed like a bomb: its 16 files would grow to 64 MB"),
        (overlapping(), r"set\.zip is packed like a bomb: its files share the same bytes"),
        (liar(), r"set\.zip is packed like a bomb: a\.wav would grow to 4,096 MB"),
        (b"", r"set\.zip is no ZIP archive, or a damaged one"),
        (b"this is no archive " * 100, r"set\.zip is no ZIP archive, or a damaged one"),
        (bomb()[:-300], r"set\.zip is no ZIP archive, or a damaged one"),
        (b"PK\x05\x06" + bytes(18), r"holds no sound files"),
    ],
    ids=["ratio", "swarm", "overlap", "claimed size", "empty", "text", "cut off", "nothing in it"],
)
def test_hostile_archives_are_refused_whole(read, tmp_path, content, message) -> None:
    (tmp_path / "set.zip").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "set.zip")
    assert left_behind(tmp_path) == []


def test_too_many_too_large_and_no_room(zipped, read, monkeypatch) -> None:
    path = zipped(*((f"{n}.wav", b"x" * 1000) for n in range(20)))
    assert len(read(path).candidates) == 20
    for limit, value, message in (
        ("MOST_ENTRIES", 19, "holds 20 files, more than 19"),
        ("LARGEST_TOTAL", 19_999, "would unpack to 0 GB"),
        ("SPARE_DISK", 2**62, "for which the disk has no room"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(archive, limit, value)
            with pytest.raises(DataError, match=message):
                read(path)


def test_lists_in_archives_cannot_lead_out_of_them(zipped, read, tmp_path, monkeypatch) -> None:
    outside = tmp_path / "secret.wav"
    outside.write_bytes(b"secret")
    rows = [{"audio_filepath": name} for name in (str(outside), "../secret.wav", "../../secret.wav", "a.wav")]
    manifest = "\n".join(map(json.dumps, rows)).encode()
    reading = read(zipped(("manifest.jsonl", manifest), ("a.wav", b"x")), allow_outside=True)
    assert [c.path.read_bytes() for c in reading.candidates] == [b"x"]
    assert [reason for _, _, reason in problems(reading)] == ["leads outside the folder of its list"] * 3
    eaf = (
        f'<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file://{outside}"/></HEADER></ANNOTATION_DOCUMENT>'
    )
    assert read(zipped(("a.eaf", eaf.encode()), ("b.wav", b"x"))).candidates[0].name == "b.wav"


def test_damaged_archives_are_a_sentence_or_a_reading_and_nothing_else(zipped, read, tmp_path) -> None:
    path = zipped(
        ("a/metadata.csv", (TABLE + "b.wav,one\n").encode() * 5), ("a/b.wav", b"sound" * 200), ("a/c.txt", b"x")
    )
    whole, rng, refused = path.read_bytes(), random.Random(0), []
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(damaged))
            damaged[at : at + rng.choice([1, 1, 4, 40])] = rng.randbytes(rng.choice([1, 1, 4, 0]))
        path.write_bytes(damaged)
        try:
            reading = read(path)
        except DataError as e:
            refused.append(str(e))
        else:
            assert all(c.path.is_relative_to(tmp_path / "scratch") for c in reading.candidates)
    assert refused
    assert all(sentence.startswith(("set.zip", str(path))) for sentence in refused)
    assert left_behind(tmp_path) == []


def test_an_archive_of_empty_files_is_refused_before_anything_is_unpacked(zipped, read, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(archive, "_extract", None)  # not called
    monkeypatch.setattr(archive, "_judged", None)
    for ending, content in (("wav", b""), ("wav", b"RIFF" + bytes(40)), ("txt", b""), ("TextGrid", b"")):
        path = zipped(*((f"set/{n}.{ending}", content) for n in range(3000)), method=zipfile.ZIP_STORED)
        with pytest.raises(DataError, match=r"set.zip holds 3,000 files and no sound or text in any of them"):
            read(path)


def test_empty_files_among_others_are_one_sentence_and_not_unpacked(zipped, read, tmp_path) -> None:
    reading = read(zipped(("a.wav", b"sound" * 20), *((f"e{n}.wav", b"") for n in range(500)), ("b.txt", b"")))
    assert [name for name, _ in found(reading)] == ["a.wav"]
    assert problems(reading) == [("set.zip: e0.wav and 500 more", None, "empty: no sound in it")]
    assert len(list((tmp_path / "scratch").rglob("*.wav"))) == 1


def test_an_archive_that_only_lists_files_does_not_fill_the_memory(zipped, read, monkeypatch) -> None:
    path = zipped(*((f"{n}.wav", b"x" * 100) for n in range(50)))
    assert len(read(path).candidates) == 50
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", 1000)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # not opened
    with pytest.raises(DataError, match="lists more files than can be looked at"):
        read(path)


def test_the_size_of_a_long_archives_list_is_found(tmp_path) -> None:
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 2**29, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 5, 1)
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, archive.OVERFLOWN, archive.OVERFLOWN, 0)
    path = tmp_path / "long.zip"
    path.write_bytes(b"start" + record + locator + end)
    with pytest.raises(DataError, match="lists more files than can be looked at"):
        archive.archive_place(path, "long.zip", tmp_path, ImportScan())
    beyond = struct.pack("<4sLQL", b"PK\6\7", 0, 2**64 - 1, 1)
    path.write_bytes(b"start" + record + beyond + end)
    with pytest.raises(DataError, match="is no ZIP archive, or a damaged one"):
        archive.archive_place(path, "long.zip", tmp_path, ImportScan())
