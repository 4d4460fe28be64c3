"""How fast this machine is and how busy: what a foretold time and a measured one have to know of it.

Processor time is counted and not time by the clock, so that other busy programs do not make the machine look slow. What
is timed is small enough for one thread: threads that wait for each other count time in which nothing is done.
"""

import os
import time
from functools import cache
from typing import Final

import numpy as np
import psutil

from workbench.core.types import Seconds

SIDE: Final = 64  # of the matrices; OpenBLAS and MKL leave a product of this size to the calling thread
STACKED: Final = 64  # products in one measurement, 34 million operations
MEASURED: Final = 20  # times; the best counts
MOST_CORES: Final = 16  # models of this size gain little from more
QUIET_SHARE: Final = 0.25  # of the cores that others may take while a measured time still counts as undisturbed
BUSY_SHARE: Final = 0.75  # of the cores that were wanted lately; from here on the machine is called busy


@cache
def machine_speed() -> float:
    """Billions of operations a second in products of matrices on all cores that a run uses, were the machine idle."""
    wish = os.environ.get("OMP_NUM_THREADS", "")
    cores = min(MOST_CORES, len(_own_cores()), int(wish) if wish.isdigit() and int(wish) else MOST_CORES)
    return one_core_speed() * cores


def one_core_speed() -> float:
    """Billions of operations in a second of processor time."""
    a = np.ones((STACKED, SIDE, SIDE), dtype=np.float32)
    found, best = np.empty_like(a), float("inf")
    for _ in range(MEASURED):
        start = time.thread_time()
        np.matmul(a, a, out=found)
        best = min(best, time.thread_time() - start)
    return 2e-9 * STACKED * SIDE**3 / max(1e-9, best)


def busy_lately() -> bool:
    """Whether the machine had about as much to do in the last minute as it can do."""
    return os.getloadavg()[0] >= BUSY_SHARE * len(_own_cores())


class OtherLoad:
    """How much of this machine other processes took since this was made."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy_seconds(), time.process_time()

    def share(self) -> float:
        """Share of the cores, 0 to 1."""
        passed = (time.monotonic() - self._began) * len(_own_cores())
        taken = (_busy_seconds() - self._busy) - (time.process_time() - self._own)
        return min(1.0, max(0.0, taken / passed)) if passed > 0 else 0.0


def _own_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _busy_seconds() -> Seconds:
    """Processor time that everybody has used on the cores that this process may use."""
    times = psutil.cpu_times(percpu=True)
    # Guests are counted among the others' time already.
    idle = ("idle", "iowait", "guest", "guest_nice", "steal")
    counted = [times[i] for i in _own_cores() if i < len(times)]
    return float(sum(value for t in counted for name, value in t._asdict().items() if name not in idle))
