"""A run's title, note and place in the bin"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain columns with a default: SQLite adds them without copying the table.
    add_column("run", sa.Column("title", sa.Text(), nullable=False, server_default=""))
    add_column("run", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    add_column("run", sa.Column("deleted_at", sa.DateTime(), nullable=True))
    add_column("run", sa.Column("erased_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        for name in ("erased_at", "deleted_at", "note", "title"):
            batch_op.drop_column(name)
