"""Old workspaces open with their clips, and the migrations make the very tables that the models describe."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, text

from workbench.services.labels.revisions import Labelling
from workbench.store.database import Store, alembic_config
from workbench.store.models import Base, ClipRow
from workbench.workspace import Workspace


def released(workspace: Workspace) -> None:
    """A workspace as the first release left it, with one labelled clip."""
    store = Store(workspace.database_url)
    config = alembic_config(store.engine)
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO clip_set (id, name, language, words, created_at) VALUES (1, 'old', 'en', '[]', '2026-01-01')",
            "INSERT INTO clip (id, set_id, sha256, name, original_format, duration, source, split_fixed, warnings,"
            " reference_id, added_at) VALUES (1, 1, 'ab', 'a.wav', 'wav', 1.5, 'tape', 0, '[]', 1, '2026-01-01')",
            "INSERT INTO reference (id, clip_id, revision, text, confirmed, author, created_at)"
            " VALUES (1, 1, 1, 'hello', 1, 'ann', '2026-01-01')",
        ):
            connection.execute(text(statement))
    store.close()


def test_a_released_workspace_opens_with_its_clips(workspace) -> None:
    released(workspace)
    store = Store.open(workspace)
    (clip,) = Labelling(store).clips("old")
    assert (clip.name, clip.text, clip.status, clip.source) == ("a.wav", "hello", "confirmed", "tape")
    with store.session() as session:
        row = session.get(ClipRow, 1)
        assert row is not None
        assert (row.source_start, row.source_end) == (None, None)
        row.source_start, row.source_end = 1.25, 2.5
    with store.session() as session:
        assert session.execute(text("SELECT source_start, source_end FROM clip")).one() == (1.25, 2.5)
    store.close()


def test_the_migrations_make_what_the_models_say(store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_newest_columns_can_be_taken_back(workspace, store) -> None:
    config = alembic_config(store.engine)
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        columns = [row[1] for row in connection.execute(text("PRAGMA table_info(clip)"))]
    assert "source" in columns
    assert "source_start" not in columns


def test_an_earlier_release_finds_the_whole_sounds_of_cut_clips(workspace) -> None:
    released(workspace)
    store = Store.open(workspace)
    with store.session() as session:
        row = session.get(ClipRow, 1)
        assert row is not None
        row.sha256, row.duration, row.whole_sha256, row.whole_duration = "cd", 0.5, row.sha256, row.duration
    store.close()
    engine = create_engine(
        workspace.database_url, poolclass=NullPool
    )  # foreign keys off: copied tables keep their rows
    config = alembic_config(engine)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0011")
        assert connection.execute(text("SELECT sha256, duration FROM clip")).one() == ("ab", 1.5)
