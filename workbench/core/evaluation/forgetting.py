"""Has the model forgotten general speech? Base and adapted on a general check set, held against a red line.

The line is NeMo's: a fine-tuned model may lose 3 points of absolute WER on general speech (docs/recipes.md,
"Forgetting"). What is said about it follows the interval and not the estimate alone.
"""

from dataclasses import dataclass
from typing import Any, Literal

from workbench.core.evaluation.comparison import Comparison
from workbench.core.evaluation.intervals import FEWEST_DIFFERING, Interval
from workbench.core.evaluation.verdict_sentence import measured, percent, points
from workbench.language.said import count, listing, say

Standing = Literal["forgot", "maybe forgot", "within", "cannot tell"]

# WER; a base that gets most general words wrong has little to forget, so that "within" would say nothing.
HOPELESS_BASE = 0.8


@dataclass(frozen=True)
class Forgetting:
    """What a run has forgotten of general speech.

    Attributes:
        set_name: The general check set.
        red_line: The rise of the WER that is too much, as a fraction.
        comparison: Base against adapted on the set's clips; None where they were not scored.
        left_out: Clips of the set that were left out because the model has learned from them.
        unscored: Why there is no comparison, one sentence; empty where there is one.
        version: Of the set's clips and labels; empty for runs from before it was kept.
    """

    set_name: str
    red_line: float
    comparison: Comparison | None = None
    left_out: int = 0
    unscored: str = ""
    version: str = ""

    @property
    def standing(self) -> Standing:
        """Where the change stands to the red line."""
        if self.comparison is None:
            return "cannot tell"
        standing = against_line(self.comparison.interval, self.red_line)
        hopeless = self.comparison.base.wer >= HOPELESS_BASE
        return "cannot tell" if standing == "within" and hopeless else standing

    def sentence(self) -> str:
        """One honest sentence for the domain expert, and what was left out."""
        c = self.comparison
        if c is None:
            return self.unscored
        measure = say(
            "WER went from {before} to {after} on {clips}: {measured}.",
            before=percent(c.base.wer),
            after=percent(c.adapted.wer),
            clips=self._clips(len(c.rows)),
            measured=measured(c, c.interval),
        )
        return listing([part for part in (self._judgement(), measure, self._caution(), self._left_out()) if part], " ")

    def to_json(self) -> dict[str, Any]:
        """Rates as fractions; the figures are missing where nothing was scored."""
        document: dict[str, Any] = {
            "set": self.set_name,
            "version": self.version,
            "red_line": self.red_line,
            "verdict": self.standing,
            "left_out": self.left_out,
            "summary": self.sentence(),
        }
        if self.comparison is None:
            return document
        figures = self.comparison.to_json()
        kept = ("normalizer", "base", "adapted", "wer_change", "fixed", "broken")
        return {**document, "clips": figures["test_clips"], **{name: figures[name] for name in kept}}

    def _clips(self, n: int) -> str:
        if not self.version:
            return count(
                n, "{n:,} general clip (set “{name}”)", "{n:,} general clips (set “{name}”)", name=self.set_name
            )
        return count(
            n,
            "{n:,} general clip (set “{name}”, version {version})",
            "{n:,} general clips (set “{name}”, version {version})",
            name=self.set_name,
            version=self.version,
        )

    def _judgement(self) -> str:
        line = points(self.red_line)
        if self.standing == "forgot":
            return say(
                "Forgot more general speech than the red line of {line} points allows, and that is proven.", line=line
            )
        if self.standing == "maybe forgot":
            return say(
                "Forgot more general speech than the red line of {line} points allows by what was measured, but that "
                "is not proven.",
                line=line,
            )
        if self.standing == "within":
            return say("Forgetting stays within the red line of {line} points.", line=line)
        assert self.comparison is not None
        if self.comparison.base.wer >= HOPELESS_BASE:
            return say("Cannot tell what was forgotten: the base itself gets most of these words wrong.")
        return say("Cannot tell whether forgetting stays within the red line of {line} points.", line=line)

    def _caution(self) -> str:
        groups = self.comparison.interval.groups if self.comparison else FEWEST_DIFFERING
        if groups >= FEWEST_DIFFERING:
            return ""
        return count(groups, "Only {n} clip: take it as a hint.", "Only {n} clips: take it as a hint.")

    def _left_out(self) -> str:
        if not self.left_out:
            return ""
        return count(
            self.left_out,
            "{n:,} clip of it was left out: the model has learned from it.",
            "{n:,} clips of it were left out: the model has learned from them.",
        )


def against_line(interval: Interval, red_line: float) -> Standing:
    """Hold a change in WER against the red line.

    Returns:
        "forgot": the whole interval lies above the line, and enough clips differ. "maybe forgot": only what was
        measured does. "within": the whole interval lies at or below it. "cannot tell": what was measured does, but the
        interval crosses the line; also with fewer than two clips, which have no interval.
    """
    if interval.groups < 2:
        return "cannot tell"
    if interval.low > red_line and interval.judges:
        return "forgot"
    if interval.high <= red_line:
        return "within"
    return "maybe forgot" if interval.estimate > red_line else "cannot tell"
