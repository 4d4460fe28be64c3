"""Escaped HTML for the page. Everything a user, a file or a model wrote goes through `esc`.

Gradio's HTML template is a JavaScript template literal and a Handlebars template at once, so `$`, braces and backticks
are written as entities as well: a transcript holding `${…}` or `{{…}}` must never be evaluated.
"""

import html
from collections.abc import Sequence
from datetime import datetime
from string import Formatter
from typing import Any, Final
from urllib.parse import urlencode

from workbench.core.types import Seconds
from workbench.language.catalogue import MINUS, words
from workbench.language.forms import Forms
from workbench.language.said import ENGLISH
from workbench.services.clips.import_job import ImportReport
from workbench.services.exports.forms import FORMS
from workbench.services.importers.lines import Problem
from workbench.services.inference.draft_progress import DraftView
from workbench.ui import text

LONGEST_LIST: Final = 200  # lines of a report; a set of thousands must not choke the page
_TEMPLATE_SIGNS = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;", "\\": "&#92;"})


def esc(value: object) -> str:
    """A value as text inside HTML, also inside quoted attributes."""
    return html.escape(str(value)).translate(_TEMPLATE_SIGNS)


def number(value: float, spec: str = ",") -> str:
    """A number as the page's language writes it.

    Args:
        spec: Python's format specification, such as ",.1f".
    """
    if spec == "g" and "e" not in (shortest := format(value, spec)):
        spec = f".{len(shortest.partition('.')[2])}f"
    return (words() or ENGLISH).number(value, spec)


class _Filling(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        numeric = isinstance(value, int | float) and bool(format_spec)
        return number(value, format_spec) if numeric else super().format_field(value, format_spec)


def fill(template: str, **values: object) -> str:
    """A text with its values; numbers in it that have a specification as the page's language writes them."""
    return _Filling().format(template, **values)


def capitalised(sentence: str) -> str:
    """A phrase as the beginning of a sentence, in the language that is spoken."""
    said = str(sentence)
    return said[:1].upper() + said[1:]


def plural(n: int, noun: Forms) -> str:
    return f"{number(n)} {noun.of(n)}"


def percent(rate: float) -> str:
    return f"{number(100 * rate, '.1f')} %"


def whole_percent(rate: float) -> str:
    return f"{number(100 * rate, '.0f')} %"


def points(change: float, *, short: bool = False) -> str:
    """A change in percentage points with its sign.

    Args:
        short: Whole points without a decimal.
    """
    shown = round(100 * change, 1)
    places = ".0f" if short and shown.is_integer() else ".1f"
    return number(shown, f"+{places}").replace("-", MINUS) if shown else number(0.0, places)


def count(parameters: int) -> str:
    """A number of weights: 3.2 M, 15,700."""
    return f"{number(parameters / 1e6, '.1f')} M" if parameters >= 100_000 else number(parameters)


def span(seconds: Seconds) -> str:
    """A length of time in words."""
    if seconds < 90:
        return f"{number(seconds, '.0f')} s"
    return f"{number(seconds / 60, '.0f')} min" if seconds < 5400 else f"{number(seconds / 3600, '.1f')} h"


def when(moment: datetime) -> str:
    """A moment; in English as tables sort it, else as the language writes it."""
    if (language := words()) is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    from babel.dates import format_datetime

    return format_datetime(moment, "short", locale=language.locale)


def heading(place: int | None, title: str, name: str) -> str:
    """A card's title with the number of its step; None where it belongs to the step before."""
    sign = f"<i aria-hidden='true'>{place}</i>" if place else ""
    return f"<div class='step' id='step-{name}'>{sign}<h2>{esc(title)}</h2></div>"


def hint(sentence: str) -> str:
    return f"<p class='hint'>{esc(sentence)}</p>"


def import_report(report: ImportReport) -> str:
    """What became of files: how many came in, which were rejected and why, which deserve a look."""
    counts = [f"{plural(report.added, text.CLIP)} {text.ADDED}"]
    if report.duplicates:
        counts.append(f"{number(report.duplicates)} {text.DUPLICATES}")
    if report.rejected:
        counts.append(text.N_REJECTED.format(n=number(len(report.rejected))))
    return (
        f"<div class='report' role='status'><b>{esc(' · '.join(counts))}</b>"
        f"<button type='button' class='plain' data-close aria-label='{esc(text.CLOSE)}'>✕</button>"
        f"{_problems(text.REJECTED, report.rejected, 'bad')}"
        f"{_problems(text.WARNED, report.doubts, 'mind', together=True)}"
        f"{hint(_without_text(len(report.without_text))) if report.without_text else ''}</div>"
    )


def _without_text(n: int) -> str:
    return text.WITHOUT_TEXT.format(sounds=plural(n, text.SOUND))


def downloads(set_name: str, has_clips: bool, runs: Sequence[str]) -> str:
    """Links to the texts of a set and of its finished runs."""
    if not has_clips:
        return hint(text.NO_TEXTS)
    rows = [(text.SET_TEXTS, set_name), *((text.RUN_TEXTS.format(run=run), run) for run in runs)]
    lines = "".join(f"<li><b>{esc(title)}</b> {_links(name, title)}</li>" for title, name in rows)
    return f"<ul class='downloads'>{lines}</ul>{hint(text.TAKE_ALONG_INFO)}"


def _links(name: str, title: str) -> str:
    of = urlencode({"of": name})
    return " ".join(
        f"<a href='{esc(f'texts/{form}?{of}')}' download "
        f"aria-label='{esc(f'{title}: {about.title}')}'>{esc(about.title)}</a>"
        for form, about in FORMS.items()
    )


def _problems(title: str, problems: Sequence[Problem], kind: str, *, together: bool = False) -> str:
    """A list with file, line, reason and remedy; `together` puts files with the same trouble on one line."""
    if not problems:
        return ""
    groups: dict[object, list[Problem]] = {}
    for place, p in enumerate(problems):
        groups.setdefault((p.reason, p.remedy) if together else place, []).append(p)
    lines = "".join(_problem(group) for group in list(groups.values())[:LONGEST_LIST])
    left = len(groups) - LONGEST_LIST
    rest = f"<li>… {text.N_MORE.format(n=number(left))}</li>" if left > 0 else ""
    summary = f"<summary>{esc(title)} ({number(len(problems))})</summary>"
    return f"<details open class='{kind}'>{summary}<ul>{lines}{rest}</ul></details>"


def _problem(group: Sequence[Problem]) -> str:
    first, names = group[0], [_place(p) for p in group]
    more = f" {text.N_MORE.format(n=number(len(names) - 3))}" if len(names) > 3 else ""
    remedy = capitalised(first.remedy)
    return f"<li><b>{esc(', '.join(names[:3]))}</b>{more}: {esc(first.reason)}. <span>{esc(remedy)}.</span></li>"


def _place(problem: Problem) -> str:
    file = problem.file or text.WHOLE_SET
    return text.FILE_LINE.format(file=file, line=problem.line) if problem.line else file


def drafting(view: DraftView) -> str:
    """The bar while a model drafts a set, and its last word."""
    if not view.message:
        return ""
    if not view.active:
        return f"<p class='hint' role='status'>{esc(view.message)}</p>"
    parts = [
        text.WITH_MODEL.format(doing=view.message, model=view.model),
        text.NTH.format(n=number(view.done), of=number(view.total)),
        *([text.LEFT.format(time=span(view.seconds_left))] if view.seconds_left is not None else []),
    ]
    drawn = bar(view.done / max(view.total, 1), text.DRAFTING)
    return f"<div class='job'>{drawn}{hint(' · '.join(parts))}</div>"


def bar(share: float, label: str) -> str:
    shown = round(100 * min(max(share, 0.0), 1.0))
    return (
        f"<div class='bar' role='progressbar' aria-label='{esc(label)}' aria-valuemin='0' aria-valuemax='100' "
        f"aria-valuenow='{shown}'><i style='width:{shown}%'></i></div>"
    )


def command(line: str, title: str = "") -> str:
    """A command, by default the equal one, folded away, to copy."""
    summary = esc(title or text.COMMAND)
    return (
        f"<details><summary>{summary}</summary><div class='command'><code tabindex='0'>{esc(line)}</code>"
        f"<button type='button' data-copy data-copied='{esc(text.COPIED)}'>{esc(text.COPY)}</button></div></details>"
    )
