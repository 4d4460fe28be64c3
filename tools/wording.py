"""Brings the catalogues of languages up to what the code says: `python -m tools.wording`.

Collects every template of `say` and `count`, and every constant of the page's modules of texts; new ones join each
catalogue untranslated, those that nobody says any more leave it. `--check` changes nothing and fails where it would.
"""

import ast
import importlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from workbench.language.catalogue import WORDING
from workbench.language.forms import Forms
from workbench.language.pages import context
from workbench.language.spoken import ENGLISH, LANGUAGES

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "workbench"
UNCHECKED: Final = "machine translation, not checked by a speaker"
BEGUN: Final = datetime(2026, 11, 30, tzinfo=UTC)
SAID: Final = "workbench.language.said"
TEMPLATES: Final = {"say": slice(0, 1), "count": slice(1, 3)}  # which arguments


@dataclass(frozen=True)
class Message:
    """What a catalogue words: English, the form for many if there is one, and its place among the page's texts."""

    text: str
    many: str | None = None
    context: str = ""


def messages() -> list[Message]:
    """All of them, the page's first, each once."""
    found: dict[tuple[str, str], Message] = {}
    for message in (*_page(), *(m for file in sorted(PACKAGE.rglob("*.py")) for m in said(file))):
        place = message.context, message.text
        if place not in found or found[place].many is None:  # a template may be said alone and of a number
            found[place] = message
    return list(found.values())


def said(file: Path) -> Iterator[Message]:
    """The templates of a file.

    Raises:
        ValueError: One is not written out where it is said, so that no catalogue can list it.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        a.asname or a.name: a.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and n.module == SAID
        for a in n.names
    }
    for node in ast.walk(tree):
        called = imported.get(node.func.id) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
        if called not in TEMPLATES or not isinstance(node, ast.Call):
            continue
        given = node.args[TEMPLATES[called]]
        texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if not texts or len(texts) < len(given):
            raise ValueError(f"{file.relative_to(ROOT)}:{node.lineno}: a template is written out where it is said")
        yield Message(*texts)


def _page() -> Iterator[Message]:
    for file in sorted((PACKAGE / "ui").rglob("text.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        for constant, value in vars(module).items():
            if constant.isupper():
                yield from _texts(f"{context(name)}.{constant}", value)


def _texts(place: str, value: Any) -> Iterator[Message]:
    if isinstance(value, Forms):
        yield Message(value[0], value[1], place)
    elif isinstance(value, str):
        if any(letter.isalpha() for letter in value):
            yield Message(value, None, place)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(f"{place}.{key}", each)
    elif isinstance(value, tuple | list):
        for number, each in enumerate(value):
            yield from _texts(f"{place}.{number}", each)


def updated(language: str, wanted: list[Message]) -> str:
    """The catalogue of a language with the wanted messages, in their order, as the text of its file."""
    file = WORDING / f"{language}.po"
    old = read_po(io.BytesIO(file.read_bytes()), locale=language) if file.exists() else Catalog(locale=language)
    made = Catalog(
        locale=language,
        project="Speech Workbench",
        version="1",
        header_comment=f"# {LANGUAGES[language]}: what the page says.\n",
        last_translator=old.last_translator if file.exists() else UNCHECKED,
        language_team="Speech Workbench",
        creation_date=BEGUN,  # not today's: what nobody changed stays the same file
        revision_date=BEGUN,
        fuzzy=old.fuzzy if file.exists() else True,
    )
    for message in wanted:
        source = message.text if message.many is None else (message.text, message.many)
        known = old.get(source, message.context or None)
        found = known.string if known is not None and isinstance(known.string, str) == (message.many is None) else None
        made.add(
            source, found or ("" if message.many is None else ("",) * made.num_plurals), context=message.context or None
        )
    out = io.BytesIO()
    write_po(out, made, width=118, no_location=True)
    return out.getvalue().decode("utf-8")


def main(arguments: list[str]) -> int:
    """Update the catalogues, or check that they are up to date."""
    wanted, stale = messages(), []
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        file, text = WORDING / f"{language}.po", updated(language, wanted)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(file.name)
            if "--check" not in arguments:
                file.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"{', '.join(stale)}: not what the code says; python -m tools.wording brings them up to it")
        return 1
    print(f"{len(wanted)} messages in {len(LANGUAGES) - 1} languages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
