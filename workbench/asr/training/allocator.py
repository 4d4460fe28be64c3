"""Lets a worker keep the memory it frees, for the next update needs the same again.

glibc hands blocks above some megabytes back to the system at once and asks for them anew; each time the system fills
every page with zeros first. Measured with wav2vec2-base's frozen part: 17 % of the processor's time went there. A
worker ends with its run, so that nothing is kept for long. Other systems' allocators are left alone.
"""

import ctypes
import sys

# The numbers of malloc.h; see mallopt(3).
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT_BYTES = 2**31 - 1  # the most that mallopt takes
GROWTH_BYTES = 64 * 2**20  # by which the heap grows at a time


def keep_freed_memory() -> bool:
    """Have malloc reuse large blocks; returns whether it took the wish."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl
        return False
    wishes = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, KEPT_BYTES), (M_TOP_PAD, GROWTH_BYTES))
    return all(mallopt(name, value) == 1 for name, value in wishes)
