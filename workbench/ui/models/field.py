"""The model fields: the base model of a set, and all others in groups, as plain data drawn by models/field.js.

A native select, so that keyboards, phones and screen readers know it; below it what is known of the chosen one, and all
models side by side.
"""

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from workbench.core.types import ModelSpec
from workbench.services.inference.draft_progress import DraftView
from workbench.services.jobs.background import JobView
from workbench.services.models.base_models import Offered
from workbench.services.models.base_scores import Rate, Standing
from workbench.ui import text
from workbench.ui.kit.html import count, esc, fill, number, percent, plural, span
from workbench.ui.kit.scripts import program
from workbench.ui.kit.speed import speed
from workbench.ui.kit.worded import worded
from workbench.ui.models import text as model_text

ORDER: Final = ("here", "fetchable", "hub", "demo")
FEW: Final = 4  # codes of languages that are written out


def model_field(label: str, first: ModelSpec, *, full: bool, **kwargs: Any) -> gr.HTML:
    """A field. Events carry a model's name: choose, get, stop, hear; rest (stop listening) carries nothing.

    Args:
        first: What it shows until it is told of a set.
        full: With what is known of the chosen one and a list of all; else the choice and its Get alone.
    """
    begins = {"chosen": first.name, "groups": [{"name": "", "title": "", "models": [_bare(first)]}]}
    template = (
        f"<div class='model-field{' full' if full else ''}'><label><span class='called'>{esc(label)}</span>"
        "<select></select></label><div class='typed' hidden></div><p class='mind problem' role='alert' hidden></p>"
        "<div class='chosen'></div><div class='advice mind' hidden></div><div class='busy' hidden></div>"
        "<details class='all-models' hidden><summary></summary><div class='body'></div></details></div>"
    )
    return gr.HTML(
        worded(begins),
        html_template=template,
        js_on_load=program("model_field"),
        apply_default_css=False,
        words=model_text.WORDS,
        full=full,
        **kwargs,
    )


def field_value(
    offers: Sequence[Offered],
    chosen: str,
    *,
    language: str | None = None,
    advised: ModelSpec | None = None,
    getting: Sequence[tuple[str, JobView]] = (),
    hearing: DraftView | None = None,
    hub_off: str = "",
    runs: Sequence[str] = (),
    problem: str = "",
) -> dict[str, Any]:
    """What a field shows.

    Args:
        offers: In the order in which each group shows them.
        chosen: Name of the model in use; a run's id where a run drafts.
        language: Of the set.
        advised: The model to get first, where there is one.
        getting: Where the fetching of models stands, by their names.
        hearing: Where a model hears confirmed clips.
        hub_off: What switches the hub off, where something does.
        runs: Adapted models, which draft too.
        problem: Why what was chosen last is not.
    """
    known = {o.spec.name for o in offers}
    ended = {model: view for model, view in getting if not view.active}
    groups = [
        {
            "name": name,
            "title": model_text.HUB_OFF.format(name=hub_off) if name == "hub" and hub_off else model_text.GROUPS[name],
            "off": bool(name == "hub" and hub_off),
            "models": [_entry(o, language, ended.get(o.spec.name)) for o in offers if o.group == name],
        }
        for name in ORDER
    ]
    adapted = [{"name": run, "option": run} for run in runs]
    first: dict[str, Any] = {"name": "runs", "title": model_text.GROUPS["runs"], "off": False, "models": adapted}
    active = [_getting(model, view) for model, view in getting if view.active]
    chosen_here = chosen in known or chosen in runs
    advises = advised is not None and advised.name != chosen and all(a["model"] != advised.name for a in active)
    return {
        "chosen": chosen if chosen_here else "",
        "groups": [group for group in (first, *groups) if group["models"]],
        "getting": active,
        "hearing": _hearing(hearing) if hearing and hearing.active else None,
        "advice": _advice(advised, offers, language, ended.get(advised.name)) if advised and advises else None,
        "problem": problem,
    }


def _bare(spec: ModelSpec) -> dict[str, Any]:
    """A model before anything was asked of it."""
    return {"name": spec.name, "option": spec.name, "facts": [], "good": spec.good_for, "standing": []}


def _entry(offered: Offered, language: str | None, ended: JobView | None) -> dict[str, Any]:
    spec = offered.spec
    size = f"{text.WEIGHTS.format(n=count(spec.parameters))}" if spec.parameters else ""
    megabytes = fill(model_text.MEGABYTES, n=spec.size_mb) if spec.size_mb else ""
    away = offered.group == "fetchable"
    get = model_text.TO_GET.format(size=megabytes)
    facts = (
        ("size", ", ".join(filter(None, (size, megabytes))) or text.UNKNOWN_FACT),
        ("languages", languages(offered, language) or text.UNKNOWN_FACT),
        ("licence", spec.licence if spec.licence != "unknown" else text.UNKNOWN_FACT),
        ("speed", speed(spec, offered.minute) if offered.minute else ""),
    )
    return {
        "name": spec.name,
        "option": " · ".join(filter(None, (spec.name, size, get if away else ""))),
        "facts": [[name, text.FACTS[name], said] for name, said in facts if said],
        "good": spec.good_for,
        "standing": standing(offered.standing) if offered.group in ("here", "demo") else [],
        "unknown": _unknown(offered),
        "hear": _hear(offered),
        "get": _get(spec, ended) if away else "",
        "failed": ended.message if ended and ended.failed and away else "",
    }


def languages(offered: Offered, language: str | None) -> str:
    """What a model knows, with an eye on the set's language; empty where that is not stated."""
    known, code = offered.languages, language or ""
    few = ", ".join(known[:FEW]) + (" …" if len(known) > FEW else "")
    if not known:
        return ""
    if not code:
        return few if len(known) <= FEW else model_text.AMONG_MANY.format(n=len(known), code=known[0])
    return model_text.KNOWS[offered.knows].format(codes=few, code=code, n=len(known))


def standing(found: Standing | None) -> list[str]:
    """How well a model hears the set already, in sentences."""
    if found is None:
        return []
    said = []
    if found.rate:
        clips = plural(found.rate.clips, model_text.A_CONFIRMED_CLIP)
        said.append(model_text.STANDING.format(clips=clips, normalizer=found.normalizer, **_figures(found.rate)))
    if found.own:
        sentence = model_text.OWN_TOO if found.rate else model_text.OWN_ONLY
        labels = plural(found.own.clips, text.A_LABEL)
        said.append(sentence.format(labels=labels, normalizer=found.normalizer, **_figures(found.own)))
    return said


def _figures(rate: Rate) -> dict[str, str]:
    wer = percent(rate.wer).replace(" ", "\N{NO-BREAK SPACE}")
    low, high = (number(100 * end, ".1f") for end in rate.interval or (0.0, 0.0))
    return {"wer": wer, "interval": model_text.INTERVAL.format(low=low, high=high) if rate.interval else ""}


def _unknown(offered: Offered) -> str:
    """Why nothing is said of how well it hears the set."""
    if offered.standing or offered.group not in ("here", "demo"):
        return ""
    return model_text.UNHEARD if offered.unheard else model_text.NO_LABELS


def _hear(offered: Offered) -> str:
    if not offered.unheard or offered.hearing is None:
        return ""
    sentence = model_text.HEAR_MORE if offered.standing else model_text.HEAR
    said = sentence.format(clips=plural(offered.unheard, model_text.A_CONFIRMED_CLIP))
    return said + model_text.HEAR_TIME.format(time=text.ABOUT.format(time=span(max(1.0, offered.hearing))))


def _get(spec: ModelSpec, ended: JobView | None) -> str:
    sentence = model_text.GET_AGAIN if ended and ended.failed else model_text.GET
    size = fill(model_text.MEGABYTES, n=spec.size_mb or 0)
    return sentence.format(model=spec.name, size=size, licence=spec.licence)


def _getting(model: str, view: JobView) -> dict[str, Any]:
    size = fill(model_text.BYTES, done=view.done / 1e6, total=view.total / 1e6) if view.total else ""
    left = text.LEFT.format(time=span(view.seconds_left)) if view.seconds_left is not None else ""
    said = (model_text.STOPPING,) if view.stopping else (view.message, size, left)
    return {
        "model": model,
        "text": " · ".join(map(str, filter(None, said))),
        "share": view.done / view.total if view.total else None,
        "stopping": view.stopping,
    }


def _hearing(view: DraftView) -> dict[str, Any]:
    said = [text.WITH_MODEL.format(doing=view.message, model=view.model)]
    said.append(text.NTH.format(n=number(view.done), of=number(view.total)))
    if view.seconds_left is not None:
        said.append(text.LEFT.format(time=span(view.seconds_left)))
    return {"model": view.model, "text": " · ".join(said), "share": view.done / max(view.total, 1)}


def _advice(spec: ModelSpec, offers: Sequence[Offered], language: str | None, ended: JobView | None) -> dict[str, Any]:
    real = any(o.group == "here" for o in offers)
    sentence = model_text.ADVICE_LANGUAGE if real else model_text.ADVICE_DEMO
    return {
        "text": sentence.format(language=language or model_text.THIS_LANGUAGE),
        "model": spec.name,
        "get": _get(spec, ended),
        "failed": ended.message if ended and ended.failed else "",
    }
