"""The comparison as escaped HTML: the verdict, the overall table, and one clip's word differences."""

from collections.abc import Sequence
from typing import Any

from workbench.core.evaluation.comparison import Comparison, ComparisonRow
from workbench.core.evaluation.scoring import ClipScore, Evaluation, WordOp
from workbench.core.evaluation.written import WrittenOp, as_written
from workbench.core.text.normalize import normalizer as find_normalizer
from workbench.core.text.normalize import unspaced_script
from workbench.core.text.ruler import measure_of
from workbench.services.results.comparison import RunComparison
from workbench.ui import text
from workbench.ui.charts.blend import blend
from workbench.ui.charts.error_mix import error_mix
from workbench.ui.charts.forgetting import forgetting
from workbench.ui.charts.learning_curve import learning_curve
from workbench.ui.charts.svg import interval_bar
from workbench.ui.charts.sweep import sweep
from workbench.ui.charts.terms import terms
from workbench.ui.compare.mistakes import mistakes
from workbench.ui.kit.html import esc, number, percent, plural, points, whole_percent

UNUSABLE_WER = 0.8  # from here on a text cannot even be corrected
Clip = tuple[ComparisonRow, ClipScore, ClipScore]  # with base and adapted scores


def overall(result: RunComparison) -> str:
    """The verdict in words, the change drawn with its interval, and what became of the expert's own words."""
    c, names = result.comparison, titles(result)
    kind = c.verdict.replace(" ", "-")
    notes = "".join(f"<li>{esc(note)}</li>" for note in result.notes)
    unusable = text.UNUSABLE if c.verdict == "better" and c.rate(c.adapted) > UNUSABLE_WER else ""
    sides = zip(names, (c.base, c.adapted), strict=True)
    rates = [_big(f"{name} {c.measure.upper()}", c.rate(side)) for name, side in sides]
    parts = f"<p class='parts'>{esc(c.parts_sentence())}</p>" if c.term_rate else ""
    return (
        f"<section class='verdict {kind}' aria-label='{esc(text.VERDICT)}'><header>"
        f"<b class='word'>{esc(text.VERDICT_SIGNS[c.outcome])} {esc(text.VERDICTS[c.outcome])}{esc(unusable)}</b>"
        f"<div class='wers'>{rates[0]}<i aria-hidden='true'>→</i>{rates[1]}"
        f"<div class='big'><b>{points(c.judging.estimate)}</b><span>{esc(text.POINTS)}</span></div></div></header>"
        f"{'' if c.nothing_kept else interval_bar(c.judging, c.verdict)}<p>{esc(c.sentence())}</p>{parts}"
        f"{f'<ul class=mind>{notes}</ul>' if notes else ''}</section>"
        f"{terms(c, names)}"
    )


def details(result: RunComparison) -> str:
    """What stands behind the verdict: what went wrong, what was forgotten, what was tried, all figures."""
    c, names = result.comparison, titles(result)
    parts = (
        sweep(result.sweep),
        learning_curve(result.curve),
        forgetting(result.forgetting),
        blend(result.blend_curve, result.blend),
        error_mix(c, names),
        mistakes(c, names, result.run),
        _figures(c, names),
    )
    return "".join(f"<div class='part'>{part}</div>" for part in parts if part)


def titles(result: RunComparison) -> tuple[str, str]:
    """What the two sides are called: base and adapted, or the names of two runs."""
    return (result.base_name, result.adapted_name) if result.two_runs else (text.BASE, text.ADAPTED)


def _big(name: str, rate: float) -> str:
    return f"<div class='big'><b>{percent(rate)}</b><span>{esc(name)}</span></div>"


def _figures(c: Comparison, names: tuple[str, str]) -> str:
    head = "".join(
        f"<th scope='col'><abbr title='{esc(full)}'>{esc(name)}</abbr></th>" for name, full in text.FIGURE_COLUMNS
    )
    sides = ((names[0], c.base, c.raw_base), (names[1], c.adapted, c.raw_adapted))
    body = "".join(f"<tr><th scope='row'>{esc(name)}</th>{_cells(side, raw)}</tr>" for name, side, raw in sides)
    said = text.FIGURES.format(
        words=number(c.base.reference_words),
        clips=plural(len(c.rows), text.CLIP),
        normalizer=c.normalizer,
        fixed=number(c.n_fixed),
        broken=number(c.n_broken),
    )
    said += f" {c.normalizer_reason}"
    return (
        f"<table class='figures-table'><caption>{esc(said)}</caption>"
        f"<thead><tr><th scope='col'>{esc(text.MODEL)}</th>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(side: Evaluation, raw: Evaluation) -> str:
    counts = (number(n) for n in (side.substitutions, side.deletions, side.insertions))
    return "".join(f"<td>{v}</td>" for v in (percent(side.wer), percent(side.cer), *counts, percent(raw.wer)))


def clips(comparison: Comparison) -> list[Clip]:
    """The tested clips with both scores, the most improved first."""
    found = zip(comparison.rows, comparison.base.clips, comparison.adapted.clips, strict=True)
    return sorted(found, key=lambda clip: (clip[2].wer - clip[1].wer, clip[0].clip_id or 0))


def clip_rows(found: Sequence[Clip], chosen: int | None, key: str = "") -> dict[str, Any]:
    """The list of tested clips as plain data; the browser writes it as text.

    Args:
        chosen: The clip that is shown.
        key: Names what is compared; with another one the list begins anew.
    """
    return {"key": key, "chosen": chosen, "clips": [_clip_row(*clip) for clip in found]}


def _clip_row(row: ComparisonRow, base: ClipScore, adapted: ClipScore) -> dict[str, Any]:
    change = adapted.wer - base.wer
    kind = "better" if change < 0 else "worse" if change > 0 else "same"
    sign = {"better": "▼ ", "worse": "▲ ", "same": "= "}[kind]
    return {
        "id": row.clip_id,
        "name": row.name,
        "reference": row.reference,
        "speaker": row.speaker or "–",
        "base": whole_percent(base.wer),
        "adapted": whole_percent(adapted.wer),
        "before": base.errors,
        "after": adapted.errors,
        "change": sign + points(change, short=True) if change else "=",
        "kind": kind,
    }


def clip(
    found: Clip,
    *,
    base_name: str,
    adapted_name: str,
    normalizer: str,
    names: tuple[str, str] | None = None,
) -> str:
    """One clip: what was said, and what each model heard with the differences marked."""
    left, right = names or (text.BASE, text.ADAPTED)
    row, base, adapted = found
    before = marked(row.reference, row.base, base, normalizer)
    after = marked(row.reference, row.adapted, adapted, normalizer)
    return (
        f"<section class='clip-result' aria-label='{esc(text.CHOSEN_CLIP)}'>"
        f"<div class='said'><span>{esc(text.SAID)}</span><p>{esc(row.reference)}</p></div>"
        f"<div class='pair'>{_side('base', left, base_name, before, base)}"
        f"{_side('adapted', right, adapted_name, after, adapted)}</div>{_key(normalizer)}</section>"
    )


def _titled(title: str, name: str) -> str:
    return f"{esc(title)} <small>{esc(name)}</small>" if name and name != title else esc(title)


def _side(kind: str, title: str, name: str, words: str, score: ClipScore) -> str:
    errors = text.ERRORS.format(wrong=score.substitutions, missing=score.deletions, extra=score.insertions)
    return (
        f"<section class='side {kind}' aria-label='{esc(text.TRANSCRIPT.format(title=title))}'><header>"
        f"<h4>{_titled(title, name)}</h4><b>{percent(score.wer)} <small>WER</small></b></header><p>{words}</p>"
        f"<footer>{errors} · {plural(score.reference_words, text.WORD)}</footer></section>"
    )


def _nothing() -> str:
    return f"<em>{esc(text.HEARD_NOTHING)}</em>"


def marked(reference: str, heard: str, score: ClipScore, normalizer_name: str) -> str:
    """What a model wrote, in its own words, the differences marked by sign as well as by colour."""
    if measure_of(normalizer_name) == "cer":  # no spaces between words: character by character
        return _characters(score.alignment) or _nothing()
    return " ".join(map(word, as_written(reference, heard, score, find_normalizer(normalizer_name)))) or _nothing()


def _characters(steps: Sequence[WordOp]) -> str:
    """Steps of single characters close together, words of other scripts among them with their spaces."""
    shown, spaced = "", False
    for op in steps:
        is_word = not unspaced_script((op.hypothesis or op.reference)[:1])
        shown += (" " if shown and (is_word or spaced) else "") + word(op)
        spaced = is_word
    return shown


def word(op: WordOp | WrittenOp) -> str:
    """One step of an alignment, its difference marked by sign as well as by colour."""
    if op.kind == "equal":
        return esc(op.hypothesis)
    if op.kind == "alike":
        return f"<span class='alike' title='{esc(text.ALIKE.format(said=op.reference))}'>{esc(op.hypothesis)}</span>"
    if op.kind == "ignored":
        return f"<span class='alike' title='{esc(text.IGNORED)}'>{esc(op.hypothesis)}</span>"
    if op.kind == "delete":
        return f"<del>{esc(op.reference)}</del>"
    if op.kind == "insert":
        return f"<ins>{esc(op.hypothesis)}</ins>"
    return f"<span class='sub'><s>{esc(op.reference)}</s> {esc(op.hypothesis)}</span>"


def _key(normalizer: str) -> str:
    a_word = esc(text.WORD[0])
    return (
        f"<p class='key'><span class='sub'><s>{esc(text.KEY_SAID)}</s> {esc(text.KEY_HEARD)}</span> "
        f"{esc(text.KEY_WRONG)} <del>{a_word}</del> {esc(text.KEY_MISSING)} <ins>{a_word}</ins> {esc(text.KEY_EXTRA)} "
        f"<span class='alike'>{a_word}</span> {esc(text.KEY_ALIKE)}. "
        f"{esc(text.KEY_NORMALIZER.format(normalizer=normalizer))}</p>"
    )
