"""Keeps the workspace whole: backups, clearing up, recovery."""
