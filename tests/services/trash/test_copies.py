"""Erasing leaves no byte anywhere in the workspace: backups of every schema, copies from before, `lost+found`."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import NullPool, create_engine, update

from tests.services.finished import finished_run
from tests.store.schemas import REVISIONS
from workbench.services.workbench import Workbench
from workbench.store.backups import list_backups
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow, ClockRow, DraftingRow, HypothesisRow, ReferenceRow, RunRow, now
from workbench.store.upgrade import alembic_config
from workbench.workspace import Workspace

SET, WORD, NOTE = "ward seven of doctor malone", "zolpidem", "the patient from room twelve"
N_CLIPS = 12


def said(clip_id: int) -> str:
    return f"utterance number {clip_id:04d} is private"


@pytest.fixture
def bench(tmp_path: Path, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    """A set and a run whose secrets stand everywhere, in the database and in copies of each schema."""
    opened = Workbench.open(tmp_path / "workspace")
    files = [(make_wav(f"{i}.wav", 0.4, seed=i), f"{i}.wav") for i in range(N_CLIPS)]
    opened.collecting.add_files(SET, files, language="en")
    opened.collecting.set_words(SET, [WORD])
    for clip in opened.labelling.clips(SET):
        opened.labelling.save_drafts("m", {clip.id: f"{said(clip.id)} draft"})
        opened.labelling.save(clip.id, f"{said(clip.id)} wrong", author="ada", confirmed=False)
        opened.labelling.save(clip.id, said(clip.id), author="ada", confirmed=True)
    run = finished_run(opened, monkeypatch, SET, lambda i, label: (f"{label} base", f"{label} adapted"))
    opened.history.annotate(run, NOTE)
    opened.upkeep.look()
    copies_of_each_schema(opened.workspace)
    yield opened
    opened.close()


def copies_of_each_schema(workspace: Workspace) -> None:
    """Besides the day's backup: one of each schema, one with its log beside it, half a one, a damaged one."""
    (backup,) = workspace.backups.iterdir()
    for revision in REVISIONS:
        path = workspace.backups / f"workbench-before-{revision}-2026-01-01T000000.db"
        shutil.copyfile(backup, path)
        taken_back(path, revision)
    shutil.copyfile(backup, workspace.backups / "workbench-2020-01-01.db.tmp")
    damaged = workspace.backups / "workbench-replaced-2026-01-02T000000.db"
    damaged.write_bytes(b"x" * 100 + backup.read_bytes())
    with closing(sqlite3.connect(workspace.backups / "by hand.db")) as copy, closing(sqlite3.connect(backup)) as live:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=WAL")
        copy.execute("UPDATE reference SET created_at = created_at")
        copy.commit()
        for ending in ("", "-wal"):
            shutil.copyfile(f"{workspace.backups / 'by hand.db'}{ending}", workspace.root / f"kept{ending}")
    for ending in ("", "-wal"):
        (workspace.root / f"kept{ending}").rename(f"{workspace.backups / 'by hand.db'}{ending}")


def taken_back(path: Path, revision: str) -> None:
    """Bring a copy to an earlier schema."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)  # foreign keys off: a copied table keeps its rows
    config = alembic_config(engine)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def everything(workspace: Workspace) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file()}


def where(workspace: Workspace, secret: str | bytes) -> list[str]:
    wanted = secret.encode() if isinstance(secret, str) else secret
    found = (path for path, content in everything(workspace).items() if wanted in content)
    return [str(path.relative_to(workspace.root)) for path in found]


def flac(workspace: Workspace, sha256: str) -> bytes:
    """A piece of the sound that no other file has."""
    content = workspace.sound_path(sha256).read_bytes()
    return content[len(content) // 2 :][:64]


def lose(workspace: Workspace, sha256: str) -> None:
    """The same sound in lost+found, under the names that it may have there, and half of it."""
    workspace.lost_and_found.mkdir(exist_ok=True)
    for name in (f"{sha256}.flac", f"{sha256}-2.flac", f"renamed {sha256[:8]}.flac"):
        shutil.copyfile(workspace.sound_path(sha256), workspace.lost_and_found / name)
    half = workspace.clips / sha256[:2] / f".{sha256[:6]}.tmp"
    half.write_bytes(workspace.sound_path(sha256).read_bytes()[:-40])


def test_the_secrets_stand_in_every_copy(bench: Workbench) -> None:
    clip = bench.labelling.clips(SET)[0]
    n_copies = len(list(bench.workspace.backups.glob("workbench-*"))) + 1
    assert n_copies == len(REVISIONS) + 4
    for secret in (said(clip.id), WORD, SET):
        assert len([p for p in where(bench.workspace, secret) if p.startswith("backups")]) >= n_copies


def test_erased_clips_are_nowhere_and_the_others_everywhere(bench: Workbench) -> None:
    workspace, clips = bench.workspace, bench.labelling.clips(SET)
    gone, kept = clips[::2], clips[1::2]
    pieces = [flac(workspace, clip.sha256) for clip in gone]
    for clip in clips:
        lose(workspace, clip.sha256)
    before = {backup.path: backup for backup in list_backups(workspace)}
    erased = bench.collecting.erase(clip_ids=[clip.id for clip in gone])
    assert (erased.clips, erased.sounds, erased.complete) == (len(gone), len(gone), True)
    for secret in (*(said(clip.id) for clip in gone), *pieces):
        assert where(workspace, secret) == []
    backups = list_backups(workspace)
    assert len(backups) == len(REVISIONS) + 2  # not the damaged one
    for backup in backups:
        assert (backup.clips, backup.labels, backup.problem) == (len(kept), len(kept), "")
        assert backup.made == before[backup.path].made
        with closing(sqlite3.connect(backup.path)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
        for clip in kept:
            assert said(clip.id).encode() in backup.path.read_bytes()
    for clip in kept:
        assert (workspace.lost_and_found / f"{clip.sha256}.flac").exists()


@pytest.mark.parametrize("whole", [False, True])
def test_what_was_said_of_a_drafting_goes_too(bench: Workbench, whole: bool) -> None:
    """Its last word names clips whose sound is damaged; the run keeps the row of its set."""
    set_id, named = bench.collecting.set_info(SET).id, "left out: mrs-smith.wav"
    with bench.store.session() as session:
        ended = {"state": "done", "done": 3, "total": 4, "message": named, "started_at": now()}
        session.add(DraftingRow(set_id=set_id, model="m", draft=True, **ended))
    for path in bench.workspace.backups.glob("workbench-20*.db"):
        path.unlink()
    bench.upkeep.look()
    assert len(where(bench.workspace, named)) > 1
    if whole:
        bench.collecting.erase(set_id=set_id)
    else:
        bench.collecting.erase(clip_ids=[bench.labelling.clips(SET)[0].id])
    assert where(bench.workspace, named) == []


def test_a_drafting_that_was_broken_off_can_be_gone_on_with(bench: Workbench) -> None:
    set_id, named = bench.collecting.set_info(SET).id, "left out: mrs-smith.wav"
    with bench.store.session() as session:
        broken_off = {"state": "failed", "done": 3, "total": 4, "message": named, "started_at": now()}
        session.add(DraftingRow(set_id=set_id, model="m", draft=True, **broken_off))
    bench.collecting.erase(clip_ids=[bench.labelling.clips(SET)[0].id])
    with bench.store.session() as session:
        row = session.get(DraftingRow, set_id)
        assert row is not None
        assert (row.state, row.done, row.message) == ("failed", 3, "")
    assert where(bench.workspace, named) == []


def test_a_sound_that_lives_in_another_set_keeps_its_other_labels(bench: Workbench) -> None:
    clip = bench.labelling.clips(SET)[0]
    bench.collecting.import_path(bench.workspace.sound_path(clip.sha256), "other")
    (twin,) = bench.labelling.clips("other")
    bench.labelling.save(twin.id, "the other label", author="ada", confirmed=True)
    (today,) = (path for path in bench.workspace.backups.glob("workbench-20*.db"))
    today.unlink()
    bench.upkeep.look()
    bench.collecting.erase(clip_ids=[clip.id])
    assert where(bench.workspace, said(clip.id)) == []
    assert str(today.relative_to(bench.workspace.root)) in where(bench.workspace, "the other label")


def test_an_id_that_was_given_again_erases_nobody_else(bench: Workbench) -> None:
    """A copy may know another clip, or another set, by the same number."""
    last = bench.labelling.clips(SET)[-1]
    other = bench.workspace.backups / "workbench-2026-01-01.db"
    shutil.copyfile(next(bench.workspace.backups.glob("workbench-before-0006*")), other)
    with closing(sqlite3.connect(other)) as copy:
        copy.execute("UPDATE clip SET sha256 = ? WHERE id = ?", ("9" * 64, last.id))
        copy.execute("UPDATE clip_set SET created_at = '2001-01-01 00:00:00.000000'")
        copy.commit()
    bench.collecting.erase(set_id=bench.collecting.set_info(SET).id)
    with closing(sqlite3.connect(other)) as copy:
        assert copy.execute("SELECT id FROM clip").fetchall() == [(last.id,)]
        assert copy.execute("SELECT name FROM clip_set").fetchall() == [(SET,)]


@pytest.mark.parametrize("expired", [False, True])
def test_an_erased_set_is_nowhere(bench: Workbench, expired: bool) -> None:
    workspace, clips = bench.workspace, bench.labelling.clips(SET)
    pieces = [flac(workspace, clip.sha256) for clip in clips]
    for clip in clips[:3]:
        lose(workspace, clip.sha256)
    (run,) = bench.history.entries(SET)
    set_id = bench.collecting.delete_set(SET)
    if expired:
        with bench.store.session() as session:
            session.execute(update(ClipSetRow).values(deleted_at=now().replace(year=2020)))
            session.execute(update(ClockRow).values(hours=1000.0))
        bench.upkeep.look()
    else:
        bench.collecting.erase(set_id=set_id)
    for secret in (*(said(clip.id) for clip in clips), *pieces, WORD, SET):
        if secret != WORD:
            assert where(workspace, secret) == []
    bench.history.erase(run.id)  # a run keeps the words that it was judged by as long as it lives
    assert where(workspace, WORD) == []


def test_an_erased_run_is_nowhere_but_in_drafts_that_wait(bench: Workbench) -> None:
    (run,) = bench.history.entries(SET)
    waiting, confirmed = bench.labelling.clips(SET)[:2]
    bench.labelling.save_drafts(run.id, {waiting.id: "heard and waiting", confirmed.id: "heard and done with"})
    with bench.store.session() as session:
        for clip, is_draft in ((waiting, True), (confirmed, False)):
            row = session.get_one(ClipRow, clip.id)
            heard = session.query(HypothesisRow).filter_by(clip_id=clip.id, model=run.id).one()
            row.draft_id = heard.id if is_draft else None
    for path in bench.workspace.backups.glob("workbench-20*.db"):
        path.unlink()
    bench.upkeep.look()
    assert len(where(bench.workspace, NOTE)) > 3
    bench.history.erase(run.id)
    for secret in (NOTE, "base", "adapted", "heard and done with"):
        found = where(bench.workspace, f"{said(confirmed.id)} {secret}" if secret in ("base", "adapted") else secret)
        assert found == []
    assert any(path.startswith("backups") for path in where(bench.workspace, "heard and waiting"))
    for backup in list_backups(bench.workspace):
        assert backup.labels == N_CLIPS


def test_a_copy_that_cannot_be_rewritten_goes(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = bench.labelling.clips(SET)[0]

    def refuse(path: Path, gone: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("workbench.store.scrubbing._scrub", refuse)
    assert bench.collecting.erase(clip_ids=[clip.id]).complete
    assert where(bench.workspace, said(clip.id)) == []
    assert list_backups(bench.workspace) == []


@pytest.mark.slow
def test_many_labels_leave_no_byte_in_a_large_database(store: Store, workspace: Workspace, collecting) -> None:
    """Pages that were split and merged a thousand times over hold nothing of what was erased either."""
    with store.session() as session:
        session.add(ClipSetRow(id=1, name="s"))
        session.flush()
        for i in range(1, 1501):
            session.add(ClipRow(id=i, set_id=1, sha256=f"{i:064x}", name=f"{i}", original_format="wav", duration=1.0))
        session.flush()
        for revision in (1, 2):
            for i in range(1, 1501):
                text = said(i) + " x" * (i % 90)
                session.add(ReferenceRow(clip_id=i, revision=revision, text=text, confirmed=True, author="a"))
    drawn = random.Random(0).sample(range(1, 1501), 1500)
    for start in range(0, 900, 300):
        gone = drawn[start : start + 300]
        collecting.erase(clip_ids=gone)
        content = b"".join(everything(workspace).values())
        assert [i for i in gone if said(i).encode() in content] == []
    assert all(said(i).encode() in content for i in drawn[900:])


def test_a_run_row_is_emptied_in_the_copies(bench: Workbench) -> None:
    (run,) = bench.history.entries(SET)
    bench.history.erase(run.id)
    for backup in list_backups(bench.workspace):
        with closing(sqlite3.connect(backup.path)) as copy:
            assert copy.execute("SELECT words, result, message FROM run").fetchall() == [("[]", "{}", "")]
    with bench.store.session() as session:
        assert session.get_one(RunRow, 1).erased_at is not None
