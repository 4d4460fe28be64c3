"""The commands that do the same as the page's buttons."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.core.config import TrainingConfig
from workbench.core.types import ModelSpec
from workbench.workspace import usual_root

WORKSPACE = "YOUR-WORKSPACE"  # the page tells nobody where something lies on this machine


def command_line(
    set_name: str,
    spec: ModelSpec,
    strategy: str,
    config: TrainingConfig,
    *,
    curve_draws: int = 0,
    root: Path | None = None,
) -> str:
    """The command that does the same as the page's button, every setting named.

    Args:
        root: The workspace, where the command shall name it if it is not the usual one.
    """
    words = ["--strategy", strategy, *(["--draws", str(curve_draws)] if curve_draws else [])]
    return _command("curve" if curve_draws else "adapt", set_name, spec, words, config.to_json(), root)


def _command(
    verb: str, set_name: str, spec: ModelSpec, more: Sequence[str], settings: Mapping[str, Any], root: Path | None
) -> str:
    model = spec.location if spec.source in ("folder", "hub") else spec.name
    words = ["workbench", verb, "--set", set_name, "--model", model, *more]
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words += [flag] if value else []
        elif value not in (None, ""):
            words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join([*words, *_in_workspace(root)])


def sweep_command(set_name: str, spec: ModelSpec, arms: Sequence[Mapping[str, Any]], root: Path | None = None) -> str:
    """The command that starts the same sweep; settings in which its arms differ are those suggested for each."""
    strategies = list(dict.fromkeys(arm["strategy"] for arm in arms))
    words = ["--strategies", ",".join(strategies)]
    rates = {s: [a["settings"]["learning_rate"] for a in arms if a["strategy"] == s] for s in strategies}
    if len({tuple(r) for r in rates.values()}) == 1:
        words += ["--learning-rates", ",".join(f"{rate:g}" for rate in rates[strategies[0]])]
    first, *others = (arm["settings"] for arm in arms)
    common = {k: v for k, v in first.items() if k != "learning_rate" and all(o.get(k) == v for o in others)}
    return _command("sweep", set_name, spec, words, common, root)


def export_command(run: str, root: Path) -> str:
    """The command that writes a run's model for other programs."""
    return shlex.join(["workbench", "export", run, "--format", "hf", "--out", f"{run}-model", *_in_workspace(root)])


def _in_workspace(root: Path | None) -> list[str]:
    named = root is not None and root != usual_root().expanduser().resolve()
    return ["--workspace", WORKSPACE] if named else []
