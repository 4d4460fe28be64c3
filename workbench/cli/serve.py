"""The verb that opens the page; app.py is this verb too."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.common import WorkspaceOption, app, opened
from workbench.cli.models import ModelCollections, ModelFolders

DEFAULT_PORT = 7860


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine it asks for a password or a printed link.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = DEFAULT_PORT,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Answer to this host name too, for instance a proxy's; repeatable."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ask for the password that is this file's first line.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Ask for nothing, though others in the network can open the page.")
    ] = False,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Where a proxy shows the page: a path such as /speech, or an address.")
    ] = "",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    model: ModelFolders = None,
    models_dir: ModelCollections = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the page."""
    from workbench.ui.gate.access import Access
    from workbench.ui.launch import serve as serve_page

    access = Access.make(
        host,
        allowed_hosts=allowed_host or (),
        password_file=password_file,
        insecure=insecure,
        root_path=root_path,
    )
    with opened(
        context, workspace, begins=True, model_folders=model or (), model_collections=models_dir or ()
    ) as bench:
        serve_page(bench, access, port=port, open_browser=open_browser)
