"""Word and character error rates of greedy transcripts."""

from dataclasses import dataclass

import jiwer
import torch

from recipes.pretrain.clips import Clip
from recipes.pretrain.learner import Learner


@dataclass(frozen=True)
class Errors:
    """How wrong a set of transcripts is."""

    n_clips: int
    wer: float
    cer: float


def errors(learner: Learner, module: torch.nn.Module, clips: list[Clip]) -> Errors:
    """The error rates of `module`, which has the learner's architecture, over all clips together."""
    references, hypotheses = [clip.label for clip in clips], learner.transcribe(module, clips)
    return Errors(len(clips), jiwer.wer(references, hypotheses), jiwer.cer(references, hypotheses))
