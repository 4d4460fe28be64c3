"""The command line: `workbench [--workspace DIR] VERB …`. Each verb imports what is heavy only when it runs."""

import os
import sys
from collections.abc import Sequence
from typing import Final

__all__ = ["load_verbs", "main"]

INTERRUPTED: Final = 130  # the exit status of what Ctrl+C has ended


def load_verbs() -> None:
    """Register the verbs with the application: importing a module of verbs does it."""
    from workbench.cli import data, doctor, edit, history, models, overview, push, recover, serve, transcribe, weights  # noqa: F401


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; exits 0 for done, 1 for a failure said in one sentence, 2 for wrong usage, 130 after Ctrl+C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows pipe is not UTF-8 by itself
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        _run(arguments)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as e:
        if e.code == INTERRUPTED:  # typer has caught it already
            _interrupted()
        raise


def _interrupted() -> None:
    print("Stopped. What was stored so far is kept.", file=sys.stderr)
    sys.exit(INTERRUPTED)


def _run(arguments: Sequence[str] | None) -> None:
    # Loaded here, so that Ctrl+C while it loads is no stack trace.
    from workbench.cli.common import app, messages
    from workbench.disk import is_full
    from workbench.errors import WorkbenchError

    load_verbs()
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
