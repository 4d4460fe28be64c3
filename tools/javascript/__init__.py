"""Checks of the scripts of the page."""
