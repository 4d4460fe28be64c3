# ruff: noqa: PT017 (an example may be refused or not)
"""Lists and texts made up at random: read, or refused in a sentence; nothing else, and no label that nobody said."""

import json
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.core.text.unspoken import unspoken
from workbench.errors import DataError
from workbench.services.importers import ImportOptions, ImportScan, read_path
from workbench.services.importers.annotations import Unreadable
from workbench.services.importers.candidates import Refused
from workbench.services.importers.disguised import check_plain, read_console, read_track, reader_of
from workbench.services.importers.elan import read as read_elan
from workbench.services.importers.subtitles import read_srt, read_vtt
from workbench.services.importers.textgrid import read as read_textgrid

STEADY: Final = settings(
    max_examples=120,
    derandomize=True,  # the same examples each time: CI finds what a desk finds
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BITS: Final = st.sampled_from(
    [
        "00:00:01,000 --> 00:00:02,000", "00:01.000 --> 00:02.000", "[00:00.000 --> 00:02.000]", "[0.00s -> 2.00s]",
        "WEBVTT", "1", "2", "\n", "\n\n", "\r\n", " ", "\t", "|", ",", ";", '"', "'", "{", "}", "<", ">", "<c>", "</i>",
        "file_name", "text", "a.wav", "b.wav", "hello there", "NaN", "null", "0.5\t1.5\t", "sep=;", "\ufeff", "\0",
        "<|endoftext|>", "xmin = 0", 'File type = "ooTextFile"', "<ANNOTATION_DOCUMENT>", "é", "ä̂", "日本", "\u202e",
    ]
)  # fmt: skip
TEXTS: Final = st.one_of(st.lists(BITS, max_size=25).map("".join), st.text(max_size=200))
BYTES: Final = st.one_of(
    TEXTS.map(lambda t: t.encode("utf-8", errors="surrogatepass")),
    TEXTS.map(lambda t: t.encode("utf-16", errors="surrogatepass")),
    TEXTS.map(lambda t: t.encode("cp1252", errors="replace")),
    st.binary(max_size=300),
)
VALUES: Final = st.one_of(st.none(), st.floats(), st.integers(), TEXTS)


def import_from(files: dict[str, bytes]) -> ImportScan | None:
    """What an import of a folder finds; None where it says that it cannot."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            return read_path(Path(folder), Path(scratch), ImportOptions())
        except DataError as e:
            assert str(e)
            return None


@pytest.mark.parametrize("read", [read_srt, read_vtt, read_track, read_console, read_elan, read_textgrid])
@STEADY
@given(content=BYTES)
def test_readers_of_times(read, content: bytes) -> None:
    try:
        found = read(content, "a")
    except Unreadable as e:
        assert e.reason
        assert e.remedy
        return
    for spans in found.tiers.values():
        for span in spans:
            assert span.text.strip()
            assert "\n" not in span.text
            assert span.line >= 1


@pytest.mark.parametrize(
    "name", ["metadata.csv", "data.csv", "x.tsv", "manifest.jsonl", "data.json", "trans.txt", "wav.scp"]
)
@STEADY
@given(content=BYTES)
def test_lists(name: str, content: bytes) -> None:
    reading = import_from({name: content, "a.wav": b"x", "b.wav": b"x"})
    if reading is None:
        return
    for candidate in reading.candidates:
        assert candidate.path.name in ("a.wav", "b.wav")
        assert "\n" not in candidate.text
        assert candidate.text == " ".join(candidate.text.split())
    for problem in (*reading.rejected, *reading.warnings):
        assert problem.reason
        assert problem.remedy


@STEADY
@given(content=BYTES)
def test_a_text_beside_a_sound_is_a_label_that_somebody_said_or_is_told(content: bytes) -> None:
    reading = import_from({"a.txt": content, "a.wav": b"x"})
    if reading is None:
        return
    for candidate in reading.candidates:
        if candidate.cut is None:
            assert unspoken(candidate.text) is None
    told = reading.warnings or reading.rejected
    assert any(c.text for c in reading.candidates) or told or _is_blank(content)


def _is_blank(content: bytes) -> bool:
    """Whether nothing that is seen stands in a text."""
    from workbench.core.text.clean import clean_label

    try:
        return not clean_label(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return False


@STEADY
@given(text=TEXTS)
def test_plain_text_is_refused_with_a_reason_or_holds_nothing_unspoken(text: str) -> None:
    assert reader_of(b"just words") is None
    try:
        check_plain(text)
    except Refused as refused:
        assert refused.reason
        assert refused.remedy
    else:
        assert all(unspoken(line) is None for line in text.split("\n"))


@STEADY
@given(values=st.lists(st.dictionaries(st.one_of(st.just("text"), TEXTS), VALUES, max_size=4), max_size=4))
def test_json_of_any_shape(values: list[dict[str, object]]) -> None:
    rows = [{"audio_filepath": "a.wav", **value} for value in values]
    reading = import_from({"manifest.jsonl": "\n".join(map(json.dumps, rows)).encode(), "a.wav": b"x"})
    written = {value for entry in values for value in entry.values() if isinstance(value, str)}
    assert reading is None or all(c.text != "nan" or "nan" in written for c in reading.candidates)
