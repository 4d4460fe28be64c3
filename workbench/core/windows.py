"""The window in which an encoder that takes no mask (Whisper) hears clips: as short as the clips let it be.

Whisper pads every sound to 30 s and pays for them. Its positions can be cut to a shorter window, which an adapted model
keeps; what that does to a model, and what heals it, stands in asr/training/healing.py.
"""

from collections.abc import Iterable
from typing import Final

from workbench.core.types import Seconds

WINDOWS: Final[tuple[int, ...]] = (5, 10, 15, 20)  # seconds; few, so that one healed encoder serves many sets
HEALING_UPDATES: Final = 120  # that heal an encoder for one window
WHOLE: Final[Seconds] = 30.0  # that every published Whisper hears at once
# After the longest clip, which mostly ends in some quiet of its own; Whisper was trained on windows that are filled.
AIR: Final[Seconds] = 0.1


def fitting_window(durations: Iterable[Seconds], own: Seconds | None) -> int | None:
    """The shortest window that leaves air behind the longest clip; None for the model's own.

    A model that was made for less than `WHOLE` is small and quick as it is, and nobody has tried it in less.

    Args:
        durations: Of the clips.
        own: What the model pads every clip to; None where it pads to nothing.
    """
    longest = max(durations, default=0.0)
    if own is None or own < WHOLE or longest > own:
        return None
    return next((w for w in WINDOWS if longest + AIR <= w < own), None)
