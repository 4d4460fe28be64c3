"""Cuts of clips with their history; which cut a run heard and what a draft was made of; archived sets; starred runs"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from workbench.store.migrations.existing import add_column, create_index, create_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS: dict[str, tuple[tuple[str, Any, str | None], ...]] = {
    "clip": (
        ("trim_id", sa.Integer(), None),
        ("whole_sha256", sa.String(length=64), None),
        ("whole_duration", sa.Double(), None),
        ("cut_start", sa.Double(), "0"),
    ),
    "hypothesis": (("sound", sa.String(length=64), None),),
    "run": (("cuts", sa.JSON(), "{}"), ("starred_at", sa.DateTime(), None)),
    "clip_set": (("archived_at", sa.DateTime(), None),),
}


def upgrade() -> None:
    create_table(
        "trim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("restores", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("clip_id", "revision"),
    )
    create_index("ix_trim_clip_id", "trim", ["clip_id"])
    create_index("ix_trim_sha256", "trim", ["sha256"])
    for table, columns in COLUMNS.items():
        for name, kind, default in columns:
            add_column(table, sa.Column(name, kind, nullable=default is None, server_default=default))
    create_index("ix_clip_whole_sha256", "clip", ["whole_sha256"])


def downgrade() -> None:
    # Earlier releases know whole sounds only; without this the file of each cut clip's whole sound were nobody's.
    op.execute(
        "UPDATE clip SET sha256 = whole_sha256, duration = COALESCE(whole_duration, duration)"
        " WHERE whole_sha256 IS NOT NULL"
    )
    op.drop_index("ix_clip_whole_sha256", table_name="clip")
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, *_ in columns:
                batch_op.drop_column(name)
    op.drop_table("trim")
