"""Columns whose texts may be sentences: they come back as sentences, and texts that were plain stay plain."""

from typing import Any

from sqlalchemy import JSON, Dialect, Text
from sqlalchemy.types import TypeDecorator

from workbench.language.documents import kept, read
from workbench.language.said import Said, restored


class Sentence(TypeDecorator[str]):
    """A text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.stored() if isinstance(value, Said) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else restored(value)


class Document(TypeDecorator[Any]):
    """A dictionary or list of JSON with sentences anywhere in it."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return kept(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return read(value)
