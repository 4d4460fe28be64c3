"""Which window a run's model hears in, and what that asks for; decided before the run, without torch.

A short window costs a fraction of Whisper's 30 s (see core/windows.py). An encoder that learns gets used to it as it
learns; one that stays frozen has to be healed first (asr/training/healing.py): minutes, once for a model and window.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from workbench.asr.catalog.healed import HealedEncoder, encoder_hash, find_made, find_ready
from workbench.asr.catalog.outline import window as own_window
from workbench.assets import assets_root
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan, Seconds
from workbench.core.windows import HEALING_UPDATES, WHOLE, fitting_window
from workbench.language.said import say

LEARN: Final = "general-learn"  # in the assets
HEALING_CLIPS: Final = 8  # in an update
HEALING_COPIES: Final = 1  # altered copies of each sound that is learned from
FORWARD_AND_BACK: Final = 2.5  # times the work of hearing: the matrices beside the adapters take no gradients


@dataclass(frozen=True)
class Window:
    """The window of a run.

    Attributes:
        seconds: None for the model's own, whatever that is.
        own: The model's own; None where a clip costs its own length.
        healed: What heals the encoder for it; None where nothing does, or nothing needs to.
        healing: What it costs to heal the encoder first, see `healing_seconds`; 0 where it need not be.
        why: One sentence.
    """

    seconds: int | None = None
    own: Seconds | None = None
    healed: HealedEncoder | None = None
    healing: Seconds = 0.0
    why: str = ""

    @property
    def padded_to(self) -> Seconds | None:
        """What every clip costs in this run; None where it costs its own length."""
        return self.seconds or self.own


def choose_window(
    folder: Path | None, plans: Sequence[FreezePlan], durations: Iterable[Seconds], wish: float | None, root: Path
) -> Window:
    """The window for these plans, which share one.

    Args:
        folder: The model's; None while its files are not here.
        durations: Of the clips.
        wish: The user's own choice, in seconds; None chooses.
        root: The workspace's folder, where healed encoders are kept.
    """
    own = own_window(folder) if folder else None
    if folder is None or own is None:
        return Window()
    asked = round(wish) if wish is not None and wish < own else None
    seconds = asked if wish is not None else fitting_window(durations, own)
    if seconds is None:
        return Window(own=own, why=_own_window(own, chosen=wish is not None))
    frozen = [plan.listens_frozen for plan in plans]
    healed = find_healed(folder, seconds, root, made=any(frozen))
    begins = _shorter(seconds, own, chosen=wish is not None)
    if healed:
        return Window(seconds, own, healed, why=say("{window}; the encoder begins healed for it.", window=begins))
    if not any(frozen):
        why = say("{window}; the encoder gets used to it as it learns.", window=begins)
        return Window(seconds, own, why=why)
    if wish is None:
        why = say(
            "{own} s, the model's own: the encoder stays frozen and nothing has healed it yet for {seconds} s; choose "
            "{seconds} to have that done, once.",
            own=f"{own:g}",
            seconds=seconds,
        )
        return Window(own=own, why=why)
    cost = healing_seconds(own, seconds, learn_count())
    return Window(
        seconds, own, healing=cost, why=say("{window}; the encoder is healed for it first, once.", window=begins)
    )


def _own_window(own: Seconds, *, chosen: bool) -> str:
    seconds = f"{own:g}"
    if chosen:
        return say("{seconds} s, the model's own: as you chose.", seconds=seconds)
    if own >= WHOLE:
        return say("{seconds} s, the model's own: the longest clip leaves no air in less.", seconds=seconds)
    return say("{seconds} s, the model's own: it was made for that and is quick with it.", seconds=seconds)


def _shorter(seconds: int, own: Seconds, *, chosen: bool) -> str:
    """The beginning of a sentence."""
    if chosen:
        return say("{seconds} s instead of {own} s, as you chose", seconds=seconds, own=f"{own:g}")
    return say("{seconds} s instead of {own} s, into which every clip fits", seconds=seconds, own=f"{own:g}")


def find_healed(folder: Path, seconds: float, root: Path, *, made: bool) -> HealedEncoder | None:
    """What heals the encoder of a model folder: what ships with the program, else what was made here.

    Args:
        made: Whether to look for what was made here too: only plans that cannot do without take that, so that a run
            does not depend on which runs came before it.
    """
    return find_ready(folder, seconds) or (find_made(root, encoder_hash(folder), seconds) if made else None)


def with_window(config: TrainingConfig, window: Window) -> TrainingConfig:
    """The settings of a run in this window: the model's own is said where there is one."""
    seconds = window.seconds or window.own
    return replace(config, window=round(seconds) if seconds else None)


def healing_seconds(own: Seconds, window: Seconds, n_sounds: int) -> Seconds:
    """Seconds of sound that go through the encoder while it is healed, learning counted several times.

    Args:
        n_sounds: To learn from, altered copies aside.
    """
    return n_sounds * (1 + HEALING_COPIES) * own + HEALING_UPDATES * HEALING_CLIPS * window * FORWARD_AND_BACK


def healing_ahead(
    folder: Path, own: Seconds | None, window: int | None, plans: Sequence[FreezePlan], root: Path
) -> Seconds:
    """What healing will cost a run in this window, see `healing_seconds`; 0 where it is healed, or need not be."""
    if window is None or own is None or not any(plan.listens_frozen for plan in plans):
        return 0.0
    return 0.0 if find_healed(folder, window, root, made=True) else healing_seconds(own, window, learn_count())


def learn_count() -> int:
    """Number of the bundled voices' clips that an encoder is healed with."""
    with (assets_root() / LEARN / "manifest.jsonl").open(encoding="utf-8") as lines:
        return sum(1 for _ in lines)
