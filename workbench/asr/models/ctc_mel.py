"""CTC models that hear a log-mel spectrogram: w2v-BERT 2.0 and Parakeet.

Boundary 0 holds the spectrogram as the model's own feature extractor makes it of one clip, so that its normalisation
and the length of its last frame never depend on other clips.
"""

import math
from typing import Any

import numpy as np
from torch import Tensor, nn

from workbench.asr.models.ctc_family import Family, Stage, adapted_length
from workbench.asr.models.frames import Frames
from workbench.core.types import SAMPLE_RATE


class Wav2Vec2Bert(Family):
    """w2v-BERT 2.0 (in SeamlessM4T, arXiv 2312.05187): Conformer layers over pairs of log-mel frames.

    No convolutions at the bottom, so nothing for `all-but-features` to leave out. Its convolutions look back only and
    its norms look at one frame, so padding needs no more than a mask. `add_adapter` puts strided convolutions behind
    the encoder that halve the frames: block "adapter". A last frame that only one mel frame fills is left out, as
    transformers masks it.
    """

    input_name = "mels"

    def prepare(self, samples: np.ndarray) -> Tensor:
        """(n_frames, 2 · n_mels): each mel band of zero mean and unit variance over the clip, two frames a row."""
        found = self.extractor(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True)
        mels: Tensor = found["input_features"][0, : int(found["attention_mask"].sum())]
        return mels

    def n_frames(self, n_samples: int) -> int:
        mels = (n_samples - 400) // 160 + 1  # windows of 25 ms every 10 ms, fixed in the extractor
        return int(adapted_length(self.model.config, mels // self.extractor.stride))

    def stages(self) -> list[Stage]:
        modules = (self.base.feature_projection, self.base.encoder.dropout)
        return [
            Stage("projection", "projection", modules, self.projection, self.mask_weights()),
            *self.layer_stages(self.layer),
            *self.after_stages(),
            self.head_stage(),
        ]

    def projection(self, frames: Frames) -> Frames:
        hidden, _ = self.base.feature_projection(frames.hidden)
        frames = self.masked(frames.then(hidden), self.base.feature_projection)
        return frames.then(self.base.encoder.dropout(frames.hidden * frames.mask[..., None]))

    def layer(self, index: int, frames: Frames) -> Frames:
        embed = self.base.encoder.embed_positions
        hidden = self.base.encoder.layers[index](
            frames.hidden,
            attention_mask=frames.attention(self.model.config),
            relative_position_embeddings=frames.once("positions", lambda: embed(frames.hidden)) if embed else None,
            conv_attention_mask=frames.padding,
        )
        return frames.then(hidden)


class Parakeet(Family):
    """Parakeet-CTC (Fast Conformer, arXiv 2305.05084): strided convolutions, then Conformer layers, 80 ms a frame.

    Its batch norms rest: in tiny batches their averages would follow single clips, and plans and checkpoints know
    weights only. The convolutions get each clip's length, since a frame's value depends on where its clip ends. It has
    no dropout layers but numbers in many modules, and nothing to stand for a masked frame: where the convolutions
    learn, stretches of the spectrogram become its mean, as in its own training.
    """

    input_name = "mels"
    frame = 0.01
    rates = ("dropout", "activation_dropout", "attention_dropout")

    def __init__(self, model: Any, extractor: Any) -> None:
        super().__init__(model, extractor)
        self.encoder: Any = model.encoder

    def prepare(self, samples: np.ndarray) -> Tensor:
        """(n_frames, n_mels), each mel band of zero mean and unit variance over the clip."""
        found = self.extractor(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        mels: Tensor = found["input_features"][0, : int(found["attention_mask"].sum())]
        return mels

    def n_frames(self, n_samples: int) -> int:
        return int(self.subsampled(n_samples // self.extractor.hop_length))

    def subsampled(self, lengths: Any) -> Any:
        """Frames after the strided convolutions, in numbers or tensors."""
        config = self.model.config.encoder_config
        kernel, stride = config.subsampling_conv_kernel_size, config.subsampling_conv_stride
        for _ in range(int(math.log2(config.subsampling_factor))):
            lengths = (lengths + (kernel - 1) // 2 * 2 - kernel) // stride + 1
        return lengths

    def stages(self) -> list[Stage]:
        head = self.model.ctc_head
        return [
            Stage("features", "features", (self.encoder.subsampling,), self.features),
            *self.layer_stages(self.layer),
            Stage("head", "head", (head,), lambda frames: frames.then(head(frames.hidden))),
        ]

    def features(self, frames: Frames) -> Frames:
        convolve = self.encoder.subsampling
        frames = self.masked(frames, convolve)
        hidden = convolve(frames.hidden, None if frames.padding is None else frames.mask) * self.encoder.input_scale
        hidden = nn.functional.dropout(hidden, self.encoder.dropout, convolve.training)
        return Frames(hidden, self.subsampled(frames.lengths))

    def layer(self, index: int, frames: Frames) -> Frames:
        hidden = self.encoder.layers[index](
            frames.hidden,
            attention_mask=frames.once("pairs", lambda: _pairs(frames.padding)),
            position_embeddings=frames.once("positions", lambda: self._positions(frames.hidden)),
        )
        return frames.then(hidden)

    def _positions(self, hidden: Tensor) -> Tensor:
        rate = self.encoder.dropout_positions
        return nn.functional.dropout(self.encoder.encode_positions(hidden), rate, self.encoder.layers[-1].training)

    def set_dropout(self, share: float) -> None:
        for module in self.model.modules():
            for name in self.rates:
                if isinstance(getattr(module, name, None), (int, float)):
                    setattr(module, name, share)


def _pairs(mask: Tensor | None) -> Tensor | None:
    """(batch, 1, n_frames, n_frames) bool: which frame may look at which; None for all at all."""
    return None if mask is None else (mask[:, None, :, None] & mask[:, None, None, :])
