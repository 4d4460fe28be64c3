"""What the CTC families share: a model as a list of stages, each one block, that hand a padded batch on.

Stock modules, own order of calls: transformers' forward cannot start in the middle, which the cached prefix needs.
Every clip is computed as if it were alone, whatever batch it is in; a step that padding would change runs its clips
one by one (`Frames.alone`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.asr.models.frames import Frames
from workbench.core.types import Seconds

MASK: Seconds = 0.2  # what one SpecAugment mask covers, as in wav2vec 2.0
ADAPTER_PADDING = 1  # of the convolutions that `add_adapter` puts behind an encoder, on each side


@dataclass(frozen=True)
class Stage:
    """One block: its name and kind (see `Block`), its weights, and how a batch goes through it.

    Attributes:
        modules: All its modules, for its weights and for training or eval mode.
        run: From the frames before to the frames after.
        weights: Weights that belong to it and to none of its modules.
    """

    name: str
    kind: str
    modules: tuple[nn.Module, ...]
    run: Callable[[Frames], Frames]
    weights: tuple[nn.Parameter, ...] = ()


class Family:
    """One architecture; a subclass says what its stages are and what it hears.

    Args:
        model: A `*ForCTC` model in float32; its layerdrop and its batch norms are put to rest.
        extractor: Its feature extractor.
    """

    input_name = "samples"  # what boundary 0 holds: "samples" (n_samples,) or "mels" (n_frames, n_mels)
    frame: Seconds = 0.02  # between two frames where time is masked

    def __init__(self, model: Any, extractor: Any) -> None:
        self.model, self.extractor = model, extractor
        self.base: Any = getattr(model, model.base_model_prefix, model)
        self.time_mask = 0.0
        rest(model)

    def prepare(self, samples: np.ndarray) -> Tensor:
        """What the first stage takes of one clip, from (n_samples,) float32."""
        raise NotImplementedError

    def n_frames(self, n_samples: int) -> int:
        """Frames that the head makes of this many samples."""
        raise NotImplementedError

    def stages(self) -> list[Stage]:
        """The model's blocks in the order sound flows through them; built anew, as the head may be exchanged."""
        raise NotImplementedError

    def set_dropout(self, share: float) -> None:
        """Drop this share of activations in training mode, wherever the model has a dropout layer."""
        for module in self.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = share

    # ---- steps that several families have ----

    def layer_stages(self, run: Callable[[int, Frames], Frames], *, last: tuple[nn.Module, ...] = ()) -> list[Stage]:
        """One stage for each layer of the encoder; the modules `last` belong to the last one."""
        layers = list(self.base.encoder.layers)
        return [
            Stage(
                f"encoder {i + 1}",
                "encoder",
                (layer, *(last if i == len(layers) - 1 else ())),
                lambda frames, i=i: run(i, frames),  # type: ignore[misc]
            )
            for i, layer in enumerate(layers)
        ]

    def after_stages(self) -> list[Stage]:
        """The convolutions behind the encoder that shorten its output (`add_adapter`), where there are any."""
        ffn, adapter = getattr(self.base, "intermediate_ffn", None), getattr(self.base, "adapter", None)
        modules = tuple(m for m in (ffn, adapter) if m is not None)
        return [Stage("adapter", "encoder", modules, self.adapter_step)] if modules else []

    def adapter_step(self, frames: Frames) -> Frames:
        """Its strided convolutions would mix a clip's last frames with its padding: one by one."""
        ffn, adapter = getattr(self.base, "intermediate_ffn", None), getattr(self.base, "adapter", None)
        if ffn is not None:
            frames = frames.then(frames.hidden + 0.5 * ffn(frames.hidden))
        if adapter is None:
            return frames
        return Frames(frames.alone(adapter), adapted_length(self.model.config, frames.lengths))

    def head_stage(self) -> Stage:
        modules = (self.model.dropout, self.model.lm_head)
        return Stage("head", "head", modules, lambda f: f.then(self.model.lm_head(self.model.dropout(f.hidden))))

    def mask_weights(self) -> tuple[nn.Parameter, ...]:
        """The vector that masked frames become, where the model has one."""
        found = getattr(self.base, "masked_spec_embed", None)
        return () if found is None else (found,)

    def masked(self, frames: Frames, place: nn.Module) -> Frames:
        """SpecAugment over time (Park et al. 2019, arXiv 1904.08779), where `place` learns."""
        if not place.training or not self.time_mask:
            return frames
        spans = random_spans(frames.lengths, frames.hidden.shape[1], self.time_mask, round(MASK / self.frame))
        weights = self.mask_weights()
        filling = weights[0] if weights else torch.zeros((), device=frames.hidden.device)
        return frames.then(torch.where(spans[..., None], filling, frames.hidden))


def random_spans(lengths: Tensor, width: int, share: float, span: int) -> Tensor:
    """(batch, width) bool: spans of `span` frames that cover about this share of each clip.

    Spans may overlap, so that −ln(1 − share) spans' worth of frames are drawn; clips of a span or less stay whole.
    """
    mask = torch.zeros(len(lengths), width, dtype=torch.bool)
    for row, n in enumerate(lengths.tolist()):
        if n > span:
            count = int(-math.log(1 - share) * n / span + float(torch.rand(())))
            starts = torch.randint(0, n - span + 1, (count, 1))
            mask[row, (starts + torch.arange(span)).flatten()] = True
    return mask.to(lengths.device)


def adapted_length(config: Any, lengths: Any) -> Any:
    """Frames after the convolutions of `add_adapter`, in numbers or tensors."""
    if getattr(config, "add_adapter", False):
        for _ in range(config.num_adapter_layers):
            lengths = (lengths + 2 * ADAPTER_PADDING - config.adapter_kernel_size) // config.adapter_stride + 1
    return lengths


class RestingBatchNorm(nn.BatchNorm1d):
    """A batch norm that always uses what it was trained with.

    Its averages are no weights: training on a few clips would move them unseen by the plan, the optimizer and what a
    run keeps, and a clip's result would depend on its batch. Its weight and bias may learn. (docs/recipes.md,
    "Traps", 5)
    """

    def train(self, mode: bool = True) -> "RestingBatchNorm":
        return super().train(False)


def rest(model: nn.Module) -> None:
    """Put to rest what moves or skips by chance: batch norms' averages, and layerdrop (docs/recipes.md, "Traps")."""
    for module in model.modules():
        if type(module) is nn.BatchNorm1d:
            module.__class__ = RestingBatchNorm
        for holder in (module, getattr(module, "config", None)):
            if hasattr(holder, "layerdrop"):
                setattr(holder, "layerdrop", 0.0)  # noqa: B010 – neither type declares it
