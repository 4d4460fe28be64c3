"""How far a run has come in all, and how long it will still take.

Each stage weighs what was foretold of it; what its updates or clips take in fact corrects that as they are made.
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workbench.core.types import Seconds

if TYPE_CHECKING:
    from workbench.services.estimates.duration import Expectation

FORETOLD_SHARE: Final = 0.05  # of a stage: the foretold pace counts as much as so much of it measured
LOADING = ("queued", "starting", "loading")  # phases whose time cannot be told: nothing of them counts down
STAGES: Final = dict.fromkeys(("base", "blending", "evaluating", "general"), "evaluation") | {
    name: name for name in ("prefix", "healing", "training")
}  # phase -> stage; saving is of none


@dataclass
class Stage:
    """One kind of work.

    Attributes:
        pace: Foretold seconds for one of its updates or clips.
        units: Updates or clips in all, at most.
        behind: Of them, those that are not ahead any more: made, found in the cache, or left out by stopping early.
        made, spent: Those that were made and timed, and the seconds that they took.
    """

    pace: Seconds
    units: int
    behind: int = 0
    made: int = 0
    spent: Seconds = 0.0

    def left(self) -> Seconds:
        """Seconds that it will still take."""
        foretold = max(1.0, FORETOLD_SHARE * self.units)
        return (self.pace * foretold + self.spent) / (foretold + self.made) * max(0, self.units - self.behind)


@dataclass
class Course:
    """A run on its way; its stages by name."""

    stages: dict[str, Stage]
    began: Seconds = field(default_factory=lambda: time.monotonic())
    _stage: Stage = field(default_factory=lambda: Stage(0.0, 0))
    _since: Seconds = 0.0
    _share: float = 0.0

    @classmethod
    def foretold(cls, expected: "Expectation") -> "Course":
        """The course of a run before it has begun to listen."""
        paces = {name: expected.parts[name] / max(1, load.units) for name, load in expected.loads.items()}
        return cls({name: Stage(pace, expected.loads[name].units) for name, pace in paces.items()})

    def enter(self, phase: str) -> None:
        """Another phase begins, whose units are counted from now on."""
        self._stage = self.stages.get(STAGES.get(phase, ""), Stage(0.0, 0))
        self._since = time.monotonic()

    def made(self, units: int) -> None:
        """So many more updates or clips were made since the last call."""
        stage, now = self._stage, time.monotonic()
        if units > 0:
            stage.made, stage.behind = stage.made + units, stage.behind + units
            stage.spent, self._since = stage.spent + now - self._since, now

    def passed(self, units: int) -> None:
        """So many updates or clips of the stage at hand need not be made."""
        self._stage.behind += units

    def left(self) -> Seconds:
        """Seconds until the run is done."""
        return sum(stage.left() for stage in self.stages.values())

    def share(self) -> float:
        """Share of the run's time that has passed, 0 to 1; it never falls."""
        passed = time.monotonic() - self.began
        self._share = min(1.0, max(self._share, passed / max(1e-9, passed + self.left())))
        return self._share
