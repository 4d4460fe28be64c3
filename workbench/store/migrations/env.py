"""Runs the migrations on the connection that `database.py` hands over."""

from alembic import context

from workbench.store.models import Base

connection = context.config.attributes["connection"]
# Batch mode: SQLite alters a table by copying it. One transaction holds all that is missing, see `upgrade.py`.
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
