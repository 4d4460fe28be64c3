"""Texts out: every format, for sets and runs; what is written is read back with the same clips and texts."""

import csv
import io
import json
import zipfile

import pytest
import soundfile

from tests.conftest import speechlike
from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.services.exports.transcripts import FORMS, Transcripts
from workbench.services.importers import TierChoice
from workbench.store.models import EvaluationRow, RunRow
from workbench.store.queries import find_set

RATE = 16_000
SPANS = [(0.5, 2.0), (2.0, 4.25), (6.125, 8.0)]
TEXTS = ['say "hi" & <b>bold</b>', "--> ᎣᏏᏲ {x} ${y}", "=1+1, 'third'"]
HEAD = ["clip", "file", "source", "start", "end", "duration", "speaker", "language", "split", "status"]


@pytest.fixture
def transcripts(store) -> Transcripts:
    return Transcripts(store)


@pytest.fixture
def talk(collecting, labelling, folder) -> list[int]:
    """The set "s": three parts of one recording with labels, and one whole clip without; their ids."""
    soundfile.write(folder / "talk.wav", speechlike(9, seed=1), RATE)
    soundfile.write(folder / "one.wav", speechlike(1.5, seed=2), RATE)
    cues = "".join(f"\n00:{a:06.3f} --> 00:{b:06.3f}\n<v Ann>part {n}\n" for n, (a, b) in enumerate(SPANS))
    (folder / "talk.vtt").write_text("WEBVTT\n" + cues)
    collecting.import_path(folder, "s", language="chr")
    clips = sorted(labelling.clips("s"), key=lambda clip: clip.name, reverse=True)
    ids = [clip.id for clip in clips if clip.source == "talk.wav"][::-1] + [c.id for c in clips if c.name == "one.wav"]
    for clip_id, text in zip(ids, TEXTS, strict=False):
        labelling.save(clip_id, text, author="a", confirmed=True)
    return ids


@pytest.fixture
def run(store, talk) -> str:
    """A finished run that tested three clips."""
    with store.session() as session:
        row = RunRow(set_id=find_set(session, "s").id, strategy="head", model={}, config={}, split={}, labels={})
        row.status = "done"
        session.add(row)
        session.flush()
        session.add_all(
            EvaluationRow(run_id=row.id, clip_id=i, reference=t, base=f"base {n}", adapted=f"adapted {n}")
            for n, (i, t) in enumerate(zip(talk[1:], [*TEXTS[1:], "fourth"], strict=True))
        )
        return row.name


def test_tables_of_a_set(transcripts, talk) -> None:
    (name, content), *_ = transcripts.files("s", "csv").items()
    assert name == "s.csv"
    header, *rows = csv.reader(io.StringIO(content))
    assert header == [*HEAD, "text"]
    by_id = {int(row[0]): dict(zip(header, row, strict=True)) for row in rows}
    part, whole = by_id[talk[1]], by_id[talk[3]]
    assert (part["source"], part["start"], part["end"], part["speaker"]) == ("talk.wav", "2.0", "4.25", "Ann")
    assert (part["text"], part["status"], part["file"]) == ("'" + TEXTS[1], "confirmed", "talk 000m02.0s.wav")
    assert (whole["source"], whole["start"], whole["duration"], whole["text"]) == ("", "", "1.5", "")
    lines = [json.loads(line) for line in transcripts.files("s", "jsonl")["s.jsonl"].splitlines()]
    assert [list(line) for line in lines] == [[*HEAD, "text"]] * 4
    assert {line["clip"]: line["text"] for line in lines} == dict(zip(talk, [*TEXTS, ""], strict=True))


def test_tables_of_a_run(transcripts, run, talk) -> None:
    (content,) = transcripts.files(run, "csv").values()
    header, *rows = csv.reader(io.StringIO(content))
    assert header == [*HEAD, "reference", "base", "adapted"]
    assert {int(row[0]): row[-3:] for row in rows} == {
        talk[1]: ["'" + TEXTS[1], "base 0", "adapted 0"],  # marked, or a spreadsheet would run it
        talk[2]: ["'" + TEXTS[2], "base 1", "adapted 1"],
        talk[3]: ["fourth", "base 2", "adapted 2"],
    }
    (content,) = transcripts.files(run, "jsonl", text="base").values()
    assert {json.loads(line)["base"] for line in content.splitlines()} == {"base 0", "base 1", "base 2"}
    assert "adapted" not in content


def test_subtitles_to_the_letter(transcripts, talk) -> None:
    files = transcripts.files("s", "srt")
    assert files == {
        "talk.srt": (
            f"1\n00:00:00,500 --> 00:00:02,000\n{TEXTS[0]}\n\n"
            f"2\n00:00:02,000 --> 00:00:04,250\n{TEXTS[1]}\n\n"
            f"3\n00:00:06,125 --> 00:00:08,000\n{TEXTS[2]}\n\n"
        ),
    }
    assert transcripts.files("s", "vtt")["talk.vtt"] == (
        "WEBVTT\n"
        '\n00:00:00.500 --> 00:00:02.000\n<v Ann>say "hi" &amp; &lt;b&gt;bold&lt;/b&gt;\n'
        "\n00:00:02.000 --> 00:00:04.250\n<v Ann>--&gt; ᎣᏏᏲ {x} ${y}\n"
        "\n00:00:06.125 --> 00:00:08.000\n<v Ann>=1+1, 'third'\n"
    )


def test_a_run_shows_the_adapted_text_or_the_one_that_is_named(transcripts, run) -> None:
    assert "adapted 0" in transcripts.files(run, "srt")["talk.srt"]
    assert "base" not in transcripts.files(run, "vtt")["talk.vtt"]
    assert TEXTS[1] in transcripts.files(run, "srt", text="reference")["talk.srt"]
    assert "base 2" in transcripts.files(run, "srt", text="base")["one.srt"]
    grid = transcripts.files(run, "textgrid")["talk.TextGrid"]
    assert [line.strip() for line in grid.splitlines() if "name =" in line] == [
        'name = "Ann - reference"',
        'name = "Ann - base"',
        'name = "Ann - adapted"',
    ]


@pytest.mark.parametrize("form", ["srt", "vtt", "textgrid"])
def test_round_trip(form, transcripts, collecting, labelling, folder, tmp_path, talk) -> None:
    """What is written, laid beside the recording, comes back as the same clips: to the sample for TextGrid."""
    transcripts.write("s", form, tmp_path / "out")
    ending = FORMS[form].ending
    (folder / "talk.vtt").unlink()
    (tmp_path / "out" / f"talk{ending}").rename(folder / f"talk{ending}")
    report = collecting.import_path(folder, "again")
    assert report.rejected == ()

    def facts(name: str) -> list[tuple]:
        clips = sorted(labelling.clips(name), key=lambda clip: clip.name)
        return [(c.sha256, c.name, c.text if c.text != TEXTS[0] or form != "srt" else "", c.source) for c in clips]

    if form == "srt":  # <b> is markup there
        again = {clip.text for clip in labelling.clips("again")}
        assert again == {'say "hi" & bold', TEXTS[1], TEXTS[2], ""}
    else:
        assert facts("again") == facts("s")
    if form != "srt":  # which knows no speakers
        assert {c.speaker for c in labelling.clips("again")} == {"Ann", None}


def test_overlapping_texts_go_into_more_tiers(transcripts, collecting, labelling, folder) -> None:
    soundfile.write(folder / "talk.wav", speechlike(9, seed=1), RATE)
    cues = [("00:00.000 --> 00:03.000", "<v A>one"), ("00:01.000 --> 00:02.500", "<v A>late")]
    cues += [("00:02.000 --> 00:04.000", "<v B>two"), ("00:04.000 --> 00:05.000", "three")]
    (folder / "talk.vtt").write_text("WEBVTT\n" + "".join(f"\n{times}\n{said}\n" for times, said in cues))
    collecting.import_path(folder, "s")
    (grid,) = transcripts.files("s", "textgrid").values()
    names = ["A - text", "A - text 2", "B - text", "text"]
    assert [line.strip() for line in grid.splitlines() if "name =" in line] == [f'name = "{name}"' for name in names]
    (folder / "talk.vtt").unlink()
    (folder / "talk.TextGrid").write_text(grid)
    report = collecting.import_path(folder, "again")  # nobody has to choose among tiers that are all labels
    said = [("one", "A"), ("late", "A"), ("two", "B"), ("three", None)]
    assert [(c.text, c.speaker) for c in labelling.clips("again")] == said
    (remark,) = [warning for warning in report.warnings if "another text claims too" in warning.reason]
    assert "2 texts claim sound" in remark.reason
    assert "first at 0:01.0 of talk.wav" in remark.reason
    (folder / "talk.TextGrid").write_text(grid.replace("B - text", "B - base"))
    with pytest.raises(TierChoice, match="B - base"):
        collecting.import_path(folder, "again")


def test_the_data_set_keeps_the_place(collecting, labelling, workspace, store, tmp_path, transcripts, talk) -> None:
    from workbench.services.exports.dataset import export_dataset

    export_dataset(workspace, store, "s", tmp_path / "set")
    collecting.import_path(tmp_path / "set", "again")
    places = [[(t.source, t.start, t.end) for t in transcripts.of(name)] for name in ("s", "again")]
    assert places[0] == places[1]
    assert ("talk.wav", 2.0, 4.25) in places[0]


def test_names_of_files_are_safe_and_single(transcripts, collecting, labelling, make_wav) -> None:
    files = [
        (make_wav(f"{n}.wav", 0.3, seed=n), name) for n, name in enumerate(["A.wav", "con.wav", "a.mp3", "b c.x.wav"])
    ]
    collecting.add_files("s", files)
    with pytest.raises(DataError, match="No clip of 's' has a text yet"):
        transcripts.files("s", "vtt")
    for clip in labelling.clips("s"):
        labelling.save(clip.id, "x", author="a", confirmed=False)
    assert sorted(transcripts.files("s", "vtt")) == ["A.vtt", "_con.vtt", "a-2.vtt", "b_c.x.vtt"]


def test_where_it_is_written(transcripts, run, talk, tmp_path) -> None:
    document = transcripts.write("s", "srt", tmp_path / "folder")
    assert document == {
        "of": "s",
        "format": "srt",
        "out": str(tmp_path / "folder"),
        "clips": 4,
        "without_text": 1,
        "files": 1,
    }
    transcripts.write("s", "srt", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        assert packed.namelist() == ["talk.srt"]
    transcripts.write("s", "csv", tmp_path / "deep" / "table.csv")
    assert (tmp_path / "deep" / "table.csv").read_text(encoding="utf-8").startswith("clip,file,")
    transcripts.write("s", "srt", tmp_path / "one.srt")
    assert (tmp_path / "one.srt").read_text(encoding="utf-8").startswith("1\n")
    with pytest.raises(DataError, match="2 files, one for each recording"):
        transcripts.write("s", "textgrid", tmp_path / "one.TextGrid")
    for taken in ("all.zip", "folder", "deep/table.csv"):
        with pytest.raises(DataError, match="exists already"):
            transcripts.write("s", "csv", tmp_path / taken)
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkbenchError, match="could not be written whole"):
        transcripts.write("s", "csv", tmp_path / "file" / "x.csv")


def test_downloads(transcripts, talk) -> None:
    table = transcripts.download("s", "jsonl")
    assert (table.name, table.media_type.split(";")[0]) == ("s.jsonl", "application/jsonl")
    packed = transcripts.download("s", "textgrid")
    assert (packed.name, packed.media_type) == ("s-textgrid.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert sorted(archive.namelist()) == ["one.TextGrid", "talk.TextGrid"]


def test_refusals(transcripts, collecting, store, talk) -> None:
    collecting.create_set("empty")
    with store.session() as session:
        set_id = find_set(session, "s").id
        session.add(RunRow(set_id=set_id, strategy="head", model={}, config={}, split={}, labels={}))
    for name, form, text, kind, message in (
        ("none", "csv", None, UnknownNameError, "There is no clip set called 'none'"),
        ("run-99", "csv", None, UnknownNameError, "There is no run called 'run-99'"),
        ("empty", "csv", None, DataError, "'empty' is empty"),
        ("run-1", "csv", None, WorkbenchError, "run-1 has tested nothing yet"),
        ("s", "docx", None, UnknownNameError, "choose one of: csv, jsonl, srt, vtt, textgrid"),
        ("s", "csv", "adapted", UnknownNameError, "There is no text called 'adapted'; choose one of: text"),
    ):
        with pytest.raises(kind, match=message):
            transcripts.files(name, form, text=text)


def test_a_deleted_clip_is_in_no_text(transcripts, collecting, run, talk) -> None:
    collecting.delete_clips([talk[1]])
    assert talk[1] not in {t.clip for t in transcripts.of("s")} | {t.clip for t in transcripts.of(run)}


HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1-1",
    "-- ᎣᏏᏲ",
    "@SUM(A1)",
    "'=1",
    "''@x",
    "'",
    "it's",
    "＝1",
    "plain = text",
    "'quoted'",
]


def test_a_table_that_a_spreadsheet_opens_runs_nothing_and_comes_back_as_it_was(
    transcripts, collecting, labelling, folder, tmp_path
) -> None:
    sounds = []
    for number, text in enumerate(HOSTILE):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, speechlike(0.4, seed=number), RATE)
        name = f"{text.translate(dict.fromkeys(map(ord, '|/!')))} {number}.wav"
        sounds.append((path, name))
        collecting.add_files("s", [(path, name)], speaker=text)
    for clip, text in zip(labelling.clips("s"), HOSTILE, strict=True):
        labelling.save(clip.id, text, author="a", confirmed=True)
    (content,) = transcripts.files("s", "csv").values()
    for row in csv.reader(io.StringIO(content)):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "＝")) for cell in row)
    table = tmp_path / "s.csv"
    table.write_text(content, encoding="utf-8", newline="")
    report = collecting.add_files("again", [(table, "s.csv"), *sounds])
    assert (report.added, report.rejected) == (len(HOSTILE), ())

    def facts(name: str) -> list[tuple]:
        return [(c.sha256, c.name, c.text, c.speaker, c.status) for c in labelling.clips(name)]

    assert sorted(facts("again")) == sorted(facts("s"))
