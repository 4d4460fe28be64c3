"""Figures as pandas tables, for notebooks: a run's tested clips, and all runs; rates are fractions, times seconds."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from workbench.core.evaluation.comparison import Comparison, ComparisonRow
from workbench.core.evaluation.scoring import ClipScore
from workbench.core.types import Seconds
from workbench.services.results.comparison import Comparing, RunComparison
from workbench.services.results.history import Entry, Figures
from workbench.store.database import Store
from workbench.store.models import ClipSetRow, RunRow
from workbench.store.runs import evaluations, find_run

# Whole numbers and texts that may be missing keep their kind.
CLIP_COLUMNS: Final = {
    "clip": "int64",
    "name": "string",
    "speaker": "string",
    "language": "string",
    "duration": "float64",
    "fold": "Int64",
    "reference": "string",
    "base": "string",
    "adapted": "string",
    "reference_words": "int64",
    "base_errors": "int64",
    "adapted_errors": "int64",
    "base_wer": "float64",
    "adapted_wer": "float64",
    "wer_change": "float64",
    "reference_characters": "int64",
    "base_character_errors": "int64",
    "adapted_character_errors": "int64",
    "base_cer": "float64",
    "adapted_cer": "float64",
}
RUN_COLUMNS: Final = {
    "run": "string",
    "set": "string",
    "name": "string",
    "note": "string",
    "model": "string",
    "strategy": "string",
    "blend": "float64",
    "status": "string",
    "learned": "int64",
    "tested": "int64",
    "base_wer": "float64",
    "adapted_wer": "float64",
    "change": "float64",
    "change_low": "float64",
    "change_high": "float64",
    "outcome": "string",
    "forgetting": "string",
    "seconds": "float64",
    "created": "datetime64[us, UTC]",
}


def clip_table(store: Store, comparing: Comparing, run: str, *, normalizer: str | None = None) -> pd.DataFrame:
    """The clips that a run was tested on, one a row, by their ids.

    Texts are as they were written; errors count in what the normalizer makes of them. A pooled rate is the sum of the
    errors over the sum of the words, not the mean of the clips' rates. `fold` counts from 1 and is missing without
    folds. `attrs` holds the run's figures.

    Args:
        normalizer: The text rules to score by; else the run's own.

    Raises:
        WorkbenchError: No such run or normalizer, or the run has measured nothing yet.
    """
    found = comparing.of_run(run, normalizer=normalizer)
    with store.session() as session:
        row = find_run(session, run)
        about = _about_run(row, session.get_one(ClipSetRow, row.set_id).name)
        heard = {c.id: (c.language, c.duration, e.fold) for e, c in evaluations(session, row.id)}
    c = found.comparison
    # A clip that was deleted between the two looks has no more facts than its texts.
    rows = [
        _clip(*scored, *heard.get(scored[0].clip_id or 0, (None, None, None)))
        for scored in zip(c.rows, c.base.clips, c.adapted.clips, strict=True)
    ]
    table = pd.DataFrame(rows, columns=list(CLIP_COLUMNS)).astype(CLIP_COLUMNS)
    table.attrs = about | _figures(found)
    return table


def run_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """Runs, one a row, in their order. Who measured nothing has no figures; who has not ended, no seconds."""
    table = pd.DataFrame([_run(entry) for entry in entries], columns=list(RUN_COLUMNS))
    table["created"] = pd.to_datetime(table["created"], utc=True)
    return table.astype(RUN_COLUMNS)


def _clip(
    row: ComparisonRow,
    base: ClipScore,
    adapted: ClipScore,
    language: str | None,
    duration: Seconds | None,
    fold: int | None,
) -> dict[str, Any]:
    return {
        "clip": row.clip_id,
        "name": row.name,
        "speaker": row.speaker,
        "language": language,
        "duration": duration,
        "fold": None if fold is None else fold + 1,
        "reference": row.reference,
        "base": row.base,
        "adapted": row.adapted,
        "reference_words": base.reference_words,
        "base_errors": base.errors,
        "adapted_errors": adapted.errors,
        "base_wer": base.wer,
        "adapted_wer": adapted.wer,
        "wer_change": adapted.wer - base.wer,
        "reference_characters": base.reference_characters,
        "base_character_errors": base.character_errors,
        "adapted_character_errors": adapted.character_errors,
        "base_cer": base.cer,
        "adapted_cer": adapted.cer,
    }


def _about_run(row: RunRow, set_name: str) -> dict[str, Any]:
    return {
        "run": row.name,
        "set": set_name,
        "name": row.title or "",
        "model": row.model["name"],
        "strategy": row.strategy,
        "status": row.status,
    }


def _figures(found: RunComparison) -> dict[str, Any]:
    c: Comparison = found.comparison
    return {
        "normalizer": c.normalizer,
        "measure": c.measure,
        "scheme": c.scheme,
        "base_wer": c.base.wer,
        "adapted_wer": c.adapted.wer,
        "base_cer": c.base.cer,
        "adapted_cer": c.adapted.cer,
        "wer_change": c.interval.to_json(),
        "cer_change": c.cer_interval.to_json(),
        "verdict": c.verdict,
        "outcome": c.outcome,
        "summary": c.sentence(),
        "notes": list(found.notes),
    }


def _run(entry: Entry) -> dict[str, Any]:
    return {
        "run": entry.id,
        "set": entry.set_name,
        "name": entry.title,
        "note": entry.note,
        "model": entry.model,
        "strategy": entry.strategy,
        "blend": entry.blend,
        "status": entry.status,
        "learned": entry.learned,
        "tested": entry.tested,
        "seconds": entry.seconds,
        "created": entry.created,
        **(_measured(entry.figures) if entry.figures else {}),
    }


def _measured(figures: Figures) -> dict[str, Any]:
    return {
        "base_wer": figures.base_wer,
        "adapted_wer": figures.adapted_wer,
        "change": figures.change.estimate,
        "change_low": figures.change.low,
        "change_high": figures.change.high,
        "outcome": figures.outcome,
        "forgetting": figures.forgetting,
    }
