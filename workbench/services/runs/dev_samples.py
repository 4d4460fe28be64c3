"""The three dev clips whose text is shown while a run learns: what the base wrote, what the model writes by now.

They cost nothing: every check on the dev clips transcribes them anyway. They are chosen once a training, by the base's
errors, and lie in the store, so that a reload, a second tab and a resumed run see the same three.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select

from workbench.core.evaluation.scoring import evaluate
from workbench.services.runs.clips import RunClip
from workbench.store.database import Store
from workbench.store.models import ClipRow, WatchedClipRow
from workbench.store.runs import find_run

PLACES: Final = (0.5, 0.75, 1.0)  # among the dev clips, from the base's best to its worst: where there is much to gain


@dataclass(frozen=True)
class Watched:
    """A dev clip during training.

    Attributes:
        fold: Whose training it belongs to; None without folds.
        base: What the model wrote before it learned.
        now: What it wrote at the newest check.
    """

    clip_id: int
    name: str
    fold: int | None
    reference: str
    base: str
    now: str


class Watching:
    """The worker's side: chooses the clips and keeps their newest texts.

    Args:
        normalizer: By which the base's errors are counted.
    """

    def __init__(self, store: Store, run_id: int, normalizer: str) -> None:
        self.store, self.run_id, self.normalizer = store, run_id, normalizer
        self._fold: int | None = None
        self._choose = False

    def begin(self, fold: int | None, *, fresh: bool) -> None:
        """A training begins; the next texts are the base's where it is a fresh one and not one that goes on."""
        self._fold, self._choose = fold, fresh

    def see(self, clips: Sequence[RunClip], texts: Sequence[str]) -> None:
        """Take the dev clips' texts of one check."""
        heard = {c.id: text for c, text in zip(clips, texts, strict=True)}
        with self.store.session() as session:
            if self._choose:
                self._choose = False
                session.execute(delete(WatchedClipRow).where(WatchedClipRow.run_id == self.run_id))
                # A clip may have been erased while the run was at work.
                here = set(session.scalars(select(ClipRow.id).where(ClipRow.deleted_at.is_(None))))
                session.add_all(
                    WatchedClipRow(
                        run_id=self.run_id,
                        clip_id=c.id,
                        fold=self._fold,
                        reference=c.text,
                        base=heard[c.id],
                        now=heard[c.id],
                    )
                    for c in chosen(clips, texts, self.normalizer)
                    if c.id in here
                )
                return
            mine = WatchedClipRow.run_id == self.run_id, WatchedClipRow.clip_id.in_(heard)
            for row in session.scalars(select(WatchedClipRow).where(*mine)):
                if row.fold == self._fold:
                    row.now = heard[row.clip_id]


def chosen(clips: Sequence[RunClip], texts: Sequence[str], normalizer: str) -> list[RunClip]:
    """Up to three clips with middling to many errors of the base, always the same ones."""
    if not clips:
        return []
    scores = evaluate([c.text for c in clips], list(texts), normalizer).clips
    order = sorted(range(len(clips)), key=lambda i: (scores[i].wer, scores[i].cer, clips[i].id))
    if len(order) <= len(PLACES):
        return [clips[i] for i in order]
    places = dict.fromkeys(round(place * (len(order) - 1)) for place in PLACES)
    return [clips[order[place]] for place in places]


def watched(store: Store, run: str) -> list[Watched]:
    """The clips to show of a run, in the order they were chosen; those in the bin are left out."""
    with store.session() as session:
        query = (
            select(WatchedClipRow, ClipRow.name)
            .join(ClipRow, ClipRow.id == WatchedClipRow.clip_id)
            .where(WatchedClipRow.run_id == find_run(session, run).id, ClipRow.deleted_at.is_(None))
            .order_by(WatchedClipRow.id)
        )
        return [Watched(w.clip_id, name, w.fold, w.reference, w.base, w.now) for w, name in session.execute(query)]
