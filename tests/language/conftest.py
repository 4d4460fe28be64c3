"""A language of a few templates, spoken in place of German."""

from collections.abc import Iterator

import pytest

from workbench.language import catalogue
from workbench.language.spoken import speaking

WORDED = {
    "There is no clip {clip} in {name}.": "In {name} gibt es keinen Clip {clip}.",
    "{n:,} clip": "{n:,} Aufnahme",
    "{n:,} clips": "{n:,} Aufnahmen",
    "the ward": "die Station",
}


class Tiny:
    """As much of a catalogue as sentences ask for."""

    language = "de"

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        english = said if others is None or n == 1 else others
        return WORDED.get(english, english)

    def number(self, value: float, spec: str = "") -> str:
        return format(value, spec).replace(",", ".")


@pytest.fixture
def in_german(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Speak it for the length of a test."""
    monkeypatch.setattr(catalogue, "catalogue", lambda language: Tiny())
    with speaking("de"):
        yield
