"""Escaped HTML for the page. Everything a user, a file or a model wrote goes through `esc`.

Gradio's HTML template is a JavaScript template literal and a Handlebars template at once, so `$`, braces and backticks
are written as entities as well: a transcript holding `${…}` or `{{…}}` must never be evaluated.
"""

import html
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from workbench.core.types import FreezePlan, ModelSpec, Seconds
from workbench.services.collecting import ImportReport, SetInfo
from workbench.services.listings import Problem
from workbench.services.planning import Preview
from workbench.services.transcribing import DraftView
from workbench.services.transcripts import FORMS
from workbench.ui import text

LONGEST_LIST: Final = 200  # lines of a report; a set of thousands must not choke the page
_TEMPLATE_SIGNS = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;", "\\": "&#92;"})


def esc(value: object) -> str:
    """A value as text inside HTML, also inside quoted attributes."""
    return html.escape(str(value)).translate(_TEMPLATE_SIGNS)


def plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def points(change: float) -> str:
    """A change in percentage points with its sign."""
    shown = f"{100 * change:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if shown[1:] == "0.0" else shown


def count(parameters: int) -> str:
    """A number of weights: 3.2 M, 15,700."""
    return f"{parameters / 1e6:.1f} M" if parameters >= 100_000 else f"{parameters:,}"


def span(seconds: Seconds) -> str:
    """A length of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def heading(number: int, title: str, name: str) -> str:
    return f"<div class='step' id='step-{name}'><i aria-hidden='true'>{number}</i><h2>{esc(title)}</h2></div>"


def hint(sentence: str) -> str:
    return f"<p class='hint'>{esc(sentence)}</p>"


def stepper(info: SetInfo | None, run: str, verdict: str) -> str:
    """Where the user is: the four steps, what each has, and which comes next."""
    clips, confirmed = (info.clips, info.confirmed) if info else (0, 0)
    none = text.LOADING if run == text.LOADING else "no clips yet"
    facts = (
        plural(clips, "clip") if clips else none,
        f"{confirmed:,} of {clips:,} confirmed" if clips else "–",
        run or "–",
        verdict or "–",
    )
    judged = verdict not in ("", text.LOADING)
    done = (clips > 0, 0 < clips == confirmed, judged, judged)
    enough = confirmed >= 4
    current = 3 if judged else 2 if enough else 1 if clips else 0
    here = " aria-current='step'"
    items = "".join(
        f"<li class='{'done' if done[i] else ''}'><a href='#step-{name.lower()}'{here if i == current else ''}>"
        f"<i aria-hidden='true'>{'✓' if done[i] else i + 1}</i><b>{esc(name)}</b><span>{esc(facts[i])}</span></a></li>"
        for i, name in enumerate(text.STEPS)
    )
    return f"<nav aria-label='Steps'><ol class='stepper'>{items}</ol></nav>"


def import_report(report: ImportReport, *, skip: Iterable[str] = ()) -> str:
    """What became of files: how many came in, which were rejected and why, which deserve a look."""
    skipped = set(skip)
    warnings = [w for w in report.warnings if w.reason not in skipped]
    counts = [f"{plural(report.added, 'clip')} {text.ADDED}"]
    if report.duplicates:
        counts.append(f"{report.duplicates:,} {text.DUPLICATES}")
    if report.rejected:
        counts.append(f"{len(report.rejected):,} rejected")
    return (
        f"<div class='report' role='status'><b>{esc(' · '.join(counts))}</b>"
        f"{_problems(text.REJECTED, report.rejected, 'bad')}"
        f"{_problems(text.WARNED, warnings, 'mind', together=True)}</div>"
    )


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
    for number, p in enumerate(problems):
        groups.setdefault((p.reason, p.remedy) if together else number, []).append(p)
    lines = "".join(_problem(group) for group in list(groups.values())[:LONGEST_LIST])
    rest = f"<li>… and {len(groups) - LONGEST_LIST:,} more</li>" if len(groups) > LONGEST_LIST else ""
    summary = f"<summary>{esc(title)} ({len(problems):,})</summary>"
    return f"<details open class='{kind}'>{summary}<ul>{lines}{rest}</ul></details>"


def _problem(group: Sequence[Problem]) -> str:
    first, names = group[0], [f"{p.file or 'the set'}{f' line {p.line}' if p.line else ''}" for p in group]
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    remedy = first.remedy[:1].upper() + first.remedy[1:]
    return f"<li><b>{esc(', '.join(names[:3]))}</b>{more}: {esc(first.reason)}. <span>{esc(remedy)}.</span></li>"


def drafting(view: DraftView) -> str:
    """The bar while a model drafts a set, and its last word."""
    if not view.message:
        return ""
    if not view.active:
        return f"<p class='hint' role='status'>{esc(view.message)}</p>"
    left = f" · about {span(view.seconds_left)} left" if view.seconds_left is not None else ""
    line = f"{esc(view.message)} with {esc(view.model)} · {view.done:,} of {view.total:,}{left}"
    return f"<div class='job'>{bar(view.done / max(view.total, 1), 'Drafting')}<p class='hint'>{line}</p></div>"


def bar(share: float, label: str) -> str:
    shown = round(100 * min(max(share, 0.0), 1.0))
    return (
        f"<div class='bar' role='progressbar' aria-label='{esc(label)}' aria-valuemin='0' aria-valuemax='100' "
        f"aria-valuenow='{shown}'><i style='width:{shown}%'></i></div>"
    )


def model_facts(spec: ModelSpec) -> str:
    """A base model in one line."""
    parts = [
        f"{count(spec.parameters)} weights" if spec.parameters else "",
        f"{spec.size_mb:,.0f} MB" if spec.size_mb else "",
        ", ".join(spec.languages),
        f"licence {spec.licence}" if spec.licence != "unknown" else "",
        {"bundled": "ships with the workbench", "folder": "on this machine", "hub": "downloaded when first used"}[
            spec.source
        ],
    ]
    good = f" {esc(spec.good_for)}" if spec.good_for else ""
    return f"<p class='hint'>{esc(' · '.join(p for p in parts if p))}.{good}</p>"


def strip(plan: FreezePlan | None, strategy: str, title: str, sentence: str) -> str:
    """The model's blocks from sound to text, frozen or learning; marked by pattern as well as by colour."""
    words = f"<p class='hint'><b>{esc(title)}</b> ({esc(strategy)}). {esc(sentence)}"
    if plan is None:
        return f"{words} {esc(text.NOT_HERE_YET)}</p>"
    blocks = "".join(
        f"<div class='block{_learning(part)}' title='{esc(b.name)}: "
        f"{esc(text.PARTS.get(part, part))}, {b.parameters:,} weights'><i></i>"
        f"<span>{esc(_short(b.name))}</span></div>"
        for b, part in zip(plan.blocks, plan.parts, strict=True)
    )
    share = plan.trainable_parameters / max(1, plan.total_parameters)
    said = (
        f"{sum(plan.learns)} of {len(plan.blocks)} blocks learn: {count(plan.trainable_parameters)} of "
        f"{count(plan.total_parameters)} weights ({percent(share)})"
    )
    return (
        f"{words}</p><div class='strip' role='img' aria-label='{esc(said)}'>{blocks}</div>"
        f"<p class='hint'><span class='key-frozen'>{text.FROZEN}</span> <span class='key-learns'>{text.LEARNS}</span> "
        f"{esc(said)}.</p>"
    )


def _learning(part: str) -> str:
    """Classes of a block; where only some of its weights learn it is filled in part."""
    return "" if part == "nothing" else " learns" if part == "all" else " learns some"


def _short(name: str) -> str:
    return (
        name.removeprefix("encoder ")
        .replace("decoder ", "d")
        .replace("embed", "words")
        .replace("features", "sound")
        .replace("projection", "proj")
        .replace("position", "pos")
    )


def preview(p: Preview) -> str:
    """What a run would do, before it starts."""
    if p.folds:
        figures = [(f"{p.folds}", "folds"), (f"{p.test:,}", "clips, each tested once")]
    else:
        figures = [(f"{p.train:,}", "learn (train)"), (f"{p.dev:,}", "steer (dev)"), (f"{p.test:,}", "judge (test)")]
    cells = "".join(f"<div><b>{esc(n)}</b><span>{esc(label)}</span></div>" for n, label in figures)
    notes = "".join(f"<li>{esc(note)}</li>" for note in p.notes)
    return (
        f"<div class='preview'><div class='figures'>{cells}</div>"
        f"<p>{esc(p.provable or text.NOT_PROVABLE_YET)}</p>"
        f"<p class='hint'>{esc(p.split_rule)}</p>"
        f"{f'<ul class=mind>{notes}</ul>' if notes else ''}"
        f"<details><summary>{esc(text.COMMAND)}</summary><div class='command'>"
        f"<code tabindex='0'>{esc(p.command)}</code><button type='button' data-copy data-copied='{esc(text.COPIED)}'>"
        f"{esc(text.COPY)}</button></div></details></div>"
    )


def reasons(p: Preview) -> str:
    """Why the form is filled as it is."""
    cap = p.suggestion.rate_cap
    lines = "".join(f"<li>{esc(reason)}</li>" for reason in p.suggestion.reasons)
    return f"<ul class='hint'>{lines}<li>The step size is capped at {cap:g} for this model.</li></ul>"
