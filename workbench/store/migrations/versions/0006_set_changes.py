"""How often clips of a set came, went or came back"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A plain column with a default: SQLite adds it without copying the table.
    add_column("clip_set", sa.Column("changes", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("clip_set", schema=None) as batch_op:
        batch_op.drop_column("changes")
