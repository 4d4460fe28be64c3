"""Texts: normalizers, languages, what a ruler counts."""
