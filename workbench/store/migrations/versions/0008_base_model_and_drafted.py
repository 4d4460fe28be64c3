"""The base model that a set's user chose, and when a model's text first stood there as a draft"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_column("clip_set", sa.Column("base_model", sa.Text(), nullable=True))
    add_column("hypothesis", sa.Column("drafted_at", sa.DateTime(), nullable=True))
    # Nobody wrote down which of the texts so far had been drafts. A text that was there before its clip's label counts
    # as one: that can only set too many labels apart as begun from it.
    op.execute("UPDATE hypothesis SET drafted_at = created_at WHERE drafted_at IS NULL")


def downgrade() -> None:
    for table, column in (("hypothesis", "drafted_at"), ("clip_set", "base_model")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column(column)
