"""The command line: `workbench [--workspace DIR] VERB …`. Each verb imports what is heavy only when it runs."""

import os
import sys
from collections.abc import Sequence

# Importing a module of verbs registers them.
from workbench.cli import data, doctor, history, models, overview, recover, serve, weights  # noqa: F401
from workbench.cli.common import app, messages
from workbench.disk import is_full
from workbench.errors import WorkbenchError

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; exits 0 for done, 1 for a failure said in one sentence, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows pipe is not UTF-8 by itself
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(None if arguments is None else list(arguments))
    except WorkbenchError as e:
        messages().print(str(e))
        sys.exit(1)
    except Exception as e:
        if os.environ.get("WORKBENCH_DEBUG"):
            raise
        if is_full(e):
            messages().print("The disk is full, so this was not done; make at least 100 MB free on it and try again.")
            sys.exit(1)
        messages().print(
            f"Something went wrong inside the workbench ({type(e).__name__}: {' '.join(str(e).split())[:200]}); "
            "set WORKBENCH_DEBUG=1 and run it again to see where."
        )
        sys.exit(1)
