"""Counts the hours that a database has seen passing, so that a wrong clock cannot make anything too old.

The wall clock may be a week ahead for one start. What is to go after some days goes only when the wall clock and the
hours counted here both say so; between two looks at most a day is counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import Session

from workbench.store.models import ClipRow, ClipSetRow, ClockRow, RunRow, now

CLOCK: Final = 1  # the id of the one row
MOST_HOURS: Final = 24.0  # counted between two looks


@dataclass(frozen=True)
class Look:
    """One look at the clock.

    Attributes:
        hours: Seen passing in all.
        jumped: More than a day has passed since the look before, or the clock stands before it.
        looks: How often the clock was looked at, this time included.
    """

    database_id: str
    hours: float
    jumped: bool
    looks: int


def advance(session: Session) -> Look:
    """Count what has passed since the last look."""
    row = session.get_one(ClockRow, CLOCK, with_for_update=True)
    passed = _passed(row.seen_at)
    row.hours, row.seen_at, row.looks = row.hours + _counted(passed), now(), row.looks + 1
    return Look(row.database_id, row.hours, not 0 <= passed <= MOST_HOURS, row.looks)


def current_hours(session: Session) -> float:
    """The hours that the next look would find if it came now."""
    row = session.get_one(ClockRow, CLOCK)
    return row.hours + _counted(_passed(row.seen_at))


def past(kind: type[ClipRow] | type[ClipSetRow] | type[RunRow], hours: float, days: float) -> ColumnElement[bool]:
    """Rows that were deleted at least so many days ago, by the wall clock and by the hours seen.

    Args:
        hours: What the clock has counted.
    """
    counted = func.coalesce(kind.deleted_hours, 0.0) <= hours - 24.0 * days
    return and_(kind.deleted_at <= now() - timedelta(days=days), counted)


def _passed(seen_at: datetime) -> float:
    return (now() - seen_at) / timedelta(hours=1)


def _counted(passed: float) -> float:
    return min(max(passed, 0.0), MOST_HOURS)
