"""Lists as their makers write them: LJSpeech, Common Voice, Azure, Kaldi, NeMo with hypotheses; and every refusal."""

import json
from pathlib import Path

import pytest

from tests.services.conftest import found, problems
from workbench.errors import DataError, UnknownNameError
from workbench.services.importers import FORMATS, ImportOptions

MISSING = "text names a missing file"


# LJSpeech: three lines of the release, as they stand in its metadata.csv.
LJSPEECH = (
    "LJ001-0001|Printing, in the only sense with which we are at present concerned|Printing, in the only sense with"
    " which we are at present concerned\n"
    'LJ001-0007|the earliest book printed with movable types, the Gutenberg, or "forty-two line Bible" of about 1455,|'
    'the earliest book printed with movable types, the Gutenberg, or "forty-two line Bible" of about'
    " fourteen fifty-five,\n"
    "LJ001-0008|has never been surpassed.|has never been surpassed.\n"
)


def test_ljspeech(write, read) -> None:
    sounds = {f"wavs/LJ001-000{n}.wav": b"x" for n in (1, 7, 8)}
    reading = read(write({"metadata.csv": LJSPEECH, "README": "about", **sounds}))
    assert problems(reading) == problems(reading, "warnings") == []
    assert [c.name for c in reading.candidates] == ["LJ001-0001.wav", "LJ001-0007.wav", "LJ001-0008.wav"]
    assert reading.candidates[1].text.endswith('"forty-two line Bible" of about fourteen fifty-five,')
    assert [c.line for c in reading.candidates] == [1, 2, 3]


def test_ljspeech_refusals(write, read) -> None:
    lines = ["a|one", "b|", "c", "d|two|three|four", "|five", "none|six", "../out|seven", "e.wav|eight|"]
    content = "\n".join(lines).encode() + b"\nf|caf\xe9\n"
    write({"../out.wav": b"x", "metadata.csv": content, "wavs/a.wav": b"x", "b.flac": b"x", "e.wav": b"x"})
    reading = read(write({"wavs/extra.wav": b"x"}))
    assert found(reading) == [("a.wav", "one"), ("b.flac", ""), ("e.wav", "eight")]
    assert problems(reading) == [
        ("c", 3, "1 value between bars instead of 2 or 3"),
        ("d", 4, "4 values between bars instead of 2 or 3"),
        ("metadata.csv", 5, "names no sound"),
        ("none", 6, MISSING),
        ("../out", 7, "leads outside the folder of its list"),
        ("metadata.csv", 9, "not UTF-8 text"),
    ]
    assert problems(reading, "warnings") == [("wavs/extra.wav", None, "not named in the list (1 file)")]


# Common Voice 17: the header of the release; sentences hold quotation marks that quote nothing.
CV_HEADER = (
    "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_votes\tage\tgender\taccents\tvariant"
    "\tlocale\tsegment\n"
)


def cv(client: str, path: str, sentence: str, locale: str = "sv-SE") -> str:
    return f"{client}\t{path}\t6f1c\t{sentence}\t\t2\t0\t\t\t\t\t{locale}\t\n"


def test_common_voice_release(write, read) -> None:
    rows = {n: cv(f"{n:03}abc", f"common_voice_sv-SE_{n}.mp3", f'"Hej, sade {n}.') for n in range(6)}
    reading = read(
        write(
            {
                **{f"clips/common_voice_sv-SE_{n}.mp3": b"x" for n in range(6)},
                "train.tsv": CV_HEADER + rows[0] + rows[1],
                "dev.tsv": CV_HEADER + rows[2],
                "test.tsv": CV_HEADER + rows[3],
                "validated.tsv": CV_HEADER + rows[0] + rows[1] + rows[2] + rows[3] + rows[4],
                "invalidated.tsv": CV_HEADER + rows[5],
                "reported.tsv": "sentence\tsentence_id\tlocale\treason\nx\t1\tsv-SE\tgrammar\n",
                "clip_durations.tsv": "clip\tduration[ms]\nx.mp3\t12\n",
            }
        )
    )
    numbers = [int(c.name[-5]) for c in reading.candidates]
    assert sorted(zip(numbers, (c.split for c in reading.candidates), strict=True)) == [
        (0, "train"),
        (1, "train"),
        (2, "dev"),
        (3, "test"),
        (4, None),
    ]
    first = next(c for c in reading.candidates if c.name.endswith("_0.mp3"))
    assert (first.text, first.speaker, first.language) == ('"Hej, sade 0.', "000abc", "sv-SE")
    assert problems(reading) == []
    assert ("invalidated.tsv", None, "left out: clips that listeners rejected") in problems(reading, "warnings")


def test_one_common_voice_table(write, read) -> None:
    write({"clips/a.mp3": b"x", "clips/b.mp3": b"x"})
    lines = [cv("c", "a", "ett"), cv("c", "none.mp3", "två"), cv("c", "", "tre"), "c\tb.mp3\t1\tfyra\n"]
    folder = write({"other.tsv": CV_HEADER + "".join(lines) + cv("c", "b.mp3", "fem").rstrip("\n") + "\tx\n"})
    reading = read(folder / "other.tsv")
    assert [(c.name, c.text, c.confirmed) for c in reading.candidates] == [
        ("a", "ett", False),
        ("b.mp3", "fyra", False),
    ]
    assert problems(reading) == [
        ("none.mp3", 3, MISSING),
        ("other.tsv", 4, "names no sound"),
        ("other.tsv", 6, "14 values under 13 columns"),
    ]


# Azure: the example of its documentation.
AZURE = "speech01.wav\tspeech recognition is awesome\nspeech02.wav\tthe quick brown fox jumped all over the place\n"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_azure(write, read, mark) -> None:
    reading = read(write({"trans.txt": mark + AZURE, "speech01.wav": b"x", "speech02.wav": b"x"}))
    assert found(reading) == [
        ("speech01.wav", "speech recognition is awesome"),
        ("speech02.wav", "the quick brown fox jumped all over the place"),
    ]
    assert problems(reading) == problems(reading, "warnings") == []


def test_azure_refusals(write, read) -> None:
    lines = (
        b"a.wav\tone\nb.wav two\n\tthree\nc.wav\tfour\tfive\nnone.wav\tsix\n/etc/x.wav\tseven\na.wav\t\xff\na.wav\t\n"
    )
    reading = read(write({"trans.txt": lines, "a.wav": b"x", "b.wav": b"x", "c.wav": b"x"}))
    assert found(reading) == [("a.wav", "one"), ("a.wav", "")]
    assert problems(reading) == [
        ("trans.txt", 2, "no tab between file and text"),
        ("trans.txt", 3, "names no sound"),
        ("c.wav", 4, "more than one tab"),
        ("none.wav", 5, MISSING),
        ("/etc/x.wav", 6, "leads outside the folder of its list"),
        ("trans.txt", 7, "not UTF-8 text"),
    ]


# Kaldi: the lines of its documentation on data preparation, with files instead of its sph2pipe commands.
KALDI = {
    "wav.scp": "sw02001-A /home/dpovey/kaldi-trunk/audio/sw02001-A.wav\nsw02001-B audio/sw02001-B.wav\n",
    "text": "sw02001-A_002736-002893 AND IS\nsw02001-B_000098-001156 HI UM YEAH I'D LIKE TO TALK\n",
    "segments": "sw02001-A_002736-002893 sw02001-A 27.36 28.93\nsw02001-B_000098-001156 sw02001-B 0.98 11.56\n",
    "utt2spk": "sw02001-A_002736-002893 2001-A\nsw02001-B_000098-001156 2001-B\n",
    "spk2utt": "2001-A sw02001-A_002736-002893\n",
}


def test_kaldi_with_segments(write, read) -> None:
    write({"audio/sw02001-A.wav": b"x", "audio/sw02001-B.wav": b"x"})
    reading = read(write(KALDI))
    assert problems(reading) == []
    assert [(c.text, c.speaker, c.source, c.cut) for c in reading.candidates] == [
        ("AND IS", "2001-A", "sw02001-A", (27.36, 28.93)),
        ("HI UM YEAH I'D LIKE TO TALK", "2001-B", "sw02001-B", (0.98, 11.56)),
    ]


def test_kaldi_without_segments(write, read) -> None:
    files = {"wav.scp": "utt1\ta.wav\nutt2 b.flac\n", "text": "utt1 one two\nutt2\n", "utt2lang": "utt1 de\n"}
    for split in ("train", "test"):
        write({f"{split}/{name}": content for name, content in files.items()})
        folder = write({f"{split}/a.wav": b"x", f"{split}/b.flac": b"x"})
    reading = read(folder)
    assert [(c.name, c.text, c.language, c.split) for c in reading.candidates] == [
        ("utt1.wav", "one two", "de", "test"),
        ("utt2.flac", "", None, "test"),
        ("utt1.wav", "one two", "de", "train"),
        ("utt2.flac", "", None, "train"),
    ]


def test_kaldi_refusals_and_no_command_is_ever_run(write, read, folder) -> None:
    scp = [
        "good a.wav",
        f"pipe touch {folder}/ran |",
        f"flac flac -c -d -s {folder}/a.flac |",
        f"in |touch {folder}/ran",
        "dash -",
        "ark foo.ark:1234",
        "lost none.wav",
        "out ../../secret.wav",
        "empty",
        "good a.wav",
    ]
    segments = [
        "u1 good 0.5 1.5",
        "u2 gone 0 1",
        "u3 good x 1",
        "u4 good 1",
        "u5 pipe 0 1",
        "u1 good 0 1",
        "u6 good 2 -1",
    ]
    texts = ["u1 one", "u9 nine", "u1 again"]
    reading = read(
        write(
            {
                "a.wav": b"x",
                "wav.scp": "\n".join(scp) + "\n",
                "segments": "\n".join(segments) + "\n",
                "text": "\n".join(texts) + "\n",
            }
        )
    )
    assert [(c.file, c.text, c.cut) for c in reading.candidates] == [("u1", "one", (0.5, 1.5)), ("u6", "", (2.0, None))]
    command = "a command instead of a sound file; commands from a list are never run"
    assert problems(reading) == [
        ("wav.scp: pipe", 2, command),
        ("wav.scp: flac", 3, command),
        ("wav.scp: in", 4, command),
        ("wav.scp: dash", 5, command),
        ("wav.scp: ark", 6, "a place in a Kaldi archive"),
        ("wav.scp: lost", 7, MISSING),
        ("wav.scp: out", 8, "leads outside the folder of its list"),
        ("wav.scp: empty", 9, "names no sound"),
        ("wav.scp: good", 10, "'good' stands there twice"),
        ("u1", 3, "stands twice in text"),
        ("u3", 3, "not a segment"),
        ("u4", 4, "not a segment"),
        ("u1", 6, "stands twice in segments"),
        ("u2", 2, "its recording gone is not in wav.scp"),
        ("u9", 2, "has a text but no sound in segments"),
    ]
    assert not (folder / "ran").exists()


# NeMo


def test_nemo_hypotheses_become_drafts(collecting, labelling, folder, make_wav) -> None:
    for seed in range(3):
        make_wav(f"data/{seed}.wav", 1.0, seed=seed)
    rows = [
        {"audio_filepath": "0.wav", "text": "said", "pred_text": "sad", "pred_text_parakeet": "set"},
        {"audio_filepath": "1.wav", "text": "", "pred_text_canary": " heard  by canary", "pred_text_run-7": "x"},
        {"audio_filepath": "2.wav", "pred_text": None},
    ]
    (folder / "manifest.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = collecting.import_path(folder, "s")
    assert [(p.file, p.reason) for p in report.warnings] == [("2.wav", "no text")]
    clips = labelling.clips("s")
    assert [(c.text, c.status) for c in clips] == [
        ("said", "confirmed"),
        ("heard by canary", "drafted"),
        ("", "unlabelled"),
    ]
    with labelling._store.session() as session:
        from workbench.store.models import HypothesisRow

        heard = {(h.clip_id, h.model): h.text for h in session.query(HypothesisRow)}
    assert heard == {
        (clips[0].id, "pred_text"): "sad",
        (clips[0].id, "parakeet"): "set",
        (clips[1].id, "canary"): "heard by canary",
        (clips[1].id, "imported run-7"): "x",
    }
    assert collecting.import_path(folder, "s").duplicates == 3  # and nothing is kept twice


def test_nemo_parts_of_recordings(write, read) -> None:
    rows = [
        {"audio_filepath": "a.wav", "offset": 1.5, "duration": 2.25, "text": "one"},
        {"audio_filepath": "a.wav", "offset": 0, "duration": 1.0, "text": "two"},
        {"audio_filepath": "a.wav", "offset": 3, "text": "three"},
        {"audio_filepath": "a.wav", "offset": -1, "duration": 1, "text": "four"},
        {"audio_filepath": "a.wav", "offset": "soon", "duration": 1, "text": "five"},
        {"audio_filepath": "a.wav", "duration": 4.0, "text": "six"},
        {"audio_filepath": "a.wav", "source": "tape", "source_start": 1, "source_end": 2.5, "text": "seven"},
    ]
    reading = read(write({"manifest.jsonl": "\n".join(map(json.dumps, rows)), "a.wav": b"x"}))
    assert [(c.text, c.cut, c.stated, c.place) for c in reading.candidates] == [
        ("one", (1.5, 3.75), None, None),
        ("two", (0.0, 1.0), None, None),
        ("six", None, 4.0, None),
        ("seven", None, None, (1.0, 2.5)),
    ]
    assert [(line, reason) for _, line, reason in problems(reading)] == [
        (3, "a part of a longer sound without its length"),
        (4, "its offset is no time"),
        (5, "its offset is no time"),
    ]


# Recognising


def test_every_format_is_recognised_and_can_be_named(write, read) -> None:
    """The same sound under each format, recognised and named, from a folder of its own."""
    row = json.dumps({"audio_filepath": "a.wav", "text": "hello"})
    lists = {
        "commonvoice": {"validated.tsv": CV_HEADER + cv("c", "a.wav", "hello")},
        "ljspeech": {"metadata.csv": "a|hello\n"},
        "audiofolder": {"metadata.csv": "file_name,text\na.wav,hello\n"},
        "nemo": {"manifest.jsonl": row},
        "kaldi": {"wav.scp": "a a.wav\n", "text": "a hello\n"},
        "table": {"data.csv": "file_name,text\na.wav,hello\n"},
        "azure": {"trans.txt": "a.wav\thello\n"},
        "elan": {"a.eaf": EAF},
        "textgrid": {"a.TextGrid": '"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "t" 0 1 1 0 1 "hello"'},
        "srt": {"a.srt": "1\n00:00:00,000 --> 00:00:01,000\nhello\n"},
        "vtt": {"a.vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"},
        "txt": {"a.txt": "hello"},
    }
    assert set(lists) == set(FORMATS)
    for name, files in lists.items():
        folder = write({f"{name}/{file}": content for file, content in {**files, "a.wav": b"x"}.items()}) / name
        for wishes in ({}, {"format": name}):
            assert [c.text for c in read(folder, **wishes).candidates] == ["hello"], name
        others = [other for other in FORMATS if other not in (name, "txt")]
        for other in others:
            with pytest.raises(DataError, match=r"is expected|holds no sound"):
                read(folder, format=other)
    with pytest.raises(UnknownNameError, match="commonvoice, ljspeech"):
        ImportOptions(format="mp3")


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="0"/>
<TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="1000"/></TIME_ORDER><TIER TIER_ID="t"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="x" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b">
<ANNOTATION_VALUE>hello</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""


def test_a_folder_with_two_formats_says_which_was_not_read(write, read) -> None:
    folder = write({"metadata.csv": "file_name,text\na.wav,one\n", "trans.txt": "a.wav\ttwo\n", "a.wav": b"x"})
    reading = read(folder)
    assert found(reading) == [("a.wav", "one")]
    assert problems(reading, "warnings") == [("trans.txt", None, "not read, since the folder is read as AudioFolder")]
    assert found(read(folder, format="azure")) == [("a.wav", "two")]
    assert found(read(folder / "trans.txt")) == [("a.wav", "two")]


@pytest.mark.parametrize("longest", [0, 1.9, 31, float("nan")])
def test_impossible_lengths(longest) -> None:
    with pytest.raises(DataError, match="from 2 to 30 s"):
        ImportOptions(longest=longest)


def test_a_sounds_own_label_is_no_list(collecting, labelling, make_wav, tmp_path) -> None:
    files = [(make_wav(f"{n}.wav", seed=n), f"{n}.wav") for n in range(2)]
    for n, text in enumerate(["yes|no", "b.wav\tsaid"]):
        (tmp_path / f"{n}.txt").write_text(text)
        files.append((tmp_path / f"{n}.txt", f"{n}.txt"))
    assert collecting.add_files("s", files).rejected == ()
    assert [c.text for c in labelling.clips("s")] == ["yes|no", "b.wav said"]


def test_nothing_is_passed_over_in_silence(write, read, collecting, make_wav, tmp_path) -> None:
    folder = write(
        {"metadata.csv": "file_name,text\na.wav,one\n", "a.wav": b"x", "a.eaf": EAF, "x/b.srt": "", "c.srt": ""}
    )
    reading = read(folder)
    assert [(file, reason) for file, _, reason in problems(reading, "warnings")] == [
        ("a.eaf", "not read, since the folder is read as AudioFolder"),
        ("c.srt and 1 more", "not read, since the folder is read as AudioFolder"),
    ]
    (tmp_path / "names.tsv").write_text("a.wav\nb.wav\n")
    report = collecting.add_files("s", [(make_wav("a.wav"), "a.wav"), (tmp_path / "names.tsv", "names.tsv")])
    assert (report.added, [(p.file, p.reason) for p in report.rejected]) == (
        1,
        [("names.tsv", "a list of no known kind")],
    )


def test_the_docs_name_every_format() -> None:
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert [name for name in FORMATS if f"`{name}`" not in page] == []
