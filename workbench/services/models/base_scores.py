"""How well base models hear a set already: their texts of its confirmed clips, held against the labels.

A label that began as a model's own draft flatters that model: what its user overlooked counts as right. Such labels
are scored apart. They are those of clips where the model's text stood as a draft before anybody wrote a label; one that
came with an import began as nobody's draft.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from workbench.core.evaluation.intervals import paired_bootstrap
from workbench.core.evaluation.scoring import error_rate, evaluate
from workbench.core.text.ruler import choose_ruler
from workbench.core.types import Seconds
from workbench.services.labels.query import IMPORT_AUTHOR
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow
from workbench.store.queries import find_set, is_fresh, select_labelled

RESAMPLES: Final = 2_000  # a figure to choose a model by; a run's verdict takes more
LEAST_FOR_INTERVAL: Final = 5  # clips; of fewer it would be too narrow to mean anything


@dataclass(frozen=True)
class Rate:
    """A word error rate over some clips.

    Attributes:
        interval: Its 95 % interval (bootstrap over clips, or over speakers from eight on); None of too few clips.
    """

    clips: int
    words: int
    errors: int
    wer: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Standing:
    """What one model got wrong on a set's confirmed clips.

    Attributes:
        normalizer: The text rules that both sides went through.
        rate: On labels that began otherwise; None where there is none.
        own: On labels that began as its own draft; None where there is none.
    """

    normalizer: str
    rate: Rate | None
    own: Rate | None

    @property
    def clips(self) -> int:
        return sum(r.clips for r in (self.rate, self.own) if r)


@dataclass(frozen=True)
class Confirmed:
    """A set's confirmed clips, and what models made of them.

    Attributes:
        clips: How many.
        duration: Of all of them.
        heard: Model -> how many of them it has heard, and their length in all.
        standings: Model -> its errors.
    """

    clips: int
    duration: Seconds
    heard: Mapping[str, tuple[int, Seconds]] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)

    def wer(self, model: str) -> float | None:
        """A model's WER, as a fraction; labels that began as its own draft flatter it and count last."""
        standing = self.standings.get(model)
        found = (standing.rate or standing.own) if standing else None
        return found.wer if found and found.clips >= LEAST_FOR_INTERVAL else None


class _Label(NamedTuple):
    text: str
    speaker: str | None
    duration: Seconds


class _Scored(NamedTuple):
    """A clip's errors, with the texts that they are of."""

    label: str
    heard: str
    errors: int
    words: int


class Standings:
    """Scores models on the sets of one store; a clip is scored anew only where one of its texts has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scores: dict[tuple[str, str, str], dict[int, _Scored]] = {}  # (set, model, normalizer) -> clip ->
        self._lock = threading.Lock()

    def of_set(self, set_name: str) -> Confirmed:
        """How every base model stands that has heard confirmed clips of the set.

        Raises:
            UnknownNameError: No such set.
        """
        return self._store.cached(("standings", set_name), lambda: self._ask(set_name))

    def _ask(self, set_name: str) -> Confirmed:
        with self._store.session() as session:
            clip_set = find_set(session, set_name)
            labels = _labels(session, clip_set.id)
            heard = _heard(session, clip_set.id)
            language = clip_set.language
        normalizer = choose_ruler([label.text for label in labels.values()], language).normalizer
        standings = {
            model: self._standing(set_name, model, normalizer, labels, texts) for model, texts in heard.items()
        }
        return Confirmed(
            len(labels),
            sum(label.duration for label in labels.values()),
            {m: (len(texts), sum(labels[i].duration for i in texts)) for m, texts in heard.items()},
            standings,
        )

    def _standing(
        self,
        set_name: str,
        model: str,
        normalizer: str,
        labels: Mapping[int, _Label],
        heard: Mapping[int, tuple[str, bool]],
    ) -> Standing:
        with self._lock:
            known = self._scores.setdefault((set_name, model, normalizer), {})
            _score(known, normalizer, {i: (labels[i].text, text) for i, (text, _) in heard.items()})
            scores = {i: known[i] for i in heard}
        parts = ([i for i, (_, own) in heard.items() if own is whose] for whose in (False, True))
        rate, own = (_rate([scores[i] for i in ids], [labels[i].speaker for i in ids]) for ids in parts)
        return Standing(normalizer, rate, own)


def expected_errors(session: Session, model: str, labels: Mapping[int, str], normalizer: str) -> int | None:
    """How many words a base model gets wrong in some clips, from those of them that it has heard.

    Args:
        labels: Clip -> its label.

    Returns:
        None where it has heard none of them.
    """
    query = select(HypothesisRow.clip_id, HypothesisRow.text).join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
    query = query.where(HypothesisRow.model == model, is_fresh())
    heard = {i: text for i, text in session.execute(query) if i in labels}
    if not heard:
        return None
    errors = evaluate([labels[i] for i in heard], list(heard.values()), normalizer).errors
    # One error in the clips heard must not vanish by rounding.
    return max(min(errors, 1), round(errors * len(labels) / len(heard)))


def _score(known: dict[int, _Scored], normalizer: str, texts: Mapping[int, tuple[str, str]]) -> None:
    """Bring the scores up to date."""
    for gone in known.keys() - texts.keys():
        del known[gone]
    new = [i for i, pair in texts.items() if i not in known or known[i][:2] != pair]
    if not new:
        return
    result = evaluate([texts[i][0] for i in new], [texts[i][1] for i in new], normalizer)
    for i, clip in zip(new, result.clips, strict=True):
        known[i] = _Scored(*texts[i], clip.errors, clip.reference_words)


def _rate(scores: Sequence[_Scored], speakers: Sequence[str | None]) -> Rate | None:
    if not scores:
        return None
    errors, words = [s.errors for s in scores], [s.words for s in scores]
    wer = error_rate(sum(errors), sum(words))
    interval = None
    if len(scores) >= LEAST_FOR_INTERVAL:
        found = paired_bootstrap([0] * len(scores), errors, words, speakers, resamples=RESAMPLES)
        interval = found.low, found.high
    return Rate(len(scores), sum(words), sum(errors), wer, interval)


def _labels(session: Session, set_id: int) -> dict[int, _Label]:
    """Clip id -> its confirmed label."""
    confirmed = select_labelled(ClipRow.id, ReferenceRow.text, ClipRow.speaker, ClipRow.duration).where(
        ClipRow.set_id == set_id, ReferenceRow.confirmed.is_(True)
    )
    return {clip_id: _Label(*rest) for clip_id, *rest in session.execute(confirmed)}


def _heard(session: Session, set_id: int) -> dict[str, dict[int, tuple[str, bool]]]:
    """Model -> clip id -> its text of a confirmed clip, and whether the label began as that text."""
    hypothesis, first = aliased(HypothesisRow), aliased(ReferenceRow)
    # A label that was undone down to none began anew, so only what came after counts.
    undone = aliased(ReferenceRow)
    last_none = (
        select(func.coalesce(func.max(undone.revision), 0))
        .where(undone.clip_id == first.clip_id, undone.restores == 0)
        .correlate(first)  # this clip's: two levels down, the outermost clip would be every clip
        .scalar_subquery()
    )
    began = (
        select(func.min(first.revision)).where(first.clip_id == ClipRow.id, first.revision > last_none)
    ).scalar_subquery()
    beginning = aliased(ReferenceRow)
    query = (
        select_labelled(
            ClipRow.id, hypothesis.model, hypothesis.text, hypothesis.drafted_at, beginning.created_at, beginning.author
        )
        .join(hypothesis, hypothesis.clip_id == ClipRow.id)
        .join(beginning, (beginning.clip_id == ClipRow.id) & (beginning.revision == began))
        .where(ClipRow.set_id == set_id, ReferenceRow.confirmed.is_(True), hypothesis.model.not_like("run-%"))
        .where(is_fresh(hypothesis))
    )
    found: dict[str, dict[int, tuple[str, bool]]] = {}
    for clip_id, model, text, drafted_at, labelled_at, author in session.execute(query):
        own = drafted_at is not None and author != IMPORT_AUTHOR and drafted_at <= labelled_at
        found.setdefault(model, {})[clip_id] = (text, own)
    return found
