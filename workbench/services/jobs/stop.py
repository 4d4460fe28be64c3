"""How long work ends when somebody asked it to."""


class StopRequested(Exception):
    """The user pressed Stop where there was nothing to keep yet."""
