"""Nothing is erased because of a clock that jumped or of what a database does not know; backups stand beside it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.small_disk import fill, small_disk
from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.store import models
from workbench.store.backups import KEPT_DAYS, back_up, list_backups
from workbench.store.database import Store
from workbench.workspace import Workspace

N_CLIPS = 6


class Clock:
    """The machine's clock, to be put forward and back."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return models.now() + self.ahead

    def pass_hours(self, hours: float) -> None:
        self.ahead += timedelta(hours=hours)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in ("store.clock", "services.trash.trash", "services.results.history"):
        monkeypatch.setattr(f"workbench.{module}.now", made.now)
    return made


@pytest.fixture
def sounds(make_wav: Callable[..., Path]) -> list[tuple[Path, str]]:
    return [(make_wav(f"{i}.wav", 0.3, seed=i), f"{i}.wav") for i in range(N_CLIPS)]


@pytest.fixture
def bench(tmp_path: Path, sounds: list[tuple[Path, str]]) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    opened.collecting.add_files("s", sounds)
    for clip in opened.labelling.clips("s"):
        opened.labelling.save(clip.id, f"label {clip.id}", author="ada", confirmed=True)
    assert opened.upkeep.look() == ()
    yield opened
    opened.close()


def stored(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.clips.rglob("*.flac")}


def lost(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.lost_and_found.glob("*")}


def aged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as a day old at once."""
    monkeypatch.setattr("workbench.services.maintenance.upkeep.STRAY_AGE_S", -10.0)


# ---- time ----


def test_a_week_that_was_seen_passing_erases(bench: Workbench, clock: Clock) -> None:
    bench.collecting.delete_set("s")
    for _ in range(13):
        clock.pass_hours(12.9)
        bench.upkeep.look()
    assert len(stored(bench.workspace)) == N_CLIPS
    clock.pass_hours(1)
    bench.upkeep.look()
    assert stored(bench.workspace) == set()
    assert bench.collecting.deleted() == []


@pytest.mark.parametrize("days", [8, -8, 4000])
def test_a_clock_that_jumps_erases_nothing(bench: Workbench, clock: Clock, days: float) -> None:
    bench.collecting.delete_set("s")
    for hours in (24 * days, 1, 1, -24 * days, 1):
        clock.pass_hours(hours)
        bench.upkeep.look()
    (item,) = bench.collecting.deleted()
    assert bench.collecting.undo_delete(set_id=item.id) == N_CLIPS
    assert len(stored(bench.workspace)) == N_CLIPS


def test_what_was_deleted_under_a_wrong_clock_waits_its_week_too(bench: Workbench, clock: Clock) -> None:
    clock.pass_hours(-24 * 30)
    bench.collecting.delete_clips([c.id for c in bench.labelling.clips("s")])
    clock.pass_hours(24 * 30)
    for _ in range(2):
        bench.upkeep.look()
    assert len(bench.collecting.deleted()) == N_CLIPS


def test_a_day_without_a_look_erases_nothing_at_the_next(bench: Workbench, clock: Clock) -> None:
    bench.collecting.delete_set("s")
    for _ in range(9):
        clock.pass_hours(25)
        bench.upkeep.look()
    assert len(bench.collecting.deleted()) == 1
    clock.pass_hours(1)
    bench.upkeep.look()
    assert bench.collecting.deleted() == []


# ---- what the database does not say ----


@pytest.mark.parametrize("what", ["empty", "missing", "tables only"])
def test_sounds_beside_an_empty_database_are_told_and_kept(bench: Workbench, what: str, tmp_path: Path) -> None:
    workspace, before = bench.workspace, stored(bench.workspace)
    bench.close()
    for path in workspace.root.glob("workbench.db*"):
        path.unlink()
    if what == "empty":
        workspace.database.touch()
    if what == "tables only":
        other = Workspace.open(tmp_path / "other")
        Store.open(other).close()
        shutil.copyfile(other.database, workspace.database)
    content = workspace.database.read_bytes() if workspace.database.exists() else None
    with pytest.raises(WorkbenchError, match=rf"{N_CLIPS} sounds lie beside it.*knows {N_CLIPS} clips.*--empty"):
        Workbench.open(workspace.root)
    assert stored(workspace) == before
    assert (workspace.database.read_bytes() if workspace.database.exists() else None) == content


def test_an_old_workspace_whose_first_import_was_killed_opens(workspace: Workspace) -> None:
    opened = Workbench.open(workspace.root)
    opened.collecting.create_set("s")
    stray = workspace.sound_path("f" * 64)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"sound without a clip")
    opened.close()
    Workbench.open(workspace.root).close()


def test_strays_are_moved_and_taken_in_again(bench: Workbench, make_wav, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = bench.workspace
    for clip in bench.labelling.clips("s")[:2]:
        with bench.store.session() as session:
            session.delete(session.get_one(models.ClipRow, clip.id))
    leftovers = [workspace.temporary / "gradio" / "x.wav", workspace.cache / "model" / ".x.1234.tmp"]
    leftovers += [workspace.runs / "run-1" / "model" / ".run.json.1234.tmp", workspace.root / ".seen.1234.tmp"]
    for path in leftovers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    assert bench.upkeep.look() == ()  # they are young
    assert (len(stored(workspace)), all(path.exists() for path in leftovers)) == (N_CLIPS, True)
    aged(monkeypatch)
    (notice,) = bench.upkeep.look()
    assert notice.startswith("2 sounds that belong to no clip")
    assert f"workbench import {workspace.lost_and_found}" in notice
    assert (len(stored(workspace)), len(lost(workspace))) == (N_CLIPS - 2, 2)
    assert not any(path.exists() for path in leftovers)
    assert bench.collecting.import_path(workspace.lost_and_found, "back").added == 2
    bench.upkeep.take_back()
    assert (len(stored(workspace)), lost(workspace)) == (N_CLIPS, set())


def test_strays_keep_their_names_and_overwrite_nothing(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(monkeypatch)
    name = f"{'e' * 64}.flac"
    for content in (b"one", b"two", b"three"):
        (bench.workspace.clips / "ee").mkdir(exist_ok=True)
        (bench.workspace.clips / "ee" / name).write_bytes(content)
        bench.upkeep.look()
    assert sorted(p.read_bytes() for p in bench.workspace.lost_and_found.iterdir()) == [b"one", b"three", b"two"]


def test_an_older_state_is_told_and_nothing_is_lost(bench: Workbench, sounds, make_wav, monkeypatch) -> None:
    """Half of the sounds are newer than the backup that is put back by hand; then the right one comes back."""
    aged(monkeypatch)
    workspace = bench.workspace
    bench.collecting.add_files("s", [(make_wav(f"n{i}.wav", 0.3, seed=50 + i), f"n{i}.wav") for i in range(4)])
    bench.upkeep.look()
    bench.close()
    right = workspace.root.parent / "right.db"
    for path in workspace.root.glob("workbench.db-*"):
        path.unlink()
    shutil.copyfile(workspace.database, right)
    (backup,) = list_backups(workspace)
    assert backup.clips == N_CLIPS
    shutil.copyfile(backup.path, workspace.database)
    older = Workbench.open(workspace.root)
    (notice,) = older.store.notices
    assert "older state" in notice
    assert older.upkeep.look() == (notice,)
    assert len(stored(workspace)) == N_CLIPS + 4  # at the first look nothing is moved
    assert "4 sounds" in older.upkeep.look()[0]
    assert len(lost(workspace)) == 4
    older.close()
    for path in workspace.root.glob("workbench.db-*"):
        path.unlink()
    shutil.copyfile(right, workspace.database)
    again = Workbench.open(workspace.root)
    told = again.upkeep.look()
    assert any("4 clips have their sound again" in sentence for sentence in told)
    assert (len(stored(workspace)), lost(workspace)) == (N_CLIPS + 4, set())
    again.close()


def test_another_database_is_told(bench: Workbench, tmp_path: Path, make_wav, monkeypatch) -> None:
    aged(monkeypatch)
    other = Workbench.open(tmp_path / "other")
    other.collecting.add_files("o", [(make_wav("o.wav", seed=99), "o.wav")])
    other.close()
    bench.close()
    for path in bench.workspace.root.glob("workbench.db*"):
        path.unlink()
    shutil.copyfile(other.workspace.database, bench.workspace.database)
    opened = Workbench.open(bench.workspace.root)
    assert "another one than before" in opened.store.notices[0]
    assert len(opened.upkeep.look()) == 1
    assert len(stored(bench.workspace)) == N_CLIPS
    opened.close()


# ---- backups ----


def test_one_backup_a_day_and_the_last_seven(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Day(date):
        number = 0

        @classmethod
        def today(cls) -> date:
            return date(2031, 1, 1) + timedelta(days=cls.number)

    monkeypatch.setattr("workbench.services.maintenance.upkeep.date", Day)
    other = bench.workspace.backups / "workbench-before-0007-2026-01-01T000000.db"
    shutil.copyfile(list_backups(bench.workspace)[0].path, other)
    for Day.number in range(12):
        for _ in range(2):
            bench.upkeep.look()
    names = sorted(path.name for path in bench.workspace.backups.iterdir())
    assert names == [*(f"workbench-2031-01-{day:02}.db" for day in range(6, 13)), other.name]
    for backup in list_backups(bench.workspace):
        assert (backup.clips, backup.labels, backup.problem) == (N_CLIPS, N_CLIPS, "")


def test_backups_of_days_to_come_do_not_push_out_todays(bench: Workbench) -> None:
    """A clock that was ahead for a week, and was put right."""
    today = date(2031, 1, 1)
    for day in range(400, 410):
        back_up(bench.workspace, today + timedelta(days=day))
    for day in range(3):
        made = back_up(bench.workspace, today + timedelta(days=day))
        assert made is not None
        assert made.exists()
    kept = sorted(path.name for path in bench.workspace.backups.glob("*.db"))
    assert len(kept) == KEPT_DAYS
    assert kept[:3] == [f"workbench-{today + timedelta(days=day)}.db" for day in range(3)]


def test_nothing_is_backed_up_before_there_is_a_clip(workspace: Workspace, sounds) -> None:
    bench = Workbench.open(workspace.root)
    bench.upkeep.look()
    assert list_backups(workspace) == []
    bench.collecting.add_files("s", sounds)
    bench.upkeep.look()
    assert [backup.clips for backup in list_backups(workspace)] == [N_CLIPS]
    bench.close()


def test_a_writer_neither_waits_for_a_backup_nor_spoils_it(bench: Workbench) -> None:
    (bench.workspace.backups / f"workbench-{date.today().isoformat()}.db").unlink()
    with closing(sqlite3.connect(bench.workspace.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM clip")
        assert back_up(bench.workspace, date.today()) is not None
        writer.execute("ROLLBACK")
    (backup,) = list_backups(bench.workspace)
    assert (backup.clips, backup.problem) == (N_CLIPS, "")


def test_a_full_disk_puts_a_backup_off(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    (made,) = bench.workspace.backups.iterdir()
    made.unlink()
    usage = shutil.disk_usage(bench.workspace.root)
    with monkeypatch.context() as patch:
        patch.setattr("workbench.store.backups.shutil.disk_usage", lambda _: usage._replace(free=10_000_000))
        assert bench.upkeep.look() == ()
    assert list(bench.workspace.backups.iterdir()) == []
    bench.upkeep.look()
    assert len(list_backups(bench.workspace)) == 1


def test_a_look_on_a_full_disk_raises_nothing_and_does_it_later(tmp_path: Path, sounds, clock: Clock) -> None:
    with small_disk(tmp_path / "disk", "64m") as disk:
        bench = Workbench.open(disk / "w")
        bench.collecting.add_files("s", sounds)
        bench.upkeep.look()
        bench.collecting.delete_set("s")
        for path in bench.workspace.backups.iterdir():
            path.unlink()
        filler = fill(disk)
        for _ in range(3):
            clock.pass_hours(20)
            assert bench.upkeep.look() == ()
        assert list(bench.workspace.backups.glob("*.db")) == []
        filler.unlink()
        for _ in range(9):
            clock.pass_hours(20)
            bench.upkeep.look()
        assert len(list_backups(bench.workspace)) == 1
        assert stored(bench.workspace) == set()
        bench.close()
