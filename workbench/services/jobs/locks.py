"""The lock files that say that a run's worker lives, and whose turn it is."""

from typing import Final

ALIVE: Final = ".alive"  # in the run's folder; the system frees the lock however the process ends
TURN: Final = ".turn"  # in the folder of all runs
