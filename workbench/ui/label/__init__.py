"""The section Label."""
