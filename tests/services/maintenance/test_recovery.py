"""`workbench recover`: lists the backups, puts one back, begins anew; nothing that was there is thrown away."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from tests.small_disk import small_disk
from tests.test_cli_data import cli, one_sentence  # noqa: F401 - the fixture
from workbench.errors import WorkbenchError
from workbench.services.maintenance.recovery import begin_anew, recover_from
from workbench.services.workbench import Workbench
from workbench.store.backups import list_backups
from workbench.workspace import Workspace

N_CLIPS = 5


@pytest.fixture
def used(tmp_path: Path, make_wav: Callable[..., Path]) -> Iterator[Workspace]:
    """Clips with labels, a backup of them, and a clip and a label that are newer."""
    bench = Workbench.open(tmp_path / "home")
    bench.collecting.add_files("s", [(make_wav(f"{i}.wav", 0.3, seed=i), f"{i}.wav") for i in range(N_CLIPS)])
    for clip in bench.labelling.clips("s"):
        bench.labelling.save(clip.id, f"label {clip.id}", author="ada", confirmed=True)
    bench.upkeep.look()
    bench.collecting.add_files("s", [(make_wav("new.wav", 0.3, seed=9), "new.wav")])
    yield bench.workspace
    bench.close()


@pytest.fixture
def closed(used: Workspace) -> Workspace:
    with closing(sqlite3.connect(used.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = Workspace.open(used.root.parent / "closed")
    shutil.copytree(
        used.root, copy.root, dirs_exist_ok=True, ignore=lambda *_: ["workbench.db-wal", "workbench.db-shm"]
    )
    return copy


def files(workspace: Workspace) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in workspace.root.rglob("*.flac")}


def clips_of(workspace: Workspace) -> list[tuple[str, str]]:
    bench = Workbench.open(workspace.root)
    try:
        return [(clip.name, clip.text) for clip in bench.labelling.clips("s")]
    finally:
        bench.close()


BEFORE = [(f"{i}.wav", f"label {i + 1}") for i in range(N_CLIPS)]


@pytest.mark.parametrize("state", ["whole", "empty", "missing", "garbage", "cut off"])
def test_a_backup_is_put_back_over_anything(closed: Workspace, state: str) -> None:
    sounds, content = files(closed), closed.database.read_bytes()
    damaged = {"empty": b"", "garbage": b"nonsense" * 999, "cut off": content[:5000]}
    if state == "missing":
        closed.database.unlink()
    elif state in damaged:
        closed.database.write_bytes(damaged[state])
    (backup,) = list_backups(closed)
    done = recover_from(closed, Path(backup.path.name))
    assert (done.clips, done.moved, done.notices) == (N_CLIPS, 1, ())
    assert files(closed) == sounds
    assert clips_of(closed) == BEFORE
    assert (done.kept is None) == (state in ("empty", "missing"))
    if done.kept and state != "whole":
        assert done.kept.read_bytes() == damaged[state]


def test_what_was_replaced_can_come_back_with_its_sounds(closed: Workspace) -> None:
    before = clips_of(closed)
    done = recover_from(closed, list_backups(closed)[0].path)
    assert done.kept is not None
    again = recover_from(closed, done.kept)
    assert (again.clips, again.restored, again.moved) == (N_CLIPS + 1, 1, 0)
    assert clips_of(closed) == before
    assert not list(closed.lost_and_found.iterdir())


def test_beginning_anew_keeps_everything(closed: Workspace) -> None:
    sounds, before = files(closed), clips_of(closed)
    done = begin_anew(closed)
    assert (done.clips, done.moved) == (0, N_CLIPS + 1)
    assert files(closed) == sounds
    bench = Workbench.open(closed.root)
    assert bench.collecting.sets() == []
    assert bench.store.notices == ()
    assert bench.collecting.import_path(closed.lost_and_found, "again").added == N_CLIPS + 1
    bench.close()
    assert done.kept is not None
    recover_from(closed, done.kept)
    assert clips_of(closed) == before


def test_no_database_is_put_back_that_is_none(closed: Workspace, tmp_path: Path) -> None:
    content = closed.database.read_bytes()
    nonsense = tmp_path / "nonsense.db"
    nonsense.write_bytes(b"nonsense" * 999)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE poems (line)")
    cut = tmp_path / "cut.db"
    cut.write_bytes(list_backups(closed)[0].path.read_bytes()[:20_000])
    for file in (nonsense, other, cut, Path("none.db"), closed.database):
        with pytest.raises(WorkbenchError):
            recover_from(closed, file)
    assert closed.database.read_bytes() == content
    assert {p.name for p in closed.backups.iterdir()} == {list_backups(closed)[0].path.name}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE alembic_version SET version_num = '9999'"], "newer Speech Workbench"),
        (["PRAGMA foreign_keys=ON", "DELETE FROM clip", "DELETE FROM clip_set"], "knows no clip"),
    ],
)
def test_what_could_not_be_opened_is_not_put_back(
    closed: Workspace, tmp_path: Path, statements: list[str], said: str
) -> None:
    before, content = clips_of(closed), closed.database.read_bytes()
    chosen = tmp_path / "chosen.db"
    shutil.copyfile(list_backups(closed)[0].path, chosen)
    with closing(sqlite3.connect(chosen, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)
    with pytest.raises(WorkbenchError, match=said):
        recover_from(closed, chosen)
    assert closed.database.read_bytes() == content
    assert clips_of(closed) == before


def test_a_copy_on_a_disk_that_can_only_be_read_is_put_back(closed: Workspace, tmp_path: Path) -> None:
    """The user's own copy of the file, which still says that it has a log beside it."""
    before = clips_of(closed)
    with small_disk(tmp_path / "stick") as stick:
        own = shutil.copyfile(closed.database, stick / "own.db")
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        assert recover_from(closed, own).clips == N_CLIPS + 1
    assert clips_of(closed) == before


def test_a_lost_and_found_that_takes_nothing_is_named(closed: Workspace) -> None:
    before = clips_of(closed)
    closed.lost_and_found.write_text("a file of the user's")
    with pytest.raises(WorkbenchError, match=r"lost\+found .*rename") as told:
        begin_anew(closed)
    assert "disk space" not in str(told.value)
    assert clips_of(closed) == before


def test_a_workspace_in_use_is_refused(used: Workspace) -> None:
    """The fixture has it open, like a page or a command in another process."""
    for act in (lambda: recover_from(used, list_backups(used)[0].path), lambda: begin_anew(used)):
        with pytest.raises(WorkbenchError, match="close it first"):
            act()
    assert clips_of(used)[0] == BEFORE[0]


@pytest.mark.parametrize("lock", [".serving", "runs/run-3/.alive"])
def test_a_server_or_a_run_at_work_is_refused(closed: Workspace, lock: str) -> None:
    (closed.root / lock).parent.mkdir(parents=True, exist_ok=True)
    with FileLock(closed.root / lock), pytest.raises(WorkbenchError, match=r"served|run-3"):
        begin_anew(closed)


def test_another_process_is_seen(closed: Workspace) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom workbench.errors import WorkbenchError\n"
        "from workbench.services.maintenance.recovery import begin_anew\nfrom workbench.workspace import Workspace\n"
        "try:\n    begin_anew(Workspace(Path(sys.argv[1])))\nexcept WorkbenchError as e:\n    print(e)"
    )
    bench = Workbench.open(closed.root)
    bench.collecting.sets()
    done = subprocess.run([sys.executable, "-c", program, str(closed.root)], capture_output=True, text=True)
    assert "close it first" in done.stdout, done.stderr
    bench.close()


def test_the_verb(closed: Workspace, cli) -> None:  # noqa: F811
    at = ("--workspace", closed.root)
    document = cli("recover", *at, "--json").document
    (listed,) = document["backups"]
    assert (listed["clips"], listed["labels"], listed["problem"]) == (N_CLIPS, N_CLIPS, "")
    name = Path(listed["file"]).name
    assert name in cli("recover", *at).out
    assert cli("recover", *at, "--from", name, "--empty").code == 2
    for path in closed.root.glob("workbench.db*"):
        path.unlink()
    closed.database.touch()
    refused = cli(*at, "sets")
    assert one_sentence(refused)
    assert f"{N_CLIPS + 1} sounds lie beside it" in refused.err
    assert f"--from {name}" in refused.err
    done = cli("recover", *at, "--from", name)
    assert (done.code, done.err) == (0, "")
    assert f"knows {N_CLIPS} clips" in done.out
    assert "workbench import" in done.out
    assert cli("sets", *at, "--json").document[0]["clips"] == N_CLIPS
    anew = cli("recover", *at, "--empty", "--json").document
    assert (anew["clips"], anew["moved"]) == (0, N_CLIPS)
    assert len(json.loads(cli("recover", *at, "--json").out)["backups"]) == 2
    taken = cli("import", closed.lost_and_found, "--set", "again", *at, "--json").document
    assert taken["added"] == N_CLIPS + 1
    assert not list(closed.lost_and_found.iterdir())


def test_notices_go_to_stderr(closed: Workspace, cli) -> None:  # noqa: F811
    shutil.copyfile(list_backups(closed)[0].path, closed.database)
    found = cli("sets", "--workspace", closed.root, "--json")
    assert found.document[0]["clips"] == N_CLIPS
    assert "older state" in found.err
