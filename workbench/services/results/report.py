"""Everything a report of one run says, gathered: its card, its figures, and ten clips with sound and picture.

The document itself is written by the page's layer, which knows how to draw; nothing here is HTML.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.audio.attachments import mp3, webp
from workbench.audio.decode import read_clip
from workbench.audio.spectrogram import spectrogram_png
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.comparison import Comparison, ComparisonRow
from workbench.core.evaluation.scoring import ClipScore
from workbench.core.types import ModelSpec
from workbench.errors import AudioError, DataError
from workbench.language.said import listing, say
from workbench.services.results.comparison import Comparing, RunComparison
from workbench.services.runs.service import RunView, run_view
from workbench.store.database import Store
from workbench.store.models import ClipSetRow, ReferenceRow, RunRow
from workbench.store.queries import batches
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace

Group = Literal["improved", "broken", "wrong", "right", "chosen"]

SHARES: Final[Mapping[Group, int]] = {"improved": 4, "broken": 3, "wrong": 3}  # of the clips in a report
CLIPS: Final = sum(SHARES.values())
MOST_CHOSEN: Final = 50  # clips that a user may name; each weighs about 80 KB
PICTURE_PX: Final = 1000  # width of a spectrogram
FINGERPRINT: Final = 12  # hexadecimal digits that are shown of a SHA-256


@dataclass(frozen=True)
class ReportClip:
    """One clip of a report.

    Attributes:
        group: Why it is there.
        revision: Number of the label revision that the run was judged by; None where it was erased.
        sound: MP3; None where the sound is missing, and then there is no picture either.
        picture: Its log-mel spectrogram as WebP.
    """

    group: Group
    row: ComparisonRow
    base: ClipScore
    adapted: ClipScore
    normalizer: str
    revision: int | None
    sound: bytes | None
    picture: bytes | None


@dataclass(frozen=True)
class LabelState:
    """The labels as the run saw them.

    Attributes:
        count: Labels, of training, dev and test clips.
        newest: When the newest of them was written, UTC; None where all were erased.
        fingerprint: Of the clips' ids, their label revisions and cuts: two runs with the same one saw the same.
    """

    count: int
    newest: datetime | None
    fingerprint: str


@dataclass(frozen=True)
class Report:
    """What one document says about a run.

    Attributes:
        made: Local time with its zone.
        language: Of the set.
        parts: How many clips train, steer and test; the folds count together.
        split_rule: How the clips were divided, in words.
        settings: Name -> value of every setting of the run.
        chosen: Whether the user named the clips, or the rule chose.
    """

    run: RunView
    result: RunComparison
    made: datetime
    model: ModelSpec
    fingerprint: str
    language: str | None
    parts: Mapping[str, int]
    folds: int
    split_rule: str
    settings: Mapping[str, Any]
    labels: LabelState
    versions: Mapping[str, str]
    clips: tuple[ReportClip, ...]
    chosen: bool


class Reporting:
    """The use case of taking a run's result along as one document."""

    def __init__(self, workspace: Workspace, store: Store, comparing: Comparing) -> None:
        self._workspace, self._store, self._comparing = workspace, store, comparing

    def of(self, run: str, clip_ids: Sequence[int] = ()) -> Report:
        """Gather a report.

        Args:
            clip_ids: The clips to show, in this order; by default the rule of `choose` picks ten.

        Raises:
            WorkbenchError: No such run, it has measured nothing yet, or a clip is none of its tested ones.
        """
        result = self._comparing.of_run(run)
        picked = _named(result.comparison, run, clip_ids) if clip_ids else choose(result.comparison)
        with self._store.session() as session:
            row = find_run(session, run)
            clip_set = session.get_one(ClipSetRow, row.set_id)
            view, language = run_view(row, clip_set.name), clip_set.language
            references = _references(session, row)
            sounds = {clip.id: clip.sha256 for _, clip in evaluations(session, row.id)}
        parts = row.split.get("folds") or [row.split]
        spec = ModelSpec.from_json(row.model)
        return Report(
            run=view,
            result=result,
            made=datetime.now().astimezone(),
            model=spec,
            fingerprint=str(row.model.get("fingerprint", ""))[:FINGERPRINT],
            language=language,
            parts={name: len({i for part in parts for i in part[name]}) for name in ("train", "dev", "test")},
            folds=len(row.split.get("folds") or ()),
            split_rule=str(parts[0]["rule"]),
            settings={f.name: getattr(view.config, f.name) for f in fields(TrainingConfig)},
            labels=_label_state(row, references),
            versions={str(k): str(v) for k, v in row.versions.items()},
            clips=tuple(self._clip(result.comparison, n, group, references, sounds) for n, group in picked),
            chosen=bool(clip_ids),
        )

    def _clip(
        self,
        comparison: Comparison,
        number: int,
        group: Group,
        references: Mapping[int, ReferenceRow],
        sounds: Mapping[int, str],
    ) -> ReportClip:
        row = comparison.rows[number]
        label = references.get(row.clip_id or 0)
        return ReportClip(
            group,
            row,
            comparison.base.clips[number],
            comparison.adapted.clips[number],
            comparison.normalizer,
            label.revision if label else None,
            *self._attachments(sounds.get(row.clip_id or 0)),
        )

    def _attachments(self, sha256: str | None) -> tuple[bytes, bytes] | tuple[None, None]:
        if sha256 is None:
            return None, None
        try:
            samples = read_clip(self._workspace.sound_path(sha256))
        except (AudioError, OSError):
            return None, None
        return mp3(samples), webp(spectrogram_png(samples, width_px=PICTURE_PX))


def choose(comparison: Comparison) -> list[tuple[int, Group]]:
    """Ten clips that show what changed, as places in the comparison's rows with the reason.

    Four whose errors fell most, three whose errors rose most, three of the others with most errors left. Free places
    go on in this order, and last to clips that both heard right. Ties are broken by the rate, then by the clip's place.
    """
    pairs = list(zip(comparison.base.clips, comparison.adapted.clips, strict=True))
    orders: dict[Group, list[int]] = {"improved": [], "broken": [], "wrong": [], "right": []}
    for number, (before, after) in enumerate(pairs):
        change = after.errors - before.errors
        orders["improved" if change < 0 else "broken" if change > 0 else "wrong" if after.errors else "right"].append(
            number
        )

    def gain(number: int) -> tuple[int, float]:
        before, after = pairs[number]
        return after.errors - before.errors, after.wer - before.wer

    orders["improved"].sort(key=gain)
    orders["broken"].sort(key=lambda n: tuple(-value for value in gain(n)))
    orders["wrong"].sort(key=lambda n: (-pairs[n][1].errors, -pairs[n][1].wer))
    taken: dict[Group, list[int]] = {group: numbers[: SHARES.get(group, 0)] for group, numbers in orders.items()}
    for group, numbers in orders.items():
        free = CLIPS - sum(map(len, taken.values()))
        taken[group] += numbers[len(taken[group]) :][:free]
    return [(number, group) for group, numbers in taken.items() for number in numbers]


def _named(comparison: Comparison, run: str, clip_ids: Sequence[int]) -> list[tuple[int, Group]]:
    places = {row.clip_id: number for number, row in enumerate(comparison.rows)}
    wanted = list(dict.fromkeys(clip_ids))
    unknown = [clip_id for clip_id in wanted if clip_id not in places]
    if unknown:
        raise DataError(
            say(
                "{run} was not tested on clip {clips}; name clips that it was tested on.",
                run=run,
                clips=listing(unknown),
            )
        )
    if len(wanted) > MOST_CHOSEN:
        raise DataError(
            say(
                "A report holds at most {most} clips, or it grows too large to send; name fewer.",
                most=MOST_CHOSEN,
            )
        )
    return [(places[clip_id], "chosen") for clip_id in wanted]


def _references(session: Session, run: RunRow) -> dict[int, ReferenceRow]:
    """Clip id -> the label revision that the run saw; erased ones are missing."""
    ids = list(run.labels.values())
    found = (
        row for part in batches(ids) for row in session.scalars(select(ReferenceRow).where(ReferenceRow.id.in_(part)))
    )
    return {row.clip_id: row for row in found}


def _cut(run: RunRow, clip: str) -> tuple[int, ...]:
    return (run.cuts[clip],) if clip in (run.cuts or {}) else ()


def _label_state(run: RunRow, references: Mapping[int, ReferenceRow]) -> LabelState:
    parts = ((clip, revision, *_cut(run, clip)) for clip, revision in run.labels.items())
    seen = ",".join(":".join(map(str, part)) for part in sorted(parts, key=lambda part: int(part[0])))
    newest = max((row.created_at for row in references.values()), default=None)
    return LabelState(len(run.labels), newest, hashlib.sha256(seen.encode()).hexdigest()[:FINGERPRINT])
