"""How fast this machine is and how busy: what a foretold time and a measured one have to know of it.

Processor time is counted and not time by the clock, so that other busy programs do not make the machine look slow. What
is timed is small enough for one thread: threads that wait for each other count time in which nothing is done.
"""

import os
import time
import timeit
from functools import cache
from statistics import fmean
from typing import Final

import numpy as np
import psutil

SIDE: Final = 64  # of the matrices; OpenBLAS and MKL leave a product of this size to the calling thread
STACKED: Final = 64  # products in one measurement, 34 million operations
MEASURED: Final = 20  # times; the best counts
MOST_CORES: Final = 16  # models of this size gain little from more
BUSY_SHARE: Final = 0.75  # of the cores that were wanted lately; from here on the machine is called busy


@cache
def machine_speed() -> float:
    """Billions of operations a second in products of matrices on all cores that a run uses, were the machine idle."""
    return one_core_speed() * min(MOST_CORES, len(_own_cores()))


def one_core_speed() -> float:
    """Billions of operations in a second of processor time."""
    a = np.ones((STACKED, SIDE, SIDE), dtype=np.float32)
    times = timeit.repeat(lambda: np.matmul(a, a), timer=time.thread_time, repeat=MEASURED, number=1)
    return 2e-9 * STACKED * SIDE**3 / max(1e-9, min(times))


def busy_lately() -> bool:
    """Whether the machine had about as much to do in the last minute as it can do."""
    return os.getloadavg()[0] >= BUSY_SHARE * len(_own_cores())


class OtherLoad:
    """How much of this machine other processes took since this was made."""

    def __init__(self) -> None:
        self._began, self._own = time.monotonic(), time.process_time()
        psutil.cpu_percent(percpu=True)  # which tells of the time since it was asked last

    def share(self) -> float:
        """Share of the cores that this process may use, 0 to 1."""
        cores, passed = _own_cores(), max(1e-9, time.monotonic() - self._began)
        busy = fmean(share / 100 for core, share in enumerate(psutil.cpu_percent(percpu=True)) if core in cores)
        return max(0.0, busy - (time.process_time() - self._own) / passed / len(cores))


def _own_cores() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
