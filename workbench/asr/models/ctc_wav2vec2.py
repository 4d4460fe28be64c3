"""wav2vec 2.0 and its kin: convolutions over the sound, a positional convolution, transformer layers.

wav2vec 2.0 (arXiv 2006.11477), HuBERT, data2vec-audio, UniSpeech and UniSpeech-SAT are one architecture; MMS is
wav2vec 2.0 with a language's adapter in each layer. What padding would change, and what is done about it:

* Padded frames are zeroed before the positional convolution and masked in attention, as in transformers' own forward.
* A feature encoder with group norm averages over time: its clips go through one by one.
* data2vec-audio stacks positional convolutions whose layer norm lifts padded frames off zero, as does the batch norm
  that some HuBERT models put before theirs: one by one as well.
* Wav2Vec2-Conformer's layers convolve over time and know no mask: one by one, see `Wav2Vec2Conformer`.
"""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.asr.models.ctc_family import Family, Stage, adapted_length
from workbench.asr.models.frames import Frames


class Wav2Vec2(Family):
    """wav2vec 2.0, HuBERT, data2vec-audio, UniSpeech, UniSpeech-SAT and MMS."""

    def __init__(self, model: Any, extractor: Any) -> None:
        super().__init__(model, extractor)
        self.encoder: Any = self.base.encoder
        self.features_alone = any(isinstance(m, nn.GroupNorm) for m in self.base.feature_extractor.modules())
        embed = self.encoder.pos_conv_embed
        self.position_alone = hasattr(embed, "layers") or getattr(embed, "batch_norm", None) is not None
        self.norm_is_last = bool(getattr(model.config, "do_stable_layer_norm", False))

    def prepare(self, samples: np.ndarray) -> Tensor:
        """(n_samples,) with zero mean and unit variance where the processor asks for it."""
        sound = torch.from_numpy(samples).float()
        if getattr(self.extractor, "do_normalize", False):
            sound = (sound - sound.mean()) / torch.sqrt(sound.var(unbiased=False) + 1e-7)
        return sound

    def n_frames(self, n_samples: int) -> int:
        return int(adapted_length(self.model.config, self._convolved(torch.tensor([n_samples])))[0])

    def _convolved(self, lengths: Tensor) -> Tensor:
        config = self.model.config
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            lengths = (lengths - kernel) // stride + 1
        return lengths

    def stages(self) -> list[Stage]:
        """The encoder's norm belongs to the block it follows: the position's or the last layer's."""
        base, norm = self.base, self.encoder.layer_norm
        position = (self.encoder.pos_conv_embed, *(() if self.norm_is_last else (norm,)), self.encoder.dropout)
        return [
            Stage("features", "features", (base.feature_extractor,), self.features),
            Stage("projection", "projection", (base.feature_projection,), self.projection, self.mask_weights()),
            Stage("position", "embed", position, self.position),
            *self.layer_stages(self.layer, last=(norm,) if self.norm_is_last else ()),
            *self.after_stages(),
            self.head_stage(),
        ]

    def features(self, frames: Frames) -> Frames:
        lengths, extract = self._convolved(frames.lengths), self.base.feature_extractor
        if self.features_alone:
            hidden = frames.alone(lambda sound: extract(sound).transpose(1, 2))
        else:
            hidden = extract(frames.hidden).transpose(1, 2)[:, : int(lengths.max())]
        return Frames(hidden, lengths)

    def projection(self, frames: Frames) -> Frames:
        out = self.base.feature_projection(frames.hidden)
        out = out[0] if isinstance(out, tuple) else out
        return self.masked(frames.then(out), self.base.feature_projection)

    def position(self, frames: Frames) -> Frames:
        frames = frames.then(frames.hidden * frames.mask[..., None])
        embed = self.encoder.pos_conv_embed
        hidden = frames.hidden + (frames.alone(embed) if self.position_alone else embed(frames.hidden))
        return frames.then(self.encoder.dropout(hidden if self.norm_is_last else self.encoder.layer_norm(hidden)))

    def layer(self, index: int, frames: Frames) -> Frames:
        out = self.through(index, frames)
        last = index == len(self.encoder.layers) - 1
        return frames.then(self.encoder.layer_norm(out) if self.norm_is_last and last else out)

    def through(self, index: int, frames: Frames) -> Tensor:
        """One layer alone, without the norm behind the last."""
        out = self.encoder.layers[index](frames.hidden, attention_mask=frames.attention(self.model.config))
        hidden: Tensor = out[0] if isinstance(out, tuple) else out
        return hidden


class WavLM(Wav2Vec2):
    """WavLM (arXiv 2110.13900): layer 1 holds an embedding of relative positions that every layer gates its own way.

    The bias is made of that embedding anew in each run, wherever the run starts, and never cached: it depends on the
    number of frames and on one weight of block "encoder 1" alone. So it has that block's gradient where the block
    learns, and is the base's where it is frozen. Its attention reads the projections' weight matrices directly, past
    any low-rank adapter put around them; adapters work on the feed-forward layers only.
    """

    def through(self, index: int, frames: Frames) -> Tensor:
        bias = frames.once("bias", lambda: self._bias(*frames.hidden.shape[:2]))
        with warnings.catch_warnings():
            # transformers gives torch the padding as flags and the bias as numbers; both are right.
            warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask and attn_mask")
            out = self.encoder.layers[index](frames.hidden, attention_mask=frames.padding, position_bias=bias)
        hidden: Tensor = out[0]
        return hidden

    def _bias(self, n_clips: int, n_frames: int) -> Tensor:
        """(n_clips · n_heads, n_frames, n_frames) to be gated and added to the attention's logits."""
        bias: Tensor = self.encoder.layers[0].attention.compute_bias(n_frames, n_frames)
        return bias.repeat(n_clips, 1, 1)


class Wav2Vec2Conformer(Wav2Vec2):
    """wav2vec 2.0 with Conformer layers (arXiv 2010.05171).

    The convolutions in its layers take no mask, so that transformers' own forward changes with the padding: here each
    clip goes through each layer alone. Its batch norms rest. It carries a positional convolution that its forward never
    uses; those weights stay in block "position", where nothing ever moves them.
    """

    def __init__(self, model: Any, extractor: Any) -> None:
        super().__init__(model, extractor)
        self.norm_is_last = True

    def position(self, frames: Frames) -> Frames:
        return frames.then(self.encoder.dropout(frames.hidden))

    def through(self, index: int, frames: Frames) -> Tensor:
        layer, embed = self.encoder.layers[index], self.encoder.embed_positions
        return frames.alone(lambda h: layer(h, relative_position_embeddings=embed(h) if embed else None))
