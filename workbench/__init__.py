"""Transfer learning in speech recognition, on one page."""

__version__ = "0.2.0"
