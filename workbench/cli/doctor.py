"""The verb about what looks wrong with a set's labels: doctor."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from workbench.cli.common import JsonOption, SetOption, WorkspaceOption, app, emit, messages, opened, progress_bar, say

if TYPE_CHECKING:
    from workbench.services.labels.doctor import Examined, Example, Report
    from workbench.services.workbench import Workbench

AUTHOR = "command line"


@app.command()
def doctor(
    context: typer.Context,
    set_name: SetOption,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL|RUN",
            help="Let this model hear the clips, and hold the labels against it; else against what the set's base "
            "model has heard already.",
        ),
    ] = None,
    apply: Annotated[
        str | None, typer.Option(metavar="KIND", help="Apply the remedy of this kind of finding to all it names.")
    ] = None,
    undo: Annotated[str | None, typer.Option(metavar="KIND", help="Take the remedy of this kind back.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what looks wrong with a set's confirmed labels. One kind of it is mended at once; every change is kept."""
    if apply and undo:
        raise typer.BadParameter("give --apply or --undo, one of the two")
    with opened(context, workspace) as bench:
        name = _listen(bench, set_name, model) if model else _heard_already(bench, set_name)
        document: dict[str, Any] = {"applied": None, "undone": None}
        if apply:
            for examined in bench.doctor.report(set_name, name).findings:
                if examined.finding.kind == apply:
                    _announce(examined)
            document["applied"] = bench.doctor.apply(set_name, apply, author=AUTHOR, model=name).to_json()
        if undo:
            back = bench.doctor.take_back(set_name, undo, author=AUTHOR)
            document["undone"] = {"kind": undo, "clips": back}
        report = bench.doctor.report(set_name, name)
        can_be_undone = bench.doctor.applied(set_name)
    document = {**report.to_json(), **document, "can_be_undone": [a.to_json() for a in can_be_undone]}
    emit(document, as_json, lambda console: _show(console, report, document))


def _heard_already(bench: "Workbench", set_name: str) -> str | None:
    """The run that the set goes by, or its base model: which has heard some of the clips; None where neither has."""
    confirmed = bench.collecting.set_info(set_name).confirmed  # an unknown set is said as such
    models = bench.base_models.drafter(set_name), bench.base_models.of_set(set_name).name
    return next((name for name in models if len(bench.doctor.unheard(set_name, name)) < confirmed), None)


def _listen(bench: "Workbench", set_name: str, model: str) -> str:
    """Let the model hear what it has not heard yet; its name in the store."""
    if not bench.doctor.unheard(set_name, model):
        return model  # all is heard, perhaps by a model that came with an import
    from workbench.core.types import is_run

    chosen = model if is_run(model) else bench.catalog.resolve(model)
    name = chosen if isinstance(chosen, str) else chosen.name
    clips = bench.doctor.unheard(set_name, name)
    if clips:
        with progress_bar("listening") as bar:
            bench.transcribing.hear_labelled(
                chosen, set_name, clips, done=lambda n: bar(n, len(clips), ""), left_out=lambda told: say([told])
            )
    return name


def _announce(examined: "Examined") -> None:
    """Say on stderr what is about to change."""
    finding, console = examined.finding, messages()
    console.print(f"{finding.remedy}: {_labels(len(finding.changes))}, {examined.tests} of them in test clips.")
    for example in examined.examples:
        console.print(_change(example))


def _change(example: "Example") -> str:
    after = f"“{example.after}”" if example.after else f"no longer confirmed ({example.note})"
    return f"  {example.name}: “{example.before}” → {after}"


def _labels(n: int) -> str:
    return f"{n:,} label{'' if n == 1 else 's'}"


def _show(console: Console, report: "Report", document: dict[str, Any]) -> None:
    for key, word in (("applied", "mended"), ("undone", "as before")):
        if document[key]:
            n = document[key]["clips"] if key == "undone" else len(document[key]["clips"])
            console.print(f"{_labels(n)} {word} ({document[key]['kind']}).")
    if not report.findings:
        console.print(f"Nothing looks wrong with the {report.clips} confirmed labels of '{report.set_name}'.")
    for examined in report.findings:
        finding = examined.finding
        console.print(f"\n{finding.kind}: {finding.sentence}")
        for example in examined.examples:
            console.print(_change(example))
        if finding.remedy:
            tested = f"; {examined.tests} of them in test clips" if examined.tests else ""
            console.print(f"  --apply {finding.kind}: {finding.remedy} ({_labels(len(finding.changes))}{tested}).")
    if report.deaf:
        console.print(f"\n{report.model} hears too little of these clips for its drafts to tell anything about labels.")
    if not report.model:
        console.print("\nWith --model the labels are held against what a model hears.")
    for applied in document["can_be_undone"]:
        console.print(f"--undo {applied['kind']} brings back {len(applied['clips'])} of the labels as they were.")
