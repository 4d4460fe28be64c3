"""What must be saved though the disk is full: the reserve is given up for it, and what is not saved is said.

For labels, word lists, deleting and erasing. Each of them is one transaction, or can be done again from its beginning,
so that a second try after a full disk does nothing twice.
"""

import sqlite3
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from workbench.disk import DiskFullError, Reserve, is_full
from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.store.database import Store
from workbench.workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")

_ERRORS: Final = (OSError, DBAPIError, sqlite3.Error, WorkbenchError)  # the last may have come of one of the others


def reserve_of(store: Store) -> Reserve | None:
    """The bytes held back beside a store's database; None where it is a server's."""
    url = store.engine.url
    if store.engine.dialect.name != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Reserve(Path(url.database).parent)


def comes_first(lost: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A use case that a full disk must not keep from being saved: the reserve is given up and it is tried once more.

    Args:
        lost: What is told where even that does not help: what was not saved, as the beginning of a sentence.
    """

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def saving(*args: P.args, **kwargs: P.kwargs) -> T:
            again: Any = [list(a) if isinstance(a, Iterator) else a for a in args]  # one can be read only once
            return first_served(_store(again[0]), lost, lambda: method(*again, **kwargs))

        return saving

    return decorate


def told_when_full(lost: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A use case that waits for room like everything else; on a full disk it says what was not saved.

    Args:
        lost: As for `comes_first`.
    """

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def saving(*args: P.args, **kwargs: P.kwargs) -> T:
            reserve = reserve_of(_store(args[0]))
            return _told(lambda: method(*args, **kwargs), lost, reserve.root if reserve else None)

        return saving

    return decorate


def first_served(store: Store, lost: str, act: Callable[[], T]) -> T:
    """Do something that comes before everything else that wants the disk's last bytes.

    Raises:
        DiskFullError: There is not even room for that.
    """
    reserve = reserve_of(store)
    return _told(act, lost, None) if reserve is None else _first(reserve, lost, act)


def opened_first(workspace: Workspace) -> Store:
    """A workspace's store: opening it takes room too, without which nothing could be deleted to make more.

    Raises:
        WorkbenchError: As of `Store.open`, or there is not even room for that.
    """
    return _first(Reserve(workspace.root), say("The workspace was not opened"), lambda: Store.open(workspace))


def _first(reserve: Reserve, lost: str, act: Callable[[], T]) -> T:
    # Where room is short it is given up beforehand: what was broken off and is done again counts less the second time.
    if not reserve.needed():
        try:
            done = act()
        except _ERRORS as e:
            if not is_full(e, reserve.root):
                raise
        else:
            reserve.take()
            return done
    reserve.give()
    try:
        return _told(act, lost, reserve.root)
    finally:
        reserve.take_rest()


def _told(act: Callable[[], T], lost: str, root: Path | None) -> T:
    try:
        return act()
    except _ERRORS as e:
        if not is_full(e, root):
            raise
        raise DiskFullError(lost, root) from e


def _store(service: Any) -> Store:
    found: Store = getattr(service, "_store", None) or service.store
    return found
