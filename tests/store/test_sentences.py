"""The store gives sentences back as they were said, and old texts as they are."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.language.conftest import in_german
from workbench.core.run_result import RunResult
from workbench.language.said import Said, count, english, say
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow, DraftingRow, RunRow, now
from workbench.workspace import Workspace

__all__ = ["in_german"]

SAID = say("There is no clip {clip} in {name}.", clip=7, name=say("the ward"))
GERMAN = "In die Station gibt es keinen Clip 7."
ANOTHER_PROCESS = """
import sys
from workbench.language.said import say
from workbench.store.database import Store
from workbench.store.runs import find_run
from workbench.workspace import Workspace

store = Store.open(Workspace.open(sys.argv[1]))
with store.session() as session:
    row = find_run(session, "run-1")
    assert row.message == "as it was", row.message
    row.message = say("There is no clip {clip} in {name}.", clip=7, name=say("the ward"))
    row.progress = {"phase": "training", "message": row.message}
store.close()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with closing(Store.open(workspace)) as opened:
        with opened.session() as session:
            session.add(ClipSetRow(id=1, name="ward"))
            session.flush()
            session.add(RunRow(id=1, set_id=1, strategy="head", model={}, config={}, split={}, labels={}))
        yield opened


def stored(workspace: Workspace, query: str) -> str:
    with closing(sqlite3.connect(workspace.database)) as database:
        return str(database.execute(query).fetchone()[0])


def test_messages_come_back_as_sentences(store: Store, in_german: None) -> None:
    with store.session() as session:
        session.get_one(RunRow, 1).message = SAID
        begun = {"total": 3, "started_at": now(), "message": count(2, "{n:,} clip", "{n:,} clips")}
        session.add(DraftingRow(set_id=1, model="m", draft=True, state="working", done=0, **begun))
    with store.session() as session:
        run, drafting = session.get_one(RunRow, 1), session.get_one(DraftingRow, 1)
        assert english(run.message) == "There is no clip 7 in the ward."
        assert (str(run.message), str(drafting.message)) == (GERMAN, "2 Aufnahmen")


def test_results_progress_and_warnings_come_back_as_sentences(store: Store, in_german: None) -> None:
    with store.session() as session:
        row = session.get_one(RunRow, 1)
        row.result = RunResult(notes=(SAID, "as it was"), general={"note": SAID}).to_json()
        row.progress = {"phase": "training", "message": SAID, "losses": [[1, 0.5]]}
        row.split = {"train": [1, 2], "rule": SAID}
        sound = {"sha256": "0" * 64, "original_format": "wav", "duration": 1.0}
        session.add(ClipRow(id=1, set_id=1, name="a", warnings=[SAID, "quiet"], **sound))
    with store.session() as session:
        row = session.get_one(RunRow, 1)
        result = RunResult.from_json(row.result)
        assert result is not None
        assert [str(note) for note in result.notes] == [GERMAN, "as it was"]
        assert str((result.general or {})["note"]) == GERMAN
        assert str(row.progress["message"]) == GERMAN
        assert row.progress["losses"] == [[1, 0.5]]
        assert (row.split["train"], str(row.split["rule"])) == ([1, 2], GERMAN)
        assert [str(warning) for warning in session.get_one(ClipRow, 1).warnings] == [GERMAN, "quiet"]


def test_another_process_reads_old_rows_and_its_sentences_are_read(
    workspace: Workspace, store: Store, in_german: None
) -> None:
    with store.session() as session:
        session.get_one(RunRow, 1).message = "as it was"
    assert stored(workspace, "SELECT message FROM run") == "as it was"
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, str(workspace.root)], check=True)
    with store.session() as session:
        row = session.get_one(RunRow, 1)
        assert isinstance(row.message, Said)
        assert (str(row.message), str(row.progress["message"])) == (GERMAN, GERMAN)


def test_what_is_no_sentence_is_stored_as_ever(workspace: Workspace, store: Store) -> None:
    with store.session() as session:
        row = session.get_one(RunRow, 1)
        row.message, row.progress = "plain", {"phase": "queued", "message": "plain"}
    assert stored(workspace, "SELECT message FROM run") == "plain"
    assert stored(workspace, "SELECT progress FROM run") == '{"phase": "queued", "message": "plain"}'
