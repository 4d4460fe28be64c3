"""The stored sounds of clips: whether they still are what was stored, and how to say so where they are not.

A sound is named by its content hash, so a damaged one is told by decoding it; ten hours take some seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from workbench.audio.decode import content_hash, read_clip
from workbench.errors import AudioError
from workbench.language.said import count, listing, say
from workbench.workspace import Workspace

MISSING: Final = say("missing")
DAMAGED: Final = say("damaged")
MEND: Final = say("add the original file again")
NAMED: Final = 3  # clips that a sentence names


class Named(Protocol):
    """A clip, as far as its sound is concerned."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...


C = TypeVar("C", bound=Named)


def sound_problem(path: Path, sha256: str) -> str:
    """What is wrong with a stored sound: "missing", "damaged", or nothing."""
    if not path.is_file():
        return MISSING
    try:
        return "" if content_hash(read_clip(path)) == sha256 else DAMAGED
    except AudioError:
        return DAMAGED


def read_sound(workspace: Workspace, clip: Named) -> Any:
    """A clip's samples, `(n_samples,)` float32 at 16 kHz.

    Raises:
        AudioError: The stored sound is missing or damaged; names the clip.
    """
    path = workspace.sound_path(clip.sha256)
    if not path.is_file():
        raise AudioError(say("the stored sound of {name} is missing", name=clip.name), MEND)
    try:
        samples = read_clip(path)
    except AudioError as e:
        raise AudioError(say("the stored sound of {name} is damaged", name=clip.name), MEND) from e
    if content_hash(samples) != clip.sha256:
        raise AudioError(say("the stored sound of {name} is damaged", name=clip.name), MEND)
    return samples


def divide_usable(
    workspace: Workspace, clips: Iterable[C], *, each: Callable[[], None] = lambda: None
) -> tuple[list[C], list[C]]:
    """The clips whose sound is whole, and those whose sound is not.

    Args:
        each: Called after each clip; may raise to end it.
    """
    whole: list[C] = []
    broken: list[C] = []
    for clip in clips:
        problem = sound_problem(workspace.sound_path(clip.sha256), clip.sha256)
        (broken if problem else whole).append(clip)
        each()
    return whole, broken


def say_left_out(broken: Sequence[Named], n_clips: int, general: str = "") -> str:
    """One sentence that names clips whose sound could not be used.

    Args:
        general: The general set that they are of, where they are of one.
    """
    names = listing(clip.name for clip in broken[:NAMED])
    if len(broken) > NAMED:
        names = say("{names} and {more} more", names=names, more=len(broken) - NAMED)
    if general:
        return count(
            len(broken),
            "{n} of {clips} clips of the general set {set} was left out, as the stored sound is damaged or missing: "
            "{names}; add the original file again.",
            "{n} of {clips} clips of the general set {set} were left out, as the stored sound is damaged or missing: "
            "{names}; add the original files again.",
            clips=n_clips,
            names=names,
            set=general,
        )
    return count(
        len(broken),
        "{n} of {clips} clips was left out, as the stored sound is damaged or missing: {names}; add the original file "
        "again.",
        "{n} of {clips} clips were left out, as the stored sound is damaged or missing: {names}; add the original "
        "files again.",
        clips=n_clips,
        names=names,
    )
