"""The wav2vec 2.0 model with a CTC head, 20 ms a frame.

The first convolution has kernel 40 and stride 20: three times cheaper on a CPU than the usual seven layers. A
whisper-en that was trained before may teach it, see `teacher`.
"""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from recipes.pretrain.clips import SAMPLE_RATE_HZ, Clip, packed
from recipes.pretrain.learner import IGNORED, Batch, Change, letter_targets, spelled_out, unchanged, write_half
from recipes.pretrain.teacher import Teacher, disagreement

TEMPLATE = Path(__file__).parents[2] / "assets" / "ctc-en"  # architecture and alphabet
TOKENIZER_FILES = ("vocab.json", "tokenizer_config.json", "processor_config.json")
NO_DROPOUT = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "final_dropout": 0.0}  # a model this small underfits
TEACHER_UNTIL = 0.7  # share of the time by which the weight of its letters has fallen from that of CTC's to nothing
TEACHER_SHIFT = 3  # of its slots of 20 ms; there ctc-en's letters agreed with whisper-en's most often
DROPOUT = 0.05  # written into the folder, for whoever adapts the model to an hour of speech


@dataclass(frozen=True)
class CtcBatch(Batch):
    """`n` clips padded to the longest."""

    sound: torch.Tensor  # (n, n_samples) float32, each clip of zero mean and unit variance
    mask: torch.Tensor  # (n, n_samples) int64, 1 where there is sound
    targets: torch.Tensor  # (n, n_letters) int64, -100 after the end
    heard: torch.Tensor  # (n, 80, n_mel_frames) float32, for the teacher; empty where there is none


class Ctc:
    """Wav2Vec2ForCTC, from the weights in a folder or from random ones, perhaps with a teacher."""

    window_s = 0.0

    def __init__(self, start_from: Path | None, *, teacher: Path | None = None) -> None:
        self.teacher = Teacher(teacher) if teacher else None
        settings = {**NO_DROPOUT, "mask_time_prob": 0.05}
        if start_from:
            self.module = Wav2Vec2ForCTC.from_pretrained(start_from, dtype=torch.float32, **settings)
        else:
            self.module = Wav2Vec2ForCTC(Wav2Vec2Config.from_pretrained(TEMPLATE, **settings)).float()

    def collate(self, clips: list[Clip], change: Change, rng: np.random.Generator, *, window_s: float) -> CtcBatch:
        """Change, scale and pad the clips."""
        raw = [change(clip.sound(rng), rng).astype(np.float32) for clip in clips]
        width = max([int(window_s * SAMPLE_RATE_HZ), *map(len, raw)])
        sound = torch.zeros(len(clips), width)
        mask = torch.zeros(len(clips), width, dtype=torch.long)
        for i, samples in enumerate(raw):
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
            sound[i, : len(samples)], mask[i, : len(samples)] = torch.from_numpy(samples.astype(np.float32)), 1
        heard = self.teacher.frames(raw) if self.teacher else torch.empty(0)
        return CtcBatch(sound, mask, letter_targets([clip.label for clip in clips]), heard)

    def loss(self, batch: CtcBatch, part: float) -> torch.Tensor:
        """CTC, the mean over clips of the loss a letter, and how far the frames are from the teacher's."""
        said = self.module(batch.sound, attention_mask=batch.mask, labels=batch.targets)
        weight = 1 - part / TEACHER_UNTIL
        if not self.teacher or weight <= 0:
            return said.loss
        n_frames = self.module._get_feat_extract_output_lengths(batch.mask.sum(1))
        n_letters = (batch.targets != IGNORED).sum(1)
        taught = self.teacher.scores(batch.heard)
        apart = disagreement(said.logits, taught, n_frames, n_letters, shift=TEACHER_SHIFT)
        return said.loss + weight * apart

    @torch.inference_mode()
    def transcribe(self, module: Wav2Vec2ForCTC, clips: list[Clip]) -> list[str]:
        """The best letter of each frame; the model is left in evaluation mode."""
        module.eval()
        texts: dict[int, str] = {}
        for group in packed(clips, 40, random.Random(0)):
            batch = self.collate(group, unchanged, np.random.default_rng(0), window_s=0.0).to(module.device)
            best = module(batch.sound, attention_mask=batch.mask).logits.argmax(-1).cpu()
            frames = module._get_feat_extract_output_lengths(batch.mask.sum(1)).cpu()
            texts |= {id(clip): spelled_out(row[:n].tolist()) for clip, row, n in zip(group, best, frames, strict=True)}
        return [texts[id(clip)] for clip in clips]

    def saved_part(self, module: Wav2Vec2ForCTC) -> Wav2Vec2ForCTC:
        """All of it."""
        return module

    def save(self, module: Wav2Vec2ForCTC, folder: Path) -> None:
        """Weights in half precision, and the alphabet of `TEMPLATE`."""
        config = Wav2Vec2Config.from_dict(module.config.to_dict())
        config.update({name: DROPOUT for name in NO_DROPOUT})
        copy = Wav2Vec2ForCTC(config)
        copy.load_state_dict(module.state_dict())
        write_half(copy, folder)
        for name in TOKENIZER_FILES:
            if (TEMPLATE / name).resolve() != (folder / name).resolve():
                shutil.copyfile(TEMPLATE / name, folder / name)
