"""Runs: planned, prepared, executed, followed."""
