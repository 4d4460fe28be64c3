"""The fields of a fine-tune's form and what the user wishes by them; made from TrainingConfig, declared once there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import gradio as gr

from workbench.core.config import EFFORTS, REHEARSAL_TEXTS, TRACKER_NAMES, TrainingConfig, setting_help
from workbench.errors import TrainingError
from workbench.language.said import say
from workbench.ui import text

_FIELDS: Final = [f.name for f in fields(TrainingConfig) if f.name != "extend_alphabet"]  # that one has its own place
SETTINGS: Final = tuple(sorted(_FIELDS, key=lambda n: [*text.SETTING_LABELS, *_FIELDS].index(n)))  # the form's order
NUMBERS: Final = frozenset(f.name for f in fields(TrainingConfig) if "float" in str(f.type))
WHOLE: Final = frozenset(f.name for f in fields(TrainingConfig) if f.type is int or f.type == "int")
OF_STRIP: Final = ("blocks", "lora_rank")  # suggested by nothing: they are what the strip of blocks says
FOLLOWED: Final = (*OF_STRIP, "effort")  # what other settings are suggested by
AUTO: Final = tuple(f.name for f in fields(TrainingConfig) if f.metadata["auto"])  # "auto" there is no wish
CHOICES: Final = {
    "effort": list(EFFORTS),
    "normalizer": ["english", "marks", "turkic", "characters", "none"],
    "task": ["transcribe", "translate"],
    "general_set": ["general", "none"],
    "rehearsal_texts": list(REHEARSAL_TEXTS),
    "tracker": list(TRACKER_NAMES),
}

FOR_SET: Final = "for-set"  # beside the settings that the form was filled with: whose they are
KEPT_FORMS: Final = 50  # sets whose form a browser remembers
_MARKUP: Final = str.maketrans(dict.fromkeys("<>[]`*$&\\"))

Field = gr.Number | gr.Dropdown | gr.Textbox | gr.Radio


def field(name: str) -> Field:
    """One setting of TrainingConfig as a form field, with the help that is declared beside it."""
    common: dict[str, Any] = {
        "label": text.SETTING_LABELS.get(name, name.replace("_", " ").capitalize()),
        "info": str(setting_help(name)),
        "interactive": True,
        "min_width": 220,
        "elem_id": f"setting-{name.replace('_', '-')}",
    }
    if name == "effort":
        return gr.Radio(efforts({}), value=TrainingConfig.effort, **{**common, "info": None})
    if name in CHOICES:
        return gr.Dropdown(CHOICES[name], value=None, **common)
    default = getattr(TrainingConfig(), name)
    if default is None or isinstance(default, str):  # an empty Number would come back as 0
        return gr.Textbox(default or "", max_lines=1, **common)
    return gr.Number(default, precision=0 if name in WHOLE else None, step=1 if name in WHOLE else 0.0001, **common)


def efforts(times: Mapping[str, str]) -> list[tuple[str, str]]:
    """The choices of effort, a line each for its name, the time that it takes where that is known, and what it does."""
    said = {name: [label, times.get(name, ""), text.EFFORTS_SAY[name]] for name, label in text.EFFORTS.items()}
    return [("\n".join(lines), name) for name, lines in said.items()]


def offered(
    values: Mapping[str, Any],
    filled: Mapping[str, Any],
    asked: Sequence[Any],
    *,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What adapt/form.js puts into the fields, unless the user has typed meanwhile.

    Args:
        values: What each field is to hold.
        filled: What it would hold without the user's wishes.
        asked: What the fields held when the question was asked, in the order of SETTINGS.
        before: What they had been filled with by then, where the question told it.
    """
    return {
        "names": list(SETTINGS),
        "typed": [name for name in SETTINGS if name not in CHOICES],
        "asked": list(asked),
        "values": [_written(name, values[name]) for name in SETTINGS],
        "filled": dict(filled),
        "before": dict(before or {}),
    }


def _written(name: str, value: Any) -> Any:
    """A value as its field holds it: numbers without a default stand in text fields."""
    if name in CHOICES or isinstance(getattr(TrainingConfig(), name), int | float):
        return value
    return "" if value is None else str(value)


def explained(name: str, why: Mapping[str, str]) -> str:
    """The help of a setting and the reason for its value; without a reason where the user chose it.

    Gradio shows it as Markdown, in which entities stay entities: signs that Markdown or HTML reads are left out.
    """
    said = f"{setting_help(name)} → {why[name]}" if name in why else str(setting_help(name))
    return said.translate(_MARKUP)


def strategy_label(name: str) -> str | None:
    """The short label of a strategy; None for one that the page does not know, which has its title."""
    key, number = (re.sub(r"-\d+$", "-N", name), name.rpartition("-")[2])
    return text.STRATEGY_LABELS[key].format(n=number) if key in text.STRATEGY_LABELS else None


def wishes(filled: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    """The settings that the user changed: neither empty nor what the form was filled with."""
    given = {name: _typed(name, v) for name, v in zip(SETTINGS, values, strict=True) if v not in (None, "")}
    return {name: value for name, value in given.items() if value is not None and value != filled.get(name)}


def all_wishes(extend: bool, filled: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    """What a run is started with: the user's wishes, and whether the alphabet grows."""
    return wishes(filled, values) | {"extend_alphabet": extend}


def remembered(
    own: Mapping[str, Any],
    set_name: str,
    model: str | None,
    strategy: str,
    extend: bool,
    filled: Mapping[str, Any],
    *values: Any,
) -> dict[str, Any] | None:
    """The forms that a browser remembers, with one more.

    Args:
        own: Those so far: set -> its form.

    Returns:
        None where there is nothing to keep: no set, half a number, or a form that was filled for another set and not
        yet for this one, by which this one's would be forgotten.
    """
    if not set_name or filled.get(FOR_SET) != set_name:
        return None
    try:
        given = wishes(filled, values)
    except TrainingError:
        return None
    now = {"model": model, "strategy": strategy, "extend": extend, "wishes": given}
    others = {name: form for name, form in own.items() if name != set_name}
    return dict([*others.items(), (set_name, now)][-KEPT_FORMS:])


def kept_wishes(stored: Any) -> dict[str, Any]:
    """Wishes that a browser kept: whatever is no setting, or of another kind, is passed over."""
    if not isinstance(stored, dict):
        return {}
    numbers, whole = (int, float), NUMBERS | WHOLE
    return {
        name: value
        for name, value in stored.items()
        if name in SETTINGS and not isinstance(value, bool) and isinstance(value, numbers if name in whole else str)
    }


def _typed(name: str, value: Any) -> Any:
    """A setting's value; the number in a text field.

    Raises:
        TrainingError: It is no number.
    """
    if name not in NUMBERS or not isinstance(value, str):
        return value
    if name in AUTO and value.strip().lower() == "auto":
        return None
    try:
        return float(value.replace(",", "."))
    except ValueError:
        said = text.NEEDS_NUMBER.format(name=name.replace("_", " "), value=value[:20])
        raise TrainingError(said) from None


def check_cap(rate: float, cap: float) -> None:
    """Refuse a learning rate that would ruin the model.

    Raises:
        TrainingError: It is above the cap.
    """
    if rate > cap:
        raise TrainingError(
            say(
                "The step size (learning rate) may be at most {most:g} for this model and strategy; lower it.", most=cap
            )
        )
