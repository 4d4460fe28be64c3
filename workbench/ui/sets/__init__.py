"""The choice of a set, and the guided path."""
