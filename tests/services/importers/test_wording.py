"""What an import refuses or remarks upon knows its values, so that a page can word it in another language."""

import zipfile

import pytest

from tests.conftest import speechlike
from workbench.language.said import Said
from workbench.services.importers import TierChoice, read_path

LIST = """file_name,text,split,offset,duration
here.wav,words,everywhere,,
,words,,,
missing.wav,words,,,
her.wav,words,,,
../outside.wav,words,,,
here.wav,words,,soon,
here.wav,words,,1,
here.wav,"[""one"", ""two""]",,,
here.wav,one,two,three,four,five
here.wav,"never closed
"""


def test_every_remark_of_a_list_is_a_sentence_with_values(folder, read, make_wav) -> None:
    make_wav("data/here.wav", samples=speechlike(0.5))
    make_wav("data/other.wav", samples=speechlike(0.5, seed=1))
    (folder / "metadata.csv").write_text(LIST)
    reading = read(folder)
    assert len(reading.rejected) == 9
    assert len(reading.warnings) == 2
    _all_said(*reading.rejected, *reading.warnings)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("here.txt", b"[00:01] one\n[00:02] two\n"),
        ("here.txt", b"<|en|> spoken"),
        ("here.txt", b"\xff\xfe"),
        ("here.vtt", b"no captions"),
        ("here.srt", b"1\n00:00:01,000 --> soon\nwords\n"),
        ("here.eaf", b"<ANNOTATION_DOCUMENT>"),
        ("here.TextGrid", b"ooBinaryFile"),
        ("list.csv", b"one,two\n1,2\n"),
        ("notes.doc", b"words"),
    ],
)
def test_so_is_what_is_said_of_other_files(folder, read, make_wav, name: str, content: bytes) -> None:
    make_wav("data/here.wav", samples=speechlike(0.5))
    (folder / name).write_bytes(content)
    reading = read(folder)
    assert reading.rejected or reading.warnings
    _all_said(*reading.rejected, *reading.warnings)


def test_so_is_what_is_said_of_an_archive(tmp_path, folder) -> None:
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("../out.wav", "/root.wav", "inner.zip", "a.doc", "b.doc", "a.txt", "A.txt"):
            archive.writestr(name, b"words")
    reading = read_path(packed, folder)
    assert len(reading.rejected) == 5
    _all_said(*reading.rejected, *reading.warnings)
    assert [str(problem.reason) for problem in reading.warnings] == ["not a sound file (2 files of the kind '.doc')"]


def test_a_choice_of_tiers_counts_the_other_files() -> None:
    tiers = ("Ann", "Ben")
    ways = [f"has several tiers with text ('{tiers[0]}', '{tiers[1]}'); name those that are meant with --tier."] * 3
    begins = ("a.eaf", "a.eaf (and 1 more file)", "a.eaf (and 2 more files)")
    for n, (first, rest) in enumerate(zip(begins, ways, strict=True), start=1):
        said = TierChoice({f"{letter}.eaf": tiers for letter in "abc"[:n]}).args[0]
        assert isinstance(said, Said)
        assert said == f"{first} {rest}"


def _all_said(*problems) -> None:
    plain = [words for p in problems for words in (p.reason, p.remedy) if not isinstance(words, Said)]
    assert plain == []
