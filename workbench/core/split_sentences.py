"""What the rules of a split say: what keeps clips together, what was left out and why, what would help."""

from collections.abc import Collection
from typing import Literal, Protocol

from workbench.language.said import count, say

Kind = Literal["speaker", "source", "sentence"]
KINDS: tuple[Kind, ...] = ("speaker", "source", "sentence")


class Rules(Protocol):
    """Which properties tie clips together; see `splits`."""

    @property
    def by_speaker(self) -> bool: ...
    @property
    def sentence_rule(self) -> Literal["tie", "leave out", "free"]: ...
    @property
    def free_sources(self) -> Collection[str]: ...
    @property
    def closed_vocabulary(self) -> bool: ...


def leak(kind: Kind, n: int) -> str:
    """What stands in both train and test."""
    if kind == "speaker":
        return count(
            n,
            "{n} speaker stands in both train and test; the measured gain may be too good.",
            "{n} speakers stand in both train and test; the measured gain may be too good.",
        )
    if kind == "source":
        return count(
            n,
            "{n} source recording stands in both train and test; the measured gain may be too good.",
            "{n} source recordings stand in both train and test; the measured gain may be too good.",
        )
    return count(
        n,
        "{n} sentence stands in both train and test; the measured gain may be too good.",
        "{n} sentences stand in both train and test; the measured gain may be too good.",
    )


def stands(kind: Kind, splits: str) -> str:
    """In which splits a property of a clip stands already; a piece of a sentence."""
    if kind == "speaker":
        return say("its speaker stands in {splits}", splits=splits)
    if kind == "source":
        return say("its source recording stands in {splits}", splits=splits)
    return say("its sentence stands in {splits}", splits=splits)


def together(rules: Rules) -> str:
    """What keeps clips in one split; no full stop."""
    if rules.free_sources:
        if rules.sentence_rule == "free":
            return say("Clips of one recording test each other, so the figures hold for this voice and recording")
        return say(
            "Clips of one recording test each other, so the figures hold for this voice and recording; a sentence "
            "stays in one split"
        )
    return _together_by_speaker(rules) if rules.by_speaker else _together_by_source(rules)


def _together_by_speaker(rules: Rules) -> str:
    if rules.sentence_rule == "tie":
        return say("Clips that share a speaker, a source recording or a sentence stay together")
    if rules.sentence_rule == "leave out":
        return say(
            "Clips that share a speaker or a source recording stay together, and a clip that repeats a sentence of "
            "another split is left out"
        )
    return say(
        "Clips that share a speaker or a source recording stay together; most texts are repeated (a closed "
        "vocabulary), so the same text may stand in several splits"
    )


def _together_by_source(rules: Rules) -> str:
    if rules.sentence_rule == "tie":
        return say("Clips that share a source recording or a sentence stay together")
    if rules.sentence_rule == "leave out":
        return say(
            "Clips that share a source recording stay together, and a clip that repeats a sentence of another split is "
            "left out"
        )
    return say(
        "Clips that share a source recording stay together; most texts are repeated (a closed vocabulary), so the same "
        "text may stand in several splits"
    )


def described(rules: Rules, *, fixed: bool) -> str:
    """The rules in use, one sentence for the page."""
    if fixed:
        return say(
            "{rule}; splits that came with the import are kept; new clips are dealt 70 % to train, 10 % to dev, 20 % "
            "to test.",
            rule=together(rules),
        )
    return say("{rule}; new clips are dealt 70 % to train, 10 % to dev, 20 % to test.", rule=together(rules))


def remedy(rules: Rules) -> str:
    """What clips would have to be added, as in “add clips …”."""
    if rules.by_speaker and rules.closed_vocabulary:
        return say("of another speaker and another source recording")
    if rules.by_speaker:
        return say("of another speaker and another source recording and other sentences")
    if rules.closed_vocabulary:
        return say("of another source recording")
    return say("of another source recording and other sentences")
