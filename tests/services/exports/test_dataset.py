"""The exported data set: readable by others, and read back by us as the same set."""

import json

import pytest
import soundfile

from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.services.clips.sets import Collecting
from workbench.services.exports.dataset import export_dataset
from workbench.services.exports.names import safe_names
from workbench.services.labels.revisions import Labelling

TEXTS = ["<script>x</script>", 'comma, "quote"', "=1+1", "{{x}} ${y}", "tōtsu:hwa ᎣᏏᏲ", "'=1"]


@pytest.fixture
def collecting(workspace, store) -> Collecting:
    return Collecting(workspace, store)


@pytest.fixture
def labelling(store) -> Labelling:
    return Labelling(store)


def test_round_trip(collecting, labelling, workspace, store, make_wav, tmp_path) -> None:
    files = [(make_wav(f"{seed}.wav", 0.3, seed=seed), f"ä b/{seed}.wav") for seed in range(9)]
    collecting.add_files("s", files, language="chr")
    collecting.set_words("s", ["tōtsu:hwa", "two words"])
    clips = labelling.clips("s")
    for clip, text in zip(clips, TEXTS, strict=False):
        labelling.save(clip.id, text, author="a", confirmed=True)
    labelling.save(clips[6].id, "typed, not confirmed", author="a", confirmed=False)
    labelling.save_drafts("m", {clips[7].id: "a draft"})
    out = tmp_path / "out"
    document = export_dataset(workspace, store, "s", out)
    assert document == {"set": "s", "out": str(out), "clips": 9, "confirmed": 6}
    report = collecting.import_path(out, "again")
    assert (report.added, report.rejected) == (9, ())
    assert [p.reason for p in report.warnings] == ["no text"]

    def facts(name: str) -> list[tuple]:
        found = labelling.clips(name)
        return [(c.sha256, c.text, c.status, c.split, c.speaker, c.name.split(".")[0]) for c in found]

    assert facts("again") == facts("s")
    assert labelling.word_list("again") == ["tōtsu:hwa", "two words"]
    assert sorted(path.name for path in out.iterdir()) == ["audio", "metadata.jsonl", "words.txt"]
    rows = [json.loads(line) for line in (out / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["transcription"] for row in rows[:6]] == TEXTS
    sound, rate = soundfile.read(out / rows[0]["file_name"])
    assert (rate, sound.ndim) == (16_000, 1)


def test_real_columns_survive(collecting, labelling, workspace, store, shared_audio, tmp_path) -> None:
    collecting.import_path(shared_audio / "english_misc", "s")
    export_dataset(workspace, store, "s", tmp_path / "out")
    collecting.import_path(tmp_path / "out", "again")
    columns = [[(c.sha256, c.text, c.speaker, c.language, c.split) for c in labelling.clips(n)] for n in ("s", "again")]
    assert columns[0] == columns[1]


def test_refusals(collecting, labelling, workspace, store, make_wav, tmp_path) -> None:
    with pytest.raises(UnknownNameError):
        export_dataset(workspace, store, "none", tmp_path / "out")
    collecting.create_set("empty")
    with pytest.raises(DataError, match="is empty"):
        export_dataset(workspace, store, "empty", tmp_path / "out")
    path = make_wav("x/a.wav")
    collecting.import_path(path, "s")
    for taken in (path.parent, path):
        with pytest.raises(DataError, match="not an empty folder"):
            export_dataset(workspace, store, "s", taken)
    workspace.sound_path(labelling.clips("s")[0].sha256).unlink()
    with pytest.raises(WorkbenchError, match=r"left out.*a\.wav"):
        export_dataset(workspace, store, "s", tmp_path / "out")


def test_safe_names() -> None:
    names = [
        "a.wav",
        "A.mp3",
        "../../etc/passwd",
        "con.wav",
        "ᎣᏏᏲ.wav",
        "...",
        "x" * 300 + ".wav",
        "a b?*:<>|.wav",
        "a.b.wav",
    ]
    safe = safe_names(names)
    assert safe[:7] == ["a.flac", "A-2.flac", "passwd.flac", "_con.flac", "ᎣᏏᏲ.flac", "clip.flac", "x" * 80 + ".flac"]
    assert safe[7:] == ["a_b.flac", "a.b.flac"]
    assert len({name.casefold() for name in safe}) == len(names)


def test_a_set_that_was_exported_as_csv_before_is_read_as_it_stands(collecting, labelling, make_wav, tmp_path) -> None:
    make_wav("old/audio/a.wav")
    table = "file_name,transcription,status\naudio/a.wav,'=1+1,confirmed\n"
    (tmp_path / "old" / "metadata.csv").write_text(table, encoding="utf-8")
    collecting.import_path(tmp_path / "old", "s")
    assert [clip.text for clip in labelling.clips("s")] == ["'=1+1"]
