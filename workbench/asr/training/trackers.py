"""Trackers: what a training says of itself, also written for TensorBoard or trackio where its user asked for one.

Everything stays in the run's folder, and is erased with it. A run never ends because its tracker does.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

from workbench.core.config import NO_TRACKER
from workbench.errors import WorkbenchError
from workbench.language.said import say

PROJECT: Final = "speech-workbench"
FLUSH_SECONDS: Final = 10  # a killed process loses no more of TensorBoard's curves
# By these trackio would send what it is told to a Space or to a server.
LEAVING: Final = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_BUCKET_ID", "TRACKIO_WEBHOOK_URL")
PLACE: Final = "TRACKIO_DIR"  # read by trackio when it is imported

Track = Callable[[int, Mapping[str, float]], None]  # step, and each figure by its name


class Writer(Protocol):
    """What writes the curves of one training."""

    def log(self, step: int, figures: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class _TensorBoard:
    def __init__(self, folder: Path, series: str) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard" / series), flush_secs=FLUSH_SECONDS)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _Trackio:
    def __init__(self, folder: Path, series: str) -> None:
        for variable in LEAVING:
            os.environ.pop(variable, None)
        os.environ[PLACE] = str(folder / "trackio")
        trackio: Any = import_module("trackio")
        quiet = {"embed": False, "auto_log_gpu": False, "auto_log_cpu": False}
        self._run: Any = trackio.init(PROJECT, name=f"{folder.name} {series}", resume="allow", **quiet)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=step)

    def close(self) -> None:
        self._run.finish()


TRACKERS: Final[dict[str, Callable[[Path, str], Writer]]] = {"tensorboard": _TensorBoard, "trackio": _Trackio}


def check_installed(name: str) -> None:
    """Before a run starts.

    Raises:
        WorkbenchError: The tracker that was asked for is not installed.
    """
    if name in TRACKERS and find_spec(name) is None:
        raise WorkbenchError(
            say(
                "The tracker {name} is not installed here; install it beside the workbench (uv pip "
                "install {name}), or choose the tracker {no_tracker}.",
                name=name,
                no_tracker=NO_TRACKER,
            )
        )


@contextmanager
def tracking(name: str, folder: Path, series: str, warn: Callable[[str], None]) -> Iterator[Track]:
    """Where a training's figures go; nowhere without a tracker.

    Args:
        name: Of TRACKERS, or NO_TRACKER.
        folder: The run's.
        series: Which of its trainings.
        warn: Told once, in a sentence, that the tracker failed; the training goes on without it.
    """
    writer: Writer | None = None

    def attempt(act: Callable[[], Any]) -> Any:
        nonlocal writer
        try:
            return act()
        except Exception as e:  # another program's, of which nothing depends
            writer = None
            warn(
                say(
                    "The tracker {name} failed ({why}); the training went on without it, so its curves end there.",
                    name=name,
                    why=f"{type(e).__name__}: {' '.join(str(e).split())[:120]}",
                )
            )

    if name in TRACKERS:
        writer = attempt(lambda: TRACKERS[name](folder, series))
    try:
        yield lambda step, figures: attempt(lambda: writer.log(step, figures)) if writer else None
    finally:
        if writer:
            attempt(writer.close)
