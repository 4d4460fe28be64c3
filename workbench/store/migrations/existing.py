"""What migrations do, passed over where it is done already.

Until 0007 SQLite kept each statement of an update by itself, so a killed process or a full disk left databases with
some of a schema's tables, columns or indexes and the version from before. With these they go on from where they stand.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


def create_table(name: str, *columns: Any) -> None:
    """Make a table, unless it is there."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *columns)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column, unless it is there."""
    if column.name not in {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)


def create_index(name: str, table: str, columns: list[str], **options: Any) -> None:
    """Make an index, unless it is there."""
    if name not in {found["name"] for found in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns, **options)
