"""The database of a workspace: rows, queries, migrations, backups."""
