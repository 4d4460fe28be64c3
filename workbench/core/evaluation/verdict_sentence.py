"""What a comparison says, in sentences for a domain expert: nothing more than its numbers allow."""

from collections.abc import Sized
from typing import Protocol

from workbench.core.evaluation.intervals import EARLIER_METHOD, FEWEST_DIFFERING, Interval
from workbench.core.evaluation.part_rates import PartRate
from workbench.core.evaluation.sample_size import Enough, Scheme
from workbench.core.evaluation.scoring import Evaluation
from workbench.core.evaluation.terms import TermScore
from workbench.core.text.ruler import Measure
from workbench.core.types import Verdict
from workbench.language.said import Said, count, listing, say

OFTEN_WRONG = 0.3  # WER; from here on speech services call a recogniser poor (Azure: 30 % and more)


class Compared(Protocol):
    """What of a comparison a verdict speaks of; see `comparison.Comparison`."""

    @property
    def rows(self) -> Sized: ...
    @property
    def scheme(self) -> Scheme: ...
    @property
    def normalizer(self) -> str: ...
    @property
    def base(self) -> Evaluation: ...
    @property
    def adapted(self) -> Evaluation: ...
    @property
    def interval(self) -> Interval: ...
    @property
    def judging(self) -> Interval: ...
    @property
    def measure(self) -> Measure: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def kept_base(self) -> str: ...
    @property
    def nothing_kept(self) -> bool: ...
    @property
    def all_terms(self) -> TermScore | None: ...
    @property
    def n_speakers(self) -> int: ...

    def rate(self, side: Evaluation) -> float:
        """Base's or adapted's rate that judges."""


def verdict_sentence(comparison: Compared) -> str:
    """Say what was measured, how sure it is and for whom."""
    kept = comparison.kept_base
    if not comparison.rows:
        return listing([kept, say("There is no test clip.")], " ") if kept else say("No proof: there is no test clip.")
    if comparison.nothing_kept:
        return listing([kept, _unchanged(comparison)], " ")
    if kept:
        return listing([kept, say("What follows is of the folds' own models."), _judged(comparison)], " ")
    return _judged(comparison)


def _judged(comparison: Compared) -> str:
    if comparison.judging.groups < 2:
        return _of_one_clip(comparison)
    if not comparison.judging.judges:
        return _too_few(comparison)
    return _unproven(comparison) if comparison.verdict == "no proof" else _proven(comparison)


def _facts(comparison: Compared) -> dict[str, str]:
    """What every verdict names."""
    return {
        "measure": comparison.measure.upper(),
        "before": percent(comparison.rate(comparison.base)),
        "after": percent(comparison.rate(comparison.adapted)),
        "clips": _clips(len(comparison.rows), comparison.scheme),
    }


def _clips(n: int, scheme: Scheme) -> str:
    if scheme == "test":
        return count(n, "{n:,} test clip", "{n:,} test clips")
    if scheme == "out-of-fold":
        return count(n, "{n:,} clip heard out of fold", "{n:,} clips heard out of fold")
    return count(n, "{n:,} clip", "{n:,} clips")


def _unchanged(comparison: Compared) -> str:
    return say(
        "It has {rate} {measure} on {clips}, before and after ({normalizer} normalizer).",
        rate=percent(comparison.rate(comparison.base)),
        measure=comparison.measure.upper(),
        clips=_clips(len(comparison.rows), comparison.scheme),
        normalizer=comparison.normalizer,
    )


def _of_one_clip(comparison: Compared) -> str:
    return say(
        "No proof: {measure} went from {before} to {after} on {clips}, and one clip proves nothing ({normalizer} "
        "normalizer).",
        **_facts(comparison),
        normalizer=comparison.normalizer,
    )


def _too_few(comparison: Compared) -> str:
    return say(
        "Too few to judge: {measure} went from {before} to {after} on {clips}, but {differing}, and fewer than "
        "{fewest} prove nothing ({measured}).",
        **_facts(comparison),
        differing=_differing(comparison.judging),
        fewest=FEWEST_DIFFERING,
        measured=measured(comparison, comparison.judging),
    )


def _unproven(comparison: Compared) -> str:
    facts = _facts(comparison) | {"measured": measured(comparison, comparison.judging)}
    if comparison.judging.high < 0:
        return say(
            "No proof: {measure} went from {before} to {after} on {clips}, but an empty text would score 100.0 %: the "
            "adapted model only writes fewer wrong words ({measured}).",
            **facts,
        )
    unproven = say(
        "No proof yet: {measure} went from {before} to {after} on {clips}, but the interval includes zero "
        "({measured}).",
        **facts,
    )
    provable = Enough(len(comparison.rows), comparison.base.errors, comparison.scheme).sentence(earlier=True)
    return listing([unproven, provable], " ")


def _proven(comparison: Compared) -> str:
    facts = _facts(comparison) | {"measured": measured(comparison, comparison.judging)}
    if comparison.verdict == "better":
        judged = say("Better: {measure} fell from {before} to {after} on {clips} ({measured}).", **facts)
    else:
        judged = say("Worse: {measure} rose from {before} to {after} on {clips} ({measured}).", **facts)
    wrong = _still_wrong(comparison)
    return listing([judged, wrong], " ") if wrong else judged


def measured(comparison: Compared, interval: Interval) -> str:
    """A change with its interval, for whom it holds and how it was measured; a piece of a sentence."""
    said = say(
        "change {change} points, 95 % interval {low} to {high}, {for_whom}; {normalizer} normalizer",
        change=points(interval.estimate),
        low=points(interval.low),
        high=points(interval.high),
        for_whom=for_whom(comparison),
        normalizer=comparison.normalizer,
    )
    if interval.method != EARLIER_METHOD:
        return said
    return say(
        "{measured}; interval by the earlier method, plain percentiles, which is too narrow for few clips",
        measured=said,
    )


def for_whom(comparison: Compared) -> str:
    """Say what the interval was resampled over, and thereby for whom it holds."""
    if comparison.interval.over == "speakers":
        groups = comparison.interval.groups
        return count(groups, "over {n} speaker", "over {n} speakers")
    n_speakers = comparison.n_speakers
    if not n_speakers:
        return say("over clips, speakers not named")
    return count(n_speakers, "over clips, for this one speaker", "over clips, for these {n} speakers")


def _still_wrong(comparison: Compared) -> str:
    """What "better" does not mean: most words right, or the expert's own words heard."""
    rate, terms = comparison.rate(comparison.adapted), comparison.all_terms
    wrong = min(10, round(10 * rate)) if rate >= OFTEN_WRONG else 0
    if terms is None or not terms.adapted.occurrences or terms.adapted.recall is None:
        return _wrong(wrong, comparison) if wrong else ""
    heard = {"after": terms.adapted.hits, "occurrences": terms.adapted.occurrences, "before": terms.base.hits}
    if not wrong:
        return say("Of your own words {after} of {occurrences} are heard right, {before} before.", **heard)
    if comparison.measure == "cer":
        return say(
            "About {wrong} of 10 characters are still wrong; of your own words {after} of {occurrences} are heard "
            "right, {before} before.",
            wrong=wrong,
            **heard,
        )
    return say(
        "About {wrong} of 10 words are still wrong; of your own words {after} of {occurrences} are heard right, "
        "{before} before.",
        wrong=wrong,
        **heard,
    )


def _wrong(wrong: int, comparison: Compared) -> str:
    if comparison.measure == "cer":
        return say("About {wrong} of 10 characters are still wrong.", wrong=wrong)
    return say("About {wrong} of 10 words are still wrong.", wrong=wrong)


def _differing(interval: Interval) -> str:
    """How many clips, or speakers, have another number of errors than before."""
    n, groups = interval.differing, interval.groups
    if interval.over != "clips":
        return _differing_speakers(n, groups)
    if n == 0:
        return say("none of them has another number of errors than before")
    return count(
        n,
        "only {n} of them has another number of errors than before",
        "only {n} of them have another number of errors than before",
    )


def _differing_speakers(n: int, speakers: int) -> str:
    if n == 0:
        return say("none of the {speakers} speakers has another number of errors than before", speakers=speakers)
    return count(
        n,
        "only {n} of the {speakers} speakers has another number of errors than before",
        "only {n} of the {speakers} speakers have another number of errors than before",
        speakers=speakers,
    )


def parts_sentence(listed: PartRate | None, others: PartRate | None) -> str:
    """The error rates on the words of the word list and on all others; empty without a list."""
    if listed is None:
        return ""
    of_list = {"before": percent(listed.base), "after": percent(listed.adapted), "change": _change(listed.change)}
    if others is None:
        return say("On the words of the list {before} to {after} WER ({change}).", **of_list)
    return say(
        "On the words of the list {before} to {after} WER ({change}); on all others {others_before} to {others_after} "
        "WER ({others_change}).",
        **of_list,
        others_before=percent(others.base),
        others_after=percent(others.adapted),
        others_change=_change(others.change),
    )


def _change(change: Interval) -> Said:
    return say(
        "{change} points, 95 % interval {low} to {high}",
        change=points(change.estimate),
        low=points(change.low),
        high=points(change.high),
    )


def percent(rate: float) -> str:
    """A rate in percent."""
    return say("{percent:.1f} %", percent=100 * rate)


def points(change: float) -> str:
    """A change in percentage points with its sign; a rounded zero has none."""
    size = abs(100 * change)
    if f"{size:.1f}" == "0.0":
        return say("{points:.1f}", points=0.0)
    return say("+{points:.1f}", points=size) if change > 0 else say("\N{MINUS SIGN}{points:.1f}", points=size)
