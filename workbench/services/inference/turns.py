"""Turns at something that only one may use: those for whom somebody waits first, else in the order they came."""

import itertools
import threading
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that keeps an order; `threading.Lock` may give itself to the same thread again and again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[bool, int]] = []
        self._numbers = itertools.count()
        self._taken = False

    @contextmanager
    def take(self, *, behind: bool = False) -> Iterator[None]:
        """Wait for a turn and have it for a block.

        Args:
            behind: Whether all those go first who do not say so: nobody waits for this piece of work by itself.
        """
        with self._changed:
            ticket = behind, next(self._numbers)
            insort(self._waiting, ticket)
            try:
                self._changed.wait_for(lambda: not self._taken and self._waiting[0] == ticket)
                self._taken = True
            finally:
                self._waiting.remove(ticket)
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
