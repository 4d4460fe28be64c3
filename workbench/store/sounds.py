"""The sounds of a clip: the whole one as it came, the cut that is heard now, and the cut that a run heard."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select, union
from sqlalchemy.orm import Session

from workbench.core.types import Seconds
from workbench.store.models import ClipRow, RunRow, TrimRow
from workbench.store.queries import batches

# Where a clip and the hash of one of its sounds stand beside one another.
_NAMED: Final[tuple[tuple[Any, Any], ...]] = (
    (ClipRow.id, ClipRow.sha256),
    (ClipRow.id, ClipRow.whole_sha256),
    (TrimRow.clip_id, TrimRow.sha256),
)


@dataclass(frozen=True)
class Cut:
    """A part of a clip's whole sound, or all of it.

    Attributes:
        sha256: Content hash; names the sound file.
        start: Where it begins in the whole sound, in seconds.
        duration: In seconds.
    """

    sha256: str
    start: Seconds
    duration: Seconds

    @property
    def end(self) -> Seconds:
        return self.start + self.duration


@dataclass(frozen=True)
class HeardClip:
    """A clip as it was heard at some time: with the cut of that time.

    Attributes:
        source: The recording it was cut from, as it was given.
        place: Where what is heard lies in that recording, in seconds; None where that is not known.
        offset: Where what is heard begins in the clip's own file, in seconds.
        cut: Whether that is less than the whole file.
    """

    id: int
    name: str
    sha256: str
    duration: Seconds
    speaker: str | None
    language: str | None
    split: str | None
    source: str | None
    place: tuple[Seconds, Seconds] | None
    offset: Seconds
    cut: bool


def whole_of(clip: ClipRow) -> Cut:
    """The sound as it came."""
    duration = clip.duration if clip.whole_duration is None else clip.whole_duration
    return Cut(clip.whole_sha256 or clip.sha256, 0.0, duration)


def cut_of(clip: ClipRow) -> Cut:
    """What is heard now."""
    return Cut(clip.sha256, clip.cut_start, clip.duration)


def heard_now(clip: ClipRow) -> HeardClip:
    """The clip with the cut that stands."""
    return _heard(clip, cut_of(clip))


def heard_by(session: Session, run: RunRow, clips: Iterable[ClipRow]) -> list[HeardClip]:
    """The clips with the cuts that a run heard, in their order; whole where it is older than any cut of them."""
    cuts = run_cuts(session, run)
    return [_heard(clip, cuts.get(clip.id) or whole_of(clip)) for clip in clips]


def run_cuts(session: Session, run: RunRow) -> dict[int, Cut]:
    """Clip id -> the cut that a run heard, of those clips that were trimmed when it was started."""
    found: dict[int, Cut] = {}
    for ids in batches(list((run.cuts or {}).values())):
        rows = session.scalars(select(TrimRow).where(TrimRow.id.in_(ids)))
        found |= {row.clip_id: Cut(row.sha256, row.start, row.end - row.start) for row in rows}
    return found


def cuts_of(clips: Iterable[tuple[int, int | None]]) -> dict[str, int]:
    """What a run keeps of its clips' cuts, of pairs of clip id and trim id."""
    return {str(clip_id): trim_id for clip_id, trim_id in clips if trim_id is not None}


def has_sound(hashes: Collection[str]) -> ColumnElement[bool]:
    """Clips that came as one of these sounds, or are cut to one."""
    return or_(ClipRow.sha256.in_(hashes), ClipRow.whole_sha256.in_(hashes))


def sounds_of(session: Session, clip_ids: Collection[int]) -> set[str]:
    """Content hashes of all that these clips sound like, or once did."""
    found: set[str] = set()
    for ids in batches(clip_ids):
        found |= {sha256 for _, sha256 in session.execute(_of(ClipRow.id.in_(ids)))}
    return found


def users_of(session: Session, hashes: Collection[str]) -> Mapping[str, set[int]]:
    """Hash -> ids of the clips that sound like it, or once did."""
    users: dict[str, set[int]] = {}
    for part in batches(hashes):
        for of_clip, column in _NAMED:
            for clip_id, sha256 in session.execute(select(of_clip, column).where(column.in_(part))):
                users.setdefault(sha256, set()).add(clip_id)
    return users


def known_sounds(session: Session) -> set[str]:
    """Content hashes of all that any clip sounds like, or once did; those in the bin included."""
    return {sha256 for _, sha256 in session.execute(_of())}


def _of(*wanted: ColumnElement[bool]) -> Any:
    """Pairs of clip id and hash, of the clips that are wanted."""
    clips = select(ClipRow.id).where(*wanted)
    return union(
        *(select(of_clip, column).where(column.is_not(None), of_clip.in_(clips)) for of_clip, column in _NAMED)
    )


def _heard(clip: ClipRow, cut: Cut) -> HeardClip:
    return HeardClip(
        clip.id,
        clip.name,
        cut.sha256,
        cut.duration,
        clip.speaker,
        clip.language,
        clip.split,
        clip.source,
        _place(clip, cut),
        cut.start,
        cut.sha256 != whole_of(clip).sha256,
    )


def _place(clip: ClipRow, cut: Cut) -> tuple[Seconds, Seconds] | None:
    began, ended = clip.source_start, clip.source_end
    if began is None or ended is None or cut.sha256 == whole_of(clip).sha256:
        return None if began is None or ended is None else (began, ended)
    return began + cut.start, began + cut.end
