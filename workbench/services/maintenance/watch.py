"""Whether anything has changed that a page shows: one token for all pages, and another one after each change."""

import hashlib
import time
from collections.abc import Callable, Hashable
from typing import Final

from sqlalchemy import exists, select

from workbench.core.types import Seconds
from workbench.services.inference.draft_progress import WORKING
from workbench.store.database import Store
from workbench.store.models import DraftingRow
from workbench.store.runs import active_runs

PULSE_S: Final[Seconds] = 5.0  # while something works: a process that was killed tells nobody
BLIND_S: Final[Seconds] = 1.0  # where the database does not tell that somebody wrote


class Watch:
    """What anybody may see, of any set.

    Args:
        store: Tells that any process wrote.
        beside: What pages show that is in no database, such as which models are being fetched.
    """

    def __init__(self, store: Store, beside: Callable[[], Hashable]) -> None:
        self._store, self._beside = store, beside

    def token(self) -> str:
        """16 hexadecimal digits, other ones after a change; what they stand for cannot be read from them."""
        version = self._store.version()
        seen = repr((id(self), version, self._beside(), self._pulse(version)))
        return hashlib.sha256(seen.encode("utf-8")).hexdigest()[:16]

    def _pulse(self, version: int | None) -> int:
        if version is None:
            return int(time.monotonic() / BLIND_S)
        working = self._store.cached("anybody at work", self._working)
        return int(time.monotonic() / PULSE_S) if working else 0

    def _working(self) -> bool:
        with self._store.session() as session:
            drafting = session.scalar(select(exists().where(DraftingRow.state == WORKING)))
            return bool(drafting or active_runs(session))
