"""Verbs that change what is there: trim a clip; rename, copy, archive and unarchive a set; star and unstar a run."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.common import JsonOption, WorkspaceOption, app, emit, opened, say
from workbench.cli.history import RunArgument
from workbench.core.types import clock
from workbench.errors import DataError

if TYPE_CHECKING:
    from workbench.services.clips.sets import SetInfo
    from workbench.services.clips.trims import Trim
    from workbench.services.workbench import Workbench

AUTHOR = "command line"
sets_app = typer.Typer(name="set", help="Rename, copy or archive a clip set.", no_args_is_help=True)
app.add_typer(sets_app)

SetArgument = Annotated[str, typer.Argument(metavar="SET", help="The clip set.")]
NewName = Annotated[str, typer.Argument(metavar="NEW", help="A name that no other set has.")]


@app.command()
def trim(
    context: typer.Context,
    clip: Annotated[int, typer.Argument(metavar="ID", help="The clip, by its number.")],
    start: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Where it is to begin, in its whole sound; else as now.")
    ] = None,
    end: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Where it is to end, in its whole sound; else as now.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the newest trim back.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trim a clip to a part of its sound. The whole sound stays; finished runs keep what they heard."""
    if undo == (start is not None or end is not None):
        raise typer.BadParameter("give --start, --end or both, or else --undo")
    with opened(context, workspace) as bench:
        say(bench.upkeep.look())
        name = bench.labelling.clip(clip).name
        done = _undone(bench, clip, name) if undo else _trimmed(bench, clip, start, end)
        stale = bench.labelling.clip(clip).stale and not bench.trimming.silence_apart(clip)
    seconds = {which: round(getattr(done, which), 4) for which in ("start", "end", "duration", "whole")}
    document = {"clip": clip, "name": name, **seconds, "revision": done.revision, "stale_draft": stale}
    more = " Its draft was made of another cut; let a model hear it again." if stale else ""
    heard = f"{name} is heard from {clock(done.start)} to {clock(done.end)} of {clock(done.whole)}.{more}"
    emit(document, as_json, lambda console: console.print(heard))


def _trimmed(bench: "Workbench", clip_id: int, start: float | None, end: float | None) -> "Trim":
    clip = bench.labelling.clip(clip_id)
    first, last = clip.cut or (0.0, clip.duration)
    return bench.trimming.trim(clip_id, first if start is None else start, last if end is None else end, author=AUTHOR)


def _undone(bench: "Workbench", clip_id: int, name: str) -> "Trim":
    done = bench.trimming.undo(clip_id, AUTHOR)
    if done is None:
        raise DataError(f"There is no trim of clip {clip_id} ({name}) to undo.")
    return done


@sets_app.command("rename")
def rename_set(
    context: typer.Context,
    name: SetArgument,
    new: NewName,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a set another name; its clips, labels and runs stay."""
    said = "'{old}' is called '{info.name}'."
    _change(context, workspace, name, lambda bench: bench.shelf.rename(name, new), said, as_json)


@sets_app.command("copy")
def copy_set(
    context: typer.Context,
    name: SetArgument,
    new: NewName,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a set of the same clips with their labels, splits and words; sounds are shared, runs are not copied."""
    said = "'{info.name}' has the {info.clips} clips of '{old}'."
    _change(context, workspace, name, lambda bench: bench.shelf.copy(name, new), said, as_json)


@sets_app.command("archive")
def archive_set(
    context: typer.Context, name: SetArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Put a set away: it is listed apart and takes no new clips and runs."""
    said = "'{old}' is archived; unarchive takes it out again."
    _change(context, workspace, name, lambda bench: bench.shelf.archive(name), said, as_json)


@sets_app.command("unarchive")
def unarchive_set(
    context: typer.Context, name: SetArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Take a set out of the archive."""
    said = "'{old}' takes clips and runs again."
    _change(context, workspace, name, lambda bench: bench.shelf.unarchive(name), said, as_json)


def _change(
    context: typer.Context,
    workspace: WorkspaceOption,
    name: str,
    act: Callable[["Workbench"], "SetInfo"],
    said: str,
    as_json: bool,
) -> None:
    """Change a set, and print what it is now."""
    with opened(context, workspace) as bench:
        info = act(bench)
    emit(info.to_json(), as_json, lambda console: console.print(said.format(old=name, info=info)))


@app.command()
def star(
    context: typer.Context, run: RunArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Use a run's model from now on.

    Its set drafts and checks labels with it, and adapts its base model.
    """
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        base = bench.best_runs.star(run)
        name = bench.adaptation.view(run).set_name
    sentence = f"'{name}' goes by {run} from now on; the next run of it starts from {base}."
    emit({"run": run, "starred": True, "set": name, "base": base}, as_json, lambda console: console.print(sentence))


@app.command()
def unstar(
    context: typer.Context, run: RunArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Take a run's star away; the best run counts again."""
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        bench.best_runs.unstar(run)
        name = bench.adaptation.view(run).set_name
        best = bench.best_runs.of(name)
    goes_by = best.id if best else None
    sentence = f"{run} has no star; '{name}' goes by {goes_by or 'its base model'}."
    document = {"run": run, "starred": False, "set": name, "goes_by": goes_by}
    emit(document, as_json, lambda console: console.print(sentence))
