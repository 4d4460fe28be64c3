"""The verb transcribe: files or a whole set, written down by a model that may favour some words."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from workbench.cli.common import (
    JsonOption,
    WorkspaceOption,
    app,
    drafter,
    emit,
    messages,
    opened,
    progress_bar,
    root_of,
)
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.core.text.word_list import Favoured
    from workbench.core.types import ModelSpec
    from workbench.services.workbench import Workbench

NO_SPEECH = "(no speech heard)"
AUTO, OFF = "auto", "off"
MOST = 20.0  # a strength at which nothing but the list is written


@app.command()
def transcribe(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(help="Sound files.")] = None,
    set_name: Annotated[
        str | None, typer.Option("--set", metavar="NAME", help="A clip set, in place of files.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL|RUN",
            help="A base model, a model folder, or a run (run-3); of a set by default what it goes by.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="What is spoken, such as de; else the set's, or as the model recognises it."),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Words to favour, a line each; of a set its word list by default."),
    ] = None,
    boost: Annotated[
        str | None,
        typer.Option(
            metavar="auto|off|STRENGTH",
            help="How strongly they are favoured; auto chooses by the set's confirmed clips. Off without --words.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down files or a whole set. A set's texts are kept as drafts; files that cannot be used are named last."""
    if bool(files) == bool(set_name):
        raise typer.BadParameter("give sound files or --set NAME, one of the two")
    if files and model is None:
        raise typer.BadParameter("name the model that is to hear the files: --model MODEL")
    from workbench.core.types import is_run

    begins = bool(files) and root_of(context, workspace) is None  # files need nothing of a workspace
    with opened(context, workspace, begins=begins) as bench, progress_bar("transcribing") as bar:
        model = model or drafter(bench, str(set_name))
        chosen = model if is_run(model) else bench.catalog.resolve(model)
        problems: list[str] = []
        total = bench.collecting.set_info(set_name).clips if set_name else len(files or [])
        favoured = favoured_words(bench, chosen, set_name, words, boost, language, bar)
        if set_name:
            document = bench.transcribing.clip_set(
                chosen,
                set_name,
                language=language,
                favoured=favoured,
                done=lambda n: bar(n, total, ""),
                left_out=problems.append,
            )
        else:
            document, problems = bench.transcribing.files(
                chosen, files or [], language=language, favoured=favoured, done=lambda n: bar(n, total, "")
            )

    def show(console: Console) -> None:
        for row in document:
            console.print(f"{row['file']}\t{row['text'] or NO_SPEECH}")

    for row in document:
        for warning in row.get("warnings", ()):
            messages().print(f"{row['file']}: {warning}")
    emit(document, as_json, show)
    if problems:
        raise WorkbenchError("\n".join(problems))


def favoured_words(
    bench: "Workbench",
    model: "str | ModelSpec",
    set_name: str | None,
    file: Path | None,
    boost: str | None,
    language: str | None,
    bar: Callable[[int, int, str], None],
) -> "Favoured | None":
    """The words that were asked for, at the strength that was asked for or that the set's confirmed clips choose."""
    wish = boost or (AUTO if file else OFF)
    if wish == OFF:
        return None
    from workbench.core.text.word_list import Favoured
    from workbench.services.clips.sets import read_words
    from workbench.services.inference.boost_strength import MOST_CLIPS

    if file is None and set_name is None:
        raise typer.BadParameter("name the words to favour: --words FILE")
    favoured = Favoured.of(read_words(file) if file else bench.labelling.word_lines(str(set_name)))
    if not favoured.terms:
        raise WorkbenchError("There is no word to favour: the list is empty.")
    if wish != AUTO:
        return Favoured(favoured.terms, _strength(wish))
    if set_name is None:
        return favoured
    total = min(bench.collecting.set_info(set_name).confirmed, MOST_CLIPS)
    choice = bench.transcribing.choose_strength(
        model, set_name, favoured, language=language, done=lambda n: bar(n, total, "choosing how strongly")
    )
    if choice is None:
        messages().print("Too few confirmed clips to choose a strength by: the model's usual one is taken.")
        return favoured
    messages().print(choice.sentence())
    return Favoured(favoured.terms, choice.strength)


def _strength(wish: str) -> float:
    try:
        strength = float(wish)
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= MOST:
        raise typer.BadParameter(f"--boost is auto, off or a number from 0 to {MOST:g}")
    return strength
