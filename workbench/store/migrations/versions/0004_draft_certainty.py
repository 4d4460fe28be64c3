"""How sure a model was of each word of a draft"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain columns that may be empty: SQLite adds them without copying the table; older drafts stay without.
    add_column("hypothesis", sa.Column("confidences", sa.JSON(), nullable=True))
    add_column("hypothesis", sa.Column("certainty", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("hypothesis", schema=None) as batch_op:
        batch_op.drop_column("certainty")
        batch_op.drop_column("confidences")
