"""Runs that an earlier version left half done: the newest one knows what they are, and goes on with them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, execute, import_tones
from tests.store.schemas import EARLIER
from workbench.services.workbench import Workbench
from workbench.store.database import Store
from workbench.store.models import CURVE, FINE_TUNE, SWEEP
from workbench.store.runs import find_run
from workbench.store.upgrade import run_migrations
from workbench.workspace import Workspace

KINDS = {"run-1": FINE_TUNE, "run-2": SWEEP, "run-3": CURVE}


def left_by(workspace: Workspace, revision: str) -> None:
    """Put a database of an earlier schema in the place of the workspace's, with the rows that it can hold."""
    new = workspace.database.rename(workspace.root / "new.db")
    store = Store(workspace.database_url)
    with store.engine.begin() as connection:
        run_migrations(connection, revision)
    store.close()
    with closing(sqlite3.connect(workspace.database)) as db:
        db.execute("ATTACH ? AS new", (str(new),))
        tables = [name for (name,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in set(tables) - {"alembic_version", "sqlite_sequence"}:
            here, there = ({row[1] for row in db.execute(f"PRAGMA {at}.table_info({table})")} for at in ("main", "new"))
            shared = ", ".join(f'"{name}"' for name in sorted(here & there))
            if shared:
                db.execute(f'DELETE FROM main."{table}"')
                db.execute(f'INSERT INTO main."{table}" ({shared}) SELECT {shared} FROM new."{table}"')
        db.commit()
    new.unlink()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """One run of each kind, at work when the machine went down."""
    bench = Workbench.open(tmp_path / "workspace")
    spec = bench.catalog.resolve(str(save_model(tmp_path / "model", "wav2vec2-layer")))
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    monkeypatch.setattr("workbench.services.jobs.workers.Jobs.launch", lambda self, name: None)
    settings = {**QUICK, "folds": 0, "epochs": 1, "general_set": "none"}
    bench.adaptation.start("tones", spec, "head", settings)
    bench.adaptation.start_sweep("tones", spec, ["head", "top-1"], [1e-3], settings)
    bench.adaptation.start("tones", spec, "head", settings, curve_draws=1)
    with bench.store.session() as session:
        for run in KINDS:
            find_run(session, run).status = "running"
    for folder in bench.workspace.runs.glob("run-*"):
        for file in folder.glob(".launched"):
            file.unlink()
    bench.close()
    return bench.workspace


FEW = (EARLIER[0], EARLIER[-1])  # the others take a minute in all


@pytest.mark.parametrize(
    "revision", [*FEW, *(pytest.param(r, marks=pytest.mark.slow) for r in EARLIER if r not in FEW)]
)
def test_from_every_schema_an_interrupted_run_is_known_for_what_it_is(workspace: Workspace, revision: str) -> None:
    left_by(workspace, revision)
    bench = Workbench.open(workspace.root)
    assert {run: bench.adaptation.view(run).status for run in KINDS} == dict.fromkeys(KINDS, "interrupted")
    with bench.store.session() as session:
        assert {run: find_run(session, run).kind for run in KINDS} == KINDS
    bench.close()


def test_they_go_on(workspace: Workspace) -> None:
    left_by(workspace, EARLIER[0])
    bench = Workbench.open(workspace.root)
    for run in KINDS:
        bench.adaptation.resume(run)
        execute(bench, run)
        assert bench.adaptation.view(run).status == "done"
    documents = {run: bench.comparing.document(run) for run in KINDS}
    assert [run for run, d in documents.items() if d["sweep"]] == ["run-2"]
    assert [run for run, d in documents.items() if d["curve"]] == ["run-3"]
    bench.close()
