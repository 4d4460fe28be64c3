"""Compare two recognisers whose texts already stand in a JSONL file, field by field; no model is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.evaluation.comparison import Comparison, ComparisonRow, compare
from workbench.core.text.normalize import normalizer as find_normalizer
from workbench.errors import DataError
from workbench.language.said import say
from workbench.services.importers.lines import Problem, Remark, Row, read_rows


@dataclass(frozen=True)
class Fields:
    """Which field of a line holds what; names are matched whatever their case."""

    reference: str
    base: str
    adapted: str
    speaker: str | None = None
    rare_words: str | None = None


def score_manifest(
    path: Path, fields: Fields, *, normalizer: str | None = None, language: str | None = None, seed: int = 0
) -> Comparison:
    """Score both texts of every line.

    Args:
        normalizer: Its name; else what suits the references in this language, or in their script.

    Raises:
        DataError: The file cannot be read, or a line is broken; names the first one.
        UnknownNameError: No such normalizer.
    """
    if normalizer is not None:
        find_normalizer(normalizer)
    rows = [_row(row, fields, path.name) for row in _rows(path)]
    if not rows:
        raise DataError(say("{name} holds no lines to score.", name=path.name))
    return compare(rows, normalizer=normalizer, language=language, seed=seed, scheme="given")


def _rows(path: Path) -> Iterator[Row]:
    for row in read_rows(path, path.name):
        if isinstance(row, Remark):
            continue
        if isinstance(row, Problem):
            raise DataError(
                say(
                    "{name}, line {line}: {reason}; {remedy}.",
                    name=path.name,
                    line=row.line,
                    reason=row.reason,
                    remedy=row.remedy,
                )
            )
        yield row


def _row(row: Row, fields: Fields, name: str) -> ComparisonRow:
    return ComparisonRow(
        name=f"line {row.line}",
        reference=_text(row, fields.reference, name),
        base=_text(row, fields.base, name),
        adapted=_text(row, fields.adapted, name),
        speaker=_speaker(row, fields.speaker, name) if fields.speaker else None,
        rare_words=_rare_words(row, fields.rare_words, name) if fields.rare_words else None,
    )


def _value(row: Row, field: str, name: str) -> Any:
    try:
        return row.values[field.strip().lower()]
    except KeyError:
        known = ", ".join(row.values) or "none"
        raise DataError(
            say(
                "{name}, line {line}: there is no field '{field}'; the fields are: {known}.",
                name=name,
                line=row.line,
                field=field,
                known=known,
            )
        ) from None


def _text(row: Row, field: str, name: str) -> str:
    value = _value(row, field, name)
    if not isinstance(value, str):
        raise DataError(
            say(
                "{name}, line {line}: the field '{field}' is no text; write a string, empty if need be.",
                name=name,
                line=row.line,
                field=field,
            )
        )
    return value


def _speaker(row: Row, field: str, name: str) -> str | None:
    value = _value(row, field, name)
    return None if value is None else str(value)


def _rare_words(row: Row, field: str, name: str) -> tuple[str, ...]:
    value = _value(row, field, name)
    words = value.split() if isinstance(value, str) else value if value is not None else []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError(
            say("{name}, line {line}: the field '{field}' is no list of words.", name=name, line=row.line, field=field)
        )
    return tuple(words)
