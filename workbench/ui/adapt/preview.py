"""What is known before a run starts, as escaped HTML: what it would do, how long it takes, the strategies."""

from collections.abc import Iterable, Sequence
from typing import Final

from workbench.services.estimates.duration import Expectation
from workbench.services.runs.preview import Preview, Times
from workbench.ui import text
from workbench.ui.kit.html import command, esc, number, span
from workbench.ui.kit.speed import run_names

MOST_LEFT_OUT: Final = 5  # folders with a reason each; all of them are printed where the page was started


def left_out(folders: Sequence[tuple[str, str]]) -> str:
    """Model folders that are not on offer.

    Args:
        folders: The name of each, without its path, since others may see the page; and why.
    """
    said = [f"<li>{esc(name)}: {esc(reason)}.</li>" for name, reason in folders[:MOST_LEFT_OUT]]
    if len(folders) > MOST_LEFT_OUT:
        said.append(f"<li>{esc(text.LEFT_OUT_MORE.format(n=len(folders) - MOST_LEFT_OUT))}</li>")
    return f"<p class='hint'>{esc(text.LEFT_OUT)}</p><ul class='hint'>{''.join(said)}</ul>" if said else ""


def _known_from(times: Times) -> str:
    """Where the expected time comes from, and what may make it wrong."""
    found = times.run
    said = [text.TIME_MEASURED.format(runs=run_names(found.measured_in)) if found.measured_in else text.TIME_ESTIMATED]
    if found.disturbed:
        said.append(text.TIME_DISTURBED)
    if times.busy:
        said.append(text.TIME_BUSY)
    return " ".join(said)


def brief(p: Preview | None, of: str = "", *, known: bool = True) -> str:
    """What a start means, in a line beside the button.

    Args:
        p: None where nothing can be started.
        of: The set; stages/address.js keeps the form off until it is about the set that is chosen.
        known: Whether the page has been told yet.
    """
    about = f" data-of='{esc(of)}'"
    if p is None:
        return f"<p{about}>{esc(text.NOT_READY if known else text.LOADING)}</p>"
    clips = text.BRIEF_FOLDS if p.folds else text.BRIEF
    said = clips.format(train=number(p.train), test=number(p.test), folds=p.folds)
    long = f"<b>{esc(_how_long(p.times.run))}</b> " if p.times else ""
    guess = f" <i>{esc(text.BRIEF_GUESS)}</i>" if p.times and not p.times.run.measured_in else ""
    return f"<p{about}>{long}{esc(text.TO_THE_VERDICT) if p.times else ''}{guess}</p><p>{esc(said)}</p>"


def at_most(said: str, times: Times | None, which: str) -> str:
    """A button's words with the time that it takes: at most where it was measured, else about.

    Args:
        which: "sweep" or "curve".
    """
    found: Expectation | None = getattr(times, which) if times else None
    return f"{said} · {_how_long(found, measured=text.AT_MOST)}" if found else said


def about(found: Expectation) -> str:
    """A run's time in a few words."""
    return text.ABOUT.format(time=span(found.seconds))


def _how_long(found: Expectation, *, measured: str = "") -> str:
    """The time in words; only what was measured here may be a bound, and of one run not even that."""
    return (measured or text.ABOUT if found.measured_in else text.ABOUT).format(time=span(found.seconds))


def preview(p: Preview) -> str:
    """What a run would do."""
    if p.folds:
        figures = [(f"{p.folds}", text.IN_FOLDS), (number(p.test), text.TESTED_ONCE)]
    else:
        figures = [(number(p.train), text.LEARN), (number(p.dev), text.STEER), (number(p.test), text.JUDGE)]
    how_long = ""
    if p.times:
        how_long = f"<p class='hint'>{esc(_known_from(p.times))}</p>"
    too = f"<p>{esc(text.REHEARSED.format(n=number(p.rehearsed), percent=_percent(p)))}</p>" if p.rehearsed else ""
    cells = "".join(f"<div><b>{esc(n)}</b><span>{esc(label)}</span></div>" for n, label in figures)
    notes = "".join(f"<li>{esc(note)}</li>" for note in p.notes)
    return (
        f"<div class='preview'><div class='figures'>{cells}</div>"
        f"<p>{esc(p.provable or text.NOT_PROVABLE_YET)}</p>{too}"
        f"<p class='hint'>{esc(p.split_rule)}</p>{how_long}"
        f"{f'<ul class=mind>{notes}</ul>' if notes else ''}{command(p.command)}</div>"
    )


def _percent(p: Preview) -> str:
    return f"{100 * p.suggestion.config.rehearsal:.0f}"


def strategies(rows: Iterable[tuple[str, str, str]]) -> str:
    """Every strategy with its sentence, folded away.

    Args:
        rows: Name, title and sentence of each.
    """
    items = "".join(
        f"<dt>{esc(title)} <code>{esc(name)}</code></dt><dd>{esc(sentence)}</dd>" for name, title, sentence in rows
    )
    return f"<details class='all-strategies'><summary>{esc(text.STRATEGIES_ALL)}</summary><dl>{items}</dl></details>"
