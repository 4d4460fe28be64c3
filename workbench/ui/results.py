"""The comparison as escaped HTML: the verdict, the overall table, terms, and one clip's word differences."""

from collections.abc import Sequence
from typing import Any

from workbench.core.comparison import Comparison, ComparisonRow
from workbench.core.scoring import ClipScore, Evaluation, WordOp
from workbench.core.terms import TermCount, TermScore
from workbench.services.comparing import RunComparison
from workbench.ui import text
from workbench.ui.charts import interval_bar
from workbench.ui.forgetting import forgetting
from workbench.ui.learning_curve import learning_curve
from workbench.ui.render import esc, percent, plural, points
from workbench.ui.sweep import sweep

UNUSABLE_WER = 0.8  # from here on a text cannot even be corrected
Clip = tuple[ComparisonRow, ClipScore, ClipScore]  # with base and adapted scores


def overall(result: RunComparison) -> str:
    """The verdict in words, the change drawn with its interval, and the figures behind it."""
    c = result.comparison
    kind = c.verdict.replace(" ", "-")
    notes = "".join(f"<li>{esc(note)}</li>" for note in result.notes)
    unusable = text.UNUSABLE if c.verdict == "better" and c.adapted.wer > UNUSABLE_WER else ""
    return (
        f"<section class='verdict {kind}' aria-label='Verdict'><header><b class='word'>{text.VERDICT_SIGNS[c.verdict]} "
        f"{text.VERDICTS[c.verdict]}{unusable}</b><div class='wers'>{_big(text.BASE, c.base.wer)}"
        "<i aria-hidden='true'>→</i>"
        f"{_big(text.ADAPTED, c.adapted.wer)}<div class='big'><b>{points(c.interval.estimate)}</b><span>points</span>"
        f"</div></div></header>{interval_bar(c.interval, c.verdict)}<p>{esc(c.sentence())}</p>"
        f"{f'<ul class=mind>{notes}</ul>' if notes else ''}</section>"
        f"{sweep(result.sweep)}{learning_curve(result.curve)}{forgetting(result.forgetting)}{_figures(c)}{_terms(c)}"
    )


def _big(name: str, wer: float) -> str:
    return f"<div class='big'><b>{percent(wer)}</b><span>{esc(name)} WER</span></div>"


def _figures(c: Comparison) -> str:
    names = (
        ("WER", "Word error rate"),
        ("CER", "Character error rate"),
        ("Wrong", "Substitutions"),
        ("Missing", "Deletions"),
        ("Extra", "Insertions"),
        ("Raw WER", "Word error rate with case and punctuation as written"),
    )
    head = "".join(f"<th scope='col'><abbr title='{full}'>{name}</abbr></th>" for name, full in names)
    sides = ((text.BASE, c.base, c.raw_base), (text.ADAPTED, c.adapted, c.raw_adapted))
    body = "".join(f"<tr><th scope='row'>{name}</th>{_cells(side, raw)}</tr>" for name, side, raw in sides)
    return (
        f"<table class='figures-table'><caption>{c.base.reference_words:,} words in {len(c.rows):,} clips, compared "
        f"with the “{esc(c.normalizer)}” text normalizer; {c.n_fixed:,} clips improved, {c.n_broken:,} got worse. "
        "Wrong, missing and extra words are substitutions, deletions and insertions.</caption>"
        f"<thead><tr><th scope='col'>Model</th>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(side: Evaluation, raw: Evaluation) -> str:
    counts = (f"{n:,}" for n in (side.substitutions, side.deletions, side.insertions))
    return "".join(f"<td>{v}</td>" for v in (percent(side.wer), percent(side.cer), *counts, percent(raw.wer)))


def _terms(c: Comparison) -> str:
    spoken = [t for t in c.terms if t.base.occurrences]
    silent = [t for t in c.terms if not t.base.occurrences]
    if not c.terms:
        return ""
    together = c.all_terms
    summary = "Your words (terms)"
    if together and together.base.occurrences:
        summary += f": {_share(together.base)} → {_share(together.adapted)} heard right (recall)"
    rows = "".join(_term(t) for t in spoken)
    rest = ""
    if silent:
        names = ", ".join(t.term for t in silent[:12]) + (" …" if len(silent) > 12 else "")
        rest = f"<p class='hint'>In no test clip: {esc(names)}.</p>"
    table = (
        "<div class='scroll' tabindex='0' role='region' aria-label='Terms'><table><thead><tr><th scope='col'>Term</th>"
        f"<th scope='col'>{text.BASE}</th><th scope='col'>{text.ADAPTED}</th><th scope='col'>In training</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div><p class='hint'>Heard right, of how often it was said, with the "
        "95 % interval (Wilson) of that share.</p>"
    )
    return f"<details class='terms'><summary>{esc(summary)}</summary>{table if spoken else ''}{rest}</details>"


def _term(t: TermScore) -> str:
    return (
        f"<tr><th scope='row'>{esc(t.term)}</th><td>{_counted(t.base)}</td><td>{_counted(t.adapted)}</td>"
        f"<td>{t.train_occurrences:,}</td></tr>"
    )


def _share(n: TermCount) -> str:
    return f"{100 * (n.recall or 0):.0f} %"


def _counted(n: TermCount) -> str:
    return f"<b>{n.hits} of {n.occurrences}</b> <small>{100 * n.low:.0f}–{100 * n.high:.0f} %</small>"


def clips(comparison: Comparison) -> list[Clip]:
    """The tested clips with both scores, the most improved first."""
    found = zip(comparison.rows, comparison.base.clips, comparison.adapted.clips, strict=True)
    return sorted(found, key=lambda clip: (clip[2].wer - clip[1].wer, clip[0].clip_id or 0))


def clip_rows(found: Sequence[Clip], chosen: int | None) -> dict[str, Any]:
    """The list of tested clips as plain data; the browser writes it as text."""
    return {"chosen": chosen, "clips": [_clip_row(*clip) for clip in found]}


def _clip_row(row: ComparisonRow, base: ClipScore, adapted: ClipScore) -> dict[str, Any]:
    change = adapted.wer - base.wer
    kind = "better" if change < 0 else "worse" if change > 0 else "same"
    sign = {"better": "▼ ", "worse": "▲ ", "same": "= "}[kind]
    return {
        "id": row.clip_id,
        "name": row.name,
        "reference": row.reference,
        "speaker": row.speaker or "–",
        "base": f"{100 * base.wer:.0f} %",
        "adapted": f"{100 * adapted.wer:.0f} %",
        "change": sign + points(change).removesuffix(".0") if change else "=",
        "kind": kind,
    }


def clip(found: Clip, *, base_name: str, adapted_name: str, normalizer: str) -> str:
    """One clip: player, spectrogram, what was said, and what each model heard with the differences marked."""
    row, base, adapted = found
    said = text.SPECTROGRAM.format(name=row.name)
    pictures = "".join(
        f"<img class='only-{mode}' loading='lazy' width='1200' height='400' alt='{esc(said)}' "
        f"src='pictures/{int(row.clip_id or 0)}-{mode}.png'>"
        for mode in ("light", "dark")
    )
    speaker = f" · {esc(row.speaker)}" if row.speaker else ""
    return (
        f"<section class='clip-result' aria-label='Chosen clip'><header><h3>{esc(row.name)}{speaker}</h3></header>"
        f"<audio controls preload='none' src='sounds/{int(row.clip_id or 0)}' aria-label='Play {esc(row.name)}'>"
        f"</audio><div class='picture'>{pictures}</div>"
        f"<div class='said'><span>{esc(text.SAID)}</span><p>{esc(row.reference)}</p></div>"
        f"<div class='pair'>{_side(text.BASE, base_name, base)}{_side(text.ADAPTED, adapted_name, adapted)}</div>"
        f"{_key(normalizer)}</section>"
    )


def _side(role: str, name: str, score: ClipScore) -> str:
    words = " ".join(word(op) for op in score.alignment) or "<em>nothing</em>"
    errors = f"{score.substitutions} wrong · {score.deletions} missing · {score.insertions} extra"
    return (
        f"<section class='side {role.lower()}' aria-label='{esc(role)} transcript'><header><h4>{esc(role)} "
        f"<small>{esc(name)}</small></h4><b>{percent(score.wer)} <small>WER</small></b></header><p>{words}</p>"
        f"<footer>{errors} · {plural(score.reference_words, 'word')}</footer></section>"
    )


def word(op: WordOp) -> str:
    """One step of an alignment, its difference marked by sign as well as by colour."""
    if op.kind == "equal":
        return esc(op.hypothesis)
    if op.kind == "delete":
        return f"<del>{esc(op.reference)}</del>"
    if op.kind == "insert":
        return f"<ins>{esc(op.hypothesis)}</ins>"
    return f"<span class='sub'><s>{esc(op.reference)}</s> {esc(op.hypothesis)}</span>"


def _key(normalizer: str) -> str:
    return (
        f"<p class='key'><span class='sub'><s>said</s> heard</span> {text.KEY_WRONG} <del>word</del> "
        f"{text.KEY_MISSING} <ins>word</ins> {text.KEY_EXTRA}. Words as the “{esc(normalizer)}” "
        f"normalizer compares them.</p>"
    )
