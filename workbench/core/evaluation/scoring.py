"""Word and character errors of a transcript: one rich result per evaluation, small properties read it.

jiwer aligns (Levenshtein, in bulk); empty references and hypotheses are decided here, because the rate of an empty
reference is a convention and not an alignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import jiwer
from rapidfuzz.distance import Levenshtein

from workbench.core.text.normalize import normalizer
from workbench.errors import DataError
from workbench.language.said import say

OpKind = Literal["equal", "substitute", "delete", "insert"]


@dataclass(frozen=True, slots=True)
class WordOp:
    """One step of an alignment; `reference` is empty for an insertion, `hypothesis` for a deletion."""

    kind: OpKind
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class ClipScore:
    """One clip's errors, in normalised words and characters (spaces count as characters).

    Attributes:
        alignment: The words in order, as they were compared.
    """

    hits: int
    substitutions: int
    deletions: int
    insertions: int
    reference_words: int
    character_errors: int
    reference_characters: int
    alignment: tuple[WordOp, ...]

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """Word error rate as a fraction; may exceed 1. An empty reference: 0.0 without insertions, else 1.0."""
        return error_rate(self.errors, self.reference_words)

    @property
    def cer(self) -> float:
        """Character error rate as a fraction, with the same rule for an empty reference."""
        return error_rate(self.character_errors, self.reference_characters)


@dataclass(frozen=True)
class Evaluation:
    """The scores of a list of clips; rates are pooled over all words, not averaged over clips.

    Attributes:
        normalizer: Name of the text normalizer both sides went through.
        clips: One score per clip, in the order given.
    """

    normalizer: str
    clips: tuple[ClipScore, ...]

    @property
    def hits(self) -> int:
        return sum(clip.hits for clip in self.clips)

    @property
    def substitutions(self) -> int:
        return sum(clip.substitutions for clip in self.clips)

    @property
    def deletions(self) -> int:
        return sum(clip.deletions for clip in self.clips)

    @property
    def insertions(self) -> int:
        return sum(clip.insertions for clip in self.clips)

    @property
    def errors(self) -> int:
        return sum(clip.errors for clip in self.clips)

    @property
    def reference_words(self) -> int:
        return sum(clip.reference_words for clip in self.clips)

    @property
    def wer(self) -> float:
        """Pooled word error rate as a fraction; without any reference word 0.0, or 1.0 where words were inserted."""
        return error_rate(self.errors, self.reference_words)

    @property
    def cer(self) -> float:
        """Pooled character error rate as a fraction."""
        errors = sum(clip.character_errors for clip in self.clips)
        return error_rate(errors, sum(clip.reference_characters for clip in self.clips))

    def to_json(self) -> dict[str, float | int]:
        """Rates as fractions, counts as integers."""
        return {
            "wer": self.wer,
            "cer": self.cer,
            "hits": self.hits,
            "substitutions": self.substitutions,
            "deletions": self.deletions,
            "insertions": self.insertions,
            "reference_words": self.reference_words,
        }


def error_rate(errors: int, length: int) -> float:
    """Errors per reference unit; an empty reference gives 0.0 without errors, else 1.0."""
    if length:
        return errors / length
    return 1.0 if errors else 0.0


def score_clip(reference: str, hypothesis: str, normalizer_name: str) -> ClipScore:
    """Score one transcript.

    Raises:
        UnknownNameError: No such normalizer.
    """
    return evaluate([reference], [hypothesis], normalizer_name).clips[0]


def evaluate(references: Sequence[str], hypotheses: Sequence[str], normalizer_name: str) -> Evaluation:
    """Score transcripts against their references, pair by pair.

    Raises:
        UnknownNameError: No such normalizer.
        DataError: The two lists differ in length.
    """
    if len(references) != len(hypotheses):
        raise DataError(
            say(
                "{n} references but {n2} hypotheses; each clip needs one text from each side.",
                n=len(references),
                n2=len(hypotheses),
            )
        )
    normalize = normalizer(normalizer_name)
    normalized = {text: normalize(text) for text in {*references, *hypotheses}}  # most texts come twice or more
    pairs = [(normalized[ref], normalized[hyp]) for ref, hyp in zip(references, hypotheses, strict=True)]
    words = _align_words(pairs)
    # Where each character is a word of its own, the spaces between them are nobody's.
    written = [(r.replace(" ", ""), h.replace(" ", "")) for r, h in pairs] if normalizer_name == "characters" else pairs
    characters = _count_character_errors(written)
    clips = (
        _clip_score(alignment, errors, len(reference))
        for alignment, errors, (reference, _) in zip(words, characters, written, strict=True)
    )
    return Evaluation(normalizer_name, tuple(clips))


def _clip_score(alignment: tuple[WordOp, ...], character_errors: int, reference_characters: int) -> ClipScore:
    kinds = [op.kind for op in alignment]
    hits, substitutions, deletions = kinds.count("equal"), kinds.count("substitute"), kinds.count("delete")
    return ClipScore(
        hits=hits,
        substitutions=substitutions,
        deletions=deletions,
        insertions=kinds.count("insert"),
        reference_words=hits + substitutions + deletions,
        character_errors=character_errors,
        reference_characters=reference_characters,
        alignment=alignment,
    )


def _align_words(pairs: Sequence[tuple[str, str]]) -> list[tuple[WordOp, ...]]:
    both = [index for index, (reference, hypothesis) in enumerate(pairs) if reference and hypothesis]
    made: dict[tuple[OpKind, str, str], WordOp] = {}  # most steps repeat; sharing them halves time and memory

    def op(kind: OpKind, reference: str, hypothesis: str) -> WordOp:
        key = (kind, reference, hypothesis)
        return made.get(key) or made.setdefault(key, WordOp(*key))

    alignments = [
        (*(op("delete", word, "") for word in reference.split()), *(op("insert", "", word) for word in hyp.split()))
        for reference, hyp in pairs
    ]
    if both:
        output = jiwer.process_words([pairs[i][0] for i in both], [pairs[i][1] for i in both])
        aligned = zip(both, output.alignments, output.references, output.hypotheses, strict=True)
        for index, chunks, reference, hyp in aligned:
            alignments[index] = tuple(op(*step) for chunk in chunks for step in _steps(chunk, reference, hyp))
    return alignments


def _steps(
    chunk: jiwer.AlignmentChunk, reference: Sequence[str], hypothesis: Sequence[str]
) -> list[tuple[OpKind, str, str]]:
    ref_words = reference[chunk.ref_start_idx : chunk.ref_end_idx]
    hyp_words = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
    if chunk.type == "delete":
        return [("delete", word, "") for word in ref_words]
    if chunk.type == "insert":
        return [("insert", "", word) for word in hyp_words]
    kind: OpKind = "equal" if chunk.type == "equal" else "substitute"
    return [(kind, ref_word, hyp_word) for ref_word, hyp_word in zip(ref_words, hyp_words, strict=True)]


def _count_character_errors(pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Characters to substitute, delete and insert; only their number counts, so that no alignment is made."""
    return [Levenshtein.distance(reference, hypothesis) for reference, hypothesis in pairs]
