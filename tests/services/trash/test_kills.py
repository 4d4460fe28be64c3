"""Erasing that is killed at any statement can be done again, and then leaves no byte; other clips are untouched."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.services.trash.test_copies import said, taken_back, where
from workbench.errors import DataError
from workbench.services.clips.sets import Collecting
from workbench.services.labels.revisions import Labelling
from workbench.services.trash.trash import erase_set
from workbench.store import scrubbing
from workbench.store.backups import back_up, list_backups
from workbench.store.database import Store
from workbench.workspace import Workspace

SECRET, KEPT = "the secret set", "the kept set"


@pytest.fixture
def template(tmp_path: Path, make_wav: Callable[..., Path]) -> Workspace:
    """Two sets, with a backup of the newest schema and one of an earlier."""
    workspace = Workspace.open(tmp_path / "template")
    store = Store.open(workspace)
    collecting, labelling = Collecting(workspace, store), Labelling(store)
    for number, name in enumerate((SECRET, KEPT)):
        seeds = range(10 * number, 10 * number + 3)
        collecting.add_files(name, [(make_wav(f"{i}.wav", 0.3, seed=i), f"{i}.wav") for i in seeds])
        for clip in labelling.clips(name):
            labelling.save(clip.id, said(clip.id), author="ada", confirmed=True)
    store.close()
    made = back_up(workspace, date(2026, 1, 2))
    assert made
    shutil.copyfile(made, workspace.backups / "workbench-2026-01-01.db")
    taken_back(workspace.backups / "workbench-2026-01-01.db", "0003")
    return workspace


def erase(workspace: Workspace) -> None:
    store = Store.open(workspace)
    with suppress(DataError):  # erased to the end before
        erase_set(workspace, store, 1)
    store.close()


def watched(act: Callable[[str], None]) -> None:
    """From now on this process tells each statement before it is carried out, in the database and in its copies."""
    event.listen(Engine, "connect", lambda connection, _record: connection.set_trace_callback(act))
    plain = scrubbing.connect

    def connect(path: Path, *, mode: str = "rw", wait: float = 1.0) -> sqlite3.Connection:
        connection = plain(path, mode=mode, wait=wait)
        connection.set_trace_callback(act)
        return connection

    scrubbing.connect = connect  # type: ignore[assignment]


def in_a_child(workspace: Workspace, act: Callable[[str], None]) -> bool:
    """Erase in another process; whether it was killed."""
    child = os.fork()
    if not child:
        try:
            watched(act)
            erase(workspace)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def killing_at(number: int) -> Callable[[str], None]:
    left = [number]

    def act(_statement: str) -> None:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return act


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 21])
def test_a_kill_at_any_statement(template: Workspace, tmp_path: Path, step: int) -> None:
    pieces = [path.read_bytes()[60:160] for path in template.clips.rglob("*.flac")]
    number, killed = 0, True
    while killed:
        workspace = Workspace(tmp_path / "tried")
        shutil.copytree(template.root, workspace.root)
        killed = in_a_child(workspace, killing_at(number))
        erase(workspace)
        for clip_id in (1, 2, 3):
            assert where(workspace, said(clip_id)) == []
        assert where(workspace, SECRET) == []
        assert sum(bool(where(workspace, piece)) for piece in pieces) == 3
        backups = list_backups(workspace)
        assert [(b.clips, b.labels, b.problem) for b in backups] == [(3, 3, "")] * 2
        with closing(sqlite3.connect(workspace.database)) as database:
            assert database.execute("SELECT count(*) FROM clip").fetchone() == (3,)
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for clip_id in (4, 5, 6):
            assert len(where(workspace, said(clip_id))) == 3
        shutil.rmtree(workspace.root)
        number += step
    assert number > 100
