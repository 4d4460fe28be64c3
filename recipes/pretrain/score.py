"""Greedy transcripts and their word and character error rates."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

import jiwer
import torch
from transformers import Wav2Vec2ForCTC

from recipes.pretrain.clips import ALPHABET, Clip, collate, packed

BLANK = 0


@dataclass(frozen=True)
class Errors:
    """How wrong a set of transcripts is."""

    n_clips: int
    wer: float
    cer: float


def spelled_out(best: Iterable[int]) -> str:
    """The text of the best symbol of each frame: repeats merged, blanks dropped."""
    best = list(best)
    kept = [now for now, before in zip(best, [BLANK, *best], strict=False) if now not in (before, BLANK)]
    return " ".join("".join(ALPHABET[i] for i in kept).replace("|", " ").split())


@torch.inference_mode()
def transcribe(model: Wav2Vec2ForCTC, clips: list[Clip]) -> list[tuple[str, str]]:
    """Pairs of label and transcript, in any order; the model is left in evaluation mode."""
    model.eval()
    pairs = []
    for group in packed(clips, 40, random.Random(0)):
        batch = collate(group)
        best = model(batch.sound, attention_mask=batch.mask).logits.argmax(-1)
        frames = model._get_feat_extract_output_lengths(batch.mask.sum(1))
        for clip, row, n in zip(group, best, frames, strict=True):
            pairs.append((clip.label, spelled_out(row[:n].tolist())))
    return pairs


def errors(model: Wav2Vec2ForCTC, clips: list[Clip]) -> Errors:
    """The error rates over all clips together."""
    references, hypotheses = map(list, zip(*transcribe(model, clips), strict=True))
    return Errors(len(clips), jiwer.wer(references, hypotheses), jiwer.cer(references, hypotheses))
