"""Whole sets: renamed with all that belongs to them, copied with shared sounds, archived and taken out again."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.finished import finished_run, waiting_run
from workbench.assets import assets_root
from workbench.errors import DataError, UnknownNameError
from workbench.services.workbench import Workbench
from workbench.store.models import RunRow
from workbench.store.runs import find_run

SET = "clinic"


@pytest.fixture
def few(bench: Workbench) -> Workbench:
    bench.collecting.import_path(assets_root() / "clips" / SET, SET, language="en")
    return bench


def test_a_new_name_keeps_clips_labels_and_runs(few: Workbench, monkeypatch) -> None:
    run = finished_run(few, monkeypatch, SET, folds=4)
    before, clips = few.collecting.set_info(SET), few.labelling.clips(SET)
    assert few.shelf.rename(SET, " ward 7 ") == replace(before, name="ward 7")
    assert few.labelling.clips("ward 7") == clips
    assert [v.id for v in few.adaptation.runs("ward 7")] == [run]
    assert few.adaptation.view(run).set_name == "ward 7"
    assert "--set 'ward 7'" in few.adaptation.view(run).command
    with pytest.raises(UnknownNameError, match="ward 7"):
        few.collecting.set_info(SET)


@pytest.mark.parametrize("name", ["", "run-7", "x" * 90])
def test_a_name_that_no_set_can_have_is_refused(few: Workbench, name: str) -> None:
    for act in (few.shelf.rename, few.shelf.copy):
        with pytest.raises(DataError):
            act(SET, name)
    assert [i.name for i in few.collecting.sets()] == [SET]


def test_a_name_that_is_taken_is_refused_unless_its_set_is_in_the_bin(few: Workbench) -> None:
    few.collecting.create_set("other")
    for act in (few.shelf.rename, few.shelf.copy):
        with pytest.raises(DataError, match="already a clip set called 'other'"):
            act(SET, "other")
    assert few.shelf.rename(SET, SET).name == SET
    few.collecting.delete_set("other")
    assert few.shelf.rename(SET, "other").clips == few.collecting.set_info("other").clips


def test_runs_that_are_checked_on_a_set_know_its_new_name(few: Workbench, monkeypatch) -> None:
    few.collecting.import_path(assets_root() / "clips" / "general", "speech", language="en")
    run = finished_run(few, monkeypatch, SET, folds=4, general_set="speech")
    with few.store.session() as session:
        row = find_run(session, run)
        row.result = {**row.result, "general": {"set": "speech", "version": "1"}}
    few.shelf.rename("speech", "everyday")
    view = few.adaptation.view(run)
    assert view.config.general_set == "everyday"
    assert view.result.general == {"set": "everyday", "version": "1"}  # type: ignore[union-attr]
    waiting_run(few, monkeypatch, SET, folds=4, general_set="everyday")
    with pytest.raises(DataError, match="to be checked on 'everyday'"):
        few.shelf.rename("everyday", "speech")


def test_a_copy_has_what_stands_and_shares_the_sounds(few: Workbench) -> None:
    clip, other, drafted = few.labelling.clips(SET)[:3]
    few.labelling.save(clip.id, "corrected", author="ann", confirmed=True)
    few.trimming.trim(other.id, 0.2, 1.0, author="bob")
    few.labelling.undo(drafted.id, "ann")
    few.labelling.save_drafts("m", {drafted.id: "a draft"})
    few.collecting.set_words(SET, ["zolpidem"])
    few.base_models.choose(SET, "whisper-en")
    files = sorted(few.workspace.clips.rglob("*.flac"))
    info = few.shelf.copy(SET, "copy")
    assert sorted(few.workspace.clips.rglob("*.flac")) == files
    assert replace(info, id=0, name="") == replace(few.collecting.set_info(SET), id=0, name="")
    assert few.base_models.chosen("copy") == "whisper-en"
    pairs = list(zip(few.labelling.clips(SET), few.labelling.clips("copy"), strict=True))
    for one, twin in pairs:
        assert replace(twin, id=0, revision=0, trims=0) == replace(one, id=0, revision=0, trims=0)
        assert twin.id != one.id
    assert [t.author for t in few.trimming.history(pairs[1][1].id)] == ["bob"]
    assert [r.author for r in few.labelling.history(pairs[0][1].id)] == ["ann"]
    rows = few.transcripts.of("copy")
    assert [replace(r, clip=0) for r in rows] == [replace(r, clip=0) for r in few.transcripts.of(SET)]


def test_a_copy_lives_by_itself(few: Workbench) -> None:
    few.trimming.trim(few.labelling.clips(SET)[0].id, 0.2, 1.0, author="bob")
    few.shelf.copy(SET, "copy")
    clip, twin = few.labelling.clips(SET)[0], few.labelling.clips("copy")[0]
    few.labelling.save(twin.id, "of the copy", author="ann", confirmed=True)
    few.trimming.undo(twin.id, "ann")
    assert (few.labelling.clip(clip.id).text, few.labelling.clip(clip.id).cut) == (clip.text, clip.cut)
    assert few.labelling.clip(twin.id).cut is None
    few.collecting.erase(set_id=few.collecting.set_info(SET).id)
    assert all(few.picturing.sound(c.id).is_file() for c in few.labelling.clips("copy"))


def test_an_archived_set_stands_last_and_takes_no_new_clips_and_runs(few: Workbench, make_wav, monkeypatch) -> None:
    few.collecting.create_set("newer")
    assert few.shelf.archive(SET).archived
    assert [(i.name, i.archived) for i in few.collecting.sets()] == [("newer", False), (SET, True)]
    assert few.collecting.latest_set() == "newer"
    clips = few.labelling.clips(SET)
    refused = "is archived and takes no new clips and runs; unarchive it first"
    with pytest.raises(DataError, match=refused):
        few.collecting.import_path(make_wav("new.wav"), SET)
    with pytest.raises(DataError, match=refused):
        waiting_run(few, monkeypatch, SET, folds=4)
    with few.store.session() as session:
        assert session.query(RunRow).count() == 0
    assert few.labelling.clips(SET) == clips
    few.labelling.save(clips[0].id, "still corrected", author="ann", confirmed=True)
    assert not few.shelf.unarchive(SET).archived
    few.collecting.import_path(make_wav("new.wav"), SET)
    waiting_run(few, monkeypatch, SET, folds=4)
    with pytest.raises(DataError, match="run-1 is queued"):
        few.shelf.archive(SET)
    with few.store.session() as session:
        session.query(RunRow).one().status = "interrupted"
    few.shelf.archive(SET)
    with pytest.raises(DataError, match=refused):
        few.adaptation.resume("run-1")


def test_the_licence_is_as_stated_else_as_the_imports_said_and_unknown_where_one_of_them_said_nothing(
    bench: Workbench, tmp_path: Path, make_wav: Callable[..., Path]
) -> None:
    for n, licence in enumerate(("CC0-1.0", "CC-BY-4.0", "")):
        folder = tmp_path / f"from {n}"
        folder.mkdir()
        shutil.copy(make_wav(f"{n}.wav", 0.6, seed=n), folder)
        (folder / "licence.txt").write_text(licence)
        bench.collecting.import_path(folder, "mixed")
        assert bench.shelf.licence("mixed") == ("CC0-1.0", "CC0-1.0, CC-BY-4.0", "")[n]
    bench.collecting.set_licence("mixed", "CC-BY-SA-4.0")
    assert bench.shelf.licence("mixed") == "CC-BY-SA-4.0"
    with pytest.raises(UnknownNameError):
        bench.shelf.licence("none")
