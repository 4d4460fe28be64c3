"""Fetching a model in the background: a process beside the server, whose state every page sees, also after a reload."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from workbench.asr.catalog.catalog import Catalog, state_of
from workbench.core.types import ModelSpec, Seconds
from workbench.errors import DataError, WorkbenchError
from workbench.services.jobs.stop import StopRequested
from workbench.services.models.process import fetch_beside
from workbench.services.models.progress import Step, Watch

log = logging.getLogger(__name__)
STARTING: Final = "Looking where it can be had"


@dataclass(frozen=True)
class GetView:
    """Where the fetching of a model stands.

    Attributes:
        message: What goes on; of one that has ended, how.
        done: Bytes that are here.
        total: Bytes in all; 0 where the step has none.
        active: Whether it still goes on.
        stopping: Whether the user has asked to stop.
        failed: Whether it ended without the model.
    """

    model: str
    message: str
    done: int = 0
    total: int = 0
    seconds_left: Seconds | None = None
    active: bool = True
    stopping: bool = False
    failed: bool = False


class Getting:
    """The use cases of fetching from the page.

    Args:
        catalog: Looked through again once a model is here.
        choose: Told (set, model) when a model has come that a set's user asked for.
    """

    def __init__(self, catalog: Catalog, choose: Callable[[str, str], object]) -> None:
        self._catalog, self._choose = catalog, choose
        self._views: dict[str, GetView] = {}
        self._asked_by: dict[str, set[str]] = {}  # model -> sets whose user asked for it
        self._lock = threading.Lock()

    def view(self, model: str) -> GetView | None:
        """Where the fetching of a model stands; None where nobody has asked for it since the server started."""
        return self._views.get(model)

    def views(self) -> list[GetView]:
        """All of them, in the order in which they were asked for."""
        return list(self._views.values())

    def start(self, model: str, set_name: str = "") -> None:
        """Begin to fetch a model, or go on after a stop or a failure; returns at once.

        Args:
            set_name: The set that is to use it.

        Raises:
            WorkbenchError: No such model, or it is no model to fetch.
        """
        spec = self._catalog.find(model)
        if not can_be_got(spec):
            raise DataError(f"There is nothing to fetch of {spec.name}; choose it, or a model that is one click away.")
        with self._lock:
            if set_name:
                self._asked_by.setdefault(spec.name, set()).add(set_name)
            known = self._views.get(spec.name)
            if known and known.active:
                return
            self._views[spec.name] = GetView(spec.name, STARTING)
        threading.Thread(target=self._get, args=(spec.name,), daemon=True).start()

    def stop(self, model: str) -> None:
        """Ask to stop; what has come is kept where the source can go on from there."""
        with self._lock:
            known = self._views.get(model)
            if known and known.active:
                self._views[model] = replace(known, stopping=True)

    def _get(self, model: str) -> None:
        try:
            fetch_beside(model, Watch(lambda step: self._show(model, step), lambda: self._views[model].stopping))
            self._catalog.refresh()
            self._give(model)
            self._end(model, f"{model} is here.")
        except StopRequested:
            self._end(model, f"Stopped; {model} is not here yet. What has come from the hub is kept.", failed=True)
        except WorkbenchError as e:
            self._end(model, str(e), failed=True)
        except Exception:  # the thread's boundary: logged, and said on the page
            log.exception("fetching %s failed", model)
            self._end(model, f"{model} was not fetched; the server's log has the details. Try again.", failed=True)

    def _show(self, model: str, step: Step) -> None:
        with self._lock:
            self._views[model] = replace(
                self._views[model],
                message=step.message,
                done=step.done,
                total=step.total,
                seconds_left=step.seconds_left,
            )

    def _give(self, model: str) -> None:
        """Choose it for the sets that asked."""
        with self._lock:
            asked = self._asked_by.pop(model, set())
        for set_name in asked:
            try:
                self._choose(set_name, model)
            except WorkbenchError as e:  # the set was deleted meanwhile
                log.info("%s is not chosen for %s: %s", model, set_name, e)

    def _end(self, model: str, message: str, *, failed: bool = False) -> None:
        with self._lock:
            self._views[model] = GetView(model, message, active=False, failed=failed)


def can_be_got(spec: ModelSpec) -> bool:
    """Whether a model is not here and can be fetched."""
    return spec.source == "fetched" and state_of(spec) == "fetchable"
