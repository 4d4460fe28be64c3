"""What goes wrong before and after: wrong, missing and extra words as bars, told apart by pattern as well as colour."""

from workbench.core.evaluation.comparison import Comparison
from workbench.core.evaluation.scoring import Evaluation
from workbench.ui import text
from workbench.ui.kit.html import esc, number, percent


def error_mix(c: Comparison, titles: tuple[str, str]) -> str:
    """One bar for each side, both on the same scale."""
    top = max(c.base.wer, c.adapted.wer)
    if not c.base.reference_words or not top:
        return ""
    rows = "".join(_row(title, side, top) for title, side in zip(titles, (c.base, c.adapted), strict=True))
    keys = " ".join(
        f"<span><i class='swatch {kind}' aria-hidden='true'></i>{esc(words)}</span>"
        for kind, words in text.ERROR_KINDS.items()
    )
    return (
        f"<section class='mix' aria-label='{esc(text.WORD_ERRORS)}'><h3>{esc(text.WORD_ERRORS)}</h3><dl>{rows}</dl>"
        f"<p class='hint'>{keys}. {esc(text.WORD_ERRORS_HINT)}</p></section>"
    )


def _row(title: str, side: Evaluation, top: float) -> str:
    counts = dict(zip(text.ERROR_KINDS, (side.substitutions, side.deletions, side.insertions), strict=True))
    told = [
        text.ERROR_SHARES[kind].format(n=number(n), share=percent(n / side.reference_words))
        for kind, n in counts.items()
    ]
    said, whole = " · ".join(told), " · ".join(f"<span>{esc(one)}</span>" for one in told)
    parts = "".join(
        f"<i class='{kind}' style='width:{100 * n / side.reference_words / top:.2f}%'></i>"
        for kind, n in counts.items()
        if n
    )
    return (
        f"<dt>{esc(title)}</dt><dd><div class='stack' role='img' aria-label='{esc(f'{title}: {said}')}'>{parts}</div>"
        f"<small>{whole}</small></dd>"
    )
