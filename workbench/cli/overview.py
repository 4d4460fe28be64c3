"""The verb that tells what a set holds and what of it is missing: overview."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from workbench.cli.common import JsonOption, WorkspaceOption, app, emit, opened, progress_bar

if TYPE_CHECKING:
    from workbench.services.clips.overview import Overview

SHOWN_WORDS = 12
HEADS = 22  # characters


@app.command()
def overview(
    context: typer.Context,
    set_name: Annotated[str, typer.Argument(metavar="SET", help="The clip set.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a set holds, and what of it is missing."""
    with opened(context, workspace) as bench:
        sounds = bench.overviewing.sounds(set_name)
        with progress_bar("measuring levels") as bar:
            measured = iter(range(1, len(sounds) + 1))
            bench.overviewing.levels.measure(sounds, lambda: bar(next(measured), len(sounds), ""))
        found = bench.overviewing.of_set(set_name)
    emit({"set": set_name, **found.to_json()}, as_json, lambda console: _show(console, found))


def _show(console: Console, found: "Overview") -> None:
    for gap in found.gaps:
        console.print(gap.sentence)
    for head, value in _rows(found):
        console.print(f"{head:<{HEADS}}{value}")


def _rows(found: "Overview") -> list[tuple[str, str]]:
    said = found.to_json()
    level = (
        f"{said['level_median_db']} dBFS in the middle, of {said['levels_known']:,}" if said["levels_known"] else "–"
    )
    parts = ", ".join(f"{said[name]:,} {name}" for name in ("train", "dev", "test"))
    common = ", ".join(f"{word} {n:,}" for word, n in found.contents.vocabulary.most_common(SHOWN_WORDS))
    return [
        ("clips", f"{said['clips']:,}, {said['seconds'] / 60:.1f} min"),
        ("labels", f"{said['confirmed']:,} confirmed, {said['drafted']:,} drafts, {said['unlabelled']:,} to do"),
        ("parts", "in folds, the set is small" if said["in_folds"] else parts),
        ("speakers", f"{said['speakers']:,}, and {said['speaker_unknown']:,} clips of unknown ones"),
        ("words", f"{said['words']:,}, {said['different_words']:,} different, {said['words_once']:,} of them once"),
        ("most frequent", common or "–"),
        ("your words", f"{said['terms']:,}, {len(said['terms_never_said']):,} of them never said"),
        ("texts with digits", f"{said['with_digits']:,}"),
        ("clips with warnings", f"{said['with_warnings']:,}"),
        ("level", level),
        ("errors known", f"{said['heard']:,} clips, by {said['heard_by']}" if said["heard"] else "–"),
    ]
