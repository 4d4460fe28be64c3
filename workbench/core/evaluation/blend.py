"""How much of what was learned to keep: weights between base and adapted, on domain and on general clips.

Weights between those of a base and of its fine-tune often keep most of the gain and lose little of what the base could
do (WiSE-FT, Wortsman et al. 2022, arXiv 2109.01903). What chooses are the dev clips and the general clips to steer by;
the test clips and the general clips that are reported judge the one choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from workbench.core.evaluation.intervals import Interval, paired_bootstrap
from workbench.core.evaluation.scoring import Evaluation, error_rate

SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)  # of what was learned
AS_TRAINED: Final = 1.0
EXACT: Final = 1e-9  # a forgetting of just what is allowed is allowed


@dataclass(frozen=True)
class Sample:
    """The clips that something is chosen by, and how the base as it came hears them.

    Attributes:
        words: (n_clips,) reference words of each clip.
        errors: (n_clips,) word errors of the base.
        speakers: Of each clip.
    """

    words: tuple[int, ...]
    errors: tuple[int, ...]
    speakers: tuple[str | None, ...]

    @classmethod
    def of(cls, base: Evaluation, speakers: Sequence[str | None]) -> "Sample":
        words = tuple(clip.reference_words for clip in base.clips)
        return cls(words, tuple(clip.errors for clip in base.clips), tuple(speakers))

    def plus(self, other: "Sample") -> "Sample":
        """Both of them."""
        return Sample(self.words + other.words, self.errors + other.errors, self.speakers + other.speakers)

    def change(self, errors: Sequence[int]) -> float:
        """The change of the pooled WER, as a fraction."""
        return (sum(errors) - sum(self.errors)) / max(1, sum(self.words))

    def interval(self, errors: Sequence[int]) -> Interval:
        """The same with its interval."""
        return paired_bootstrap(self.errors, errors, self.words, self.speakers)


@dataclass(frozen=True)
class Point:
    """The model with one share of what was learned.

    Attributes:
        share: 0 for the weights that training began with, 1 for those that it ended with.
        domain, general: Word errors in each clip of the two samples.
        characters: Character errors in the domain's clips, which decide between equal word error rates.
    """

    share: float
    domain: tuple[int, ...]
    general: tuple[int, ...]
    characters: int

    def plus(self, other: "Point") -> "Point":
        """Both of them, which have the same share."""
        both = self.domain + other.domain, self.general + other.general
        return Point(self.share, *both, self.characters + other.characters)


@dataclass(frozen=True)
class BlendCurve:
    """Domain against general word error rate, from the base to what was learned.

    Attributes:
        domain: The dev clips.
        general: The general clips to steer by.
        points: By share.
        allowed: What may be forgotten, as a fraction of the general words.
    """

    domain: Sample
    general: Sample
    points: tuple[Point, ...]
    allowed: float

    @property
    def recommended(self) -> Point:
        """The lowest domain WER among the points that forget no more than is allowed.

        Among equals the lower character error rate, then the smaller share. Without dev clips nothing says that less
        would do: the largest share. Where none forgets so little (the base itself is none of them in a shorter window)
        the one that forgets least.
        """
        within = [p for p in self.points if self.is_allowed(p)]
        if not within:
            return min(self.points, key=lambda p: (sum(p.general), sum(p.domain), p.share))
        if not self.domain.words:
            return max(within, key=lambda p: p.share)
        return min(within, key=lambda p: (sum(p.domain), p.characters, p.share))

    def is_allowed(self, point: Point) -> bool:
        """Whether a point forgets no more than is allowed, by what was measured."""
        return self.general.change(point.general) <= self.allowed + EXACT

    def plus(self, other: "BlendCurve") -> "BlendCurve":
        """The curve over the clips of both, as of two folds."""
        points = tuple(mine.plus(its) for mine, its in zip(self.points, other.points, strict=True))
        return BlendCurve(self.domain.plus(other.domain), self.general.plus(other.general), points, self.allowed)

    def summary(self) -> dict[str, Any]:
        """What a run's result keeps: rates and changes as fractions, each with its interval."""
        return {
            "points": [self._point(p) for p in self.points],
            "recommended": self.recommended.share,
            "allowed": self.allowed,
            "base": {
                "wer": _wer(self.domain.errors, self.domain),
                "general_wer": _wer(self.general.errors, self.general),
            },
            "dev_clips": len(self.domain.words),
            "general_clips": len(self.general.words),
        }

    def _point(self, point: Point) -> dict[str, Any]:
        domain, general = self.domain.interval(point.domain), self.general.interval(point.general)
        return {
            "blend": point.share,
            "wer": _rate(point.domain, self.domain, domain),
            "general_wer": _rate(point.general, self.general, general),
            "wer_change": domain.to_json(),
            "forgetting": general.to_json(),
            "allowed": self.is_allowed(point),
        }

    def to_json(self) -> dict[str, Any]:
        """All that it was made of."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "BlendCurve":
        domain, general = (_sample(document[name]) for name in ("domain", "general"))
        points = tuple(
            Point(p["share"], tuple(p["domain"]), tuple(p["general"]), p["characters"]) for p in document["points"]
        )
        return cls(domain, general, points, document["allowed"])


def pooled(curves: Sequence[BlendCurve]) -> BlendCurve:
    """The curve over the clips of all of them."""
    first, *others = curves
    for other in others:
        first = first.plus(other)
    return first


def _sample(document: Mapping[str, Any]) -> Sample:
    return Sample(tuple(document["words"]), tuple(document["errors"]), tuple(document["speakers"]))


def _wer(errors: Sequence[int], sample: Sample) -> float:
    return error_rate(sum(errors), sum(sample.words))


def _rate(errors: Sequence[int], sample: Sample, change: Interval) -> dict[str, float]:
    """A WER with the ends that its change from the base gives it."""
    base = _wer(sample.errors, sample)
    return {"value": _wer(errors, sample), "low": max(0.0, base + change.low), "high": base + change.high}
