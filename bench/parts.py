"""What a fine-tuning job is put together from, and how much of it is measured."""

import statistics
from dataclasses import dataclass

from bench.turns import Spent

EPOCHS, BATCH = 10, 4
PROMPT = 4  # tokens that Whisper's texts begin with: start, language, task, no timestamps


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        chunk: Clips of the prefix in one turn.
        rounds: Turns after the prefix.
        usual_steps: Updates of the usual way in one turn.
        our_steps: Ours, which may be much shorter.
        naive_steps: Of the way without the freezing call, in the second turn alone.
    """

    n_train: int = 40
    n_further: int = 10
    seconds: float = 5.0
    chunk: int = 10
    rounds: int = 3
    usual_steps: int = 1
    our_steps: int = 8
    naive_steps: int = 2


SMOKE = Size(n_train=8, n_further=2, seconds=1.0, chunk=5, rounds=2, usual_steps=1, our_steps=2)


@dataclass
class Parts:
    """What the parts of one way's job took, each as often as it was measured."""

    steps: list[Spent]
    evaluations: list[Spent]
    prefix: list[Spent]
    memory: float = 0.0

    def step(self, clock: str = "wall") -> float:
        return statistics.median(getattr(s, clock) for s in self.steps)

    def evaluation(self, clock: str = "wall") -> float:
        return statistics.median(getattr(s, clock) for s in self.evaluations)

    def listening(self, clock: str = "wall") -> float:
        return sum(getattr(s, clock) for s in self.prefix)

    def job(self, updates: int, clock: str = "wall", *, cold: bool = False) -> float:
        """Seconds of the whole job."""
        whole = updates * self.step(clock) + 2 * self.evaluation(clock)
        return whole + (self.listening(clock) if cold else 0.0)
