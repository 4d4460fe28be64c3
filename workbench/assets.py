"""Where the bundled model, the sample clips and the stylesheet lie: inside an installed wheel, or in the repository."""

from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.language.said import say


def assets_root() -> Path:
    """The folder of what ships with the program.

    Raises:
        WorkbenchError: The installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_assets", package.parent / "assets"):
        if folder.is_dir():
            return folder
    raise WorkbenchError(say("The bundled files are missing from this installation; install speech-workbench again."))
