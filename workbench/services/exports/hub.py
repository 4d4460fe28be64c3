"""A hub account as a place for models: who is logged in, a repository there, and files put into it by one commit.

The login is huggingface_hub's own (HF_TOKEN, or what `hf auth login` has kept); no token is handed about here, and none
stands in what is said. Nothing is seen in a repository before its one commit: an upload that is cut off leaves nothing.
Only of a commit that was sent and not answered can nobody say here whether it came about.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import WorkbenchError
from workbench.language.said import say
from workbench.services.jobs.steps import Watch
from workbench.services.jobs.stop import StopRequested
from workbench.services.models.hub import SILENCE, USUAL_HUB, switched_off

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LOG_IN: Final = say(
    "log in with `.venv/bin/hf auth login` in a terminal, or set HF_TOKEN where the workbench is started"
)
COMMITTING: Final = "Committing to "  # the step after which it may be there; the repository's address follows
NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
BEGUN: Final = frozenset({".gitattributes"})  # what is in a repository that was made and never pushed to


class HubAccount:
    """The account of whoever is logged in here.

    Args:
        what: What is to be pushed, in words, for messages.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or USUAL_HUB
        self._api = self._open()

    def _open(self) -> "HfApi":
        if off := switched_off():
            raise WorkbenchError(
                say("The hub is switched off ({off}), so {what} was not pushed.", off=off, what=self.what)
            )
        from huggingface_hub import HfApi, get_session, get_token

        if not get_token():
            raise WorkbenchError(say("Nobody is logged in to a hub: {log_in}; then push again.", log_in=LOG_IN))
        get_session().timeout = SILENCE  # its own default waits for ever
        return HfApi(endpoint=self.endpoint)

    def name(self) -> str:
        """The account's name.

        Raises:
            WorkbenchError: The hub cannot be reached, or does not accept the login.
        """
        with self._told(say("your account")):
            return str(self._api.whoami()["name"])

    def make(self, repo: str, *, public: bool, again: bool) -> None:
        """See to it that there is such a repository, to be seen by whom it is meant for.

        Args:
            repo: "owner/name".
            again: Whether one that holds something may be given another version.

        Raises:
            WorkbenchError: There is one that it must not be put into, or it may not be made.
        """
        from huggingface_hub.errors import RepositoryNotFoundError

        with self._told(repo):
            try:
                there = self._api.model_info(repo)
            except RepositoryNotFoundError:
                self._api.create_repo(repo, private=not public, exist_ok=False)
                return
        _check_there(repo, there, public=public, again=again)

    def upload(self, repo: str, folder: Path, message: str, watch: Watch) -> str:
        """Put a folder's files into a repository by one commit; the commit's address.

        Raises:
            WorkbenchError: It cannot be done; nothing of it is seen there then, unless the commit was not answered.
            StopRequested: Stopped before the commit; nothing of it is seen there either.
        """
        from huggingface_hub import CommitOperationAdd

        files = sorted(path for path in folder.rglob("*") if path.is_file())
        told = _Told(
            watch,
            say("Sending {what} to {repo}", what=self.what, repo=repo),
            sum(path.stat().st_size for path in files),
        )
        try:
            with self._told(repo, told), ExitStack() as opened:
                contents = [(path, opened.enter_context(_Counted(path, told))) for path in files]
                operations = [CommitOperationAdd(path.relative_to(folder).as_posix(), file) for path, file in contents]
                told.counts = True  # until here they were read to be hashed
                self._api.preupload_lfs_files(repo, operations, num_threads=1, free_memory=False)
                told.commit(say("Committing to {url}", url=self.address(repo)))
                commit = self._api.create_commit(repo, operations, commit_message=message, num_threads=1)
                return str(commit.commit_url)
        except WorkbenchError:
            if watch.stopped() and not told.committing:
                raise StopRequested from None
            raise

    def address(self, repo: str) -> str:
        """Where on the web a repository is."""
        return f"{self.endpoint}/{repo}"

    @contextmanager
    def _told(self, repo: str, upload: "_Told | None" = None) -> Iterator[None]:
        """What goes wrong at the hub as one sentence, in which no token stands."""
        try:
            yield
        except WorkbenchError:
            raise
        except Exception as e:  # the hub's library has its own errors, its HTTP client others
            if upload and upload.committing and _answer(e) is None:
                raise WorkbenchError(may_be_there(self.address(repo))) from None
            raise WorkbenchError(self._sentence(e, repo)) from None

    def _sentence(self, error: Exception, repo: str) -> str:
        causes = list(_causes(error))
        answer = _answer(error)
        if answer is not None:
            return self._answered(int(answer.status_code), repo)
        if any(kind.__name__ == "TransportError" for e in causes for kind in type(e).__mro__):
            return say(
                "The hub {hub} cannot be reached, or the connection broke off ({why}); {what} was not pushed. Try "
                "again when it can be reached.",
                hub=self.endpoint,
                why=type(causes[-1]).__name__,
                what=self.what,
            )
        return say(
            "The hub's library failed ({why}), so {what} was not pushed to {repo}.",
            why=type(causes[-1]).__name__,
            what=self.what,
            repo=repo,
        )

    def _answered(self, status: int, repo: str) -> str:
        if status == 401:
            return say(
                "The hub does not know the login that is used here (401): {log_in}; then push again.", log_in=LOG_IN
            )
        if status in (403, 404):
            return say(
                "The login may not write to {repo} ({status}): it is another account's, or the login is for reading "
                "only. Name a repository of your own with --to, or log in with a token that may write.",
                repo=repo,
                status=status,
            )
        if status == 409:
            return say("The name {repo} is taken; choose another one with --to.", repo=repo)
        return say(
            "The hub answered {status} about {repo}, so {what} was not pushed; try again later.",
            status=status,
            repo=repo,
            what=self.what,
        )


def may_be_there(url: str) -> str:
    """What is said where nobody can know whether the commit came about."""
    return say("It ended while the last of it was being sent, so it may be there; look at {url}.", url=url)


def _check_there(repo: str, there: Any, *, public: bool, again: bool) -> None:
    if there.private is not True and not public:
        raise WorkbenchError(say("{repo} is there and public; say --public, or name another one with --to.", repo=repo))
    if there.private is True and public:
        raise WorkbenchError(
            say(
                "{repo} is there and private; leave --public away, or make it public on the hub's own page first.",
                repo=repo,
            )
        )
    if not again and {file.rfilename for file in there.siblings or ()} - BEGUN:
        raise WorkbenchError(
            say(
                "{repo} holds a model already; say --to {repo} to give it another version, or name "
                "another one with --to.",
                repo=repo,
            )
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, the first cause last."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _answer(error: Exception) -> Any:
    """What the hub answered; None where it did not."""
    return next((r for e in _causes(error) if (r := getattr(e, "response", None)) is not None), None)


class _Told:
    """How much of the files has been sent."""

    def __init__(self, watch: Watch, message: str, total: int) -> None:
        self._watch, self._message, self._total = watch, message, total
        self._sent: dict[Path, int] = {}
        self.counts = self.committing = False

    def commit(self, message: str) -> None:
        """The last of it goes now, all at once; from here on it is not stopped.

        Raises:
            StopRequested: The user has asked to stop.
        """
        self._watch.bytes(message, self._total, self._total)
        self.committing = True

    def at(self, path: Path, place: int) -> None:
        """Raise StopRequested where the user has asked to stop; hashing takes long, too."""
        if self.committing:
            return
        self._watch.check()
        if self.counts:
            self._sent[path] = max(place, self._sent.get(path, 0))
            self._watch.bytes(self._message, sum(self._sent.values()), self._total)


class _Counted(io.BufferedReader):
    """A file that says how far it has been read, which the hub's library tells nobody but a terminal."""

    def __init__(self, path: Path, told: _Told) -> None:
        super().__init__(io.FileIO(path))
        self._path, self._told = path, told

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._told.at(self._path, self.tell())
        return piece
