"""Sounds: read, resampled, cut, altered, drawn; no model and no store."""
