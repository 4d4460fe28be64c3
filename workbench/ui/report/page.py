"""A run's report as one HTML file: nothing in it is fetched, nothing runs, and it prints well.

Everything that a user, a file or a model wrote is escaped, and a policy inside the file forbids scripts and requests in
case that ever failed. Sounds and pictures are part of the file.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from workbench import __version__
from workbench.core.evaluation.comparison import Comparison
from workbench.core.evaluation.intervals import FEWEST_DIFFERING
from workbench.core.evaluation.scoring import Evaluation
from workbench.core.evaluation.terms import TermCount, TermScore
from workbench.language.spoken import spoken
from workbench.services.results.report import Report, ReportClip
from workbench.ui import text
from workbench.ui.charts.blend import blend, kept
from workbench.ui.charts.forgetting import meter
from workbench.ui.charts.svg import interval_bar
from workbench.ui.compare.results import marked
from workbench.ui.kit.html import count, esc, number, percent, plural, points, span, when, whole_percent
from workbench.ui.report import text as words

POLICY: Final = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; base-uri 'none'"
STYLE: Final = Path(__file__).parent / "page.css"
MOST_ROWS: Final = 300  # of the table of all clips; ten thousand would choke a browser and a printer


def report_name(report: Report) -> str:
    """What the browser saves the file as."""
    title = re.sub(r"[^\w .-]+", " ", report.run.title).strip()[:60].strip(" .")
    return f"{report.run.id}{f' {title}' if title else ''}.html"


def report_html(report: Report) -> str:
    """The whole document."""
    c = report.result.comparison
    title = words.TITLE.format(run=_run_name(report))
    sections = (
        _section("verdict", _verdict(report)),
        _section("figures", _figures(c)),
        _section("terms", _terms(c)),
        _section("forgetting", _forgetting(report)),
        _section("clips", _clips(report)),
        _section("card", _card(report)),
        _section("settings", _settings(report)),
        _section("how", _how(c)),
        _section("all", _all(c)),
    )
    made = words.MADE.format(when=when(report.made), version=__version__)
    return (
        f"<!doctype html>\n<html lang='{spoken()}'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{esc(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head><body><main>"
        f"<header><h1>{esc(title)}</h1><p>{esc(made)}</p></header>{''.join(sections)}</main></body></html>\n"
    )


def _run_name(report: Report) -> str:
    run = report.run
    return f"{run.title} ({run.id})" if run.title else run.id


def _section(name: str, inside: str) -> str:
    if not inside:
        return ""
    return f"<section id='{name}'><h2>{esc(words.SECTIONS[name])}</h2>{inside}</section>"


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", kind: str = "", numbers: bool = True
) -> str:
    """A table of cells that are HTML already; each row's first cell is its head."""
    head = "".join(f"<th scope='col'>{esc(name)}</th>" for name in heads)
    body = "".join(
        f"<tr><th scope='row'>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    # Beside the table, not its caption: that would be cut where the table scrolls sideways.
    said = f"<p class='caption'>{esc(caption)}</p>" if caption else ""
    classes = f"{kind}{' numbers' if numbers else ''}".strip()
    # Reachable by keyboard, since it scrolls sideways on a narrow screen.
    return (
        f"{said}<div class='wide' tabindex='0' role='region' aria-label='{esc(caption or heads[0])}'>"
        f"<table class='{classes}'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names with values that are HTML already; those without a value are left out."""
    return f"<dl>{''.join(f'<dt>{esc(name)}</dt><dd>{value}</dd>' for name, value in rows if value)}</dl>"


def _notes(sentences: Sequence[str]) -> str:
    return f"<ul class='notes'>{''.join(f'<li>{esc(s)}</li>' for s in sentences)}</ul>" if sentences else ""


# ---- what came out ----


def _verdict(report: Report) -> str:
    c = report.result.comparison
    more = [result["recommendation"] for result in (report.result.sweep,) if result]
    more += [result["sentence"] for result in (report.result.curve,) if result]
    note = f"<p class='note'>{esc(report.run.note)}</p>" if report.run.note else ""
    parts = f"<p>{esc(c.parts_sentence())}</p>" if c.term_rate else ""
    rates = f"{percent(c.rate(c.base))} → {percent(c.rate(c.adapted))} {c.measure.upper()}"
    return (
        f"<p class='verdict {c.verdict.replace(' ', '-')}'><b>{esc(text.VERDICT_SIGNS[c.outcome])} "
        f"{esc(text.VERDICTS[c.outcome])}</b> <span>{rates}</span></p>"
        f"{'' if c.nothing_kept else interval_bar(c.judging, c.verdict)}<p>{esc(c.sentence())}</p>{parts}{note}"
        f"{_notes([*report.result.notes, *map(str, more)])}"
    )


def _figures(c: Comparison) -> str:
    heads = [words.COLUMNS[name] for name in ("model", "wer", "cer", "wrong", "missing", "extra", "raw")]
    sides = ((text.BASE, c.base, c.raw_base), (text.ADAPTED, c.adapted, c.raw_adapted))
    said = words.FIGURES.format(
        words=number(c.base.reference_words),
        clips=plural(len(c.rows), text.CLIP),
        fixed=number(c.n_fixed),
        broken=number(c.n_broken),
        normalizer=c.normalizer,
    )
    return _table(heads, [_figure_row(*side) for side in sides], caption=said)


def _figure_row(name: str, side: Evaluation, raw: Evaluation) -> list[str]:
    counts = [
        f"{number(n)} <small>{whole_percent(n / max(1, side.reference_words))}</small>"
        for n in (side.substitutions, side.deletions, side.insertions)
    ]
    return [esc(name), percent(side.wer), percent(side.cer), *counts, percent(raw.wer)]


def _terms(c: Comparison) -> str:
    spoken = [t for t in c.terms if t.base.occurrences]
    silent = [t.term for t in c.terms if not t.base.occurrences]
    said = f"<p>{esc(words.SILENT.format(terms=', '.join(silent)))}</p>" if silent else ""
    together = c.all_terms
    if not spoken or together is None:
        return said
    heads = [words.COLUMNS["term"], text.BASE, text.ADAPTED, words.COLUMNS["alarms"], words.COLUMNS["train"]]
    caption = words.TERMS.format(base=_share(together.base), adapted=_share(together.adapted))
    return _table(heads, map(_term_row, spoken), caption=caption) + said


def _term_row(t: TermScore) -> list[str]:
    alarms = f"{number(t.base.false_alarms)} → {number(t.adapted.false_alarms)}"
    return [esc(t.term), _counted(t.base), _counted(t.adapted), alarms, number(t.train_occurrences)]


def _share(n: TermCount) -> str:
    return f"{number(n.hits)} / {number(n.occurrences)} ({whole_percent(n.recall or 0)})"


def _counted(n: TermCount) -> str:
    return f"{n.hits} / {n.occurrences} <small>{number(100 * n.low, '.0f')}–{whole_percent(n.high)}</small>"


def _forgetting(report: Report) -> str:
    found = report.result.forgetting
    if found is None:
        return ""
    sign, standing = text.STANDING_SIGNS[found.standing], text.STANDINGS[found.standing]
    kind = found.standing.replace(" ", "-")
    said = f"<p><b>{sign} {esc(standing)}</b></p>{meter(found)}<p>{esc(found.sentence())}</p>"
    result = report.result
    return f"<div class='forgetting {kind}'>{said}</div>{blend(result.blend_curve, result.blend)}"


# ---- clips ----


def _clips(report: Report) -> str:
    rule = words.CHOSEN if report.chosen else words.RULE
    return f"<p>{esc(rule)}</p>{''.join(map(_clip, report.clips))}"


def _clip(clip: ReportClip) -> str:
    row = clip.row
    base, adapted = (
        marked(row.reference, heard, score, clip.normalizer)
        for heard, score in ((row.base, clip.base), (row.adapted, clip.adapted))
    )
    facts = [row.speaker or "", words.REVISION.format(n=clip.revision) if clip.revision else ""]
    change = points(clip.adapted.wer - clip.base.wer)
    return (
        f"<article><h3>{esc(row.name)} <small>{esc(' · '.join(f for f in facts if f))}</small></h3>"
        f"<p class='why'><b>{esc(words.GROUPS[clip.group])}</b> {percent(clip.base.wer)} → {percent(clip.adapted.wer)} "
        f"WER ({change})</p>{_attached(clip)}"
        f"<dl class='texts'><dt>{esc(words.COLUMNS['said'])}</dt><dd>{esc(row.reference)}</dd>"
        f"<dt>{esc(text.BASE)}</dt><dd>{base}</dd>"
        f"<dt>{esc(text.ADAPTED)}</dt><dd>{adapted}</dd></dl></article>"
    )


def _attached(clip: ReportClip) -> str:
    if clip.sound is None or clip.picture is None:
        return f"<p><em>{esc(words.NO_SOUND)}</em></p>"
    said = text.SPECTROGRAM.format(name=clip.row.name)
    return (
        f"<img alt='{esc(said)}' src='{_data('image/webp', clip.picture)}'>"
        f"<audio controls preload='metadata' aria-label='{esc(clip.row.name)}' src='{_data('audio/mpeg', clip.sound)}'>"
        "</audio>"
    )


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _heard(c: Comparison, n: int, *, adapted: bool) -> str:
    """What one side wrote for a clip, the differences marked."""
    row, side = c.rows[n], c.adapted if adapted else c.base
    return marked(row.reference, row.adapted if adapted else row.base, side.clips[n], c.normalizer)


def _all(c: Comparison) -> str:
    order = sorted(
        range(len(c.rows)), key=lambda n: (-abs(c.adapted.clips[n].errors - c.base.clips[n].errors), c.rows[n].name)
    )
    rows = [
        (
            f"{esc(c.rows[n].name)}",
            esc(c.rows[n].speaker or "–"),
            f"{esc(c.rows[n].reference)}<br>{esc(text.BASE)}: {_heard(c, n, adapted=False)}<br>"
            f"{esc(text.ADAPTED)}: {_heard(c, n, adapted=True)}",
            percent(c.base.clips[n].wer),
            percent(c.adapted.clips[n].wer),
            points(c.adapted.clips[n].wer - c.base.clips[n].wer),
        )
        for n in order[:MOST_ROWS]
    ]
    left = len(order) - len(rows)
    shortened = f"<p>{esc(words.SHORTENED.format(n=len(rows), left=number(left)))}</p>" if left else ""
    heads = [words.COLUMNS["clip"], words.COLUMNS["speaker"], words.COLUMNS["said"]]
    heads += [f"{text.BASE} WER", f"{text.ADAPTED} WER", words.COLUMNS["change"]]
    return shortened + _table(heads, rows, kind="texts-table")


# ---- how it came about ----


def _card(report: Report) -> str:
    run, card = report.run, words.CARD
    n = {name: number(of) for name, of in report.parts.items()}
    clips = words.FOLDS.format(folds=report.folds, **n) if report.folds else words.CLIPS.format(**n)
    newest = report.labels.newest
    labels = words.LABELS.format(
        n=number(report.labels.count), when=when(newest) if newest else "–", print=report.labels.fingerprint
    )
    total = int(run.plan.get("total_parameters", 0))
    weights = words.WEIGHTS.format(learn=count(int(run.plan.get("trainable_parameters", 0))), all=count(total))
    model = " · ".join([report.model.name, *report.model.languages])
    settings = {"seed": report.settings["seed"], "normalizer": report.result.comparison.normalizer}
    return _facts(
        [
            (card["run"], esc(_run_name(report))),
            (card["set"], esc(f"{run.set_name}{f' ({report.language})' if report.language else ''}")),
            (card["model"], esc(model)),
            (card["licence"], esc(report.model.licence)),
            (card["print"], esc(report.fingerprint)),
            (card["strategy"], esc(" · ".join(filter(None, (run.strategy, kept(report.result.blend)))))),
            (card["weights"], esc(weights) if total else ""),
            (card["clips"], esc(clips)),
            (card["split"], esc(report.split_rule)),
            (card["labels"], esc(labels)),
            *((card[name], esc(value)) for name, value in settings.items()),
            (card["took"], esc(_took(report))),
            (card["when"], esc(f"{when(run.created)} (UTC)")),
            (card["versions"], esc(", ".join(f"{k} {v}" for k, v in report.versions.items()))),
            (card["command"], f"<code>{esc(run.command)}</code>"),
        ]
    )


def _took(report: Report) -> str:
    seconds = report.run.seconds
    if not seconds:
        return ""
    named = {name: span(seconds.get(name, 0.0)) for name in ("total", "prefix", "training", "evaluation")}
    return words.TOOK.format(**named)


def _settings(report: Report) -> str:
    return _facts(
        ({"extend_alphabet": text.EXTEND, **text.SETTING_LABELS}.get(name, name), esc(_value(value)))
        for name, value in report.settings.items()
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return words.YES if value else words.NO
    return "–" if value in (None, "") else number(value, "g") if isinstance(value, float) else str(value)


def _how(c: Comparison) -> str:
    sentences = [s.format(over=c.interval.over, least=FEWEST_DIFFERING) for s in words.HOW]
    sentences += [words.NORMALIZERS[c.normalizer]] if c.normalizer in words.NORMALIZERS else []
    return _notes(sentences)
