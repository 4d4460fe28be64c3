"""The section Adapt."""
