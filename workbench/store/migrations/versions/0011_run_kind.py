"""The kind of a run is a column: it was told by a key in its settings before"""

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = ("sweep", "curve")


def upgrade() -> None:
    add_column("run", sa.Column("kind", sa.String(length=12), nullable=False, server_default="fine-tune"))
    run = sa.table("run", sa.column("id"), sa.column("kind"), sa.column("config", sa.JSON))
    connection = op.get_bind()
    for number, config in connection.execute(sa.select(run.c.id, run.c.config)).all():
        kind = next((kind for kind in KINDS if (config or {}).get(kind)), None)
        if kind:
            connection.execute(sa.update(run).where(run.c.id == number).values(kind=kind))


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_column("kind")
