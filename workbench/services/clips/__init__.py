"""Clip sets: how sounds and recordings become clips, and what the page shows of them."""
