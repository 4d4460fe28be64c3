"""The menu of languages, each by its own name; what page.js keeps of it is a cookie."""

from workbench.language.catalogue import unchecked
from workbench.language.spoken import LANGUAGES, spoken
from workbench.ui import text
from workbench.ui.kit.html import esc


def language_menu() -> str:
    """A choice of the page's language; wordings that no speaker has checked are marked."""
    said = esc(text.PAGE_LANGUAGE)
    options = "".join(_option(code, name) for code, name in LANGUAGES.items())
    return (
        f"<label class='language' title='{said}'><span aria-hidden='true'>{spoken().upper()}</span>"
        f"<select data-language aria-label='{said}' autocomplete='off'>{options}</select></label>"
    )


def _option(code: str, name: str) -> str:
    named = text.UNCHECKED_LANGUAGE.format(language=name) if unchecked(code) else name
    return f"<option value='{code}' lang='{code}'{' selected' if code == spoken() else ''}>{esc(named)}</option>"
