"""Verbs about models and fine-tuning: models, adapt, sweep, curve, resume, stop, compare."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from workbench.cli.common import (
    JsonOption,
    SetOption,
    WorkspaceOption,
    app,
    base_model,
    emit,
    messages,
    opened,
    root_of,
)
from workbench.cli.figures import show_figures
from workbench.cli.settings import with_settings
from workbench.errors import WorkbenchError
from workbench.services.estimates.remaining import LOADING
from workbench.services.runs.strategies import NAMES as STRATEGIES

if TYPE_CHECKING:
    from workbench.core.types import ModelSpec
    from workbench.services.workbench import Workbench

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="A name from `workbench models`, a hub id, or a folder; else the set's choice, or the best at hand.",
    ),
]
ModelFolders = Annotated[
    list[Path] | None, typer.Option("--model", metavar="DIR", help="Offer this model folder; repeatable.")
]
ModelCollections = Annotated[
    list[Path] | None, typer.Option("--models-dir", metavar="DIR", help="Offer every model in this folder; repeatable.")
]
SAY_EVERY = 5.0  # seconds between lines of progress where stderr is no terminal


@app.command()
def models(
    context: typer.Context,
    models_dir: ModelCollections = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the base models on offer. Any other hub id of a CTC or Whisper model works too."""
    named = root_of(context, workspace) is not None
    with opened(context, workspace, begins=not named, model_collections=models_dir or ()) as bench:
        specs = bench.catalog.specs
        states = bench.catalog.states()
        for skipped in bench.catalog.skipped:
            messages().print(str(skipped))
    document = [
        {
            "name": s.name,
            "family": s.family,
            "source": s.source,
            "state": states[s.name],
            "parameters": s.parameters,
            "languages": list(s.languages),
            "licence": s.licence,
            "size_mb": s.size_mb,
            "learning_rates": dict(s.learning_rates),
            "good_for": s.good_for,
        }
        for s in specs
    ]
    emit(document, as_json, lambda console: _show_models(console, specs, states))


def _show_models(console: Console, specs: "Sequence[ModelSpec]", states: Mapping[str, str]) -> None:
    """A block for each: seven columns would leave none of them room for a sentence."""
    for spec in specs:
        weights = f"{spec.parameters / 1e6:.0f} M weights" if spec.parameters else ""
        where = f"get it with `workbench fetch {spec.name}`" if states[spec.name] == "fetchable" else spec.source
        facts = (where, spec.family, weights, " ".join(spec.languages), spec.licence)
        console.print(Text(spec.name, "bold"))
        for line in (" · ".join(filter(None, facts)), spec.good_for):
            console.print(Padding(Text(line), (0, 0, 0, 2), expand=False), soft_wrap=False)


@app.command()
@with_settings
def adapt(
    context: typer.Context,
    set_name: SetOption,
    model: ModelOption = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help=f"What may learn: {', '.join(STRATEGIES[:-1])} or {STRATEGIES[-1]} (N a number); the model's usual "
            "one by default."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    **settings: Any,
) -> None:
    """Fine-tune a base model on a set's confirmed clips. Base and adapted are compared on clips it never heard."""
    with opened(context, workspace) as bench:
        given = {k: v for k, v in settings.items() if v is not None}
        spec = base_model(bench, set_name, model)
        strategy = strategy or bench.model_facts.usual_strategy(spec, set_name)
        preview = bench.planning.preview_model(set_name, spec, strategy, given)
        for note in (*preview.suggestion.reasons, *preview.notes):
            messages().print(note)
        run = bench.adaptation.start(set_name, spec, strategy, given)
        _follow(bench, run)
        document = bench.comparing.document(run)
    emit(document, as_json, lambda console: show_figures(console, document))


@app.command()
def blend(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A finished run, by its id or the name that you gave it.")],
    at: Annotated[float, typer.Option(help="Share of what was learned that the model keeps, 0 (the base) to 1.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make another blend of a finished run, as a run of its own."""
    with opened(context, workspace) as bench:
        name = bench.adaptation.blend(bench.history.called(run), at)
        _follow(bench, name)
        document = bench.comparing.document(name)
    emit(document, as_json, lambda console: show_figures(console, document))


@app.command()
@with_settings
def sweep(
    context: typer.Context,
    set_name: SetOption,
    model: ModelOption = None,
    strategies: Annotated[
        str, typer.Option(help="What may learn, separated by commas: head,top-2,full; a few late blocks by default.")
    ] = "",
    learning_rates: Annotated[
        str, typer.Option(help="Peak rates, separated by commas; 0.3, 1 and 3 times each strategy's own by default.")
    ] = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    **settings: Any,
) -> None:
    """Let strategies and learning rates race on the dev clips. The winner alone is tested."""
    with opened(context, workspace) as bench:
        given = {k: v for k, v in settings.items() if v is not None}
        names = [name.strip() for name in strategies.split(",") if name.strip()]
        if any(" " in name for name in names):
            raise WorkbenchError(f"Separate the strategies by commas: --strategies {','.join(strategies.split())}.")
        rates = [_rate(rate) for rate in learning_rates.split(",") if rate.strip()]
        run = bench.adaptation.start_sweep(set_name, base_model(bench, set_name, model), names, rates, given)
        _follow(bench, run)
        document = bench.comparing.document(run)
    emit(document, as_json, lambda console: show_figures(console, document))


@app.command()
@with_settings
def curve(
    context: typer.Context,
    set_name: SetOption,
    model: ModelOption = None,
    strategy: Annotated[str | None, typer.Option(help="What may learn; the model's usual one by default.")] = None,
    draws: Annotated[int, typer.Option(min=1, max=20, help="Trainings of each size, on other clips each time.")] = 3,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    **settings: Any,
) -> None:
    """Train on more and more of a set's clips. That says what more of them would bring."""
    with opened(context, workspace) as bench:
        given = {k: v for k, v in settings.items() if v is not None}
        spec = base_model(bench, set_name, model)
        strategy = strategy or bench.model_facts.usual_strategy(spec, set_name)
        run = bench.adaptation.start(set_name, spec, strategy, given, curve_draws=draws)
        _follow(bench, run)
        document = bench.comparing.document(run)
    emit(document, as_json, lambda console: show_figures(console, document))


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise WorkbenchError(f"'{text.strip()}' is no learning rate; write numbers such as 1e-3,3e-4.") from None


@app.command()
def resume(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(help="A run that was interrupted, stopped or failed, such as run-3, or its name.")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run from its last checkpoint."""
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        bench.adaptation.resume(run)
        _follow(bench, run)
        document = bench.comparing.document(run)
    emit(document, as_json, lambda console: show_figures(console, document))


@app.command()
def stop(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A run at work, such as run-3, or its name.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a run to stop; it keeps the best state so far."""
    with opened(context, workspace) as bench:
        run = bench.history.called(run)
        bench.adaptation.stop(run)
    emit({"run": run, "stop_requested": True}, as_json, lambda console: console.print(f"{run} will stop in a moment."))


@app.command()
def compare(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A finished run, such as run-3, or its name.")],
    other: Annotated[str | None, typer.Argument(help="A second run: the two are compared with each other.")] = None,
    normalizer: Annotated[
        str | None, typer.Option(help="none, english, marks, turkic or characters; else the run's own.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show base against adapted, or two runs, clip by clip. Two runs meet on clips that neither trained on."""
    with opened(context, workspace) as bench:
        run, other = bench.history.called(run), bench.history.called(other) if other else None
        if other is None:
            found = bench.comparing.of_run(run, normalizer=normalizer)
            document = bench.comparing.document(run, normalizer=normalizer)
        else:
            found = bench.comparing.of_two_runs(run, other, normalizer=normalizer)
            document = {"base_name": run, "adapted_name": other, **found.comparison.to_json()}
            document |= {"notes": list(found.notes), "summary": found.comparison.sentence()}
        document["clips"] = found.comparison.clips_json()

    def show(console: Console) -> None:
        for note in document["notes"]:
            console.print(note)
        for clip in document["clips"]:
            console.print(f"\n{clip['name']}  WER {clip['base_wer']:.0%} → {clip['adapted_wer']:.0%}")
            for side in ("reference", "base", "adapted"):
                console.print(f"  {side:10} {clip[side]}")
        console.print()
        if document.get("general"):
            console.print(document["general"]["summary"])
        console.print(document["summary"])

    emit(document, as_json, show)


def _follow(bench: "Workbench", run: str) -> None:
    """Show a run's progress on stderr until it ends; Ctrl-C stops it and keeps the best so far.

    Raises:
        WorkbenchError: The run failed or was interrupted.
    """
    console, said, when = messages(), "", 0.0
    console.print(f"{run} has started; it goes on when this terminal closes (workbench stop {run} ends it).")

    def look(row: Any) -> None:
        nonlocal said, when
        turn = row.status == "queued" and not bench.adaptation.view(run).ahead
        line = "Starting" if turn else _progress_line(row)
        if line != said and time.monotonic() - when > SAY_EVERY:
            said, when = line, time.monotonic()
            console.print(line)

    while True:
        try:
            row = bench.adaptation.jobs.wait(run, look=look)
            break
        except KeyboardInterrupt:
            console.print("Stopping; the best state so far is kept.")
            bench.adaptation.stop(run)
    if row.status in ("failed", "interrupted"):
        raise WorkbenchError(f"{run} {row.status}: {row.message}")
    if not row.result:
        raise WorkbenchError(f"{run}: {row.message}")


def _progress_line(row: Any) -> str:
    state = row.progress
    parts = [str(state.get("message") or state.get("phase", row.status))]
    if state.get("phase") == "training":
        nth = f"training {state['fold'] + 1} of {state['folds']}, " if state.get("folds", 1) > 1 else ""
        parts.append(f"{nth}update {state.get('step', 0)} of {state.get('steps', '?')}")
        if state.get("loss") is not None:
            parts.append(f"loss {state['loss']:.3f}")
        if state.get("checks"):
            parts.append(f"dev WER {state['checks'][-1][1]:.1%}")
    elif state.get("total"):
        parts.append(f"{state['done']} of {state['total']}")
    if state.get("seconds_left") and state.get("phase") not in LOADING:
        parts.append(f"about {state['seconds_left']:.0f} s left")
    return ", ".join(parts)
