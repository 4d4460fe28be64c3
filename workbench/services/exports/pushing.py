"""Pushing in the background: a process beside the server, whose state every page sees, also after a reload."""

from typing import Final

from workbench.errors import WorkbenchError
from workbench.language.said import say, sentence
from workbench.services.exports.push import STOPPED, Wish, check_push, push_beside
from workbench.services.jobs.background import Background, JobView
from workbench.services.jobs.steps import Watch
from workbench.store.database import Store
from workbench.workspace import Workspace

FAILED: Final = say("It was not pushed; why stands in the server's log.")


class Pushing:
    """The use cases of pushing to a hub account."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self._going: Background[str] = Background(stopped=lambda run: STOPPED, failed=lambda run: FAILED)

    def hindrance(self, run: str, *, public: bool = False) -> str:
        """Why a run's model may not be pushed, as a sentence; empty where it may. Asks no network."""
        try:
            check_push(self._workspace, self._store, Wish(run, public=public))
        except WorkbenchError as e:
            return sentence(e)
        return ""

    def view(self, run: str) -> JobView | None:
        """Where the pushing of a run stands; None where nobody has asked for it since the server started."""
        return self._going.view(run)

    def views(self) -> tuple[tuple[str, JobView], ...]:
        """Of all runs, by their name."""
        return self._going.views()

    def start(self, run: str, to: str = "", *, public: bool = False) -> None:
        """Begin to push; returns at once.

        Args:
            to: "owner/name"; else the account that is logged in, and a name made of model and run.
            public: Whether everybody may see it.

        Raises:
            WorkbenchError: No such run, no such name, or a licence forbids it.
        """
        wish = Wish(run, to.strip(), public)
        check_push(self._workspace, self._store, wish)
        self._going.start(run, lambda watch: self._push(wish, watch))

    def stop(self, run: str) -> None:
        """Ask to stop."""
        self._going.stop(run)

    def _push(self, wish: Wish, watch: Watch) -> tuple[str, str]:
        url = str(push_beside(self._workspace, wish, watch)["url"])
        return say("{run} is at {url}.", run=wish.run, url=url), url
