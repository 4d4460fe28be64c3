"""Base against adapted: the same clips, the same normalizer, one verdict that a domain expert can read.

Used for a run's test clips, for out-of-fold texts, for two runs, and for texts of two recognisers from a file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.core.evaluation.intervals import METHOD, Interval, paired_bootstrap, verdict
from workbench.core.evaluation.mistakes import Confusion, Missed, mistakes
from workbench.core.evaluation.part_rates import PartRate, part_rates
from workbench.core.evaluation.sample_size import Scheme
from workbench.core.evaluation.scoring import ClipScore, Evaluation, evaluate
from workbench.core.evaluation.terms import TermScore, pooled, score_rare_words, score_terms
from workbench.core.evaluation.verdict_sentence import parts_sentence, verdict_sentence
from workbench.core.text.ruler import Measure, choose_ruler, measure_of, other_ruler
from workbench.core.types import Verdict
from workbench.language.said import english


@dataclass(frozen=True)
class ComparisonRow:
    """One clip's texts, as they were written.

    Attributes:
        name: The file's name or the line's number, for the page.
        rare_words: The words of this line whose recall counts, where each line lists its own.
    """

    name: str
    reference: str
    base: str
    adapted: str
    speaker: str | None = None
    clip_id: int | None = None
    rare_words: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Comparison:
    """Everything known about base against adapted.

    Attributes:
        normalizer: Name of the normalizer of `base`, `adapted` and `terms`; the raw ones only collapse whitespace.
        scheme: "test" (held-out clips), "out-of-fold" (pooled folds) or "given" (texts from a file).
        normalizer_reason: Why this normalizer, a sentence.
        interval: The change in pooled WER, adapted minus base.
        cer_interval: The change in pooled CER, of the same clips.
        verdict: Of the change in `measure`.
        terms: One score per term of the word list, or per rare word.
        term_rate: On the words of the word list, or the rare words, alone; None without any.
        other_rate: On all others; None where there is no such list.
        kept_base: Why the adapted model is the unchanged base, as a sentence; empty where it has learned something.
    """

    rows: tuple[ComparisonRow, ...]
    normalizer: str
    scheme: Scheme
    base: Evaluation
    adapted: Evaluation
    raw_base: Evaluation
    raw_adapted: Evaluation
    interval: Interval
    cer_interval: Interval
    verdict: Verdict
    terms: tuple[TermScore, ...]
    term_rate: PartRate | None = None
    other_rate: PartRate | None = None
    kept_base: str = ""
    normalizer_reason: str = ""

    @property
    def measure(self) -> Measure:
        """Which of the two rates judges."""
        return measure_of(self.normalizer)

    @property
    def judging(self) -> Interval:
        """The change by which the verdict is given."""
        return self.cer_interval if self.measure == "cer" else self.interval

    def rate(self, side: Evaluation) -> float:
        """Base's or adapted's rate that judges."""
        return side.cer if self.measure == "cer" else side.wer

    @property
    def nothing_kept(self) -> bool:
        """Whether both sides are the same unchanged base, so that there is nothing to prove."""
        return bool(self.kept_base) and all(before.errors == after.errors for before, after in self._pairs())

    @property
    def outcome(self) -> str:
        """The verdict, or "nothing kept"."""
        return "nothing kept" if self.nothing_kept else self.verdict

    @property
    def all_terms(self) -> TermScore | None:
        """The terms pooled, None without terms."""
        return pooled(self.terms) if self.terms else None

    @cached_property
    def mistakes(self) -> tuple[list[Missed], list[Confusion]]:
        """Words that are missed, and what is heard in their place, the adapted side's most frequent first."""
        return mistakes(self.base, self.adapted)

    @property
    def n_fixed(self) -> int:
        """Clips with fewer word errors than before."""
        return sum(after.errors < before.errors for before, after in self._pairs())

    @property
    def n_broken(self) -> int:
        """Clips with more word errors than before."""
        return sum(after.errors > before.errors for before, after in self._pairs())

    @property
    def n_speakers(self) -> int:
        """Speakers known by name."""
        return len({row.speaker for row in self.rows if row.speaker})

    def to_json(self) -> dict[str, Any]:
        """Rates as fractions, counts as integers, plain Python types."""
        return {
            "normalizer": self.normalizer,
            "normalizer_reason": english(self.normalizer_reason),
            "measure": self.measure,
            "test_clips": len(self.rows),
            "scheme": self.scheme,
            "base": _side_json(self.base, self.raw_base),
            "adapted": _side_json(self.adapted, self.raw_adapted),
            "wer_change": self.interval.to_json(),
            "cer_change": self.cer_interval.to_json(),
            "verdict": self.verdict,
            "terms": [term.to_json() for term in self.terms],
            "term_recall": self.all_terms.to_json() if self.all_terms else None,
            "term_wer": self.term_rate.to_json() if self.term_rate else None,
            "other_wer": self.other_rate.to_json() if self.other_rate else None,
            "missed_words": [missed.to_json() for missed in self.mistakes[0]],
            "confusions": [confusion.to_json() for confusion in self.mistakes[1]],
            "fixed": self.n_fixed,
            "broken": self.n_broken,
        }

    def clips_json(self) -> list[dict[str, Any]]:
        """Each clip with both texts and rates, the most improved first."""
        clips = [_clip_json(row, *pair) for row, pair in zip(self.rows, self._pairs(), strict=True)]
        return sorted(clips, key=lambda clip: clip["wer_change"])

    def sentence(self) -> str:
        """The verdict for a domain expert, in one or two sentences."""
        return verdict_sentence(self)

    def parts_sentence(self) -> str:
        """The error rates on the words of the word list and on all others; empty without a list."""
        return parts_sentence(self.term_rate, self.other_rate)

    def _pairs(self) -> list[tuple[ClipScore, ClipScore]]:
        return list(zip(self.base.clips, self.adapted.clips, strict=True))


def compare(
    rows: Iterable[ComparisonRow],
    *,
    normalizer: str | None = None,
    language: str | None = None,
    terms: Sequence[str] = (),
    train_texts: Sequence[str] = (),
    seed: int = 0,
    scheme: Scheme = "test",
    method: str = METHOD,
    reason: str = "",
) -> Comparison:
    """Score both sides of each row and judge the difference.

    Args:
        rows: The clips; where they list rare words and no terms are given, those are scored instead.
        normalizer: Name of the text normalizer for both sides; else what suits the references.
        language: Of the clips; None where nobody named it. Tells whether the normalizer suits them.
        terms: The word list.
        train_texts: References that were trained on, to say how often a term was in them.
        seed: Seed of the bootstrap.
        scheme: Where the clips come from.
        method: Of the intervals; runs keep the one they were first judged by.
        reason: Why this normalizer, where that is known; else what suits the references tells.

    Raises:
        UnknownNameError: No such normalizer.
    """
    rows = tuple(rows)
    suited = choose_ruler([row.reference for row in rows], language)
    normalizer = normalizer or suited.normalizer
    base, adapted = _evaluate(rows, normalizer)
    raw_base, raw_adapted = _evaluate(rows, "none")
    speakers = [row.speaker for row in rows]
    pairs = list(zip(base.clips, adapted.clips, strict=True))
    interval = paired_bootstrap(
        [before.errors for before, _ in pairs],
        [after.errors for _, after in pairs],
        [before.reference_words for before, _ in pairs],
        speakers,
        seed=seed,
        method=method,
    )
    cer_interval = paired_bootstrap(
        [before.character_errors for before, _ in pairs],
        [after.character_errors for _, after in pairs],
        [before.reference_characters for before, _ in pairs],
        speakers,
        seed=seed,
        method=method,
    )
    rare = None if terms or not any(row.rare_words for row in rows) else [row.rare_words for row in rows]
    term_rate, other_rate = part_rates(terms, rare, base, adapted, speakers, seed=seed, method=method)
    if not reason:
        reason = suited.reason if suited.normalizer == normalizer else other_ruler(suited)
    by_characters = measure_of(normalizer) == "cer"
    judging, rate = (cer_interval, adapted.cer) if by_characters else (interval, adapted.wer)
    return Comparison(
        rows=rows,
        normalizer=normalizer,
        scheme=scheme,
        base=base,
        adapted=adapted,
        raw_base=raw_base,
        raw_adapted=raw_adapted,
        interval=interval,
        cer_interval=cer_interval,
        verdict=_verdict(judging, adapted.hits, rate),
        terms=_score_terms(rows, terms, base, adapted, train_texts),
        term_rate=term_rate,
        other_rate=other_rate,
        normalizer_reason=reason,
    )


def _verdict(interval: Interval, hits: int, rate: float) -> Verdict:
    """The interval's verdict; but what an empty text would beat or equal is not better, whatever it spares."""
    found = verdict(interval)
    return "no proof" if found == "better" and (hits == 0 or rate >= 1) else found


def _evaluate(rows: Sequence[ComparisonRow], normalizer: str) -> tuple[Evaluation, Evaluation]:
    """Both sides in one go: the references are normalised once."""
    references = [row.reference for row in rows]
    both = evaluate(references * 2, [*(row.base for row in rows), *(row.adapted for row in rows)], normalizer).clips
    return Evaluation(normalizer, both[: len(rows)]), Evaluation(normalizer, both[len(rows) :])


def _score_terms(
    rows: Sequence[ComparisonRow],
    terms: Sequence[str],
    base: Evaluation,
    adapted: Evaluation,
    train_texts: Sequence[str],
) -> tuple[TermScore, ...]:
    if not terms and any(row.rare_words for row in rows):
        return score_rare_words([row.rare_words for row in rows], base, adapted, train_texts)
    return score_terms(terms, base, adapted, train_texts)


def _side_json(side: Evaluation, raw: Evaluation) -> dict[str, Any]:
    return {**side.to_json(), "raw": {"wer": raw.wer, "cer": raw.cer}}


def _clip_json(row: ComparisonRow, base: ClipScore, adapted: ClipScore) -> dict[str, Any]:
    return {
        "clip": row.clip_id,
        "name": row.name,
        "speaker": row.speaker,
        "reference": row.reference,
        "base": row.base,
        "adapted": row.adapted,
        "base_wer": base.wer,
        "adapted_wer": adapted.wer,
        "wer_change": adapted.wer - base.wer,
    }
