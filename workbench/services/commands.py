"""The commands that do the same as the page's buttons."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.core.config import TrainingConfig
from workbench.core.types import ModelSpec


def command_line(set_name: str, spec: ModelSpec, strategy: str, config: TrainingConfig, *, curve_draws: int = 0) -> str:
    """The command that does the same as the page's button, every setting named."""
    words = ["--strategy", strategy, *(["--draws", str(curve_draws)] if curve_draws else [])]
    return _command("curve" if curve_draws else "adapt", set_name, spec, words, config.to_json())


def _command(verb: str, set_name: str, spec: ModelSpec, more: Sequence[str], settings: Mapping[str, Any]) -> str:
    model = spec.location if spec.source in ("folder", "hub") else spec.name
    words = ["workbench", verb, "--set", set_name, "--model", model, *more]
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words += [flag] if value else []
        elif value not in (None, ""):
            words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join(words)


def sweep_command(set_name: str, spec: ModelSpec, arms: Sequence[Mapping[str, Any]]) -> str:
    """The command that starts the same sweep; settings in which its arms differ are those suggested for each."""
    strategies = list(dict.fromkeys(arm["strategy"] for arm in arms))
    words = ["--strategies", ",".join(strategies)]
    rates = {s: [a["settings"]["learning_rate"] for a in arms if a["strategy"] == s] for s in strategies}
    if len({tuple(r) for r in rates.values()}) == 1:
        words += ["--learning-rates", ",".join(f"{rate:g}" for rate in rates[strategies[0]])]
    first, *others = (arm["settings"] for arm in arms)
    common = {k: v for k, v in first.items() if k != "learning_rate" and all(o.get(k) == v for o in others)}
    return _command("sweep", set_name, spec, words, common)
