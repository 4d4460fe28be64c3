"""Copies of the database: whole or absent, and nothing half written stays beside them."""

from datetime import date

import pytest

from workbench.store import backups
from workbench.store.backups import back_up, copy_named, drop_halves
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow
from workbench.workspace import Workspace


@pytest.fixture
def filled(tmp_path) -> Workspace:
    """A workspace whose database knows one clip."""
    workspace = Workspace.open(tmp_path / "workspace")
    store = Store.open(workspace)
    with store.session() as session:
        session.add(row := ClipSetRow(name="s"))
        session.flush()
        session.add(ClipRow(set_id=row.id, sha256="0" * 64, name="a.wav", original_format="wav", duration=1.0))
    store.close()
    return workspace


def test_a_copy_lies_alone(filled: Workspace) -> None:
    made = copy_named(filled, "before")
    assert list(filled.backups.iterdir()) == [made]


def test_one_that_fails_leaves_nothing(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_check_whole", fail)
    with pytest.raises(OSError, match="No space"):
        copy_named(filled, "before")
    assert list(filled.backups.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_copy(filled: Workspace) -> None:
    filled.backups.mkdir(exist_ok=True)
    mine = (".workbench-x.db.1a2b3c4d.tmp", ".workbench-x.db.1a2b3c4d.tmp-journal", "workbench-x.db.tmp")
    for name in (*mine, "new.tmp"):
        (filled.backups / name).write_bytes(b"half")
    made = back_up(filled, date(2026, 1, 1))
    assert made is not None
    assert sorted(filled.backups.iterdir()) == sorted([made, filled.backups / "new.tmp"]), "recover is putting it back"
    drop_halves(filled.backups)
    assert list(filled.backups.iterdir()) == [made]
