"""The wav2vec 2.0 model with a CTC head, 20 ms a frame.

The first convolution has kernel 40 and stride 20: three times cheaper on a CPU than the usual seven layers. A
whisper-en that was trained before may teach it, see `teacher`.
"""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from recipes.pretrain.clips import Clip, packed
from recipes.pretrain.deeper import deepened
from recipes.pretrain.learner import IGNORED, Targets, ctc_loss, letter_targets, padded, spelled_out, write_half
from recipes.pretrain.teacher import Teacher, disagreement

TEMPLATE = Path(__file__).parents[2] / "assets" / "ctc-en"  # architecture and alphabet
TOKENIZER_FILES = ("vocab.json", "tokenizer_config.json", "processor_config.json")
NO_DROPOUT = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "final_dropout": 0.0}  # a model this small underfits
MASKED_STARTS = 1 / 120  # of the frames, at which a masked stretch begins: about 5 % of the frames are masked
MASKED_FRAMES = 6  # length of a stretch
TEACHER_UNTIL = 0.7  # share of the time by which the weight of its letters has fallen from that of CTC's to nothing
TEACHER_SHIFT = 3  # of its slots of 20 ms; there ctc-en's letters agreed with whisper-en's most often
DROPOUT = 0.05  # written into the folder, for whoever adapts the model to an hour of speech


@dataclass(frozen=True)
class CtcTargets(Targets):
    """What `n` clips say."""

    letters: torch.Tensor  # (n, n_letters) int64, -100 after the end
    n_letters: torch.Tensor  # (n,) int64


class CtcCore(torch.nn.Module):
    """The logits of every frame, as the stock forward computes them.

    In training a few stretches of frames are masked (SpecAugment), which transformers would draw clip by clip in
    Python, slower than a GPU computes the rest.
    """

    def __init__(self, model: Wav2Vec2ForCTC) -> None:
        super().__init__()
        self.model = model

    def forward(self, sounds: torch.Tensor, n_frames: torch.Tensor) -> tuple[torch.Tensor]:
        """`(n, n_frames, n_letters)` for scaled clips `(n, width)`, of which so many frames count."""
        heard, encoder = self.model.wav2vec2, self.model.wav2vec2.encoder
        sounds = sounds.to(self.model.lm_head.weight.dtype)
        hidden, _ = heard.feature_projection(heard.feature_extractor(sounds).transpose(1, 2))
        inside = torch.arange(hidden.shape[1], device=hidden.device) < n_frames[:, None]
        if self.model.training:
            starts = torch.rand(inside.shape, device=inside.device) < MASKED_STARTS
            masked = functional.max_pool1d(starts.float(), MASKED_FRAMES, 1, MASKED_FRAMES // 2)[:, : inside.shape[1]]
            hidden = torch.where(masked[..., None] > 0, heard.masked_spec_embed, hidden)
        hidden = hidden * inside[..., None]
        hidden = hidden + encoder.pos_conv_embed(hidden)
        for layer in encoder.layers:
            hidden = layer(hidden, attention_mask=inside[:, None, None, :])
        return (self.model.lm_head(encoder.layer_norm(hidden)),)


class Ctc:
    """Wav2Vec2ForCTC, from the weights in a folder or from random ones, perhaps deeper, perhaps with a teacher."""

    window_s = 0.0

    def __init__(self, start_from: Path | None, *, teacher: Path | None = None, layers: int | None = None) -> None:
        self.teacher = Teacher(teacher) if teacher else None
        if start_from:
            self.module = Wav2Vec2ForCTC.from_pretrained(start_from, dtype=torch.float32, **NO_DROPOUT)
        else:
            self.module = Wav2Vec2ForCTC(Wav2Vec2Config.from_pretrained(TEMPLATE, **NO_DROPOUT)).float()
        if layers:
            encoder = self.module.wav2vec2.encoder
            encoder.layers = deepened(encoder.layers, layers, last=("attention.out_proj", "feed_forward.output_dense"))
            self.module.config.num_hidden_layers = layers

        self.core = CtcCore(self.module)

    def targets(self, labels: Sequence[str], rng: np.random.Generator, *, width: int = 0) -> CtcTargets:
        """The letters of each label."""
        letters = letter_targets(labels)
        return CtcTargets(letters, (letters != IGNORED).sum(1))

    def given(self, sounds: torch.Tensor, n_samples: torch.Tensor, targets: CtcTargets) -> tuple[torch.Tensor, ...]:
        """Scaled sound and the frames of each clip that count; for a teacher the sound itself is kept."""
        self.heard = sounds if self.teacher else None
        return scaled(sounds, n_samples), self.module._get_feat_extract_output_lengths(n_samples)

    def loss(
        self, said: tuple[torch.Tensor, ...], n_samples: torch.Tensor, targets: CtcTargets, part: float
    ) -> torch.Tensor:
        """CTC, the mean over clips of the loss a letter, and how far the frames are from the teacher's."""
        (logits,) = said
        n_frames = self.module._get_feat_extract_output_lengths(n_samples)
        loss = ctc_loss(logits.float().log_softmax(-1), n_frames, targets.letters, targets.n_letters)
        weight = 1 - part / TEACHER_UNTIL
        if not self.teacher or weight <= 0:
            return loss
        taught = self.teacher.scores(self.teacher.frames(self.heard))
        return loss + weight * disagreement(logits, taught, n_frames, targets.n_letters, shift=TEACHER_SHIFT)

    @torch.inference_mode()
    def transcribe(self, module: Wav2Vec2ForCTC, clips: list[Clip]) -> list[str]:
        """The best letter of each frame; the model is left in evaluation mode."""
        module.eval()
        texts: dict[int, str] = {}
        for group in packed([clip.n_samples for clip in clips], 40, random.Random(0)):
            sounds, n_samples = (part.to(module.device) for part in padded([clips[i].sound() for i in group]))
            n_frames = module._get_feat_extract_output_lengths(n_samples)
            (logits,) = CtcCore(module)(scaled(sounds, n_samples), n_frames)
            rows = zip(group, logits.argmax(-1).tolist(), n_frames.tolist(), strict=True)
            texts |= {i: spelled_out(row[:n]) for i, row, n in rows}
        return [texts[i] for i in range(len(clips))]

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


def scaled(sounds: torch.Tensor, n_samples: torch.Tensor) -> torch.Tensor:
    """Clips `(n, width)` of zero mean and unit variance as `Wav2Vec2FeatureExtractor` makes them, zero behind each."""
    inside = torch.arange(sounds.shape[1], device=sounds.device) < n_samples[:, None]
    centred = (sounds - sounds.sum(1, keepdim=True) / n_samples[:, None]) * inside
    return centred / (centred.square().sum(1, keepdim=True) / n_samples[:, None] + 1e-7).sqrt()
