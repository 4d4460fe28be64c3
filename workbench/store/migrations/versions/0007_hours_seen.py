"""Hours that the database has seen passing, and the hour at which something was deleted"""

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column, create_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "workspace_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("database_id", sa.String(length=36), nullable=False),
        sa.Column("hours", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    clock = sa.table("workspace_clock", *map(sa.column, ("id", "database_id", "hours", "looks")), _seen_at())
    if op.get_bind().execute(sa.select(clock.c.id)).first() is None:
        now = datetime.now(UTC).replace(tzinfo=None)
        row = {"id": 1, "database_id": str(uuid.uuid4()), "hours": 0.0, "seen_at": now, "looks": 0}
        op.execute(clock.insert().values(row))
    # Empty for what is in the bin already: its week is counted from hour 0, that is, from this update on.
    for table in ("clip_set", "clip", "run"):
        add_column(table, sa.Column("deleted_hours", sa.Double(), nullable=True))


def _seen_at() -> sa.ColumnClause[datetime]:
    return sa.column("seen_at", sa.DateTime())


def downgrade() -> None:
    for table in ("run", "clip", "clip_set"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("deleted_hours")
    op.drop_table("workspace_clock")
