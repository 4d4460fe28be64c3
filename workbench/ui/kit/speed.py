"""How fast a model is on this machine, in words."""

from collections.abc import Sequence

from workbench.core.types import ModelSpec
from workbench.services.estimates.duration import Expectation
from workbench.ui import text
from workbench.ui.kit.html import span


def speed(spec: ModelSpec, minute: Expectation | None) -> str:
    """How long a model takes here to write down a minute of speech.

    Args:
        minute: None while its files are not here.
    """
    if minute is None:
        return text.NO_SPEED if spec.source in ("hub", "fetched") else text.LOADING
    measured = text.MEASURED_BUSY if minute.disturbed else text.MEASURED
    how = measured.format(runs=run_names(minute.measured_in)) if minute.measured_in else text.ESTIMATED
    return text.MINUTE.format(time=span(max(1.0, minute.seconds)), how=how)


def run_names(runs: Sequence[str]) -> str:
    """Runs in a sentence; the newest ones stand for all."""
    return text.TWO_RUNS.format(run=runs[0], other=runs[1]) if len(runs) > 1 else "".join(runs)
