"""A full disk: labels and deleting go on from what is held back; what is not saved is said to be not saved."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from sqlalchemy.exc import OperationalError

from tests.conftest import speechlike
from tests.small_disk import fill, small_disk
from workbench.disk import DiskFullError, Reserve, is_full, reserve_size
from workbench.errors import DataError
from workbench.services.labels import revisions as labelling_module
from workbench.services.workbench import Workbench


def bench_with(root: Path, sounds: Path, n: int = 3) -> tuple[Workbench, list[int]]:
    sounds.mkdir(exist_ok=True)
    for i in range(n):
        soundfile.write(sounds / f"{i}.wav", speechlike(0.4, seed=i), 16_000)
    bench = Workbench.open(root)
    bench.collecting.import_path(sounds, "s")
    return bench, [clip.id for clip in bench.labelling.clips("s")]


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[tuple[Workbench, list[int], Path]]:
    """A workbench with three clips on a disk without a free byte."""
    with small_disk(tmp_path / "disk") as disk:
        bench, ids = bench_with(disk / "ws", tmp_path / "sounds")
        fill(disk)
        assert shutil.disk_usage(disk).free == 0
        yield bench, ids, disk
        bench.close()


def save_many(bench: Workbench, clip_id: int, text: str) -> None:
    for number in range(2000):
        bench.labelling.save(clip_id, f"{number} {text}", author="a", confirmed=False)


def full(*_: object, **__: object) -> Any:
    raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))


def test_at_no_free_byte_labels_are_saved_and_clips_deleted_brought_back_and_erased(
    tiny: tuple[Workbench, list[int], Path],
) -> None:
    bench, ids, disk = tiny
    assert bench.labelling.save(ids[0], "take two", author="a", confirmed=False).revision == 1
    fill(disk)  # whatever was given back of the reserve is gone again
    assert bench.labelling.confirm(ids[:1], "a")[0].confirmed
    assert bench.labelling.undo(ids[0], "a") is not None
    assert bench.collecting.set_words("s", ["metoprolol"]) == ["metoprolol"]
    assert bench.collecting.delete_clips(ids[:2]) == 2
    assert bench.collecting.undo_delete(clip_ids=ids[:1]) == 1
    erased = bench.collecting.erase(clip_ids=ids[:2])
    assert (erased.clips, erased.sounds) == (2, 2)
    assert [clip.id for clip in bench.labelling.clips("s")] == ids[2:]
    assert bench.collecting.erase(set_id=bench.collecting.set_info("s").id).clips == 1


def test_without_even_the_reserve_it_is_said_that_nothing_was_saved(
    tiny: tuple[Workbench, list[int], Path],
) -> None:
    bench, ids, disk = tiny
    Reserve(bench.workspace.root).give()
    (bench.workspace.root / ".reserve").mkdir()  # nothing can be held back
    filler = fill(disk)
    big = "word " * 199
    with pytest.raises(DiskFullError, match=r"The label was not saved, because the disk is full; make at least \d+ MB"):
        save_many(bench, ids[0], big)
    kept = bench.labelling.clip(ids[0]).text
    with pytest.raises(DiskFullError, match="The word list was not saved"):
        bench.collecting.set_words("s", [f"{n} {big}" for n in range(200)])
    with pytest.raises(DiskFullError, match="The recording was not saved"):
        bench.collecting.add_recording("s", 16_000, speechlike(1.0, seed=9), text="words")
    filler.unlink()
    assert bench.labelling.clip(ids[0]).text == kept, "nothing half saved"
    assert bench.labelling.save(ids[0], "room again", author="a", confirmed=True).confirmed


def test_a_process_that_finds_the_disk_full_opens_the_workspace_deletes_and_erases(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "16m") as disk:
        bench, _ = bench_with(disk / "ws", tmp_path / "sounds")
        bench.close()
        fill(disk)
        program = "from workbench.cli import main; main()"
        for verb in (["sets"], ["delete", "s"], ["undelete", "s"], ["erase", "s", "--yes"], ["sets"]):
            command = [sys.executable, "-c", program, "--workspace", str(disk / "ws"), *verb]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, f"{verb}: {done.stderr}"
            assert "Traceback" not in done.stderr
            (disk / "filler").rename(disk / f"filler {len(list(disk.iterdir()))}")
            fill(disk)
        assert "3 clips" not in done.stdout
        begin = ["--workspace", str(disk / "another"), "import", str(disk), "--set", "s"]
        command = [sys.executable, "-c", program, *begin]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1
        assert done.stderr.startswith("The workspace was not opened, because the disk is full; make at least")
        assert len(done.stderr.splitlines()) == 1


def test_the_reserve_really_takes_its_place_and_comes_back_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        reserve, size = Reserve(disk), reserve_size(disk)
        before = shutil.disk_usage(disk).free
        reserve.take()
        assert before - shutil.disk_usage(disk).free >= size
        filler = fill(disk)
        reserve.give()
        assert shutil.disk_usage(disk).free >= size
        reserve.take()
        assert not reserve.file.exists(), "there is not room for twice as much"
        reserve.take_rest()
        assert 0 < reserve.file.stat().st_size < size
        filler.unlink()
        reserve.take()
        assert reserve.file.stat().st_size == size


def test_what_fails_once_for_lack_of_room_is_tried_again_from_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, ids = bench_with(tmp_path / "ws", tmp_path / "sounds", n=1)
    reserve = Reserve(bench.workspace.root)
    reserve.take()
    there_before, real = reserve.file.exists(), labelling_module._append

    def only_from_the_reserve(*args: Any) -> Any:
        return full() if reserve.file.exists() else real(*args)

    monkeypatch.setattr(labelling_module, "_append", only_from_the_reserve)
    saved = bench.labelling.save(ids[0], "words", author="a", confirmed=False)
    assert there_before
    assert [r.text for r in bench.labelling.history(ids[0])] == ["words"]
    assert saved.revision == 1
    assert bench.labelling.confirm(iter(ids), "a")[0].confirmed, "what can be read only once is tried again too"
    bench.close()


@pytest.mark.parametrize(
    ("act", "lost"),
    [
        (lambda b, i: b.labelling.save(i, "x", author="a", confirmed=False), "The label was not saved"),
        (lambda b, i: b.labelling.save_drafts("m", {i: "x"}), "The drafts were not kept"),
        (lambda b, i: b.labelling.undo(i, "a"), "Nothing was undone"),
        (lambda b, i: b.collecting.set_words("s", ["x"]), "The word list was not saved"),
        (lambda b, i: b.collecting.delete_clips([i]), "Nothing was deleted"),
        (lambda b, i: b.collecting.undo_delete(clip_ids=[i]), "Nothing was brought back"),
        (lambda b, i: b.collecting.add_recording("s", 16_000, speechlike(1.0)), "The recording was not saved"),
    ],
)
def test_each_says_what_was_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any, lost: str) -> None:
    bench, ids = bench_with(tmp_path / "ws", tmp_path / "sounds", n=1)
    monkeypatch.setattr(type(bench.store), "session", full)
    with pytest.raises(DiskFullError, match=lost):
        act(bench, ids[0])
    bench.close()


def test_a_full_disk_is_told_from_other_faults(tmp_path: Path) -> None:
    assert is_full(OSError(28, "No space left on device"))
    assert is_full(OperationalError("x", {}, sqlite3.OperationalError("database or disk is full")))
    assert not is_full(OSError(13, "Permission denied"))
    assert not is_full(OperationalError("x", {}, sqlite3.OperationalError("database is locked")))
    assert not is_full(DataError("The label 'no space left on device' is there already."))
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = OSError(122, "Disk quota exceeded")
    assert is_full(wrapped)
