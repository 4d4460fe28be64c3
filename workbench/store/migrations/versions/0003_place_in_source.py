"""Where in its source recording a clip was cut"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain columns that may be empty: SQLite adds them without copying the table.
    add_column("clip", sa.Column("source_start", sa.Double(), nullable=True))
    add_column("clip", sa.Column("source_end", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clip", schema=None) as batch_op:
        batch_op.drop_column("source_end")
        batch_op.drop_column("source_start")
