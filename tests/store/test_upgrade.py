"""An update is done whole or not at all: broken off at any statement, the next start has all data and the schema."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.store.schemas import EARLIER, REVISIONS, make_earlier, rows_of, schema_of
from workbench.errors import WorkbenchError
from workbench.store.backups import read_backup
from workbench.store.database import Store
from workbench.store.upgrade import MARKER
from workbench.workspace import Workspace

FROM = (None, *EARLIER)
EVERY = (pytest.param(1, marks=pytest.mark.slow), 6)  # every statement, and every sixth for the quick tests


class Broken(Exception):
    """What ends a process in the middle of something."""


@contextmanager
def at_statement(act: Callable[[str], None]) -> Iterator[None]:
    """Calls with each statement before it is carried out, those that begin and end transactions included."""

    def watch(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(act)

    event.listen(Engine, "connect", watch)
    try:
        yield
    finally:
        event.remove(Engine, "connect", watch)


@contextmanager
def raising_at(number: int) -> Iterator[list[str]]:
    """Raises in place of the statement of this number; gives the statements before it."""
    seen: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if len(seen) == number:
            raise Broken
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def statements_of(workspace: Workspace) -> list[str]:
    """What opening does, in order."""
    seen: list[str] = []
    with at_statement(seen.append):
        Store.open(workspace).close()
    return seen


def put(workspace: Workspace, template: Path) -> None:
    """The workspace as it was, without anything that an update left."""
    shutil.rmtree(workspace.backups, ignore_errors=True)
    for path in [*workspace.root.glob("workbench.db*"), *workspace.root.glob(MARKER)]:
        path.unlink()
    if template.exists():
        shutil.copyfile(template, workspace.database)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return tmp_path / "template.db"


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str, str]]:
    """The schema of an update that nothing disturbs."""
    workspace = Workspace.open(tmp_path_factory.mktemp("newest"))
    Store.open(workspace).close()
    return schema_of(workspace.database)


def earlier(workspace: Workspace, template: Path, revision: str | None) -> None:
    make_earlier(workspace, revision)
    if revision is not None:
        shutil.copyfile(workspace.database, template)


def opens_whole(workspace: Workspace, template: Path, newest: set[tuple[str, str, str]]) -> tuple[str, ...]:
    store = Store.open(workspace)
    store.close()
    assert schema_of(workspace.database) == newest
    if template.exists():
        assert rows_of(workspace.database) == rows_of(template)
    assert not (workspace.root / MARKER).exists()
    return store.notices


def test_the_last_schema_is_the_newest() -> None:
    folder = Path(__file__).parents[2] / "workbench/store/migrations/versions"
    assert sorted(path.name[:4] for path in folder.glob("0*.py")) == list(REVISIONS)


@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("revision", FROM)
def test_an_exception_at_any_statement(workspace, template, newest, revision, step) -> None:
    earlier(workspace, template, revision)
    number, ended = 0, False
    while not ended:
        put(workspace, template)
        before = schema_of(workspace.database) if template.exists() else set()
        with raising_at(number) as seen:
            try:
                Store.open(workspace).close()
                ended = True
            except (Broken, WorkbenchError):
                ended = False
        assert schema_of(workspace.database) in (before, newest), seen[-1]
        opens_whole(workspace, template, newest)
        number += step
    assert number > 10


@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("revision", FROM)
def test_a_kill_at_any_statement(workspace, template, newest, revision, step) -> None:
    earlier(workspace, template, revision)
    put(workspace, template)
    number = len(statements_of(workspace))
    told = set()
    for n in range(0, number, step):
        put(workspace, template)
        before = schema_of(workspace.database) if template.exists() else set()
        assert killed_at(workspace, n)
        assert schema_of(workspace.database) in (before, newest)
        told |= set(opens_whole(workspace, template, newest))
    assert any("broken off" in sentence for sentence in told)


def killed_at(workspace: Workspace, number: int) -> bool:
    """Open in a child that is killed at this statement; whether it was."""
    child = os.fork()
    if not child:
        left = [number]

        def count(_statement: str) -> None:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        try:
            with at_statement(count):
                Store.open(workspace)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("revision", FROM)
def test_what_earlier_releases_left_half_done(workspace, template, newest, revision, step) -> None:
    """Each statement was kept by itself then: every beginning of an update may be what is found."""
    earlier(workspace, template, revision)
    put(workspace, template)
    changes = [s for s in statements_of(workspace) if s.split()[0] in ("CREATE", "ALTER", "INSERT", "UPDATE")]
    assert len(changes) > 1
    for number in range(0, len(changes) + 1, step):
        put(workspace, template)
        with closing(sqlite3.connect(workspace.database, isolation_level=None)) as db:
            for statement in changes[:number]:
                db.execute(statement)
        opens_whole(workspace, template, newest)


@pytest.mark.parametrize("revision", EARLIER)
def test_a_copy_from_before_is_kept(workspace, template, newest, revision) -> None:
    earlier(workspace, template, revision)
    (notice,) = opens_whole(workspace, template, newest)
    (copy,) = workspace.backups.iterdir()
    assert str(copy) in notice
    assert (schema_of(copy), rows_of(copy)) == (schema_of(template), rows_of(template))
    assert read_backup(copy).labels == len(rows_of(template)["reference"])
    assert opens_whole(workspace, template, newest) == ()


def test_a_new_workspace_says_nothing(workspace, template, newest) -> None:
    assert opens_whole(workspace, template, newest) == ()
    assert not workspace.backups.exists()


def test_without_room_for_the_copy_nothing_is_touched(workspace, template, newest, monkeypatch) -> None:
    earlier(workspace, template, "0003")
    usage = shutil.disk_usage(workspace.root)
    with monkeypatch.context() as patch:
        patch.setattr("workbench.store.backups.shutil.disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(WorkbenchError, match=r"nothing was changed.*free some"):
            Store.open(workspace)
    assert schema_of(workspace.database) == schema_of(template)
    opens_whole(workspace, template, newest)


def test_a_migration_that_fails_is_taken_back(workspace, template, newest, monkeypatch) -> None:
    earlier(workspace, template, "0001")
    with monkeypatch.context() as patch:
        patch.setattr("sqlalchemy.Double", None)  # the third migration's columns
        with pytest.raises(WorkbenchError, match=r"left as it was.*backups/workbench-before-0013"):
            Store.open(workspace)
    assert schema_of(workspace.database) == schema_of(template)
    opens_whole(workspace, template, newest)


def test_a_database_in_use_is_told(workspace, template, monkeypatch) -> None:
    earlier(workspace, template, "0002")
    monkeypatch.setattr("workbench.store.upgrade.BUSY_S", 0.1)
    with closing(sqlite3.connect(workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkbenchError, match="Another process"):
            Store.open(workspace)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte and a half."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be made here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("revision", FROM)
def test_a_full_disk(small_disk, template, newest, revision) -> None:
    workspace = Workspace.open(small_disk / "w")
    earlier(workspace, template, revision)
    outcomes = set()
    for free_kb in (*range(0, 600, 60), 1000):
        put(workspace, template)
        filler = small_disk / "filler"
        room = shutil.disk_usage(small_disk).free - 1024 * free_kb
        filler.write_bytes(b"x" * max(0, room))
        try:
            Store.open(workspace).close()
            outcomes.add("opened")
        except WorkbenchError as e:
            outcomes.add("no room" if "disk" in str(e) else str(e))
        filler.unlink()
        opens_whole(workspace, template, newest)
    assert outcomes == {"opened", "no room"}
