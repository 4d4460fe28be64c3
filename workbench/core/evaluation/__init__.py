"""Scores, comparisons, intervals and verdicts."""
