"""The verb for a database that is missing, damaged or not the right one: list backups, put one back, begin anew."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from workbench.cli.common import JsonOption, WorkspaceOption, app, emit, plain_table, root_of, say

if TYPE_CHECKING:
    from workbench.services.maintenance.recovery import Recovered
    from workbench.workspace import Workspace


@app.command()
def recover(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Put this backup back: its name, or any copy's path.")
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Begin with an empty database; the sounds go to lost+found.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the backups of the database, put one back, or begin anew. What was there is kept beside them."""
    from workbench.services.maintenance import recovery as recovering
    from workbench.workspace import Workspace

    if file and empty:
        raise typer.BadParameter("--from puts a backup back, --empty begins without one; choose one of them")
    if not file:  # a copy from elsewhere may be put into a new folder
        Workspace.refuse_missing(root_of(context, workspace))
    place = Workspace.open(root_of(context, workspace))
    if not (file or empty):
        backups = recovering.backups_of(place)
        document = {"backups": [backup.to_json() for backup in backups]}
        emit(document, as_json, lambda console: _show_backups(console, place, document["backups"]))
        return
    done = recovering.recover_from(place, file) if file else recovering.begin_anew(place)
    say(done.notices)
    emit(done.to_json(), as_json, lambda console: _show_done(console, place, done))


def _show_backups(console: Console, workspace: "Workspace", backups: list[dict[str, object]]) -> None:
    if not backups:
        console.print(
            f"There is no backup in {workspace.backups} yet; one is made every day that the workbench is used."
        )
        return
    heads = ("backup", "made (UTC)", "clips", "labels")
    rows = [
        (
            Path(str(b["file"])).name,
            str(b["made"])[:16].replace("T", " "),
            *((str(b["clips"]), str(b["labels"])) if not b["problem"] else ("–", str(b["problem"]))),
        )
        for b in backups
    ]
    console.print(plain_table(heads, rows, folds=("labels",)))
    console.print(
        "`workbench recover --from BACKUP` puts one back; the database that is there now is kept beside them."
    )


def _show_done(console: Console, workspace: "Workspace", done: "Recovered") -> None:
    console.print(f"The database knows {done.clips:,} clips.")
    if done.kept:
        console.print(f"What was there before is kept in {done.kept}.")
    if done.restored:
        console.print(f"{done.restored:,} clips have their sound again from {workspace.lost_and_found}.")
    if done.moved:
        console.print(
            f"{done.moved:,} sounds belong to no clip and are in {workspace.lost_and_found}; `workbench import "
            f"{workspace.lost_and_found} --set NAME` takes them in again."
        )
