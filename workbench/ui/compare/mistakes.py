"""Which words are missed most and what is heard in their place, each with a clip to listen to."""

from collections.abc import Sequence

from workbench.core.evaluation.comparison import Comparison
from workbench.core.evaluation.mistakes import Confusion, Missed
from workbench.ui import text
from workbench.ui.kit.html import esc, number

SHOWN = 12  # of each; the command line lists more


def mistakes(c: Comparison, titles: tuple[str, str], run: str) -> str:
    """Two tables in a fold; nothing where nobody made a mistake."""
    missed, confused = c.mistakes
    if not missed:
        return ""
    words = "".join(
        f"<tr><th scope='row'>{esc(m.word)}</th>{_count(m.occurrences)}{_counts(m)}{_play(c, m.clips, run)}</tr>"
        for m in missed[:SHOWN]
    )
    pairs = "".join(
        f"<tr><th scope='row'>{esc(p.said)} → {esc(p.heard)}</th>{_counts(p)}{_play(c, p.clips, run)}</tr>"
        for p in confused[:SHOWN]
    )
    word, said, pair, play = text.MISTAKE_COLUMNS
    tables = _table(text.MISSED, (word, said, *titles, play), words)
    tables += _table(text.CONFUSED, (pair, *titles, play), pairs) if pairs else ""
    hint = text.MISTAKES_HINT.format(normalizer=c.normalizer)
    return (
        f"<details class='terms mistakes'><summary>{esc(text.MISTAKES)}</summary>{tables}"
        f"<p class='hint'>{esc(hint)}</p></details>"
    )


def _table(caption: str, heads: Sequence[str], body: str) -> str:
    head = "".join(f"<th scope='col'>{esc(name)}</th>" for name in heads)
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{esc(caption)}'><table><caption>{esc(caption)}"
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _count(n: int) -> str:
    return f"<td>{number(n)}</td>"


def _counts(made: Missed | Confusion) -> str:
    return _count(made.base) + _count(made.adapted)


def _play(c: Comparison, numbers: Sequence[int], run: str) -> str:
    """Buttons for the first clips in which it happened, as the run heard them."""
    rows = [c.rows[n] for n in numbers[:3]]
    buttons = "".join(
        f"<button type='button' data-play='sounds/{row.clip_id}?of={esc(run)}' title='{esc(row.name)}' "
        f"aria-label='{esc(text.PLAY_CLIP.format(name=row.name))}'>▶</button>"
        for row in rows
        if row.clip_id
    )
    return f"<td class='plays'>{buttons}</td>"
