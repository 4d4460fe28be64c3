"""The bin, and erasing for good: no sound, no cached activation, no byte of a label is left."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from workbench.errors import DataError
from workbench.services.clips.sets import Collecting
from workbench.services.labels.revisions import Labelling
from workbench.store.models import ClipRow, ClipSetRow, ClockRow, EvaluationRow, RunRow, now

SECRET = "patient doe takes zolpidem"


@pytest.fixture
def collecting(workspace, store) -> Collecting:
    return Collecting(workspace, store)


@pytest.fixture
def labelling(store) -> Labelling:
    return Labelling(store)


@pytest.fixture
def clip(collecting, labelling, make_wav):
    """A clip whose secret stands everywhere: label history, draft, an evaluation."""
    path = make_wav("a.wav")
    collecting.import_path(path, "s")
    found = labelling.clips("s")[0]
    labelling.save_drafts("m", {found.id: f"{SECRET} draft"})
    labelling.save(found.id, f"{SECRET} wrong", author="a", confirmed=False)
    labelling.save(found.id, SECRET, author="a", confirmed=True)
    return labelling.clip(found.id)


def evaluate(store, clip) -> int:
    with store.session() as session:
        set_id = session.get(ClipRow, clip.id).set_id
        run = RunRow(set_id=set_id, strategy="head", model={}, config={}, split={}, labels={})
        session.add(run)
        session.flush()
        session.add(EvaluationRow(run_id=run.id, clip_id=clip.id, reference=SECRET, base=SECRET, adapted=SECRET))
        return run.id


def cache(workspace, sha256: str) -> list[Path]:
    folder = workspace.cache / "model" / "boundary"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{sha256}.npy", folder / f"{sha256}-3.safetensors"]
    for file in files:
        file.write_bytes(b"activations")
    return files


def on_disk(workspace) -> bytes:
    return b"".join(p.read_bytes() for p in workspace.root.glob("workbench.db*"))


def test_erasing_leaves_no_byte(collecting, store, workspace, clip) -> None:
    run_id = evaluate(store, clip)
    cached = [*cache(workspace, clip.sha256), workspace.cache / "model" / "boundary" / f"{'0' * 64}.npy"]
    cached[-1].write_bytes(b"another clip's")
    assert SECRET.encode() in on_disk(workspace)
    erased = collecting.erase(clip_ids=[clip.id])
    assert (erased.clips, erased.sounds, erased.cached, erased.complete) == (1, 1, 2, True)
    assert b"zolpidem" not in on_disk(workspace)
    assert not workspace.sound_path(clip.sha256).exists()
    assert [path.exists() for path in cached] == [False, False, True]
    with store.session() as session:
        assert session.get(RunRow, run_id) is not None


def test_copies_outside_the_store_go_too(collecting, workspace, clip, make_wav) -> None:
    played = workspace.temporary / "gradio" / "abc" / "clip.flac"
    played.parent.mkdir(parents=True)
    played.write_bytes(workspace.sound_path(clip.sha256).read_bytes())
    upload = make_wav("workspace/tmp/gradio/upload.wav")
    other = make_wav("workspace/tmp/gradio/other.wav", seed=8)
    (workspace.temporary / "gradio" / "broken.wav").write_bytes(b"x")
    fold = workspace.runs / "run-1" / "fold-1" / "outcome.json"
    fold.parent.mkdir(parents=True)
    fold.write_text(json.dumps({"steps": 3, "texts": {str(clip.id): [SECRET, 0], "999": ["stays", 0]}}))
    collecting.erase(clip_ids=[clip.id])
    assert not played.exists()
    assert not upload.exists()
    assert other.exists()
    assert json.loads(fold.read_text()) == {"steps": 3, "texts": {"999": ["stays", 0]}}
    everything = b"".join(p.read_bytes() for p in workspace.root.rglob("*") if p.is_file())
    assert b"zolpidem" not in everything


def test_a_sound_that_another_clip_uses_stays(collecting, labelling, workspace, clip, tmp_path) -> None:
    collecting.import_path(workspace.sound_path(clip.sha256), "other")
    cached = cache(workspace, clip.sha256)
    erased = collecting.erase(clip_ids=[clip.id])
    assert (erased.clips, erased.sounds, erased.cached) == (1, 0, 0)
    assert workspace.sound_path(clip.sha256).exists()
    other = labelling.clips("other")[0]
    collecting.delete_clips([other.id])  # it can still be undone, so its sound stays
    assert collecting.erase_expired().clips == 0
    assert all(path.exists() for path in cached)
    assert collecting.erase(clip_ids=[other.id]).sounds == 1


def test_the_bin(collecting, labelling, clip) -> None:
    assert collecting.deleted() == []
    assert collecting.delete_clips([clip.id, 999]) == 1
    (item,) = collecting.deleted()
    assert (item.kind, item.id, item.set_name, item.clips) == ("clip", clip.id, "s", 1)
    assert item.gone_at - item.deleted_at == timedelta(days=7)
    assert collecting.set_info("s").clips == 0
    assert collecting.undo_delete(clip_ids=[clip.id]) == 1
    assert labelling.clip(clip.id) == clip
    set_id = collecting.delete_set("s")
    (item,) = collecting.deleted()
    assert (item.kind, item.id, item.clips, item.duration) == ("set", set_id, 1, 1.0)
    assert collecting.sets() == []
    assert collecting.undo_delete(set_id=set_id) == 1
    assert labelling.clip(clip.id) == clip


def test_undo_refuses_what_has_been_replaced(collecting, labelling, clip, make_wav) -> None:
    collecting.delete_clips([clip.id])
    assert collecting.import_path(make_wav("a.wav"), "s").added == 1
    with pytest.raises(DataError, match="added again meanwhile"):
        collecting.undo_delete(clip_ids=[clip.id])
    set_id = collecting.delete_set("s")
    collecting.create_set("s")
    with pytest.raises(DataError, match="Another clip set"):
        collecting.undo_delete(set_id=set_id)
    with pytest.raises(DataError, match="erased"):
        collecting.undo_delete(clip_ids=[999])


def test_what_expired_is_erased(collecting, store, workspace, clip) -> None:
    collecting.delete_clips([clip.id])
    assert collecting.erase_expired().clips == 0
    with store.session() as session:
        session.execute(update(ClipRow).values(deleted_at=now() - timedelta(days=8)))
    assert collecting.erase_expired().clips == 0  # a clock may say so; the database has not seen a week
    with store.session() as session:
        session.execute(update(ClockRow).values(hours=24.0 * 7 + 0.1))
    assert collecting.erase_expired().clips == 1
    assert b"zolpidem" not in on_disk(workspace)
    assert collecting.deleted() == []


@pytest.mark.parametrize("with_run", [False, True])
def test_erasing_a_set(collecting, store, workspace, clip, with_run) -> None:
    collecting.set_words("s", ["zolpidem"])
    if with_run:
        evaluate(store, clip)
    set_id = collecting.delete_set("s")
    erased = collecting.erase(set_id=set_id)
    assert (erased.clips, erased.sounds) == (1, 1)
    assert b"zolpidem" not in on_disk(workspace)
    assert collecting.deleted() == []
    with store.session() as session:
        row = session.get(ClipSetRow, set_id)
        assert (row is not None) == with_run
        assert row is None or (row.name, row.words) == ("(erased)", [])
    with pytest.raises(DataError, match="erased"):
        collecting.undo_delete(set_id=set_id)
    with pytest.raises(DataError, match="erased"):
        collecting.erase(set_id=set_id)
    assert collecting.erase_expired().clips == 0


def test_an_open_reader_is_waited_for(collecting, store, clip, monkeypatch) -> None:
    monkeypatch.setattr("workbench.services.trash.trash.CHECKPOINT_TRIES", 2)
    with store.engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT count(*) FROM clip").all()
        assert collecting.erase(clip_ids=[clip.id]).complete is False
    assert collecting.erase(clip_ids=[]).complete is True


def test_what_runs_keep_to_go_on_with_forgets_the_clip(collecting, clip, workspace) -> None:
    """Texts of a learning curve's models and of a sweep's arms; an earlier version's do not say whose they are."""
    curve = workspace.runs / "run-1" / "curve" / "8-0-0" / "texts.json"
    race = workspace.runs / "run-2" / "training" / "race.json"
    earlier = workspace.runs / "run-3" / "training" / "race.json"
    for path in (curve, race, earlier):
        path.parent.mkdir(parents=True)
    curve.write_text(json.dumps({str(clip.id): SECRET, "99": "kept"}))
    race.write_text(
        json.dumps({"head": {"made": 1, "texts": {str(clip.id): SECRET, "99": "kept"}}, "top-1": {"texts": {}}})
    )
    earlier.write_text(json.dumps({"head": {"made": 1, "texts": [SECRET, "other"]}}))
    collecting.erase(clip_ids=[clip.id])
    assert json.loads(curve.read_text()) == {"99": "kept"}
    assert json.loads(race.read_text()) == {"head": {"made": 1, "texts": {"99": "kept"}}, "top-1": {"texts": {}}}
    assert SECRET not in earlier.read_text()
    assert not list(workspace.runs.rglob("*.tmp"))
