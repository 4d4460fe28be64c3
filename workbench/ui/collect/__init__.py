"""The section Collect."""
