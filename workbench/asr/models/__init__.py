"""Families of speech recognisers behind one protocol."""
