"""Sentences of the services in what is sent to a browser as plain data.

A sentence is worded where it is written out; as a value it would be sent in English. So whatever leaves as data passes
here once.
"""

from typing import Any

from workbench.language.catalogue import words
from workbench.language.said import Said


def worded(value: Any) -> Any:
    """A value with each sentence in it as plain text of the language that is spoken.

    Args:
        value: Of any kind; lists, tuples and dictionaries are looked through.
    """
    return value if words() is None else _worded(value)


def _worded(value: Any) -> Any:
    if isinstance(value, Said):
        return str(value)
    if isinstance(value, dict):
        return {_worded(key): _worded(each) for key, each in value.items()}
    return type(value)(map(_worded, value)) if type(value) in (list, tuple) else value
