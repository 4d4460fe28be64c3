"""Base against adapted: the same clips, the same normalizer, one verdict that a domain expert can read.

Used for a run's test clips, for out-of-fold texts, for two runs, and for texts of two recognisers from a file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from workbench.core.evaluation.intervals import (
    EARLIER_METHOD,
    FEWEST_DIFFERING,
    METHOD,
    Interval,
    paired_bootstrap,
    verdict,
)
from workbench.core.evaluation.mistakes import Confusion, Missed, mistakes
from workbench.core.evaluation.part_rates import PartRate, part_rates
from workbench.core.evaluation.sample_size import Enough, Scheme
from workbench.core.evaluation.scoring import ClipScore, Evaluation, evaluate
from workbench.core.evaluation.terms import TermScore, pooled, score_rare_words, score_terms
from workbench.core.text.ruler import Measure, choose_ruler, measure_of
from workbench.core.types import Verdict

OFTEN_WRONG = 0.3  # WER; from here on speech services call a recogniser poor (Azure: 30 % and more)
EARLIER = "; interval by the earlier method, plain percentiles, which is too narrow for few clips"
OTHER_RULER = "Chosen by hand; these texts are usually compared with {suited}."
_NO_CLIP = "No proof: there is no test clip."
_CLIP_NOUN: dict[Scheme, str] = {"test": "test clip", "out-of-fold": "clip heard out of fold", "given": "clip"}


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
            "normalizer_reason": self.normalizer_reason,
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
        named = (("the words of the list", self.term_rate), ("all others", self.other_rate))
        said = [
            f"{name} {percent(part.base)} to {percent(part.adapted)} WER ({points(part.change.estimate)} points, "
            f"95 % interval {points(part.change.low)} to {points(part.change.high)})"
            for name, part in named
            if part
        ]
        return f"On {'; on '.join(said)}." if self.term_rate else ""

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
        reason = suited.reason if suited.normalizer == normalizer else OTHER_RULER.format(suited=suited.normalizer)
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


def verdict_sentence(comparison: Comparison) -> str:
    """Say what was measured, how sure it is and for whom; nothing more than the numbers allow."""
    interval, n_clips, name = comparison.judging, len(comparison.rows), comparison.measure.upper()
    if n_clips == 0:
        return f"{comparison.kept_base} There is no test clip." if comparison.kept_base else _NO_CLIP
    noun = _CLIP_NOUN[comparison.scheme]
    on = f"on {n_clips:,} {noun if n_clips == 1 else noun.replace('clip', 'clips', 1)}"
    if comparison.nothing_kept:
        rate, rules = percent(comparison.rate(comparison.base)), f"{comparison.normalizer} normalizer"
        return f"{comparison.kept_base} It has {rate} {name} {on}, before and after ({rules})."
    if comparison.kept_base:
        of_folds = replace(comparison, kept_base="").sentence()
        return f"{comparison.kept_base} What follows is of the folds' own models. {of_folds}"
    wers = f"{percent(comparison.rate(comparison.base))} to {percent(comparison.rate(comparison.adapted))}"
    if interval.groups < 2:
        rules = f"{comparison.normalizer} normalizer"
        return f"No proof: {name} went from {wers} {on}, and one clip proves nothing ({rules})."
    measured = (
        f"change {points(interval.estimate)} points, 95 % interval {points(interval.low)} to"
        f" {points(interval.high)}, {for_whom(comparison)}; {comparison.normalizer} normalizer"
        f"{said_of_method(interval)}"
    )
    if not interval.judges:
        few = f"fewer than {FEWEST_DIFFERING} prove nothing"
        return f"Too few to judge: {name} went from {wers} {on}, but {_differing(interval)}, and {few} ({measured})."
    if comparison.verdict == "no proof" and interval.high < 0:
        return (
            f"No proof: {name} went from {wers} {on}, but an empty text would score 100.0 %: the adapted model only "
            f"writes fewer wrong words ({measured})."
        )
    if comparison.verdict == "no proof":
        provable = Enough(n_clips, comparison.base.errors, comparison.scheme).sentence("errors before")
        return f"No proof yet: {name} went from {wers} {on}, but the interval includes zero ({measured}). {provable}"
    moved = "fell" if comparison.verdict == "better" else "rose"
    judged = f"{comparison.verdict.capitalize()}: {name} {moved} from {wers} {on} ({measured})."
    return judged + _still_wrong(comparison)


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


def said_of_method(interval: Interval) -> str:
    """What to add where an interval was made by the method of before; else nothing."""
    return EARLIER if interval.method == EARLIER_METHOD else ""


def for_whom(comparison: Comparison) -> str:
    """Say what the interval was resampled over, and thereby for whom it holds."""
    if comparison.interval.over == "speakers":
        return f"over {comparison.interval.groups} speakers"
    n_speakers = comparison.n_speakers
    if not n_speakers:
        return "over clips, speakers not named"
    return f"over clips, for {'this one speaker' if n_speakers == 1 else f'these {n_speakers} speakers'}"


def _still_wrong(comparison: Comparison) -> str:
    """What "better" does not mean: most words right, or the expert's own words heard."""
    said = []
    rate, things = comparison.rate(comparison.adapted), "characters" if comparison.measure == "cer" else "words"
    if rate >= OFTEN_WRONG:
        said.append(f"about {min(10, round(10 * rate))} of 10 {things} are still wrong")
    terms = comparison.all_terms
    if terms and terms.adapted.occurrences and terms.adapted.recall is not None:
        before, after = terms.base.hits, terms.adapted.hits
        said.append(f"of your own words {after} of {terms.adapted.occurrences} are heard right, {before} before")
    return f" {'; '.join(said).capitalize()}." if said else ""


def _differing(interval: Interval) -> str:
    """How many clips, or speakers, have another number of errors than before."""
    n, of = interval.differing, "them" if interval.over == "clips" else f"the {interval.groups} speakers"
    if n == 0:
        return f"none of {of} has another number of errors than before"
    return f"only {n} of {of} {'has' if n == 1 else 'have'} another number of errors than before"


def percent(rate: float) -> str:
    """A rate in percent."""
    return f"{100 * rate:.1f} %"


def points(change: float) -> str:
    """A change in percentage points with its sign; a rounded zero has none."""
    shown = f"{100 * change:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if shown[1:] == "0.0" else shown
