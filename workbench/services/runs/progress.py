"""Where a run stands, written to the store a few times a second at most, for every page and terminal that looks."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from workbench.core.types import Seconds
from workbench.language.said import say
from workbench.services.estimates.remaining import STAGES, Course
from workbench.store.database import Store
from workbench.store.models import RunRow

if TYPE_CHECKING:
    from workbench.asr.training.trainer import Check

WRITE_EVERY: Seconds = 0.5
TRAINING: Final = say("Training")
KEPT_LOSSES = 400  # points of the loss curve; thinned out by half when there are more


class Progress:
    """The worker's side of a run's progress.

    Args:
        store: Where it is written.
        run_id: The run's number.
        seconds_left: Foretold, until the run itself knows better.
    """

    def __init__(self, store: Store, run_id: int, seconds_left: Seconds | None = None) -> None:
        self.store, self.run_id = store, run_id
        self.state: dict[str, Any] = {
            "phase": "starting",
            "message": "",
            "losses": [],
            "checks": [],
            "fold": 0,
            "folds": 1,
            "share": 0.0,
            "seconds_left": seconds_left,
        }
        self.course: Course | None = None  # of the whole run; None while nothing can be foretold
        self.planned: list[int] = []
        self.doing: str = TRAINING  # what is said of a training
        self._written = self._asked = 0.0
        self._stop = False
        self._step: int | None = None
        self._loss_stride = 1

    def phase(self, name: str, message: str, *, total: int = 0, done: int = 0) -> None:
        """Enter a phase of `total` things to do, of which some are done already."""
        self._end_training()
        self.state |= {"phase": name, "message": message, "done": done, "total": total}
        if self.course:
            self.course.enter(name)
            self.course.passed(done)
            if name == "saving":  # a sweep that chose the base does not train it
                self.course.stages["training"].behind = self.course.stages["training"].units
        self.write()

    def count(self, done: int) -> None:
        """So many things of the phase are done."""
        if self.course:
            self.course.made(done - self.state["done"])
        self.state["done"] = done
        self.write(throttled=True)

    def add(self, phase: str, units: int) -> None:
        """A phase has more to do than was foretold."""
        if self.course:
            self.course.stages[STAGES[phase]].units += units

    def leave_out(self, phase: str, units: int) -> None:
        """A phase that was foretold has so many things less to do."""
        if self.course:
            self.course.stages[STAGES[phase]].behind += units

    def plan_updates(self, planned: Sequence[int], *, later: int = 0) -> None:
        """The updates of each training to come, in order, and those of trainings that are planned later."""
        self.planned = list(planned)
        self.state["folds"] = len(planned)
        if self.course:
            stage = self.course.stages["training"]
            stage.units, stage.behind = sum(planned) + later, 0

    def training(self, fold: int) -> None:
        """The training with this number begins; its curves start afresh."""
        self._end_training()
        self.state |= {"phase": "training", "fold": fold, "losses": [], "checks": [], "step": 0}
        self.state["message"] = self.doing
        self._loss_stride = 1
        self._step = None
        if self.course:
            self.course.enter("training")
            self.course.stages["training"].behind = sum(self.planned[:fold])
        self.write()

    def _end_training(self) -> None:
        """A training may end before its last planned update; what it did not make is not ahead any more."""
        if self.course and self.state["phase"] == "training":
            self.course.stages["training"].behind = sum(self.planned[: self.state["fold"] + 1])

    def update(self, step: int, planned: int, loss: float | None, checks: "Sequence[Check]") -> None:
        """One update was made, or the dev clips were scored."""
        if self.course:
            if self._step is None:  # a training that goes on does not begin at the first update
                self.course.passed(step)
            else:
                self.course.made(step - self._step)
        self._step = step
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
        if self.course:
            self.state |= {"share": round(self.course.share(), 3), "seconds_left": round(self.course.left(), 1)}
        with self.store.session() as session:
            session.execute(update(RunRow).where(RunRow.id == self.run_id).values(progress=dict(self.state)))
