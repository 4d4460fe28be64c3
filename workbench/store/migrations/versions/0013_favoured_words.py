"""Whether models favour the words of a set's list while they write drafts"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_column("clip_set", sa.Column("favours_words", sa.Boolean(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("clip_set", schema=None) as batch_op:
        batch_op.drop_column("favours_words")
