"""What every verb shares: the application, its options, where results and messages go."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperGroup

if TYPE_CHECKING:
    from workbench.core.types import ModelSpec
    from workbench.services.workbench import Workbench


class _Verbs(TyperGroup):
    """The verbs; what is wrong with an option is said without the words that pydantic puts before it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as e:
            e.message = e.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    name="workbench",
    cls=_Verbs,
    help="Transfer learning in speech recognition: collect clips, label, adapt a model, compare.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", help="The folder that holds everything; else WORKBENCH_HOME."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, messages on stderr.")]
SetOption = Annotated[str, typer.Option("--set", metavar="NAME", help="The clip set.")]

# Verbs read the workspace that was given before them from here.
_WORKSPACE = "workspace"


@app.callback()
def _before_the_verb(context: typer.Context, workspace: WorkspaceOption = None) -> None:
    context.obj = {_WORKSPACE: workspace}


def messages() -> Console:
    """Where messages and progress go: stderr, so that stdout holds nothing but the result."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(notices: Iterable[str]) -> None:
    """What the user ought to know besides the result."""
    for notice in notices:
        messages().print(notice)


def root_of(context: typer.Context, workspace: Path | None) -> Path | None:
    """The workspace folder named after the verb or before it; None where neither was."""
    return workspace or (context.obj or {}).get(_WORKSPACE)


@contextmanager
def opened(
    context: typer.Context, workspace: Path | None, *, begins: bool = False, **options: Any
) -> Iterator["Workbench"]:
    """The use cases over the workspace named before or after the verb.

    Args:
        begins: Whether a folder that is no workspace yet becomes one.
        options: Passed on to `Workbench.open`.

    Raises:
        WorkbenchError: The folder is no workspace and is not to become one, or it cannot be opened.
    """
    from workbench.services.workbench import Workbench
    from workbench.workspace import Workspace

    root = root_of(context, workspace)
    if not begins:
        Workspace.refuse_missing(root)
    bench = Workbench.open(root, **options)
    try:
        say(bench.store.notices)
        yield bench
    finally:
        bench.close()


def base_model(bench: "Workbench", set_name: str, named: str | None) -> "ModelSpec":
    """The model that was named, else the set's, which is said."""
    bench.collecting.set_info(set_name)  # an unknown set is said as such
    if named is not None:
        return bench.catalog.resolve(named)
    spec, run = bench.base_models.of_set(set_name), bench.base_models.run_of(set_name)
    why = f", as of {run.id}, the run that {set_name} goes by" if run and run.model == spec.name else ""
    messages().print(f"Base model: {spec.name}{why}. Another one: --model.")
    return spec


def drafter(bench: "Workbench", set_name: str) -> str:
    """What a set goes by, which is said."""
    bench.collecting.set_info(set_name)  # an unknown set is said as such
    name = bench.base_models.drafter(set_name)
    messages().print(f"Model: {name}. Another one: --model.")
    return name


def emit(document: Any, as_json: bool, show: Callable[[Console], None]) -> None:
    """Print a result.

    Args:
        document: What `--json` prints.
        show: Prints the same for people.
    """
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        show(Console(highlight=False, markup=False, soft_wrap=True))


def plain_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, folds: Collection[str] = ()) -> Table:
    """A table without lines between the columns.

    Args:
        folds: Columns that give way where it is narrow; figures, and names that are there to be typed, stay whole.
    """
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head not in folds)
    for row in rows:
        table.add_row(*row)
    return table


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on stderr, gone when done; silent where stderr is no terminal."""
    console = messages()
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, _name: bar.update(task, completed=done, total=total)
