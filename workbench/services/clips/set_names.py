"""What a clip set may be called, and which language tags it may have."""

import re
from typing import Final

from workbench.core.text.clean import clean_name
from workbench.errors import DataError
from workbench.language.said import say

LONGEST_SET_NAME: Final = 80  # characters
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_RUN_NAME: Final = re.compile(r"run-\d+")


def taken(name: str) -> DataError:
    """The error for a name that another set has."""
    return DataError(say("There is already a clip set called '{name}'; choose another name.", name=name))


def check_set_name(name: str) -> str:
    """The name cleaned.

    Raises:
        DataError: It is empty, too long, or looks like a run's.
    """
    cleaned = clean_name(name, LONGEST_SET_NAME + 1)
    if not cleaned or len(cleaned) > LONGEST_SET_NAME:
        raise DataError(say("A clip set needs a name of 1 to {most} characters.", most=LONGEST_SET_NAME))
    if _RUN_NAME.fullmatch(cleaned):
        raise DataError(say("'{name}' is how runs are called; choose another name for the clip set.", name=cleaned))
    return cleaned


def check_language(language: str | None) -> str | None:
    """The language tag in lower case, None for none.

    Raises:
        DataError: It is no language tag.
    """
    tag = (language or "").strip()
    if not tag:
        return None
    if not LANGUAGE.fullmatch(tag) or len(tag) > 20:
        written = clean_name(tag, 30)
        raise DataError(say("'{written}' is no language tag; write for instance en, de or chr.", written=written))
    return tag.lower()
