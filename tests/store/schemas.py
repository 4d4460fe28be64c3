"""Workspaces as earlier releases left them: the database of any schema, with rows in every table."""

import sqlite3
from contextlib import closing
from pathlib import Path

from workbench.store.database import Store
from workbench.store.upgrade import run_migrations
from workbench.workspace import Workspace

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013")
EARLIER = REVISIONS[:-1]
WORDS = '["zolpidem"]'
N_CLIPS = 12


def make_earlier(workspace: Workspace, revision: str | None, *, text: str = "hello") -> None:
    """A database of an earlier schema; None makes an empty one."""
    if revision is None:
        return
    store = Store(workspace.database_url)
    with store.engine.begin() as connection:
        run_migrations(connection, revision)
    store.close()
    with closing(sqlite3.connect(workspace.database)) as db:
        db.execute("PRAGMA secure_delete=ON")
        for statement in _rows(revision, text):
            db.execute(statement)
        db.commit()


def _rows(revision: str, text: str) -> list[str]:
    day = "'2026-01-01 00:00:00.000000'"
    rows = [
        f"INSERT INTO clip_set (id, name, language, words, created_at) VALUES (1, 'old', 'en', '{WORDS}', {day})",
        "INSERT INTO run (id, set_id, status, strategy, model, config, plan, split, labels, words, versions, progress,"
        f" result, message, stop_requested, created_at) VALUES (1, 1, 'done', 'head', '{{}}', '{{}}', '{{}}', '{{}}',"
        f" '{{}}', '{WORDS}', '{{}}', '{{}}', '{{}}', '', 0, {day})",
    ]
    if revision >= "0010":
        rows.append(
            "INSERT INTO drafting (set_id, model, draft, state, done, total, message, stop_requested, started_at)"
            f" VALUES (1, 'm', 1, 'working', 3, {N_CLIPS}, 'Drafting', 0, {day})"
        )
    for i in range(1, N_CLIPS + 1):
        rows += [
            "INSERT INTO clip (id, set_id, sha256, name, original_format, duration, source, split_fixed, warnings,"
            f" reference_id, added_at) VALUES ({i}, 1, '{i:064x}', '{i}.wav', 'wav', 1.5, 'tape', 0, '[]', {i}, {day})",
            "INSERT INTO reference (id, clip_id, revision, text, confirmed, author, created_at)"
            f" VALUES ({i}, {i}, 1, '{text} {i}', 1, 'ann', {day})",
            f"INSERT INTO hypothesis (clip_id, model, text, created_at) VALUES ({i}, 'm', '{text} {i} heard', {day})",
            "INSERT INTO evaluation (run_id, clip_id, reference, base, adapted)"
            f" VALUES (1, {i}, '{text} {i}', '{text} {i} base', '{text} {i} adapted')",
        ]
        if revision >= "0012":
            rows += [
                "INSERT INTO trim (clip_id, revision, start, end, sha256, author, created_at)"
                f" VALUES ({i}, 1, 0.25, 1.25, '{i + 100:064x}', 'ann', {day})",
                f"UPDATE clip SET trim_id = {i}, whole_sha256 = sha256, whole_duration = 1.5, cut_start = 0.25,"
                f" sha256 = '{i + 100:064x}', duration = 1.0 WHERE id = {i}",
            ]
        if revision >= "0002":
            rows += [
                "INSERT INTO general_evaluation (run_id, clip_id, name, reference, base, adapted)"
                f" VALUES (1, {i}, '{i}.wav', '{text} {i}', 'b', 'a')",
                "INSERT INTO watched_clip (run_id, clip_id, reference, base, now)"
                f" VALUES (1, {i}, '{text} {i}', 'b', 'n')",
            ]
    return rows


def schema_of(database: Path) -> set[tuple[str, str, str]]:
    """Type, name and SQL of everything that the database holds."""
    with closing(sqlite3.connect(database)) as db:
        return set(db.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master"))


def rows_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """The columns of the first schema, by table: every later schema has them too."""
    columns = {
        "clip_set": "id, name, language, words, created_at",
        "clip": "id, set_id, sha256, name, duration, source, reference_id, added_at",
        "reference": "id, clip_id, revision, text, confirmed, author",
        "hypothesis": "id, clip_id, model, text",
        "evaluation": "id, run_id, clip_id, reference, base, adapted",
        "run": "id, set_id, status, strategy, words",
        "general_evaluation": "id, run_id, clip_id, reference",
        "watched_clip": "id, run_id, clip_id, reference",
    }
    with closing(sqlite3.connect(database)) as db:
        here = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        found = {t: db.execute(f"SELECT {c} FROM {t} ORDER BY id").fetchall() for t, c in columns.items() if t in here}
    return {table: rows for table, rows in found.items() if rows}
