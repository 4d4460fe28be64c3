"""Chooses how strongly a set's words are favoured, on its confirmed clips; says what that gains on clips it was not
chosen on; needs torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workbench.asr.training.batch_plan import padded_batches
from workbench.core.evaluation.boost_strength import best_strength, out_of_fold
from workbench.core.evaluation.intervals import Interval, paired_bootstrap
from workbench.core.evaluation.scoring import evaluate
from workbench.core.text.word_list import Favoured
from workbench.core.types import SAMPLE_RATE
from workbench.language.said import say
from workbench.services.inference.long_form import CHUNK_SECONDS, favour

if TYPE_CHECKING:
    import numpy as np

    from workbench.asr.models.backend import Backend

FACTORS: Final = (0.0, 0.5, 1.0, 1.5)  # of the family's usual strength
LEAST_CLIPS: Final = 10  # of fewer, the usual strength is taken
MOST_CLIPS: Final = 200  # of more, some


@dataclass(frozen=True)
class StrengthChoice:
    """A strength, and what it was chosen on.

    Attributes:
        clips: How many clips it was chosen on.
        without: Word error rate of the list left out.
        change: Of the word error rate, each clip at the strength that others chose, minus without.
    """

    strength: float
    clips: int
    without: float
    change: Interval

    def sentence(self) -> str:
        """What was chosen, and what it does."""
        return say(
            "Strength {strength:g} was chosen on {clips} confirmed clips: WER {without:.1f} % without the list, "
            "{change:+.1f} points with it ({low:+.1f} to {high:+.1f}; each clip at the strength that others chose).",
            strength=self.strength,
            clips=self.clips,
            without=100 * self.without,
            change=100 * self.change.estimate,
            low=100 * self.change.low,
            high=100 * self.change.high,
        )


def choose_strength(
    backend: "Backend",
    sounds: "Sequence[np.ndarray]",
    texts: Sequence[str],
    speakers: Sequence[str | None],
    folds: Sequence[int],
    favoured: Favoured,
    normalizer: str,
    done: Callable[[int], None] = lambda n: None,
) -> StrengthChoice:
    """Let a model write clips at several strengths, and take the one with the fewest errors.

    Args:
        sounds: (n_samples,) float32 at 16 kHz each, none longer than the model's window.
        texts: What is said in them.
        folds: The fold of each clip.
    """
    strengths = [factor * backend.usual_boost for factor in FACTORS]
    heard = _heard(backend, sounds, favoured, strengths, done)
    scores = {s: evaluate(texts, heard[s], normalizer) for s in strengths}
    errors = {s: [clip.errors for clip in of.clips] for s, of in scores.items()}
    words = [clip.reference_words for clip in scores[0.0].clips]
    change = paired_bootstrap(errors[0.0], out_of_fold(errors, folds), words, speakers)
    return StrengthChoice(best_strength(errors), len(texts), sum(errors[0.0]) / max(1, sum(words)), change)


def _heard(
    backend: "Backend",
    sounds: "Sequence[np.ndarray]",
    favoured: Favoured,
    strengths: Sequence[float],
    done: Callable[[int], None],
) -> dict[float, list[str]]:
    """Texts by strength; each sound is listened to once."""
    from workbench.asr.models.backend import ClipInput

    start, finished = backend.decode_start, 0
    texts = {s: [""] * len(sounds) for s in strengths}
    order = sorted(range(len(sounds)), key=lambda i: len(sounds[i]))
    costs = [max(len(sounds[i]), backend.padded_to) for i in order]
    for batch in padded_batches(order, costs, CHUNK_SECONDS * SAMPLE_RATE):
        items = backend.collate(backend.encode_prefix([ClipInput(sounds[i]) for i in batch], start))
        for strength in strengths:
            favour(backend, Favoured(favoured.terms, strength))
            for i, text in zip(batch, backend.transcribe(items, start), strict=True):
                texts[strength][i] = text
        finished += len(batch)
        done(finished)
    backend.set_boost((), 0.0)
    return texts
