"""The expert's own words: how often each was heard right before and after, with the interval of that share drawn."""

from workbench.core.evaluation.comparison import Comparison
from workbench.core.evaluation.terms import TermCount, TermScore
from workbench.ui import text
from workbench.ui.kit.html import esc, number, whole_percent

WIDTH, HEIGHT = 80, 26  # of the drawing, in SVG units; the pixels it is shown at


def terms(c: Comparison, titles: tuple[str, str]) -> str:
    """A table in a fold, the most changed term first; nothing without a word list."""
    if not c.terms:
        return ""
    spoken = sorted((t for t in c.terms if t.base.occurrences), key=lambda t: (t.base.hits - t.adapted.hits, t.term))
    silent = [t.term for t in c.terms if not t.base.occurrences]
    together = c.all_terms
    summary = text.TERMS
    if together and together.base.occurrences:
        summary += f": {text.TERMS_HEARD.format(base=_share(together.base), adapted=_share(together.adapted))}"
    rest = ""
    if silent:
        names = ", ".join(silent[:12]) + (" …" if len(silent) > 12 else "")
        rest = f"<p class='hint'>{esc(text.TERMS_SILENT.format(terms=names))}</p>"
    return (
        f"<details class='terms'><summary>{esc(summary)}</summary>{_table(spoken, titles) if spoken else ''}{rest}"
        "</details>"
    )


def _table(spoken: list[TermScore], titles: tuple[str, str]) -> str:
    term, change, interval, trained = text.TERM_COLUMNS
    heads = "".join(f"<th scope='col'>{esc(name)}</th>" for name in (term, *titles, change, interval, trained))
    rows = "".join(_row(t) for t in spoken)
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{esc(text.TERMS)}'><table>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div><p class='hint'>{esc(text.TERMS_HINT)}</p>"
    )


def _row(t: TermScore) -> str:
    moved = t.adapted.hits - t.base.hits
    kind, sign = ("up", f"▲ +{moved}") if moved > 0 else ("down", f"▼ \N{MINUS SIGN}{-moved}") if moved else ("", "=")
    return (
        f"<tr><th scope='row'>{esc(t.term)}</th><td>{_counted(t.base)}</td><td>{_counted(t.adapted)}</td>"
        f"<td class='{kind}'>{sign}</td><td>{_drawn(t)}</td><td>{number(t.train_occurrences)}</td></tr>"
    )


def _drawn(t: TermScore) -> str:
    said = text.TERM_SAID.format(base=_range(t.base), adapted=_range(t.adapted))
    bars = "".join(
        f"<g class='{side}'><rect x='{count.low * WIDTH:.1f}' y='{y - 3}' height='6' rx='3' "
        f"width='{max(count.high - count.low, 0.01) * WIDTH:.1f}'/>"
        f"<circle cx='{(count.recall or 0) * (WIDTH - 6) + 3:.1f}' cy='{y}' r='3'/></g>"
        for side, count, y in (("before", t.base, 7), ("after", t.adapted, 19))
    )
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{esc(said)}'>"
        f"<line x1='0' x2='{WIDTH}' y1='13' y2='13'/>{bars}</svg>"
    )


def _range(n: TermCount) -> str:
    return text.TERM_RANGE.format(share=_share(n), low=number(100 * n.low, ".0f"), high=whole_percent(n.high))


def _share(n: TermCount) -> str:
    return whole_percent(n.recall or 0)


def _counted(n: TermCount) -> str:
    shares = f"{number(100 * n.low, '.0f')}–{whole_percent(n.high)}"
    return f"<b>{text.NTH.format(n=n.hits, of=n.occurrences)}</b> <small>{shares}</small>"
