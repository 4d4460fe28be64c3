"""What the section Compare was asked to compare: the run that is shown, or two runs, by which text rules."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What is to be compared.

    Attributes:
        token: Names the run that the page shows, and its state; None until that is known.
        before: A run's id; empty for the base of `after`.
        after: A run's id; empty for the run that the page shows.
        normalizer: Name of a text normalizer; empty for the run's own.
    """

    token: str | None
    before: str = ""
    after: str = ""
    normalizer: str = ""

    @property
    def run(self) -> str:
        """The run on the right side."""
        return self.after or (self.token or "").partition("|")[0]

    @property
    def other(self) -> str:
        """The run on the left side; empty for the base."""
        return "" if self.before == self.run else self.before
