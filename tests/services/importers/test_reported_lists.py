"""Lists and texts as other programs write them: read as what they are, or refused; no label that nobody said.

Each kind that was reported (`../shared/cases`) is here with further files of its kind.
"""

import io
import json
import shutil
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.conftest import found, problems
from workbench.services.importers import ImportScan

NFD = unicodedata.normalize("NFD", "Grün")
NFC = unicodedata.normalize("NFC", "Grün")


@pytest.fixture
def case(shared_cases: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a reported case, without its README."""

    def copy(name: str) -> Path:
        folder = Path(shutil.copytree(shared_cases / name, tmp_path / name))
        (folder / "README").unlink()
        return folder

    return copy


def warned(reading: ImportScan) -> str:
    return " | ".join(f"{w.file}: {w.reason}" for w in reading.warnings)


# ---- the cases themselves ----


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("lj_third_column_speaker", ["hello there friend", "good morning to you", "nice weather today"]),
        ("csv_open_quote", ["second text", "third text", 'fourth "text"']),
        ("nemo_nan_text", ["one", "", "three", "", "five"]),
        ("srt_no_blank_lines", ["first line", "second line", "third line"]),
        ("table_deepspeech", ["one", "two"]),
        ("table_other_name", ["one", "two"]),
        ("txt_audacity", ["first words", "second words", "third one"]),
        ("txt_textgrid", ["hello"]),
        ("txt_whisper_times", ["first words", "second words"]),
        ("vtt_youtube_rolling", ["first words here", "then more follow", "and the end"]),
        ("eaf_case", ["first", "second & more"]),
        ("eaf_silent_video", ["first", "second & more"]),
    ],
)
def test_reported_cases(case, read, name: str, texts: list[str]) -> None:
    reading = read(case(name), allow_outside=True)
    got = [text for _, text in found(reading) if text or name == "nemo_nan_text"]
    assert got == texts
    assert not any("<" in text or "-->" in text or text == "nan" for text in got)


def test_names_of_the_mac(case, read) -> None:
    folder = case("names_nfd")
    for archive in ("zip_finder.zip", "zip_nfd.zip", "zip_nfd_txt.zip"):
        reading = read(folder / archive)
        assert problems(reading) == [], archive
        assert len(reading.candidates) == 1
        assert reading.candidates[0].text
    for archive in folder.glob("*.zip"):
        archive.unlink()
    assert [c.text for c in read(folder).candidates] == ["one"]


# ---- a third column ----


def test_what_a_third_column_is_shows_beside_the_second(write, read) -> None:
    sounds = {f"wavs/{i}.wav": b"x" for i in range(4)}
    spelled = (
        "0|Chapter 2.|Chapter two.\n1|It cost £5.|It cost five pounds.\n2|Hello.|Hello.\n3|In 1999|In nineteen 99\n"
    )
    reading = read(write({**sounds, "metadata.csv": spelled}))
    assert [c.text for c in reading.candidates][:2] == ["Chapter two.", "It cost five pounds."]
    assert reading.warnings == []

    speakers = "0|hello there|p225\n1|good day|p226\n2|see you|p225\n3|bye|\n"
    reading = read(write({"metadata.csv": speakers}))
    assert [(c.text, c.speaker) for c in reading.candidates] == [
        ("hello there", "p225"),
        ("good day", "p226"),
        ("see you", "p225"),
        ("bye", None),
    ]
    assert "taken for the speaker" in warned(reading)

    headed = "audio_file|text|speaker_name\nwavs/0.wav|hello there|Ann\nwavs/1.wav|good day|Bob\n"
    reading = read(write({"metadata.csv": headed}))
    assert [(c.text, c.speaker) for c in reading.candidates] == [("hello there", "Ann"), ("good day", "Bob")]

    headed = "id|text|speaker\n0|hello there|Ann\n1|good day|Bob\n"
    reading = read(write({"metadata.csv": headed}))
    assert [(c.text, c.speaker) for c in reading.candidates] == [("hello there", "Ann"), ("good day", "Bob")]

    notes = "0|hello there|this one was recorded in the kitchen\n1|good day|please check the very last word again\n"
    reading = read(write({"metadata.csv": notes}))
    assert reading.candidates == []
    assert {reason for _, _, reason in problems(reading)} == {"a third column that is neither its text nor a name"}


# ---- texts that are none ----

DISGUISED = {
    "whisper.cpp": "[00:00:00.000 --> 00:00:02.000]   first words\n[00:00:02.000 --> 00:00:05.000]   second words\n",
    "faster-whisper": "[0.00s -> 2.00s] first words\n[2.00s -> 5.00s] second words\n",
    "srt": "1\n00:00:00,000 --> 00:00:02,000\nfirst words\n\n2\n00:00:02,000 --> 00:00:05,000\nsecond words\n",
    "srt, crlf": "1\r\n00:00:00,000 --> 00:00:02,000\r\nfirst words\r\n2\r\n00:00:02,000 --> 00:00:05,000\r\n"
    "second words\r\n",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:02.000\nfirst words\n\n00:02.000 --> 00:05.000\nsecond words\n",
    "whisper's tsv": "start\tend\ttext\n0\t2000\tfirst words\n2000\t5000\tsecond words\n",
    "audacity with commas": "0,0\t2,0\tfirst words\n2,0\t5,0\tsecond words\n",
    "audacity with frequencies": "0.0\t2.0\tfirst words\n\\\t100.0\t900.0\n2.0\t5.0\tsecond words\n",
    "textgrid, short": 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n5\n<exists>\n1\n"IntervalTier"\n"u"\n'
    '0\n5\n2\n0\n2\n"first words"\n2\n5\n"second words"\n',
}


@pytest.mark.parametrize("kind", DISGUISED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_text_file_that_is_another(write, read, kind: str, encoding: str) -> None:
    reading = read(write({"talk.wav": b"x", "talk.txt": DISGUISED[kind].encode(encoding)}))
    assert [(c.text, c.cut) for c in reading.candidates] == [("first words", (0, 2)), ("second words", (2, 5))]
    assert problems(reading) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\\rtf1\\ansi hello}", "RTF"),
        ("<html><body>hello</body></html>", "HTML"),
        ("hello there<|endoftext|>", "a control token (“<|endoftext|>”, line 1)"),
        ("hello\n00:12 there\n[00:15] you\n", "times (“[00:15]”, line 3)"),
        ("<i>hello</i>", "markup (“<i>”, line 1)"),
        ("[BLANK_AUDIO]", "a control token"),
    ],
)
def test_a_text_that_is_no_label_is_refused_with_its_line(write, read, text: str, said: str) -> None:
    reading = read(write({"talk.wav": b"x", "talk.txt": text}))
    assert [c.text for c in reading.candidates] == [""]
    assert said in warned(reading)


# ---- captions ----


def test_captions_without_empty_lines_and_with_numbers_that_are_said(write, read) -> None:
    srt = (
        "1\n00:00:00,000 --> 00:00:02,000\nten\n20\n2\n00:00:02,000 --> 00:00:04,000\nthirty\n\n\n"
        "3\n00:00:04,000 --> 00:00:06,000\nforty\n"
    )
    reading = read(write({"a.wav": b"x", "a.srt": srt}))
    assert [c.text for c in reading.candidates] == ["ten 20", "thirty", "forty"]
    no_numbers = "00:00:00,000 --> 00:00:02,000\none\n00:00:02,000 --> 00:00:04,000\ntwo\n"
    assert [c.text for c in read(write({"a.srt": no_numbers})).candidates] == ["one", "two"]


def test_rolling_captions_without_times_in_words(write, read) -> None:
    """As yt-dlp converts YouTube's to SRT."""
    lines = ["first words here", "then more follow", "and so on", "until the end"]
    cues, before = [], ""
    for i, line in enumerate(lines):
        shown = f"{before}\n{line}" if before else line
        cues.append(f"{2 * i + 1}\n00:00:0{2 * i},000 --> 00:00:0{2 * i + 2},000\n{shown}\n")
        cues.append(f"{2 * i + 2}\n00:00:0{2 * i + 2},000 --> 00:00:0{2 * i + 2},010\n{line}\n")
        before = line
    reading = read(write({"a.wav": b"x", "a.srt": "\n".join(cues)}))
    assert [c.text for c in reading.candidates] == lines


def test_captions_that_repeat_themselves_are_not_rolling(write, read) -> None:
    words = ["no", "no", "yes", "well", "well then", "bye"]
    cues = [f"{i + 1}\n00:00:0{i},000 --> 00:00:0{i + 1},000\n{w}\n" for i, w in enumerate(words)]
    assert [c.text for c in read(write({"a.wav": b"x", "a.srt": "\n".join(cues)})).candidates] == words


# ---- tables ----


@pytest.mark.parametrize(
    "quoted",
    [
        'a.wav,"to be or not\nb.wav,second\nc.wav,third\n',
        'a.wav,"to be or not\nb.wav,"second"\nc.wav,third\n',
        'a.wav,"to be or not\r\nb.wav,second\r\nc.wav,third',
    ],
)
def test_an_open_quote_costs_its_own_line_only(write, read, quoted: str) -> None:
    sounds = {f"{name}.wav": b"x" for name in "abc"}
    reading = read(write({**sounds, "metadata.csv": "file_name,text\n" + quoted}))
    assert [c.text for c in reading.candidates] == ["second", "third"]
    assert problems(reading) == [("metadata.csv", 2, "a quotation mark opens a text and nothing closes it")]


def test_a_text_over_several_lines_is_one(write, read) -> None:
    table = 'file_name,text\na.wav,"one,\ntwo, three\nfour"\nb.wav,"five ""six"""\n'
    reading = read(write({"a.wav": b"x", "b.wav": b"x", "metadata.csv": table}))
    assert [c.text for c in reading.candidates] == ["one, two, three four", 'five "six"']


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("liste.csv", "sep=;\nfile_name;text\na.wav;grün\nb.wav;zwei"),
        ("liste.csv", "\ufeffaudio;transcription\na.wav;grün\nb.wav;zwei"),
        ("x.tsv", "audio_file\tsentence\na.wav\tgrün\nb.wav\tzwei"),
        ("x.csv", "audio_file|text|speaker_name\na.wav|grün|Ann\nb.wav|zwei|Ann"),
        ("data.jsonl", '{"audio": "a.wav", "text": "grün"}\n{"audio": "b.wav", "text": "zwei"}'),
        (
            "cv.tsv",
            "client_id\taudio_id\taudio_file\tduration_ms\tprompt\ttranscription\nq\t1\ta.wav\t900\tFrage?\tgrün\nq\t2\tb.wav\t900\tF?\tzwei",
        ),
        ("train.csv", "wav_filename,wav_filesize,transcript\na.wav,1,grün\nb.wav,1,zwei"),
        ("project-1.csv", "audio,id,transcription\na.wav,7,grün\nb.wav,8,zwei"),
        ("texts.txt", "file_name,text\na.wav,grün\nb.wav,zwei"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_tables_under_any_name(write, read, name: str, content: str, encoding: str) -> None:
    if encoding == "cp1252" and (content.startswith("\ufeff") or name.endswith("jsonl")):
        pytest.skip("neither is written so")
    raw = content.lstrip("\ufeff").encode(encoding) if encoding == "utf-16" else content.encode(encoding)
    reading = read(write({"a.wav": b"x", "b.wav": b"x", name: raw}))
    assert found(reading) == [("a.wav", "grün"), ("b.wav", "zwei")]
    assert problems(reading) == []
    assert ("cp1252" in warned(reading)) == (encoding == "cp1252")
    if name == "train.csv":
        assert {c.split for c in reading.candidates} == {"train"}


LABEL_STUDIO = {
    "JSON-MIN": [{"audio": "/data/upload/1/ab-a.wav", "id": 1, "annotator": 1, "transcription": "grün"}],
    "JSON-MIN, a list": [{"audio": "/data/upload/1/ab-a.wav", "id": 1, "transcription": ["grün"]}],
    "JSON": [
        {
            "id": 1,
            "data": {"audio": "/data/upload/1/ab-a.wav"},
            "annotations": [
                {"result": [{"type": "textarea", "value": {"text": ["first try"]}}]},
                {"result": [{"type": "textarea", "value": {"text": ["grün"]}}]},
            ],
        }
    ],
}


@pytest.mark.parametrize("kind", LABEL_STUDIO)
def test_what_label_studio_exports(write, read, kind: str) -> None:
    reading = read(write({"ab-a.wav": b"x", "project-1-at-2026.json": json.dumps(LABEL_STUDIO[kind])}))
    assert found(reading) == [("ab-a.wav", "grün")]
    assert problems(reading) == []


def test_a_list_that_was_not_understood_stands_at_the_top(write, read) -> None:
    files = {"a.wav": b"x", "b.wav": b"x", "z.mid": b"x", "answers.csv": "clip;said\na;one\nb;two\n"}
    reading = read(write(files))
    assert [c.text for c in reading.candidates] == ["", ""]
    assert (first := reading.warnings[0]).file == "answers.csv"
    assert "was not understood (it begins with “clip;said”)" in first.reason


def test_nan_is_no_word_and_a_word_is_no_nan(write, read) -> None:
    rows = (
        '{"audio_filepath": "a.wav", "text": NaN}\n{"audio_filepath": "b.wav", "text": "nan"}\n'
        '{"audio_filepath": "c.wav"},\n'
    )
    reading = read(write({f"{n}.wav": b"x" for n in "abc"} | {"manifest.json": rows}))
    assert [c.text for c in reading.candidates] == ["", "nan", ""]
    assert problems(reading) == []


# ---- names ----


@pytest.mark.parametrize("there", [NFD, NFC, "GRÜN", "grün"])
@pytest.mark.parametrize("written", [f"{NFC}.wav", f"{NFD}.wav", "grün.WAV", "Grün.mp3", "Grün"])
def test_a_list_need_not_spell_names_as_the_disk_does(write, read, there: str, written: str) -> None:
    folder = write({f"{there}.wav": b"x", "data.csv": f"file_name,text\n{written},eins\n"})
    for place in (folder, folder / "data.csv"):
        reading = read(place)
        assert [c.text for c in reading.candidates] == ["eins"]
        assert problems(reading) == []
    assert ("of the same name here" in warned(read(folder))) == (".mp3" in written)


@pytest.mark.parametrize("written", ["/data/x/c4.wav", "C:\\\\data\\\\c4.wav", "/somebody/else/C4.WAV"])
def test_the_paths_of_another_machine(write, read, written: str) -> None:
    folder = write({"c4.wav": b"x", "manifest.json": f'{{"audio_filepath": "{written}", "text": "five"}}'})
    reading = read(folder)
    assert [c.text for c in reading.candidates] == ["five"]
    assert "the sound of the same name here was taken (c4.wav)" in warned(reading)


def test_texts_and_annotations_find_sounds_whatever_the_case(write, read) -> None:
    eaf = (
        '<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR RELATIVE_MEDIA_URL="./Talk.wav"/></HEADER><TIME_ORDER>'
        '<TIME_SLOT TIME_SLOT_ID="1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="2" TIME_VALUE="900"/></TIME_ORDER>'
        '<TIER TIER_ID="t"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a" TIME_SLOT_REF1="1" TIME_SLOT_REF2="2">'
        "<ANNOTATION_VALUE>eins</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"
    )
    reading = read(write({"TALK.WAV": b"x", "notes.eaf": eaf, f"{NFD}.wav": b"x", f"{NFC.lower()}.txt": "zwei"}))
    assert sorted(c.text for c in reading.candidates) == ["eins", "zwei"]
    assert problems(reading) == []


def test_two_that_differ_in_case_only_are_not_guessed_between(write, read) -> None:
    files = {"A.wav": b"x", "a.WAV": b"x", "data.csv": "file_name,text\na.wav,eins\n"}
    reading = read(write(files))
    assert [p[2] for p in problems(reading)] == ["text names a missing file"]


def test_what_is_nearly_there_is_named(write, read) -> None:
    reading = read(write({"order_01.wav": b"x", "data.csv": "file_name,text\norder-01.wav,eins\n"}))
    (problem,) = reading.rejected
    assert "there is order_01.wav" in problem.remedy


def test_archives_of_other_systems(tmp_path, read) -> None:
    """The flag that says UTF-8 is off, as Finder leaves it, or the names are DOS's."""
    for number, raw in enumerate((NFD.encode(), NFC.encode(), NFC.encode("cp437"))):
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            archive.writestr("aaaa.wav", b"x")
            archive.writestr("data.csv", f"file_name,text\n{NFC}.wav,eins\n".encode())
        data = written.getvalue().replace(b"aaaa", (raw + b"____")[:4]) if len(raw) == 4 else None
        if data is None:
            with zipfile.ZipFile(written := io.BytesIO(), "w") as archive:
                archive.writestr("a" * len(raw) + ".wav", b"x")
                archive.writestr("data.csv", f"file_name,text\n{NFC}.wav,eins\n".encode())
            data = written.getvalue().replace(b"a" * len(raw), raw)
        path = tmp_path / f"{number}.zip"
        path.write_bytes(data)
        reading = read(path)
        assert [c.text for c in reading.candidates] == ["eins"], raw


def test_names_that_differ_in_case_alone_keep_their_own_texts(write, read) -> None:
    reading = read(
        write({"a.wav": b"x", "A.wav": b"x", "a.txt": "small", "A.txt": "large", "B.WAV": b"x", "b.txt": "b"})
    )
    assert sorted(found(reading)) == [("A.wav", "large"), ("B.WAV", "b"), ("a.wav", "small")]


@pytest.mark.parametrize("written", ["a.wav", "A.wav", "a.mp3", "a", "/elsewhere/a.wav"])
def test_a_link_that_leads_outside_is_refused_however_it_is_spelled(write, read, tmp_path: Path, written: str) -> None:
    (tmp_path / "secret.wav").write_bytes(b"x")
    folder = write({"data.csv": f"file_name,text\n{written},eins\n"})
    (folder / "a.wav").symlink_to(tmp_path / "secret.wav")
    for place in (folder, folder / "data.csv"):
        assert [c for c in read(place).candidates if c.text] == []


@pytest.mark.parametrize("columns", ["text,file_name", "client_id,path,sentence", "file_name,text"])
def test_a_stray_quote_in_a_long_list_costs_its_line(write, read, columns: str) -> None:
    named = {"text": "words here", "file_name": "a.wav", "client_id": "q", "path": "a.wav", "sentence": "words here"}
    order = columns.split(",")
    lines = [",".join(named[c] for c in order) for _ in range(3_000)]
    lines[100] = ",".join('"' + named[c] if c in ("text", "sentence") else named[c] for c in order)
    reading = read(write({"a.wav": b"x", "data.csv": "\n".join([columns, *lines])}))
    assert len(reading.candidates) == 2_999
    assert problems(reading) == [("data.csv", 102, "a quotation mark opens a text and nothing closes it")]


def test_a_spelled_third_column_is_no_speaker(write, read) -> None:
    sounds = {f"wavs/{i}.wav": b"x" for i in range(3)}
    reading = read(write({**sounds, "metadata.csv": "0|5|five\n1|20 mg|twenty milligrams\n2|7|seven\n"}))
    assert [c.text for c in reading.candidates] == ["five", "twenty milligrams", "seven"]
    chinese = "0|今天，天气很好。|今天天气很好\n1|你好！|你好\n2|谢谢，再见。|谢谢再见\n"
    reading = read(write({"metadata.csv": chinese}))
    assert next((c.text, c.speaker) for c in reading.candidates) == ("今天天气很好", None)


# ---- what a first user brought ----


def test_regions_of_label_studio_keep_their_times(write, read) -> None:
    texts = ["one", "two"]
    spans = [{"start": 0.5, "end": 1.5, "labels": ["Speech"]}, {"start": 2, "end": 3, "labels": ["Speech"]}]
    whole = [{"id": 1, "data": {"audio": "a.wav"}, "annotations": [
        {"result": [{"value": {"text": ["old"]}}]},
        {"result": [{"value": {**span, "text": [text]}} for span, text in zip(spans, texts, strict=True)]},
        {"was_cancelled": True, "result": []},
    ]}]  # fmt: skip
    short = [{"audio": "a.wav", "label": spans, "transcription": texts}]
    for entries in (whole, short):
        reading = read(write({"a.wav": b"x", "project.json": json.dumps(entries)}))
        assert [(c.text, c.cut) for c in reading.candidates] == [("one", (0.5, 1.5)), ("two", (2, 3))]
    unclear = [{"audio": "a.wav", "transcription": texts}, {"audio": "a.wav", "transcription": ["one"]}]
    reading = read(write({"project.json": json.dumps(unclear)}))
    assert [p[2] for p in problems(reading)] == ["2 texts for one sound, without their times"]


@pytest.mark.parametrize(
    ("cell", "text", "refused"),
    [
        ('"{""text"":[""one two""]}"', "one two", 0),
        ('"[""one two""]"', "one two", 0),
        ('"[""one"",""two""]"', "", 1),
        ("[laughs] one", "[laughs] one", 0),
        ("NaN", "", 0),
        ("nan", "nan", 0),
    ],
)
def test_cells_that_hold_json_or_nothing(write, read, cell: str, text: str, refused: int) -> None:
    table = f"audio,transcription,speaker\na.wav,{cell},nan\n"
    reading = read(write({"a.wav": b"x", "project.csv": table}))
    assert [(c.text, c.speaker) for c in reading.candidates] == ([] if refused else [(text, None)])
    assert len(reading.rejected) == refused


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "start\tend\ttext\n0\t2000\tfirst words\n2000\t5000\tsecond words\n"),
        ("a.json", '{"text": "x", "segments": [{"start": 0, "end": 2.0, "text": " first words"},'
         ' {"start": 2.0, "end": 5, "text": " second words"}], "language": "en"}'),
        ("a.sbv", "0:00:00.000,0:00:02.000\nfirst words\n\n0:00:02.000,0:00:05.000\nsecond words\n"),
    ],
)  # fmt: skip
def test_other_outputs_of_recognisers(write, read, name: str, content: str) -> None:
    reading = read(write({"a.wav": b"x", name: content}))
    assert [(c.text, c.cut) for c in reading.candidates] == [("first words", (0, 2)), ("second words", (2, 5))]
    assert (reading.warnings, problems(reading)) == ([], [])


def test_tags_of_speakers_are_speakers(write, read) -> None:
    srt = (
        "1\n00:00:00,000 --> 00:00:01,000\n[SPEAKER_00]: hello\n\n2\n00:00:01,000 --> 00:00:02,000\nSPEAKER_01: bye\n"
        "\n3\n00:00:02,000 --> 00:00:03,000\nnobody\n"
    )
    reading = read(write({"a.wav": b"x", "a.srt": srt}))
    assert [(c.text, c.speaker) for c in reading.candidates] == [
        ("hello", "SPEAKER_00"),
        ("bye", "SPEAKER_01"),
        ("nobody", None),
    ]


@pytest.mark.parametrize("text", ["0:00 the river\n0:02 rose\n", "Speaker 1  0:00\nthe river\nSpeaker 2  0:04\nrose\n"])
def test_stamps_at_lines_are_no_words(write, read, text: str) -> None:
    reading = read(write({"a.wav": b"x", "a.txt": text}))
    assert [c.text for c in reading.candidates] == [""]
    assert "begin or end with times" in warned(reading)
    assert [c.text for c in read(write({"a.txt": "10:30 is when we meet"})).candidates] == ["10:30 is when we meet"]


def test_of_two_columns_with_one_name_the_first_is_read_and_said(write, read) -> None:
    reading = read(write({"a.wav": b"x", "data.csv": "file_name,text,text\na.wav,one,two\n"}))
    assert [c.text for c in reading.candidates] == ["one"]
    assert "several columns are called text" in warned(reading)


def test_xtts_splits(write, read) -> None:
    head = "audio_file|text|speaker_name\n"
    files = {"metadata_train.csv": head + "a.wav|eins|x\n", "metadata_eval.csv": head + "b.wav|zwei|x\n"}
    reading = read(write({"a.wav": b"x", "b.wav": b"x", **files}))
    assert {c.text: c.split for c in reading.candidates} == {"eins": "train", "zwei": "dev"}


@pytest.mark.parametrize("written", ["a.wav", "/data/upload/3/1a2b3c4d-a.wav", "/data/local-files/?d=sub/a.wav"])
def test_sounds_in_another_folder_of_the_set(write, read, written: str) -> None:
    reading = read(write({"sub/a.wav": b"x", "data.csv": f"audio,text\n{written},eins\n"}))
    assert [c.text for c in reading.candidates] == ["eins"]


def test_two_that_may_be_meant_are_named(write, read) -> None:
    reading = read(write({"A.wav": b"x", "a.wav": b"x", "data.csv": "file_name,text\na.WAV,eins\n"}))
    assert reading.rejected[0].remedy == "write which of A.wav and a.wav is meant, letter for letter"
