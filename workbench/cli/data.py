"""Verbs about clips and texts: import, words, sets, score, export; delete, undelete and erase, also for runs."""

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from workbench.cli.common import (
    JsonOption,
    SetOption,
    WorkspaceOption,
    app,
    emit,
    messages,
    opened,
    plain_table,
    progress_bar,
    say,
)
from workbench.errors import WorkbenchError
from workbench.services.exports.forms import FORMS
from workbench.services.importers.formats import FORMATS, LONGEST_CLIP, ImportOptions

if TYPE_CHECKING:
    from workbench.core.evaluation.comparison import Comparison
    from workbench.services.clips.import_job import ImportReport
    from workbench.services.clips.sets import SetInfo
    from workbench.services.importers.lines import Problem
    from workbench.services.workbench import Workbench

FormatName = StrEnum("FormatName", {name: name for name in FORMATS})  # type: ignore[misc]
ExportName = StrEnum("ExportName", {name: name for name in ("hf", "dataset", *FORMS)})  # type: ignore[misc]

RUN = re.compile(r"run-\d+")  # no set can be called so
SetOrRun = Annotated[str, typer.Argument(metavar="SET|RUN", help="The clip set, or a run such as run-3.")]
SHOWN_PROBLEMS = 20  # on a terminal; --json has them all

ClipsOption = Annotated[list[int] | None, typer.Option("--clip", metavar="ID", help="Only this clip; repeatable.")]
SpeakerOption = Annotated[str | None, typer.Option("--speaker", metavar="NAME", help="Only this speaker's clips.")]


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder, a .zip, a list, annotations beside a sound, or a sound.")],
    set_name: SetOption,
    language: Annotated[str | None, typer.Option(help="The set's language, for instance en, de or chr.")] = None,
    form: Annotated[
        FormatName | None,
        typer.Option("--format", help="Its format; else it is recognised."),
    ] = None,
    tiers: Annotated[
        list[str] | None,
        typer.Option("--tier", metavar="NAME", help="Of annotations, the tier that is meant; repeatable."),
    ] = None,
    channels: Annotated[
        bool, typer.Option("--channels", help="Take each channel as a source and speaker of its own.")
    ] = False,
    longest: Annotated[
        float, typer.Option(metavar="SECONDS", help="Long recordings are cut in their pauses into clips up to this.")
    ] = LONGEST_CLIP,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Also list what this base model cannot learn from.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import clips, with their texts where they have some. The set is made where it is missing."""
    wishes = ImportOptions(form, tuple(tiers or ()), channels, longest)
    with opened(context, workspace, begins=True) as bench, progress_bar("importing") as progress:
        spec = bench.catalog.resolve(model) if model else None
        say(bench.upkeep.look())
        report = bench.collecting.import_path(
            path, set_name, language=language, allow_outside=True, wishes=wishes, progress=progress
        )
        bench.upkeep.take_back()  # what was imported from lost+found is not kept there as well
        bench.upkeep.back_up()  # the look before a first import found nothing to lose
        unlearnable = bench.label_checks.cannot_learn(set_name, spec) if spec else []
    document = report.to_json()
    if spec:
        document["cannot_learn"] = [p.to_json() for p in unlearnable]

    def show(console: Console) -> None:
        _show_report(console, report)
        if unlearnable:
            _show_problems(console, f"Cannot be learned by {model}", unlearnable)

    emit(document, as_json, show)
    if report.rejected and not report.added and not report.duplicates:
        raise WorkbenchError("Nothing was imported: every file was rejected, for the reasons above.")


@app.command()
def words(
    context: typer.Context,
    set_name: SetOption,
    file: Annotated[Path, typer.Argument(help="A term or phrase a line, UTF-8.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a clip set's word list: the terms whose recall matters."""
    from workbench.services.clips.sets import read_words

    terms = read_words(file)
    with opened(context, workspace) as bench:
        kept = bench.collecting.set_words(set_name, terms)
    document = {"set": set_name, "count": len(kept), "words": kept}
    emit(document, as_json, lambda console: console.print(f"The word list of '{set_name}' has {len(kept)} terms."))


@app.command()
def sets(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the clip sets."""
    with opened(context, workspace) as bench:
        found = bench.collecting.sets()
        document = [{**info.to_json(), "split": bench.labelling.split_of(info.name).to_json()} for info in found]
    emit(document, as_json, lambda console: _show_sets(console, found))


@app.command()
def score(
    manifest: Annotated[Path, typer.Argument(help="A JSONL file with the texts of both recognisers.")],
    reference: Annotated[str, typer.Option(metavar="FIELD", help="The field with what was said.")],
    base: Annotated[str, typer.Option(metavar="FIELD", help="The field with the base model's text.")],
    adapted: Annotated[str, typer.Option(metavar="FIELD", help="The field with the adapted model's text.")],
    speaker: Annotated[str | None, typer.Option(metavar="FIELD", help="The field with the speaker's name.")] = None,
    rare_words: Annotated[
        str | None, typer.Option(metavar="FIELD", help="The field with the list of rare words in the line.")
    ] = None,
    normalizer: Annotated[
        Literal["none", "english", "marks", "turkic", "characters"] | None,
        typer.Option(help="Of the texts; else what suits their language, or their script."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of the texts; else their script decides.")] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two recognisers' texts that stand in a file. No model and no workspace are needed."""
    from workbench.services.results.score_file import Fields, score_manifest

    fields = Fields(reference, base, adapted, speaker, rare_words)
    comparison = score_manifest(manifest, fields, normalizer=normalizer, language=language, seed=seed)
    document = {**comparison.to_json(), "summary": comparison.sentence()}
    emit(document, as_json, lambda console: _show_comparison(console, comparison))


@app.command()
def export(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="RUN|SET", help="A run for hf, a clip set for dataset; either for texts.")
    ],
    kind: Annotated[
        ExportName,
        typer.Option("--format", help="What to write: a model, a data set, or only texts."),
    ],
    out: Annotated[Path, typer.Option(metavar="OUT", help="A new or empty folder; for texts also a new file or .zip.")],
    text: Annotated[
        Literal["reference", "base", "adapted"] | None,
        typer.Option(help="Of a run's texts only this one; subtitles show the adapted model's by default."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model, a data set, or texts for other programs.

    A run's model as transformers reads it, a set as an AudioFolder, the texts of either as tables or subtitles.
    """
    with opened(context, workspace) as bench:
        _fits(bench, name, kind)
        if kind == "hf":
            from workbench.services.exports.model import export_run

            name = bench.history.called(name)
            document = export_run(bench.workspace, bench.store, name, out)
        elif kind == "dataset":
            from workbench.services.exports.dataset import export_dataset

            document = export_dataset(bench.workspace, bench.store, name, out)
        else:
            document = bench.transcripts.write(name, kind, out, text=text)
    said = f"'{name}' was written to {out}. {document.get('kept_base', '')}{document.get('left_out', '')}".strip()
    emit(document, as_json, lambda console: console.print(said))


def _fits(bench: "Workbench", name: str, kind: str) -> None:
    """Raise WorkbenchError where a run is to be written as a set, or a set as a run."""
    if kind == "dataset" and RUN.fullmatch(name):
        raise WorkbenchError(
            f"{name} is a run, and --format dataset writes a clip set; name the set, or write the run's model with "
            "--format hf."
        )
    if kind == "hf" and any(info.name == name for info in bench.collecting.sets()):
        raise WorkbenchError(
            f"'{name}' is a clip set, and --format hf writes the model of a run; name the run, or write the set with "
            "--format dataset."
        )


@app.command()
def delete(
    context: typer.Context,
    set_name: SetOrRun,
    clips: ClipsOption = None,
    speaker: SpeakerOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a set, some of its clips, or a run. `undelete` brings them back for a week."""
    with opened(context, workspace) as bench:
        say(bench.upkeep.look())
        if RUN.fullmatch(set_name):
            _whole_run(clips, speaker)
            bench.history.delete(set_name)
            _emit_run(set_name, "deleted", "is deleted; undelete brings it back within a week.", as_json)
            return
        if clips or speaker:
            n_clips = bench.collecting.delete_clips(_chosen(bench, set_name, clips, speaker))
        else:
            n_clips = bench.collecting.set_info(set_name).clips
            bench.collecting.delete_set(set_name)
    sentence = f"{n_clips} clips of '{set_name}' are deleted; undelete brings them back within a week."
    emit({"set": set_name, "deleted": n_clips}, as_json, lambda console: console.print(sentence))


@app.command()
def undelete(
    context: typer.Context,
    set_name: SetOrRun,
    clips: ClipsOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back a set, clips or a run that was deleted."""
    from workbench.errors import DataError

    with opened(context, workspace) as bench:
        if RUN.fullmatch(set_name):
            _whole_run(clips)
            bench.history.undelete(set_name)
            _emit_run(set_name, "restored", "is back.", as_json)
            return
        gone = [item for item in bench.collecting.deleted() if item.set_name == set_name]
        whole = next((item for item in gone if item.kind == "set"), None)
        single = [item.id for item in gone if item.kind == "clip" and (not clips or item.id in clips)]
        if whole and not clips:
            n_clips = bench.collecting.undo_delete(set_id=whole.id)
        elif single:
            n_clips = bench.collecting.undo_delete(clip_ids=single)
        else:
            raise DataError(f"Nothing deleted can be brought back in '{set_name}'.")
    sentence = f"{n_clips} clips of '{set_name}' are back."
    emit({"set": set_name, "restored": n_clips}, as_json, lambda console: console.print(sentence))


@app.command()
def erase(
    context: typer.Context,
    set_name: Annotated[str, typer.Argument(metavar="SET|RUN", help="The clip set or the run, deleted or not.")],
    clips: ClipsOption = None,
    speaker: SpeakerOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a set, some of its clips, or a run, for good. At once: sound, labels, activations; model, figures."""
    with opened(context, workspace) as bench:
        if RUN.fullmatch(set_name):
            _whole_run(clips, speaker)
            if not yes:
                typer.confirm(f"Erase {set_name} with its model and figures for good?", abort=True, err=True)
            bench.history.erase(set_name)
            _emit_run(set_name, "erased", "is erased for good.", as_json)
            return
        chosen = _chosen(bench, set_name, clips, speaker) if clips or speaker else None
        set_id = None if chosen is not None else _living_or_deleted(bench, set_name)
        what = f"'{set_name}'" if chosen is None else f"{len(chosen)} clips of '{set_name}'"
        if not yes:
            typer.confirm(f"Erase {what} for good?", abort=True, err=True)
        erased = bench.collecting.erase(clip_ids=chosen or (), set_id=set_id)
    if not erased.complete:
        messages().print("Another process is using the database; run erase again when it has finished.")
    sentence = f"{erased.clips} clips, {erased.sounds} sounds and {erased.cached} cached files are erased for good."
    emit({"set": set_name, **erased.to_json()}, as_json, lambda console: console.print(sentence))


def _whole_run(*given: object) -> None:
    if any(given):
        raise typer.BadParameter("a run is deleted as a whole; --clip and --speaker are for sets")


def _emit_run(run: str, what: str, sentence: str, as_json: bool) -> None:
    emit({"run": run, what: True}, as_json, lambda console: console.print(f"{run} {sentence}"))


def _chosen(bench: "Workbench", set_name: str, clips: Sequence[int] | None, speaker: str | None) -> list[int]:
    """Ids of a set's clips, deleted ones included, so that nobody erases another set's clip by a slip."""
    from workbench.errors import DataError

    living = {clip.id: clip.speaker for clip in bench.labelling.clips(set_name)}
    deleted = {i.id for i in bench.collecting.deleted() if i.kind == "clip" and i.set_name == set_name}
    unknown = [clip_id for clip_id in clips or () if clip_id not in living and clip_id not in deleted]
    if unknown:
        raise DataError(f"'{set_name}' has no clip {', '.join(map(str, unknown))}.")
    found = [i for i in clips or living if speaker is None or living.get(i) == speaker]
    if not found:
        raise DataError(f"'{set_name}' has no clip of the speaker '{speaker}'.")
    return found


def _living_or_deleted(bench: "Workbench", set_name: str) -> int:
    gone = [item.id for item in bench.collecting.deleted() if item.kind == "set" and item.set_name == set_name]
    living = [info.id for info in bench.collecting.sets() if info.name == set_name]
    if not living and not gone:
        return bench.collecting.set_info(set_name).id  # says which sets there are
    return (living or gone)[0]


def _show_report(console: Console, report: "ImportReport") -> None:
    console.print(f"'{report.set}': {report.added} clips added, {report.duplicates} there already.")
    for title, problems in (("Rejected", report.rejected), ("Kept with a warning", report.doubts)):
        if problems:
            _show_problems(console, title, problems)
    if report.without_text:
        sounds = "1 sound" if len(report.without_text) == 1 else f"{len(report.without_text)} sounds"
        console.print(f"{sounds} without a text: label them on the page, or let a model draft them.")


def _show_problems(console: Console, title: str, problems: Sequence["Problem"]) -> None:
    console.print(f"{title}: {len(problems)}")
    for reason, count in Counter(problem.reason for problem in problems).most_common(SHOWN_PROBLEMS):
        first = next(problem for problem in problems if problem.reason == reason)
        where = f"{first.file}, line {first.line}" if first.line else first.file or "the set"
        more = f" and {count - 1} more" if count > 1 else ""
        console.print(f"  {where}{more}: {reason}; {first.remedy}.")


def _show_sets(console: Console, found: Sequence["SetInfo"]) -> None:
    console.print(_table_of([info for info in found if not info.archived]))
    if archived := [info for info in found if info.archived]:
        console.print("Archived:")
        console.print(_table_of(archived))


def _table_of(found: Sequence["SetInfo"]) -> Table:
    heads = ("set", "clips", "confirmed", "drafted", "minutes", "speakers", "words", "language")
    rows = [
        (
            info.name,
            *map(str, (info.clips, info.confirmed, info.drafted)),
            *(f"{info.duration / 60:.1f}", str(info.speakers), str(len(info.words)), info.language or "–"),
        )
        for info in found
    ]
    return plain_table(heads, rows, folds=("set",))


def _show_comparison(console: Console, comparison: "Comparison") -> None:
    console.print(comparison.sentence())
    if comparison.term_rate:
        console.print(comparison.parts_sentence())
    console.print(f"Text rules: {comparison.normalizer}. {comparison.normalizer_reason}")
    sides = (("base", comparison.base), ("adapted", comparison.adapted))
    rows = [(name, f"{100 * side.wer:.1f} %", f"{100 * side.cer:.1f} %") for name, side in sides]
    console.print(plain_table(("", "WER", "CER"), rows))
