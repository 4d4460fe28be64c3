"""Where a run stands, written to the store a few times a second at most, for every page and terminal that looks."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from workbench.core.types import Seconds
from workbench.store.database import Store
from workbench.store.models import RunRow

if TYPE_CHECKING:
    from workbench.asr.training import Check

WRITE_EVERY: Seconds = 0.5
KEPT_LOSSES = 400  # points of the loss curve; thinned out by half when there are more


class StopRequested(Exception):
    """The user pressed Stop where there was nothing to keep yet."""


class Progress:
    """The worker's side of a run's progress.

    Args:
        store: Where it is written.
        run_id: The run's number.
    """

    def __init__(self, store: Store, run_id: int) -> None:
        self.store, self.run_id = store, run_id
        self.state: dict[str, Any] = {
            "phase": "starting",
            "message": "",
            "losses": [],
            "checks": [],
            "fold": 0,
            "folds": 1,
        }
        self.planned: list[int] = []
        self.arm = ""  # of a sweep, which is at work
        self._written = self._asked = 0.0
        self._stop = False
        self._training_began: float | None = None
        self._updates_here = 0
        self._loss_stride = 1

    def phase(self, name: str, message: str, *, total: int = 0) -> None:
        """Enter a phase of `total` things to do."""
        self.state |= {"phase": name, "message": message, "done": 0, "total": total, "seconds_left": None}
        self._phase_began = time.monotonic()
        self.write()

    def count(self, done: int) -> None:
        """So many things of the phase are done."""
        elapsed, total = time.monotonic() - self._phase_began, self.state["total"]
        left = elapsed / done * (total - done) if done else None
        self.state |= {"done": done, "seconds_left": None if left is None else round(left, 1)}
        self.write(throttled=True)

    def plan_updates(self, planned: Sequence[int]) -> None:
        """The updates of each training of this run, in order."""
        self.planned = list(planned)
        self.state["folds"] = len(planned)

    def training(self, fold: int) -> None:
        """The training with this number begins; its curves start afresh."""
        self.state |= {"phase": "training", "fold": fold, "losses": [], "checks": [], "step": 0}
        self.state["message"] = f"Training {self.arm}" if self.arm else "Training"
        self._loss_stride = 1
        self._training_began, self._first_step = None, 0
        self.write()

    def update(self, step: int, planned: int, loss: float | None, checks: "Sequence[Check]") -> None:
        """One update was made, or the dev clips were scored."""
        now = time.monotonic()
        if self._training_began is None:
            self._training_began, self._first_step = now, step
        made = step - self._first_step
        later = sum(self.planned[self.state["fold"] + 1 :])
        left = (now - self._training_began) / made * (planned - step + later) if made else None
        losses = self.state["losses"]
        if loss is not None and step % self._loss_stride == 0 and (not losses or losses[-1][0] < step):
            losses.append([step, round(loss, 4)])
            if len(losses) > KEPT_LOSSES:
                losses[:] = losses[::2]
                self._loss_stride *= 2
        self.state |= {
            "step": step,
            "steps": planned,
            "loss": loss,
            "checks": [[c.step, c.wer, c.cer] for c in checks],
            "seconds_left": None if left is None else round(left, 1),
        }
        self.write(throttled=True)

    def should_stop(self) -> bool:
        """Whether the user pressed Stop; asks the store now and then."""
        now = time.monotonic()
        if not self._stop and now - self._asked > WRITE_EVERY:
            self._asked = now
            with self.store.session() as session:
                self._stop = bool(session.scalar(select(RunRow.stop_requested).where(RunRow.id == self.run_id)))
        return self._stop

    def write(self, *, throttled: bool = False) -> None:
        now = time.monotonic()
        if throttled and now - self._written < WRITE_EVERY:
            return
        self._written = now
        with self.store.session() as session:
            session.execute(update(RunRow).where(RunRow.id == self.run_id).values(progress=dict(self.state)))
