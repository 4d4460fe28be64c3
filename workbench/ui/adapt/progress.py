"""A run as it stands, as escaped HTML: phases, progress, time left, curves, and how it ended."""

from collections.abc import Sequence

from workbench.core.evaluation.comparison import Comparison
from workbench.core.evaluation.scoring import score_clip
from workbench.services.estimates.remaining import LOADING
from workbench.services.results.comparison import Comparing
from workbench.services.runs.dev_samples import Watched
from workbench.services.runs.forgetting import NONE
from workbench.services.runs.service import RunView
from workbench.ui import text
from workbench.ui.charts.svg import curve
from workbench.ui.compare.results import marked
from workbench.ui.kit.html import bar, command, esc, number, percent, plural, points, span, whole_percent


def signature(view: RunView) -> str:
    """Changes whenever there is something new to draw."""
    p = view.progress
    seen = (
        view.id,
        view.status,
        view.message,
        *(p.get(k) for k in ("phase", "message", "done", "total", "fold", "step")),
    )
    return repr((*seen, len(p.get("checks", ())), bool(view.result), view.ahead, view.stopping, view.title))


class Outcomes:
    """What finished runs brought, computed once each."""

    def __init__(self, comparing: Comparing) -> None:
        self.comparing = comparing
        self._kept: dict[str, Comparison] = {}

    def of(self, view: RunView) -> Comparison | None:
        """None for a run that tested nothing, or whose tested clips were all deleted since."""
        if not view.result or view.active or not self.comparing.has_measured(view.id):
            return None
        key = f"{view.id} {view.finished}"
        if key not in self._kept:
            self._kept[key] = self.comparing.of_run(view.id).comparison
        return self._kept[key]


def choice(view: RunView) -> str:
    """A run in the list of runs."""
    title = f" · {view.title}" if view.title else ""
    return f"{view.id}{title} · {view.strategy} · {view.model} · {status(view)}"


def short(view: RunView) -> str:
    """A run in the row of steps."""
    if view.status == "running":
        return f"{view.id} {text.STATUS[view.status]}, {whole_percent(share(view))}"
    return f"{view.id} {status(view)}"


def status(view: RunView) -> str:
    """In one word; a run that waits for no other has its turn and is loading."""
    return text.STATUS["starting"] if view.status == "queued" and not view.ahead else text.STATUS[view.status]


def share(view: RunView) -> float:
    """How far the whole run has come."""
    return float(view.progress.get("share") or 0.0)


def panel(view: RunView, clips: Sequence[Watched] = (), outcome: Comparison | None = None) -> str:
    """Everything about one run.

    Args:
        clips: The dev clips that it is watched by.
        outcome: What it brought; None while it has not ended.
    """
    phases = _phases(view) if view.active and not view.ahead else ""
    export = command(view.export, text.EXPORT) if view.export else ""
    afterwards = _prepare() if view.active else f"{command(view.command)}{export}{_again(view)}"
    return (
        f"<section class='run {view.status}' aria-label='{esc(text.RUN)} {view.id}' data-status='{view.status}'"
        f"{' data-active' if view.active else ''}>"
        f"{_head(view)}{phases}{_end(view, outcome)}{_learning(view, clips)}{afterwards}</section>"
    )


def _prepare() -> str:
    """While a run works, the form of the next one is folded away; see stages/section.css."""
    return f"<button type='button' class='plain' data-prepare aria-expanded='false'>{esc(text.PREPARE)}</button>"


def _again(view: RunView) -> str:
    return f"<button type='button' class='plain' data-again>{esc(text.AGAIN.format(run=view.id))}</button>"


def _head(view: RunView) -> str:
    if view.ahead and not view.stopping:
        return _waiting(view)
    p = view.progress
    doing = [text.STATUS_NOW[view.status]]
    if view.active:
        # It has its turn, but has not said anything yet: it is loading its libraries.
        doing = [text.STARTING if p.get("phase") in ("queued", "starting") else str(p.get("message") or doing[0])]
    if view.stopping:
        doing = [text.STOPPING]
    elif view.active and p.get("phase") == "training":
        if p.get("folds", 1) > 1:
            doing.append(text.NTH_TRAINING.format(n=p.get("fold", 0) + 1, of=p["folds"]))
        if p.get("steps"):
            doing.append(text.NTH_UPDATE.format(n=number(p.get("step", 0)), of=number(p["steps"])))
    elif view.active and p.get("total"):
        doing.append(text.NTH.format(n=number(p.get("done", 0)), of=number(p["total"])))
    left = p.get("seconds_left")
    known = view.active and not view.stopping and p.get("phase") not in LOADING
    time_left = text.LEFT_OF_RUN.format(time=span(left)) if known and left is not None else ""
    line = _line(" · ".join(doing), time_left)
    return f"{line}{bar(share(view), text.RUN_PROGRESS)}" if view.active else line


def _waiting(view: RunView) -> str:
    """Which run has the turn, and for how long still."""
    first, *others = view.ahead
    said = text.WAITING_FOR.format(run=first.id)
    said += text.OF_SET.format(name=first.set_name) if first.set_name != view.set_name else ""
    said += text.AND_OTHERS.format(n=len(others)) if others else ""
    known = [run.seconds_left for run in view.ahead if run.seconds_left is not None]
    if len(known) == len(view.ahead):
        return _line(said, text.TURN_IN.format(time=span(sum(known))))
    return _line(said, "" if first.seconds_left is None else text.LEFT_THERE.format(time=span(first.seconds_left)))


def _line(said: str, time_left: str) -> str:
    left = f"<span>{esc(time_left)}</span>" if time_left else ""
    return f"<p class='now' aria-live='polite'><b>{esc(said)}</b>{left}</p>"


def _phases(view: RunView) -> str:
    now = view.progress.get("phase")
    frozen = view.plan.get("boundary", 1) if view.plan else 1
    heals = now == "healing" or view.seconds.get("healing")
    blends = view.config.blend is None and view.config.general_set not in (None, NONE)
    idle = {
        *(() if blends else ("blending",)),
        *(() if frozen else ("prefix",)),
        *(() if heals else ("healing",)),
        *(("general",) if view.config.general_set in (None, NONE) else ()),
    }
    names = [n for n in text.PHASES if n not in idle]
    if view.plan and view.plan.get("window") and "prefix" in names:  # the base listens for itself, before all else
        names.insert(names.index("training") - 1, names.pop(names.index("prefix")))
    place = names.index(now) if now in names else -1
    items = "".join(
        f"<li class='{'past' if i < place else 'now' if i == place else ''}'>{esc(text.PHASES[n])}</li>"
        for i, n in enumerate(names)
    )
    return f"<ol class='phases' aria-hidden='true'>{items}</ol>"


def _learning(view: RunView, clips: Sequence[Watched]) -> str:
    """How the learning goes: curves and clips while it goes on, folded away afterwards."""
    inside = _curves(view) + _watched(view, clips)
    if not inside or view.active:
        return inside
    return f"<details><summary>{esc(text.CURVES)}</summary>{inside}</details>"


def _watched(view: RunView, clips: Sequence[Watched]) -> str:
    """The same dev clips at every check: said, as the base wrote it, as it is written now."""
    if not clips:
        return ""
    p = view.progress
    folds, checks = int(p.get("folds", 1)), p.get("checks") or []
    fold = (
        f" · {text.FOLD} {text.NTH.format(n=clips[0].fold + 1, of=max(folds - 1, 1))}"
        if clips[0].fold is not None
        else ""
    )
    # The checks belong to the training at hand, the last of which has no dev clips.
    after = f" ({esc(text.UPDATE)} {number(checks[-1][0])})" if checks else ""
    rows = "".join(
        f"<li><b>{esc(c.name)}</b><dl><dt>{esc(text.SAID)}</dt><dd>{esc(c.reference)}</dd>"
        f"<dt>{esc(text.BASE)}</dt><dd>{_marked(c.reference, c.base, view)}</dd>"
        f"<dt>{esc(text.NOW)}{after}</dt><dd>{_marked(c.reference, c.now, view)}</dd></dl></li>"
        for c in clips
    )
    head = f"<h3>{esc(text.WATCHED)}{esc(fold)}</h3>"
    return f"<section class='watched' aria-label='{esc(text.WATCHED)}'>{head}<ul>{rows}</ul></section>"


def _marked(reference: str, heard: str, view: RunView) -> str:
    normalizer = view.config.normalizer or "marks"
    score = score_clip(reference, heard, normalizer)
    return f"{marked(reference, heard, score, normalizer)} <small>{percent(score.wer)} WER</small>"


def _curves(view: RunView) -> str:
    p = view.progress
    losses, checks, steps = p.get("losses") or [], p.get("checks") or [], float(p.get("steps") or 0)
    if not losses and not checks:
        return ""
    drawn = [curve(text.LOSS_CURVE, [(s, v) for s, v in losses], kind="loss", last_step=steps)]
    if checks:
        rates = [(s, wer) for s, wer, _ in checks]
        drawn.append(curve(text.WER_CURVE, rates, kind="wer", last_step=steps, percent=True))
    return f"<div class='curves'>{''.join(drawn)}</div>"


def _end(view: RunView, outcome: Comparison | None) -> str:
    parts = []
    if view.message:
        kind = "bad" if view.status in ("failed", "interrupted") else "mind"
        parts.append(f"<p class='{kind}' role='status'>{esc(view.message)}</p>")
    if outcome and outcome.nothing_kept:
        parts.append(f"<p class='outcome no-proof'>{_to_comparison()}</p>")
    elif outcome:
        kind, sign = outcome.verdict.replace(" ", "-"), text.VERDICT_SIGNS[outcome.verdict]
        said = text.OUTCOME.format(
            verdict=text.VERDICTS[outcome.verdict],
            measure=outcome.measure.upper(),
            base=percent(outcome.rate(outcome.base)),
            adapted=percent(outcome.rate(outcome.adapted)),
            change=points(outcome.judging.estimate),
        )
        parts.append(f"<p class='outcome {kind}'><b aria-hidden='true'>{sign}</b> {esc(said)} {_to_comparison()}</p>")
    if view.result:
        took = view.seconds
        inside = " · ".join(f"{name} {span(took[key])}" for key, name in text.TOOK_PARTS.items() if took.get(key))
        total = text.TOOK.format(total=span(took["total"]), parts=inside) if took.get("total") else ""
        learned = plural(view.learned_clips, text.CLIP)
        words = text.LEARNED_NOTHING if view.kept_base else text.LEARNED_FROM
        said = words.format(learned=learned, tested=plural(view.test_clips, text.CLIP))
        parts.append(f"<p class='hint'>{esc(said)} {esc(total)}</p>")
    return "".join(parts)


def _to_comparison() -> str:
    return f"<a href='#step-compare' data-place>{esc(text.TO_COMPARISON)}</a>"
