"""The one root folder that holds everything a user has made; passed in, never a module-level path."""

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from workbench.errors import WorkbenchError
from workbench.language.said import say

SERVING = ".serving"  # lock in the root, held while a server uses the workspace


@dataclass(frozen=True)
class Workspace:
    """Where things lie under the root: sounds by content hash, cached activations, runs, exports, database, backups."""

    root: Path

    @classmethod
    def open(cls, root: str | os.PathLike[str] | None = None) -> "Workspace":
        """Make the folders where they are missing.

        Args:
            root: The folder; else the environment's WORKBENCH_HOME; else the system's place for user data.

        Raises:
            WorkbenchError: The folder cannot be made or written.
        """
        chosen = Path(root) if root else usual_root()
        workspace = cls(chosen.expanduser().resolve())
        try:
            for folder in (workspace.clips, workspace.cache, workspace.runs, workspace.exports, workspace.temporary):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise WorkbenchError(
                say(
                    "The workspace folder {folder} cannot be written ({why}); choose another with --workspace.",
                    folder=chosen,
                    why=e.strerror,
                )
            ) from e
        # Folders that are there already say nothing of a disk that is mounted, or owned, for reading only.
        shut = next((f for f in (workspace.root, workspace.clips) if not os.access(f, os.W_OK | os.X_OK)), None)
        if shut is not None:
            raise WorkbenchError(
                say(
                    "The workspace folder {folder} may only be read, not written; choose another with "
                    "--workspace, or give yourself the right to write there.",
                    folder=shut,
                )
            )
        return workspace

    @classmethod
    def refuse_missing(cls, root: str | os.PathLike[str] | None = None) -> None:
        """For who only asks: nothing is made where a folder's name was mistyped.

        Args:
            root: As of `open`.

        Raises:
            WorkbenchError: The folder is no workspace.
        """
        workspace = cls((Path(root) if root else usual_root()).expanduser())
        if not (workspace.clips.is_dir() or workspace.database.exists()):
            raise WorkbenchError(
                say(
                    "{folder} is no workspace, and nothing was made there; name one with --workspace, "
                    "or begin one with `workbench import` or `workbench serve`.",
                    folder=workspace.root,
                )
            )

    @property
    def clips(self) -> Path:
        return self.root / "clips"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def lost_and_found(self) -> Path:
        """Sounds that belong to no clip; made when there is one."""
        return self.root / "lost+found"

    @property
    def database(self) -> Path:
        return self.root / "workbench.db"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.database}"

    def sound_path(self, sha256: str) -> Path:
        """The FLAC file of the sound with this content hash, whether it exists or not."""
        return self.clips / sha256[:2] / f"{sha256}.flac"

    def run_folder(self, run_id: str) -> Path:
        return self.runs / run_id


def usual_root() -> Path:
    """The folder that holds everything where none is named."""
    return Path(os.environ.get("WORKBENCH_HOME") or user_data_path("speech-workbench"))
