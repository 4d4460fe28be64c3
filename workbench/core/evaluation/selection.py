"""Which of several fine-tunes to take: the simplest that is as good as the best, as far as the dev clips can tell.

The best of many arms looks better on the dev clips than it is, and more so the more arms there are. Two things hold
against that: an arm must beat a simpler one by more than the noise of their difference (the one-standard-error rule,
Breiman et al. 1984), and the test clips, which chose nothing, are scored once, for the chosen arm alone. Hopeless arms
are dropped early by successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from workbench.language.said import count, listing, say

BASE = "base"  # the arm that trains nothing
RESAMPLES = 2000
BASE_ERRORS = 2  # standard errors by which training has to beat not training, which is safe and free


@dataclass(frozen=True)
class Candidate:
    """One arm as the dev clips saw it.

    Attributes:
        name: For instance "top-2 at 1e-3"; "base" for not training.
        trainable_parameters: What makes an arm simple; 0 for the base.
        errors: (n_clips,) word errors of each dev clip.
    """

    name: str
    trainable_parameters: int
    errors: tuple[int, ...]


@dataclass(frozen=True)
class Selection:
    """The arm to take.

    Attributes:
        best: The arm with the lowest dev WER.
        chosen: The simplest arm within one standard error of it; the base within two.
        lead: How much lower the best arm's WER is than the chosen one's, as a fraction.
        noise: Standard error of that difference, as a fraction.
    """

    best: str
    chosen: str
    lead: float
    noise: float

    @property
    def train(self) -> bool:
        """Whether any arm is worth more than the base."""
        return self.chosen != BASE


def choose(candidates: Sequence[Candidate], reference_words: Sequence[int], *, seed: int = 0) -> Selection:
    """The simplest candidate within one standard error of the best.

    Args:
        candidates: The base among them; all on the same clips.
        reference_words: (n_clips,) words of each clip.
        seed: Makes the choice repeatable.
    """
    words = np.asarray(reference_words, dtype=np.float64)
    order = sorted(candidates, key=lambda c: (sum(c.errors), c.trainable_parameters, c.name))
    best = order[0]
    drawn = np.random.default_rng(seed).integers(0, len(words), size=(RESAMPLES, len(words)))
    for candidate in sorted(candidates, key=lambda c: (c.trainable_parameters, sum(c.errors), c.name)):
        lead, noise = _lead(best, candidate, words, drawn)
        if lead <= noise * (BASE_ERRORS if candidate.name == BASE else 1):
            return Selection(best.name, candidate.name, lead, noise)
    raise AssertionError("the best arm is within the noise of itself")


def recommendation(choice: Selection, base_wer: float, wers: Mapping[str, float], dev_clips: int) -> str:
    """What to do, in one or two sentences for a domain expert.

    Args:
        base_wer: Of the untouched base on the dev clips.
        wers: Arm -> its WER on the dev clips.
    """
    base = _percent(base_wer)
    if not choice.train:
        return _keep_base(choice, base, wers, dev_clips)
    taken = count(
        dev_clips,
        "Take {arm}: {wer} WER on {n} dev clip, the base has {base}.",
        "Take {arm}: {wer} WER on {n} dev clips, the base has {base}.",
        arm=choice.chosen,
        wer=_percent(wers[choice.chosen]),
        base=base,
    )
    if choice.chosen == choice.best:
        return listing([taken, say("No simpler arm comes within the noise of it.")], " ")
    simpler = say(
        "{best} came to {wer}, but the difference is within the noise, and {chosen} lets fewer weights learn.",
        best=choice.best,
        wer=_percent(wers[choice.best]),
        chosen=choice.chosen,
    )
    return listing([taken, simpler], " ")


def _keep_base(choice: Selection, base: str, wers: Mapping[str, float], dev_clips: int) -> str:
    if choice.best not in wers:
        return count(
            dev_clips,
            "Do not train: on {n} dev clip the base has {base} WER and no arm did better, which is within the noise. "
            "More clips, or other ones, would say more.",
            "Do not train: on {n} dev clips the base has {base} WER and no arm did better, which is within the noise. "
            "More clips, or other ones, would say more.",
            base=base,
        )
    return count(
        dev_clips,
        "Do not train: on {n} dev clip the base has {base} WER and {best} came to {wer}, which is within the noise. "
        "More clips, or other ones, would say more.",
        "Do not train: on {n} dev clips the base has {base} WER and {best} came to {wer}, which is within the noise. "
        "More clips, or other ones, would say more.",
        base=base,
        best=choice.best,
        wer=_percent(wers[choice.best]),
    )


def _percent(rate: float) -> str:
    return say("{percent:.1f}%", percent=100 * rate)


def _lead(
    best: Candidate, other: Candidate, words: NDArray[np.float64], drawn: NDArray[np.int64]
) -> tuple[float, float]:
    """How much better the best is in WER, and the bootstrap's standard error of that difference."""
    more = np.asarray(other.errors, dtype=np.float64) - np.asarray(best.errors, dtype=np.float64)
    total = words.sum()
    if not total:
        return 0.0, 0.0
    samples = more[drawn].sum(1) / np.maximum(1.0, words[drawn].sum(1))
    return float(more.sum() / total), float(samples.std())


def rungs(arms: int, updates: int, *, keep: float = 0.5) -> list[tuple[int, int]]:
    """Successive halving: (arms still in it, updates each has made at the end of the rung), the last rung in full.

    Args:
        arms: How many begin.
        updates: Of a whole training.
        keep: Share of the arms that each rung leaves.
    """
    counts = [arms]
    while counts[-1] > 2:
        counts.append(ceil(counts[-1] * keep))
    n = len(counts)
    return [(count, max(1, round(updates * 2.0 ** (i - n + 1)))) for i, count in enumerate(counts)]


def survivors(scores: Mapping[str, tuple[float, float]], count: int) -> list[str]:
    """The arms that go on: the lowest dev WER first, the lower CER among equals, then by name."""
    return sorted(scores, key=lambda name: (*scores[name], name))[:count]
