"""A set's overview: what it holds, what is missing of it, and which clips a part of a picture stands for.

It is read anew only after the set has changed. Levels come beside it, as far as they are known: see `levels.py`.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from cachetools import LRUCache
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from workbench.core.evaluation.scoring import evaluate
from workbench.core.evaluation.terms import occurrences
from workbench.core.overview.contents import Contents, measures, within
from workbench.core.overview.gaps import Gap, gaps
from workbench.core.text.normalize import normalizer
from workbench.core.text.ruler import Measure, choose_ruler, measure_of
from workbench.core.types import Clip
from workbench.services.clips.levels import Levels
from workbench.services.clips.sets import Collecting, SetInfo
from workbench.services.labels.revisions import Labelling
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow
from workbench.store.queries import STATUS, TEXT, find_set, is_fresh, select_labelled

KEPT_SETS: Final = 4
KEPT_SCORES: Final = 50_000  # pairs of a label and what was heard


class Wish(NamedTuple):
    """Which clips a part of a picture stands for: those for which all of this holds.

    Attributes:
        figure: One of `contents.FIGURES`.
        gap: A kind of gap.
        ranges: Measure ("duration", "level", "pace", "error") -> from, up to but not at; no end above where it is None.
        speaker: Whose; "" is who is not known.
        word: Written in the text.
        term: Of the word list, occurring in the text.
    """

    figure: str | None = None
    gap: str | None = None
    ranges: Mapping[str, tuple[float, float | None]] | None = None
    speaker: str | None = None
    word: str | None = None
    term: str | None = None


@dataclass(frozen=True)
class Overview:
    """A set's contents, with what is missing of it and the levels that are known by now.

    Attributes:
        levels: One for each clip in order, dB of full scale; None where it is not known.
        unmeasured: Sounds that will be known.
    """

    contents: Contents
    gaps: tuple[Gap, ...]
    levels: tuple[float | None, ...]
    unmeasured: int

    def to_json(self) -> dict[str, Any]:
        known = sorted(level for level in self.levels if level is not None)
        middle = round(known[len(known) // 2], 1) if known else None
        return {
            **self.contents.figures(),
            "levels_known": len(known),
            "level_median_db": middle,
            "missing": [gap.to_json() for gap in self.gaps],
        }


class Overviewing:
    """The overviews of one workspace's sets."""

    def __init__(self, store: Store, collecting: Collecting, labelling: Labelling, levels: Levels) -> None:
        self._store, self._collecting, self._labelling = store, collecting, labelling
        self.levels = levels
        self._kept: LRUCache[str, tuple[str, Contents, tuple[Gap, ...]]] = LRUCache(KEPT_SETS)
        self._scores: LRUCache[tuple[str, str, str], float] = LRUCache(KEPT_SCORES)
        self._lock = threading.Lock()

    def of_set(self, set_name: str) -> Overview:
        """What a set holds now; sounds whose level is not known yet are measured in a thread from here on.

        Raises:
            UnknownNameError: No such set.
        """
        contents, missing = self._read(set_name)
        hashes = [clip.sha256 for clip in contents.clips]
        waiting = self.levels.unmeasured(hashes)
        self.levels.measure_behind(waiting)
        return Overview(contents, missing, tuple(map(self.levels.known, hashes)), len(waiting))

    def sounds(self, set_name: str) -> list[str]:
        """Hashes of a set's sounds whose level nobody has measured yet."""
        return self.levels.unmeasured(clip.sha256 for clip in self._read(set_name)[0].clips)

    def chosen(self, set_name: str, wish: Wish) -> list[int]:
        """The clips that a part of a picture stands for, in order."""
        contents, missing = self._read(set_name)
        ids = {clip.id for clip in contents.clips if wish.speaker is None or (clip.speaker or "") == wish.speaker}
        if wish.figure:
            ids &= set(contents.such(wish.figure))
        if wish.gap:
            ids &= {i for gap in missing if gap.kind == wish.gap for i in gap.clips}
        if wish.word:
            ids &= set(contents.with_word(wish.word))
        if wish.term:
            ids &= contents.terms.get(wish.term, frozenset())
        if wish.ranges:
            ids &= self._within(contents, wish.ranges)
        return [clip.id for clip in contents.clips if clip.id in ids]

    def _within(self, contents: Contents, ranges: Mapping[str, tuple[float, float | None]]) -> set[int]:
        rows = zip(contents.clips, measures(contents, self.levels.known), strict=True)
        return {clip.id for clip, row in rows if all(within(row[name], *ends) for name, ends in ranges.items())}

    def _read(self, set_name: str) -> tuple[Contents, tuple[Gap, ...]]:
        info = self._collecting.set_info(set_name)
        state = self._state(info)
        with self._lock:
            kept = self._kept.get(set_name)
            if kept is None or kept[0] != state:
                contents = self._contents(info)
                self._kept[set_name] = kept = state, contents, gaps(contents)
        return kept[1], kept[2]

    def _state(self, info: SetInfo) -> str:
        """Changes with every clip, label, draft and word of a set, and with what models hear of it."""

        def ask() -> str:
            heard = select(func.count(HypothesisRow.id), func.max(HypothesisRow.created_at)).join(
                ClipRow, ClipRow.id == HypothesisRow.clip_id
            )
            with self._store.session() as session:
                newest = tuple(session.execute(heard.where(ClipRow.set_id == info.id)).one())
            return repr((info, newest, self._labelling.changes(info.name)))

        return self._store.cached(("overview", info.name), ask)

    def _contents(self, info: SetInfo) -> Contents:
        with self._store.session() as session:
            clips = _clips(session, find_set(session, info.name).id)
            heard_by, heard = _heard(session, info.id)
        texts = [clip.text for clip in clips]
        rules = choose_ruler(texts, info.language).normalizer
        words = normalizer("marks" if rules == "english" else rules)
        said = occurrences(info.words, texts, rules)
        contents = Contents(
            clips,
            {clip.id: tuple(words(clip.text).split()) for clip in clips},
            {term: frozenset(clips[place].id for place in places) for term, places in said.items()},
            heard_by=heard_by,
            measure=measure_of(rules),
            in_folds=self._labelling.in_folds(info.name),
        )
        return replace(contents, errors=self._errors(clips, heard, rules, contents.measure))

    def _errors(
        self, clips: Sequence[Clip], heard: Mapping[int, str], rules: str, measure: Measure
    ) -> dict[int, float]:
        """Error rates of the confirmed clips that were heard; only texts that are new are aligned."""
        pairs = {c.id: (rules, c.text, heard[c.id]) for c in clips if c.status == "confirmed" and c.id in heard}
        new = [pair for pair in dict.fromkeys(pairs.values()) if pair not in self._scores]
        scores = evaluate([label for _, label, _ in new], [text for _, _, text in new], rules).clips
        self._scores.update({pair: getattr(score, measure) for pair, score in zip(new, scores, strict=True)})
        return {clip_id: self._scores[pair] for clip_id, pair in pairs.items() if pair in self._scores}


def _clips(session: Session, set_id: int) -> tuple[Clip, ...]:
    """A set's living clips; without their revisions, which nobody asks for here and which take the longest."""
    columns = (
        ClipRow.id, ClipRow.sha256, ClipRow.name, ClipRow.duration, ClipRow.speaker, ClipRow.split, ClipRow.warnings,
        TEXT, STATUS, case((or_(HypothesisRow.id.is_(None), ReferenceRow.id.is_not(None)), True), else_=is_fresh()),
    )  # fmt: skip
    rows = session.execute(select_labelled(*columns).where(ClipRow.set_id == set_id).order_by(ClipRow.id))
    return tuple(
        Clip(i, sha, name, length, who, split=part, text=text, status=status, warnings=tuple(warnings), stale=not fresh)
        for i, sha, name, length, who, part, warnings, text, status, fresh in rows
    )


def _heard(session: Session, set_id: int) -> tuple[str | None, dict[int, str]]:
    """The model that has heard the most of a set's confirmed clips, and what it wrote of them."""
    here = ClipRow.set_id == set_id, STATUS == "confirmed"
    heard = select_labelled(ClipRow.id).where(*here).subquery()
    texts = (
        select(HypothesisRow.model, HypothesisRow.clip_id, HypothesisRow.text)
        .join(heard, heard.c.id == HypothesisRow.clip_id)
        .join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
        .where(is_fresh())
    )
    found: dict[str, dict[int, str]] = {}
    for model, clip_id, text in session.execute(texts.order_by(HypothesisRow.id)):
        found.setdefault(model, {})[clip_id] = text
    most = max(found, key=lambda model: len(found[model]), default=None)
    return most, found.get(most or "", {})
