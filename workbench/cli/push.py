"""The verbs about models leaving this machine: push, to a hub account; licence, of a set's clips."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from workbench.cli.common import JsonOption, WorkspaceOption, app, emit, messages, opened
from workbench.cli.history import RunArgument
from workbench.cli.weights import progress_of_steps
from workbench.errors import WorkbenchError


@app.command()
def push(
    context: typer.Context,
    run: RunArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="OWNER/NAME", help="The repository; else in your account, by model and run.")
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="For everybody to see; else it is private.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a run's model with its card into a hub account. The hub's own login is used, and private is the default."""
    from workbench.services.exports.push import STOPPED, Wish, find_target, push_beside
    from workbench.services.jobs.steps import Watch

    with opened(context, workspace) as bench:
        wish = Wish(bench.history.called(run), to, public)
        target = find_target(bench.workspace, bench.store, wish)
        who = "for everybody to see" if public else "private"
        messages().print(f"{wish.run} goes to {target.repo}, {who}; licence of its base model: {target.base_licence}.")
        if not yes:
            typer.confirm("Push it?", abort=True, err=True)
        try:
            with progress_of_steps() as tell:
                document = push_beside(bench.workspace, wish, Watch(tell))
        except KeyboardInterrupt:  # the process that pushes has been ended by now
            raise WorkbenchError(STOPPED) from None
    emit(document, as_json, lambda console: _show(console, document))


def _show(console: Console, document: dict[str, Any]) -> None:
    who = "public" if document["public"] else "private"
    console.print(f"{document['run']} is at {document['url']} ({who}, {document['size_mb']} MB).")


@app.command()
def licence(
    context: typer.Context,
    set_name: Annotated[str, typer.Argument(metavar="SET", help="The clip set.")],
    text: Annotated[
        str, typer.Argument(help="Such as CC0-1.0, CC-BY-NC-4.0, or “own recordings”; empty: unknown again.")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say under which licence a set's clips are. It decides whether what learned from them may be pushed."""
    with opened(context, workspace) as bench:
        kept = bench.collecting.set_licence(set_name, text)
    said = f"The licence of '{set_name}' is {json.dumps(kept, ensure_ascii=False) if kept else 'unknown'}."
    emit({"set": set_name, "licence": kept}, as_json, lambda console: console.print(said))
