"""Clips in: every format, every rejection and warning with its reason, duplicates, crashes, the bin."""

import errno
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from tests.conftest import speechlike
from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.services.clips import ingest as adding
from workbench.services.clips.sets import Collecting, ImportReport
from workbench.services.labels.revisions import Labelling

HOSTILE = ["<script>alert(1)</script>", "${process.exit()}", "{{7*7}}", "'; DROP TABLE clip; --", "=1+1", "a\u202eb"]


@pytest.fixture
def collecting(workspace, store) -> Collecting:
    return Collecting(workspace, store)


@pytest.fixture
def labelling(store) -> Labelling:
    return Labelling(store)


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "data"
    path.mkdir()
    return path


def write_lines(path: Path, rows: list[dict], end: str = "\n") -> Path:
    path.write_bytes("".join(json.dumps(row) + end for row in rows).encode())
    return path


def problems(report: ImportReport, which: str = "rejected") -> list[tuple[str, int | None, str]]:
    return [(p.file, p.line, p.reason) for p in getattr(report, which)]


def texts(labelling: Labelling, name: str) -> dict[str, str]:
    return {clip.name: clip.text for clip in labelling.clips(name)}


# Formats


def test_nemo_manifest(collecting, labelling, folder, make_wav) -> None:
    for seed in range(3):
        make_wav(f"data/audio/{seed}.wav", seed=seed)
    rows = [
        {
            "audio_filepath": "audio/0.wav",
            "text": "one",
            "speaker": "ann",
            "language": "de",
            "source": "tape",
            "split": "test",
        },
        {"audio_filepath": "audio/1.wav", "text": None, "speaker_id": 7, "lang": "de", "split": "validation"},
        {"audio_filepath": "audio/2.wav", "sentence": " tw\u0075\u0308 \n o ", "client_id": "c", "split": "later"},
    ]
    write_lines(folder / "manifest.jsonl", rows, "\r\n")
    report = collecting.import_path(folder, "s")
    assert (report.added, report.duplicates, report.rejected) == (3, 0, ())
    assert problems(report, "warnings") == [
        ("audio/2.wav", 3, "unknown split 'later'"),
        ("audio/1.wav", 2, "no text"),
    ]
    first, second, third = labelling.clips("s")
    assert (first.name, first.speaker, first.language, first.source, first.split) == (
        "0.wav",
        "ann",
        "de",
        "tape",
        "test",
    )
    assert (first.text, first.status, labelling.history(first.id)[0].author) == ("one", "confirmed", "import")
    assert (second.speaker, second.split, second.status, second.source) == ("7", "dev", "unlabelled", "1.wav")
    assert (third.text, third.speaker) == ("tw\u00fc o", "c")
    assert collecting.set_info("s").language == "de"
    assert collecting.import_path(folder / "manifest.jsonl", "t", language="EN").added == 3
    assert collecting.set_info("t").language == "en"


@pytest.mark.parametrize("column", ["text", "sentence", "transcription", "transcript"])
@pytest.mark.parametrize("kind", ["csv", "semicolon", "jsonl"])
def test_audio_folder(collecting, labelling, folder, make_wav, column, kind) -> None:
    make_wav("data/a b.wav", seed=1)
    text = 'say "hi", please'
    if kind == "jsonl":
        write_lines(folder / "metadata.jsonl", [{"file_name": "a b.wav", column: text}])
    else:
        comma = "," if kind == "csv" else ";"
        content = f'\ufefffile_name{comma}{column}\r\na b.wav{comma}"say ""hi"", please"\r\n'
        (folder / "metadata.csv").write_bytes(content.encode())
    assert collecting.import_path(folder, "s").added == 1
    assert texts(labelling, "s") == {"a b.wav": text}


def test_audio_folder_with_split_folders(collecting, labelling, folder, make_wav) -> None:
    for seed, name in enumerate(["train", "validation", "dev", "valid", "test"]):
        make_wav(f"data/{name}/{name}.wav", seed=seed)
        (folder / name / "metadata.csv").write_text(f"file_name,transcription\n{name}.wav,this is {name}\n")
    make_wav("data/test/more.wav", seed=9)
    report = collecting.import_path(folder, "s")
    assert problems(report, "warnings") == [("test/more.wav", None, "not named in the metadata (1 file)")]
    assert {clip.name: clip.split for clip in labelling.clips("s")} == {
        "train.wav": "train",
        "validation.wav": "dev",
        "dev.wav": "dev",
        "valid.wav": "dev",
        "test.wav": "test",
    }


def test_audio_folder_whose_file_names_lead_through_split_folders(collecting, labelling, folder, make_wav) -> None:
    make_wav("data/train/a.wav", seed=1)
    make_wav("data/test/b.wav", seed=2)
    (folder / "metadata.csv").write_text("file_name,text\ntrain/a.wav,one\ntest/b.wav,two\n")
    collecting.import_path(folder, "s")
    assert {c.name: c.split for c in labelling.clips("s")} == {"a.wav": "train", "b.wav": "test"}


def test_folder_of_sounds_with_text_files(collecting, labelling, folder, make_wav) -> None:
    make_wav("data/a.wav", seed=1)
    make_wav("data/deep/b.flac", seed=2)
    make_wav("data/c.wav", seed=3)
    make_wav("data/d.wav", seed=4)
    make_wav("data/.hidden.wav", seed=5)
    (folder / "a.txt").write_bytes("\ufeffcaf\u00e9\r\nau lait\r\n".encode())
    (folder / "deep" / "b.txt").write_text("deep text")
    (folder / "d.txt").write_bytes(b"ok\n\xff\xfe bad")
    (folder / "lost.txt").write_text("no sound")
    (folder / "README.txt").write_text("about")
    (folder / "a.dat").write_text("x")
    report = collecting.import_path(folder, "s")
    assert texts(labelling, "s") == {"a.wav": "café au lait", "b.flac": "deep text", "c.wav": "", "d.wav": ""}
    assert problems(report) == [("lost.txt", None, "text names a missing file")]
    assert set(problems(report, "warnings")) == {
        ("d.txt", None, "d.txt is not UTF-8 text (line 2); save it as UTF-8"),
        ("a.dat", None, "not a sound file (1 file of the kind '.dat')"),
        ("c.wav", None, "no text"),
        ("d.wav", None, "no text"),
    }


def test_a_single_sound_with_and_without_text(collecting, labelling, make_wav) -> None:
    path = make_wav("one.wav", seed=1)
    assert problems(collecting.import_path(path, "s"), "warnings") == [("one.wav", None, "no text")]
    path.with_suffix(".txt").write_text("now with text")
    report = collecting.import_path(path, "s")
    assert (report.added, report.duplicates) == (0, 1)
    assert texts(labelling, "s") == {"one.wav": "now with text"}


def test_uploads(collecting, labelling, tmp_path, make_wav) -> None:
    first, second, third = (make_wav(f"upload/{i}/x.wav", seed=i) for i in range(3))
    text, table = tmp_path / "t.txt", tmp_path / "m.csv"
    text.write_text("first text")
    table.write_text("file_name,text\nclips/second.wav,second text\nnone.wav,x\n")
    report = collecting.add_files(
        "s",
        [
            (first, "first.wav"),
            (text, "first.txt"),
            (table, "metadata.csv"),
            (second, "second.wav"),
            (third, "..\\..\\third.wav"),
        ],
    )
    assert texts(labelling, "s") == {"first.wav": "first text", "second.wav": "second text", "third.wav": ""}
    assert problems(report) == [("none.wav", 3, "text names a missing file")]


def test_recording(collecting, labelling) -> None:
    stereo = (np.stack([speechlike(1, rate=48_000)] * 2, axis=1) * 32767).astype(np.int16)
    report = collecting.add_recording("s", 48_000, stereo, speaker="ann", text="read this", name="prompt 1")
    assert (report.added, report.rejected, report.warnings) == (1, (), ())
    (clip,) = labelling.clips("s")
    assert (clip.name, clip.speaker, clip.text, clip.status) == ("prompt 1", "ann", "read this", "confirmed")
    report = collecting.add_recording("s", 48_000, np.zeros(48_000, np.int16))
    assert report.added == 0
    assert report.rejected[0].reason == "silent"
    assert collecting.add_recording("s", 16_000, speechlike(1, seed=3)).warnings == ()
    assert labelling.clips("s")[-1].name.startswith("recording ")


@pytest.mark.slow
def test_samples(collecting, labelling) -> None:
    for kind, least in (("clinic", 80), ("workshop", 80), ("general", 50)):
        report = collecting.import_samples(kind)
        assert report.added >= least
        assert (report.rejected, report.warnings) == ((), ())
    assert len(collecting.set_info("clinic").words) >= 10
    with pytest.raises(UnknownNameError, match="clinic, workshop, general"):
        collecting.import_samples("court")


# Rejections and warnings


def test_every_rejection_of_a_sound(collecting, folder, make_wav) -> None:
    make_wav("data/good.wav", 1.0)
    make_wav("data/silent.wav", samples=np.zeros(16_000, np.float32))
    make_wav("data/short.wav", 0.1)
    make_wav("data/long.wav", 31)
    (folder / "long.txt").write_text("one text for all")
    make_wav("data/hollow.wav", samples=np.zeros(0, np.float32))
    (folder / "empty.wav").write_bytes(b"")
    (folder / "noise.wav").write_bytes(b"this is no sound " * 100)
    report = collecting.import_path(folder, "s")
    assert report.added == 1
    reasons = {p.file: p.reason.split(" (")[0] for p in report.rejected}
    assert reasons == {
        "empty.wav": "empty",
        "hollow.wav": "empty",
        "long.wav": "longer than 30 s",
        "noise.wav": "unreadable",
        "short.wav": "shorter than 0.2 s",
        "silent.wav": "silent",
    }
    assert all(p.remedy and p.line is None for p in report.rejected)


def test_every_rejection_of_a_line(collecting, folder, make_wav) -> None:
    make_wav("data/good.wav")
    outside = make_wav("outside.wav", seed=3)
    lines: list[bytes] = [
        b'{"audio_filepath": "good.wav", "text": "ok"}',
        b'{"audio_filepath": "good.wav"',
        b'["good.wav"]',
        b'{"audio_filepath": "good.wav", "text": "\xff"}',
        b'{"text": "no file"}',
        b'{"audio_filepath": 7, "text": "x"}',
        b"",
        b'{"audio_filepath": "none.wav", "text": "x"}',
        b'{"audio_filepath": "../outside.wav", "text": "x"}',
        json.dumps({"audio_filepath": str(outside), "text": "x"}).encode(),
        b'{"audio_filepath": "good.wav", "text": ["x"]}',
        b'{"audio_filepath": "good.wav", "text": true}',
        b'{"audio_filepath": "good.wav", "offset": 1.5, "text": "x"}',
        json.dumps({"audio_filepath": "good.wav", "text": "x" * 5001}).encode(),
        json.dumps({"audio_filepath": "a\0b.wav"}).encode(),
        json.dumps({"audio_filepath": "n" * 5000}).encode(),
        b"[" * 100_000,
    ]
    (folder / "manifest.jsonl").write_bytes(b"\n".join(lines))
    report = collecting.import_path(folder, "s")
    assert report.added == 1
    assert [(p.line, p.reason) for p in report.rejected] == [
        (2, "not valid JSON"),
        (3, "not a JSON object"),
        (4, "not UTF-8 text"),
        (5, "names no sound"),
        (6, "names no sound"),
        (8, "text names a missing file"),
        (9, "leads outside the folder of its list"),
        (10, "leads outside the folder of its list"),
        (11, "its text is not text"),
        (12, "its text is not text"),
        (13, "a part of a longer sound without its length"),
        (14, "text longer than 5,000 characters"),
        (15, "text names a missing file"),
        (16, "text names a missing file"),
        (17, "not valid JSON"),
    ]
    assert all(p.file and p.remedy for p in report.rejected)


def test_paths_outside_are_allowed_for_the_owner_of_the_machine(collecting, labelling, folder, make_wav) -> None:
    outside = make_wav("outside.wav", seed=3)
    (folder / "inside.wav").symlink_to(outside)
    rows = [
        {"audio_filepath": "../outside.wav", "text": "x"},
        {"audio_filepath": str(outside)},
        {"audio_filepath": "/none"},
    ]
    write_lines(folder / "manifest.jsonl", [*rows, {"audio_filepath": "inside.wav"}])
    report = collecting.import_path(folder, "s")
    assert [p.reason for p in report.rejected] == ["leads outside the folder of its list"] * 4
    report = collecting.import_path(folder, "s", allow_outside=True)
    assert (report.added, report.duplicates) == (1, 2)
    assert problems(report) == [("/none", 3, "text names a missing file")]


def test_broken_tables(collecting, folder, make_wav) -> None:
    make_wav("data/a.wav")
    (folder / "metadata.csv").write_bytes(
        b'file_name,text\na.wav,one, two\na.wav,\xff\n"a.wav","two\nlines"\nb.wav,x\n,y\n\n'
    )
    report = collecting.import_path(folder, "s")
    assert (report.added, [(p.line, p.reason) for p in report.rejected]) == (
        1,
        [
            (2, "3 values under 2 columns"),
            (3, "not UTF-8 text"),
            (6, "text names a missing file"),
            (7, "names no sound"),
        ],
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"manifest.jsonl": b"[{]"}, "no valid JSON array"),
        ({"manifest.jsonl": b"\xff\xfe{}\x00"}, "UTF-16"),
        ({"metadata.csv": b""}, "first line must name the columns"),
        ({"manifest_a.jsonl": b"{}", "manifest_b.jsonl": b"{}"}, "several manifests"),
        ({"metadata.csv": b"x", "metadata.jsonl": b"{}"}, "both metadata"),
        ({}, "holds no sound files"),
        (None, "There is no file or folder"),
    ],
)
def test_what_cannot_be_read_at_all(collecting, folder, files, message) -> None:
    for name, content in (files or {}).items():
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        collecting.import_path(folder if files is not None else folder / "none", "s")


def test_every_warning(collecting, labelling, folder, make_wav) -> None:
    sound = make_wav("data/a.wav", seed=1)
    shutil.copy(sound, folder / "b.wav")
    make_wav("data/loud.wav", samples=np.clip(6 * speechlike(1, seed=2), -1, 1))
    make_wav("data/soft.wav", samples=0.01 * speechlike(1, seed=3))
    rows = [
        {"audio_filepath": "a.wav", "text": "   "},
        {"audio_filepath": "b.wav", "text": "taken", "speaker": "ann"},
        {"audio_filepath": "b.wav", "text": "other"},
        {"audio_filepath": "a.wav", "text": "taken"},
        {"audio_filepath": "loud.wav", "text": "loud", "duration": 5.0},
        {"audio_filepath": "soft.wav", "text": "soft"},
    ]
    report = collecting.import_path(write_lines(folder / "manifest.jsonl", rows), "s")
    assert (report.added, report.duplicates, report.rejected) == (3, 3, ())
    assert [(p.line, p.reason) for p in report.warnings] == [
        (5, "clipped: the recording was too loud and is distorted"),
        (5, "its list says 5.0 s, the sound lasts 1.0 s"),
        (6, "very quiet"),
        (2, "duplicate of a.wav, which had no text and took this one"),
        (3, "duplicate of a.wav with another text; the first text is kept"),
        (4, "duplicate of a.wav"),
        (1, "no text"),
    ]
    clip = labelling.clips("s")[0]
    assert (clip.text, clip.speaker, clip.status) == ("taken", "ann", "confirmed")
    assert labelling.clips("s")[1].warnings[0].startswith("clipped")


def test_report_json_has_exactly_the_agreed_fields(collecting, folder, make_wav) -> None:
    make_wav("data/a.wav")
    (folder / "b.wav").write_bytes(b"")
    document = collecting.import_path(folder, "s").to_json()
    assert list(document) == ["set", "added", "duplicates", "rejected", "warnings"]
    assert list(document["rejected"][0]) == list(document["warnings"][0]) == ["file", "line", "reason", "remedy"]
    assert json.loads(json.dumps(document)) == document


def test_leaks_of_imported_splits_are_said(collecting, folder, make_wav) -> None:
    rows = []
    for seed in range(6):
        make_wav(f"data/{seed}.wav", seed=seed)
        split = "train" if seed < 3 else "test"
        rows.append(
            {"audio_filepath": f"{seed}.wav", "text": f"sentence {seed % 5}", "speaker": f"s{seed}", "split": split}
        )
    report = collecting.import_path(write_lines(folder / "manifest.jsonl", rows), "s")
    assert any("1 sentence stands in both train and test" in p.reason for p in report.warnings)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_and_names_are_only_text(collecting, labelling, folder, make_wav, text) -> None:
    make_wav("data/a.wav")
    write_lines(folder / "manifest.jsonl", [{"audio_filepath": "a.wav", "text": text, "speaker": text, "source": text}])
    collecting.import_path(folder, text)
    clip = labelling.clips(text.replace("\u202e", ""))[0]
    assert clip.text == clip.speaker == clip.source == text.replace("\u202e", "")


def test_a_lone_surrogate_does_not_break_the_store(collecting, labelling, folder, make_wav) -> None:
    make_wav("data/a.wav")
    (folder / "manifest.jsonl").write_text('{"audio_filepath": "a.wav", "text": "x\\ud800y\\u0000\\u0007z"}\n')
    collecting.import_path(folder, "s")
    assert texts(labelling, "s") == {"a.wav": "xyz"}


# Sets


def test_sets(collecting) -> None:
    info = collecting.create_set("  Ward \n 3 ", "de-CH")
    assert (info.name, info.language, info.clips, info.duration) == ("Ward 3", "de-ch", 0, 0.0)
    assert collecting.set_words("Ward 3", ["Ibuprofen", "", " Ibuprofen", "50 mg\x07"]) == ["Ibuprofen", "50 mg"]
    assert collecting.set_info("Ward 3").words == ("Ibuprofen", "50 mg")
    for name in ("Ward 3", "", "run-3", "x" * 81):
        with pytest.raises(DataError):
            collecting.create_set(name)
    with pytest.raises(DataError, match="language tag"):
        collecting.create_set("x", "German, I think")
    with pytest.raises(UnknownNameError, match="choose one of: Ward 3"):
        collecting.set_info("ward")


def test_counts(collecting, labelling, folder, make_wav) -> None:
    for seed in range(4):
        make_wav(f"data/{seed}.wav", 1.0, seed=seed)
    (folder / "0.txt").write_text("zero")
    collecting.import_path(folder, "s")
    ids = [clip.id for clip in labelling.clips("s")]
    labelling.save_drafts("m", {ids[1]: "draft", ids[2]: ""})
    info = collecting.set_info("s")
    assert (info.clips, info.confirmed, info.drafted, info.unlabelled, info.duration) == (4, 1, 2, 1, 4.0)
    assert [i.name for i in collecting.sets()] == ["s"]


def test_the_same_sound_may_be_in_two_sets(collecting, workspace, make_wav) -> None:
    path = make_wav("a.wav")
    assert collecting.import_path(path, "s").added == 1
    assert collecting.import_path(path, "t").added == 1
    assert len(list(workspace.clips.rglob("*.flac"))) == 1


# Crashes and full disks


def test_a_full_disk_is_one_sentence_and_keeps_what_was_done(
    collecting, labelling, folder, make_wav, monkeypatch
) -> None:
    for seed in range(3):
        make_wav(f"data/{seed}.wav", seed=seed)
    monkeypatch.setattr("workbench.services.clips.import_job.CLIPS_PER_COMMIT", 1)
    real, calls = adding.write_flac, []

    def full(path, samples) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, samples)

    monkeypatch.setattr(adding, "write_flac", full)
    with pytest.raises(WorkbenchError, match="disk is full"):
        collecting.import_path(folder, "s")
    assert labelling.count("s") == 2
    assert (collecting.import_path(folder, "s").added, labelling.count("s")) == (1, 3)


def test_a_full_database_is_one_sentence(collecting, folder, make_wav, monkeypatch) -> None:
    make_wav("data/a.wav")

    def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr("workbench.services.clips.import_job.add_clips", full)
    with pytest.raises(WorkbenchError, match="disk is full"):
        collecting.import_path(folder, "s")


KILLED = """
import sys
from workbench.services.clips import sets as c
from workbench.services.clips import import_job as intake
from workbench.store.database import Store
from workbench.workspace import Workspace
intake.CLIPS_PER_COMMIT = 4
w = Workspace.open(sys.argv[1])
def tell(done, total, name):
    print(done, flush=True)
c.Collecting(w, Store.open(w)).import_path(sys.argv[2], "s", progress=tell)
"""


def test_kill_9_keeps_what_was_done(collecting, labelling, workspace, folder, make_wav) -> None:
    for seed in range(60):
        make_wav(f"data/{seed:02}.wav", 2.0, seed=seed)
        (folder / f"{seed:02}.txt").write_text(f"text {seed}")
    command = [sys.executable, "-c", KILLED, str(workspace.root), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    before = labelling.count("s")
    assert 4 <= before < 60
    report = collecting.import_path(folder, "s")
    assert (report.added, report.duplicates) == (60 - before, before)
    assert labelling.count("s", status="confirmed") == 60
    assert all(clip.split for clip in labelling.clips("s"))


def test_two_imports_at_once(workspace, labelling, folder, make_wav) -> None:
    for seed in range(20):
        make_wav(f"data/{seed:02}.wav", seed=seed)
    command = [sys.executable, "-c", KILLED, str(workspace.root), str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(240) for process in both] == [0, 0]
    assert labelling.count("s") == 20


# Many


def test_a_hundred_clips_come_in(collecting, folder, make_wav) -> None:
    for seed in range(100):
        make_wav(f"data/{seed}.wav", 1.0, seed=seed)
    assert collecting.import_path(folder, "s").added == 100


def test_real_sets(collecting, shared_audio) -> None:
    report = collecting.import_path(shared_audio / "fsdd_digits", "digits")
    assert (report.added, report.duplicates) == (476, 0)
    assert {p.reason.split(" (")[0] for p in report.rejected} == {"shorter than 0.2 s"}
    report = collecting.import_path(shared_audio / "rooms_and_noise", "rooms")
    assert report.rejected == ()
    assert [p.reason for p in report.warnings if "cut" in p.reason] == ["lasts 33.1 s: cut in its pauses into 2 clips"]


def test_an_import_that_brings_nothing_leaves_no_empty_set(collecting: Collecting, tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_bytes(b"no sound at all")
    report = collecting.import_path(tmp_path / "notes.wav", "fake")
    assert report.added == 0
    assert report.rejected
    assert "fake" not in [s.name for s in collecting.sets()]
