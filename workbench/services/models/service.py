"""Fetching a model in the background: a process beside the server, whose state every page sees, also after a reload."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from workbench.asr.catalog.catalog import Catalog, state_of
from workbench.core.types import ModelSpec
from workbench.errors import DataError, WorkbenchError
from workbench.language.said import say
from workbench.services.jobs.background import Background, JobView
from workbench.services.jobs.steps import Watch
from workbench.services.models.process import fetch_beside

log = logging.getLogger(__name__)
STARTING: Final = say("Looking where it can be had")


class Getting:
    """The use cases of fetching from the page.

    Args:
        catalog: Looked through again once a model is here.
        choose: Told (set, model) when a model has come that a set's user asked for.
    """

    def __init__(self, catalog: Catalog, choose: Callable[[str, str], object]) -> None:
        self._catalog, self._choose = catalog, choose
        self._going: Background[str] = Background(stopped=_stopped, failed=_failed, starting=STARTING)
        self._asked_by: dict[str, set[str]] = {}  # model -> sets whose user asked for it
        self._lock = threading.Lock()

    def view(self, model: str) -> JobView | None:
        """Where the fetching of a model stands; None where nobody has asked for it since the server started."""
        return self._going.view(model)

    def views(self) -> tuple[tuple[str, JobView], ...]:
        """All of them by the model's name, in the order in which they were asked for."""
        return self._going.views()

    def start(self, model: str, set_name: str = "") -> None:
        """Begin to fetch a model, or go on after a stop or a failure; returns at once.

        Args:
            set_name: The set that is to use it.

        Raises:
            WorkbenchError: No such model, or it is no model to fetch.
        """
        spec = self._catalog.find(model)
        if not can_be_got(spec):
            raise DataError(
                say(
                    "There is nothing to fetch of {name}; choose it, or a model that is one click away.", name=spec.name
                )
            )
        if set_name:
            with self._lock:
                self._asked_by.setdefault(spec.name, set()).add(set_name)
        self._going.start(spec.name, lambda watch: self._get(spec.name, watch))

    def stop(self, model: str) -> None:
        """Ask to stop; what has come is kept where the source can go on from there."""
        self._going.stop(model)

    def _get(self, model: str, watch: Watch) -> tuple[str, str]:
        fetch_beside(model, watch)
        self._catalog.refresh()
        self._give(model)
        return say("{model} is here.", model=model), ""

    def _give(self, model: str) -> None:
        """Choose it for the sets that asked."""
        with self._lock:
            asked = self._asked_by.pop(model, set())
        for set_name in asked:
            try:
                self._choose(set_name, model)
            except WorkbenchError as e:  # the set was deleted meanwhile
                log.info("%s is not chosen for %s: %s", model, set_name, e)


def _stopped(model: str) -> str:
    return say("Stopped; {model} is not here yet. What has come from the hub is kept.", model=model)


def _failed(model: str) -> str:
    return say("{model} was not fetched; the server's log has the details. Try again.", model=model)


def can_be_got(spec: ModelSpec) -> bool:
    """Whether a model is not here and can be fetched."""
    return spec.source == "fetched" and state_of(spec) == "fetchable"
