"""The label doctor: checks, findings, similarity."""
