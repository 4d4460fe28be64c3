"""Pushes a run's model with its card to a hub account: what may leave is decided first, then it is written and sent."""

import json
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from workbench.core.licences import base_hindrance, hindrance
from workbench.core.run_result import RunResult
from workbench.errors import DataError, WorkbenchError
from workbench.language.said import say
from workbench.services.exports.hub import COMMITTING, NAME, HubAccount, may_be_there
from workbench.services.jobs.beside import work_beside
from workbench.services.jobs.steps import Step, Watch
from workbench.services.jobs.stop import StopRequested
from workbench.services.results.comparison import not_measured
from workbench.services.runs.delivery import kept_base
from workbench.services.storage.licences import licences_of
from workbench.store.database import Store
from workbench.store.models import ClipSetRow
from workbench.store.runs import count_tested, find_run
from workbench.workspace import Workspace

PROCESS: Final = "workbench.services.exports.push_process"
STOPPED: Final = say("Stopped; no file of it is on the hub. An empty repository may be there.")


@dataclass(frozen=True)
class Wish:
    """What is to be pushed, and whereto.

    Attributes:
        run: For instance "run-3".
        to: "owner/name"; empty: the account that is logged in, and a name made of model and run.
        public: Whether everybody may see it.
    """

    run: str
    to: str = ""
    public: bool = False

    def __post_init__(self) -> None:
        if self.to and not NAME.fullmatch(self.to):
            raise DataError(
                say("'{to}' names no repository of a hub; write OWNER/NAME, such as ada/ward-words.", to=self.to[:80])
            )


@dataclass(frozen=True)
class Target:
    """Where a model goes.

    Attributes:
        repo: "owner/name".
        licences: Of the clips; an empty one is unknown.
        base_licence: Of the base model.
    """

    repo: str
    public: bool
    licences: tuple[str, ...]
    base_licence: str


def check_push(workspace: Workspace, store: Store, wish: Wish) -> tuple[str, ...]:
    """The licences of a run's clips; asks no network.

    Raises:
        WorkbenchError: No such run, it has no model of its own, or a licence forbids it.
    """
    with store.session() as session:
        row = find_run(session, wish.run)
        if not count_tested(session, [row.id]):
            raise not_measured(row)
        kept = kept_base(RunResult.from_json(row.result), row.status)
        licences = licences_of(workspace, session, row.set_id)
        set_name, base = session.get_one(ClipSetRow, row.set_id).name, str(row.model.get("licence", ""))
    if kept:
        raise WorkbenchError(
            say("{run} delivers the unchanged base model; there is nothing of its own to push.", run=wish.run)
        )
    if base_hindrance(base, public=wish.public):
        raise WorkbenchError(
            say("{run} is not pushed: its base model comes under '{base}', which forbids it.", run=wish.run, base=base)
        )
    if reason := hindrance(licences, public=wish.public):
        raise WorkbenchError(_forbidden(wish, set_name, reason))
    return tuple(licences)


def _forbidden(wish: Wish, set_name: str, reason: str) -> str:
    values = {"run": wish.run, "set": set_name, "reason": reason, "quoted": json.dumps(set_name, ensure_ascii=False)}
    if wish.public:
        return say(
            "{run} is not pushed for everybody: it learned from the clips of '{set}', and {reason}. `workbench licence "
            "{quoted} TEXT` says what holds for them, if it is another one.",
            **values,
        )
    return say(
        "{run} is not pushed: it learned from the clips of '{set}', and {reason}. `workbench licence {quoted} TEXT` "
        "says what holds for them, if it is another one.",
        **values,
    )


def find_target(workspace: Workspace, store: Store, wish: Wish) -> Target:
    """Where a model would go; asks the hub who is logged in.

    Raises:
        WorkbenchError: As `check_push`; nobody is logged in, or the hub cannot be reached.
    """
    licences = check_push(workspace, store, wish)
    with store.session() as session:
        model = find_run(session, wish.run).model
    owner = HubAccount(wish.run).name()
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{model['name']}-{wish.run}").strip("-.")
    return Target(wish.to or f"{owner}/{name}", wish.public, licences, str(model.get("licence", "unknown")))


def push_run(workspace: Workspace, store: Store, wish: Wish, watch: Watch) -> dict[str, Any]:
    """Write a run's model, prove it, and put it into a repository by one commit.

    Returns:
        {"run", "repo", "public", "url", "commit", "files", "size_mb"}.

    Raises:
        WorkbenchError: As `find_target` and `export_run`, or the hub refuses it. Nothing is seen there then,
            unless the commit was not answered.
        StopRequested: Stopped; nothing is seen there, though an empty repository may be.
    """
    watch.say(say("Asking the hub"))
    target = find_target(workspace, store, wish)
    with tempfile.TemporaryDirectory(dir=workspace.temporary, prefix="push-") as scratch:
        folder = Path(scratch) / "model"
        watch.say(say("Writing the model, and trying it on clips"))
        written = _write(workspace, store, wish.run, folder, target)
        account = HubAccount(wish.run)
        watch.say(say("Making {repo}", repo=target.repo))
        account.make(target.repo, public=wish.public, again=bool(wish.to))
        commit = account.upload(target.repo, folder, f"Speech Workbench, {wish.run}", watch)
    return {
        "run": wish.run,
        "repo": target.repo,
        "public": wish.public,
        "url": account.address(target.repo),
        "commit": commit,
        "files": written["files"],
        "size_mb": written["size_mb"],
    }


def _write(workspace: Workspace, store: Store, run: str, folder: Path, target: Target) -> dict[str, Any]:
    """The folder that is pushed: an export without the words of labels, with the licence of the clips."""
    from workbench.services.exports.model import export_run

    written = export_run(workspace, store, run, folder, away=True)
    said = ", ".join(licence or "unknown" for licence in target.licences) or "unknown"
    with (folder / "README.md").open("a", encoding="utf-8") as card:
        card.write(f"\nLicence of the clips that it learned from: {said}.\n")
    return written


def push_beside(workspace: Workspace, wish: Wish, watch: Watch) -> dict[str, Any]:
    """`push_run` in a process of its own, which loads torch and can be ended within a file.

    Raises:
        WorkbenchError: As `push_run`; or it was ended during the commit, and may be there.
        StopRequested: As `push_run`.
        RuntimeError: The process ended without a word.
    """
    last = ""

    def tell(step: dict[str, Any]) -> None:
        nonlocal last
        last = step["message"]
        watch.tell(Step(**step))

    arguments = [str(workspace.root), json.dumps(asdict(wish))]
    try:
        return work_beside(PROCESS, arguments, tell, watch.stopped)
    except (StopRequested, RuntimeError, KeyboardInterrupt):
        if not last.startswith(COMMITTING):
            raise
        raise WorkbenchError(may_be_there(last.removeprefix(COMMITTING))) from None
