"""How far the processes beside the page stand back, so that it answers while they compute.

Niceness alone: a process that is nice takes all cores of a machine that has nothing else to do, where one with fewer
threads would leave a core idle. Linux may weigh sessions against one another and niceness within a session alone
(sched(7), autogroup); these processes have sessions of their own, which are told to stand back too.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

LISTENING: Final = 5  # somebody may wait for a draft or for "Try it now"
AUTOGROUP: Final = Path("/proc/self/autogroup")
WORKING: Final = 10  # runs and fetches; POSIX knows 0 to 19


def stand_back(niceness: int) -> None:
    """Let what is less nice go first, for the rest of this process; nothing where the system refuses it."""
    with suppress(OSError, psutil.Error):
        if hasattr(os, "nice"):
            now = os.nice(max(0, niceness - os.nice(0)))
            if os.getsid(0) == os.getpid() and AUTOGROUP.exists():
                AUTOGROUP.write_text(str(now))
        else:
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
