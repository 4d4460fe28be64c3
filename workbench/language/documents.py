"""Sentences in documents of JSON, between processes and in the store, where they have to come back as sentences."""

from typing import Any

from workbench.language.said import Said, restored


def kept(document: Any) -> Any:
    """A document as JSON can keep it: each sentence as `Said.stored` writes it, everything else as it is."""
    if isinstance(document, Said):
        return document.stored()
    if isinstance(document, dict):
        return {name: kept(value) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [each if type(each) is int else kept(each) for each in document]  # ids, by the thousand
    return document


def read(document: Any) -> Any:
    """A document as it was before `kept`, but for its tuples, which are lists."""
    if isinstance(document, str):
        return restored(document)
    if isinstance(document, dict):
        return {name: read(value) for name, value in document.items()}
    if isinstance(document, list):
        return [each if type(each) is int else read(each) for each in document]
    return document
