"""The settings of a fine-tune as options of a verb, made from TrainingConfig."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any

import typer

from workbench.core.config import TrainingConfig

AUTO = "auto"  # chosen by the clips


def with_settings(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb one option for each field of TrainingConfig, in place of its `**settings`."""
    signature = inspect.signature(verb)
    kept = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    for setting in fields(TrainingConfig):
        flag = "--" + setting.name.replace("_", "-")
        # A flag that is not given leaves the suggested value, hence None, also for switches.
        about: dict[str, Any] = {"help": setting.metadata["help"], "show_default": False}
        if setting.metadata["auto"]:
            about |= {"parser": _number_or_auto, "metavar": f"{AUTO}|{setting.metadata['auto']}"}
        option: Any = setting.type  # of whatever kind the field is
        kind = Annotated[option | None, typer.Option(flag, **about)]
        kept.append(inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind))
    verb.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    verb.__annotations__ = {p.name: p.annotation for p in kept} | {"return": None}
    return verb


def _number_or_auto(said: str) -> float | None:
    """A number, or None for auto.

    Raises:
        typer.BadParameter: Neither.
    """
    if said.strip().lower() == AUTO:
        return None
    try:
        return float(said)
    except ValueError:
        raise typer.BadParameter(f"'{said}' is neither {AUTO} nor a number") from None
