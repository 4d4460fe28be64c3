"""Verbs about the runs of the past: runs, rename, note, report; delete, undelete and erase stand with the sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from workbench.cli.common import JsonOption, WorkspaceOption, app, emit, opened, plain_table
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.services.results.history import Entry

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run, such as run-3, or its name.")]


@app.command()
def runs(
    context: typer.Context,
    set_name: Annotated[str | None, typer.Option("--set", metavar="NAME", help="Only this set's runs.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs with their names and notes, newest first."""
    with opened(context, workspace) as bench:
        entries = bench.history.entries(set_name)
        document = [_run_document(entry) for entry in entries]
    emit(document, as_json, lambda console: _show_runs(console, document, one_set=bool(set_name)))


def _show_runs(console: Console, document: list[dict[str, Any]], *, one_set: bool) -> None:
    heads = ("run", "WER", "verdict", "s", "strategy", "model", *(() if one_set else ("set",)))
    rows = [tuple(_cells(d)[head] for head in heads) for d in document]
    console.print(plain_table(heads, rows, folds=("set", "model", "strategy")))
    for d in document:
        # Below the table: names and notes are as long as people make them.
        if d["name"] or d["note"] or d["starred"]:
            name = f" “{d['name']}”" if d["name"] else ""
            name += " ★" if d["starred"] else ""
            console.print(f"{d['run']}{name}{': ' if d['note'] else ''}{' / '.join(d['note'].splitlines())}")


def _cells(d: dict[str, Any]) -> dict[str, str]:
    measured = d["base_wer"] is not None
    return {
        **{name: str(d[name]) for name in ("run", "set", "model", "strategy")},
        "WER": f"{d['base_wer']:.1%} → {d['adapted_wer']:.1%}" if measured else "–",
        "verdict": d["outcome"] or d["status"],
        "s": "–" if d["seconds"] is None else f"{d['seconds']:.0f}",
    }


@app.command()
def rename(
    context: typer.Context,
    run: RunArgument,
    name: Annotated[str, typer.Argument(help="What it is called from now on; an empty one takes its name away.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a run a name that says what was tried."""
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        kept = bench.history.rename(run, name)
    sentence = f"{run} is called '{kept}'." if kept else f"{run} has no name any more."
    emit({"run": run, "name": kept}, as_json, lambda console: console.print(sentence))


@app.command()
def note(
    context: typer.Context,
    run: RunArgument,
    text: Annotated[str, typer.Argument(help="The note, in place of an earlier one; an empty one takes it away.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a note beside a run."""
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        kept = bench.history.annotate(run, text)
    sentence = f"The note of {run} is kept." if kept else f"{run} has no note any more."
    emit({"run": run, "note": kept}, as_json, lambda console: console.print(sentence))


@app.command()
def report(
    context: typer.Context,
    run: RunArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The HTML file to write; it must be new.")],
    clips: Annotated[
        list[int] | None,
        typer.Option("--clip", metavar="ID", help="Show this tested clip in place of the rule's ten; repeatable."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a run's report: one HTML file to keep and to show.

    With figures, run card, and the sound and picture of ten clips.
    """
    from workbench.ui.report.page import report_html

    if out.exists():
        raise WorkbenchError(f"{out} exists already; choose a new name.")
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        found = bench.reporting.of(run, clips or ())
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(report_html(found), encoding="utf-8")
    except OSError as e:
        raise WorkbenchError(f"{out} cannot be written ({e.strerror}); choose another place with --out.") from e
    size, clip_ids = out.stat().st_size, [c.row.clip_id for c in found.clips]
    document = {"run": run, "out": str(out), "clips": clip_ids, "bytes": size}
    sentence = f"The report on {run} was written to {out} ({size / 1e6:.1f} MB)."
    emit(document, as_json, lambda console: console.print(sentence))


def _run_document(entry: "Entry") -> dict[str, Any]:
    figures = entry.figures
    return {
        "run": entry.id,
        "name": entry.title,
        "note": entry.note,
        "set": entry.set_name,
        "model": entry.model,
        "strategy": entry.strategy,
        "blend": entry.blend,
        "status": entry.status,
        "message": entry.message,
        "created": entry.created.isoformat(),
        "train_clips": entry.learned,
        "test_clips": entry.tested,
        "base_wer": figures.base_wer if figures else None,
        "adapted_wer": figures.adapted_wer if figures else None,
        "wer_change": figures.change.to_json() if figures else None,
        "verdict": figures.verdict if figures else None,
        "outcome": figures.outcome if figures else None,
        "forgetting": figures.forgetting if figures else None,
        "general": dict(zip(("set", "version"), figures.general, strict=True)) if figures and figures.general else None,
        "seconds": entry.seconds,
        "command": entry.command,
        "starred": entry.starred,
    }
