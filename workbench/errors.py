"""Errors whose message is one clear sentence for a domain expert: what is wrong, where, and what to do."""

from workbench.language.said import listing, say


class WorkbenchError(Exception):
    """Base of every error that is shown to the user as it stands; never carries a stack trace to the page."""


class AudioError(WorkbenchError):
    """A sound that cannot be used.

    Args:
        reason: What is wrong, without a full stop.
        remedy: What the user can do about it, without a full stop.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(say("{reason}; {remedy}", reason=reason, remedy=remedy))
        self.reason = reason
        self.remedy = remedy


class DataError(WorkbenchError):
    """A file, set, clip or label that does not fit what was asked."""


class NothingToDoError(WorkbenchError):
    """What was asked for is done already; told as a note, since nothing went wrong."""


class ModelError(WorkbenchError):
    """A model that cannot be found, loaded or used here."""


class TooLargeError(ModelError):
    """A model that the free memory does not hold."""


class TrainingError(WorkbenchError):
    """A fine-tune that cannot start or cannot go on (too few clips, NaN loss, out of memory)."""


class UnknownNameError(WorkbenchError):
    """A name that is not among the valid ones; lists them.

    Args:
        kind: What was named, for instance "strategy".
        name: The name that was given.
        valid: The names that exist.
    """

    def __init__(self, kind: str, name: str, valid: "list[str] | tuple[str, ...]") -> None:
        known = listing(valid) if valid else say("none yet")
        super().__init__(
            say("There is no {kind} called '{name}'; choose one of: {known}.", kind=kind, name=name, known=known)
        )
        self.kind, self.name, self.valid = kind, name, tuple(valid)
