"""Sentences in documents of JSON, between processes and in the store, where they have to come back as sentences."""

from typing import Any

from workbench.language.said import Said, restored


def kept(document: Any) -> Any:
    """A document as JSON can keep it: each sentence as `Said.stored` writes it, everything else as it is."""
    if isinstance(document, Said):
        return document.stored()
    if isinstance(document, dict):
        return {name: kept(value) for name, value in document.items()}
    return [kept(value) for value in document] if isinstance(document, list | tuple) else document


def read(document: Any) -> Any:
    """A document as it was before `kept`, but for its tuples, which are lists."""
    if isinstance(document, str):
        return restored(document)
    if isinstance(document, dict):
        return {name: read(value) for name, value in document.items()}
    return [read(value) for value in document] if isinstance(document, list) else document
