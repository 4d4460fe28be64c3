"""Moonshine: an encoder with a decoder as Whisper's, but made for short clips, which cost what they are long.

What is peculiar to it:

* It hears the sound itself, through three convolutions and a norm over the whole clip: these run clip by clip, so that
  padding changes nothing. Behind them each clip has its own number of frames (24 ms each), and masks where it ends.
* Positions are rotated into attention (RoPE) and belong to no weights. Nothing is cut: there is no window, only a limit
  of tokens to be written.
* No language and no task: a model knows one language. No masks over time, as its own training had none.
* Its output layer is the token embedding (tied), as Whisper's.

Paper: Jeffries et al. 2024 (arXiv 2410.15608).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import EncoderDecoderCache
from transformers.masking_utils import create_bidirectional_mask

from workbench.asr.models.backend import Activations, Batch, ClipInput
from workbench.asr.models.ctc_text import piece_characters
from workbench.asr.models.frames import Frames, frame_mask
from workbench.asr.models.seq2seq import TokenWriter
from workbench.asr.models.whisper import WhisperBackend
from workbench.core.types import ModelSpec, Seconds


class MoonshineBackend(WhisperBackend):
    """A loaded Moonshine model.

    Args:
        spec: Where it came from.
        model: A `MoonshineForConditionalGeneration` in float32.
        processor: Its processor (feature extractor and tokenizer).
        fingerprint: Hash of its files.
    """

    window: Seconds | None = None
    padded_to = 0
    healed = ""
    gives_times = False  # nobody has found heads that look where a word is said

    def __init__(self, spec: ModelSpec, model: Any, processor: Any, fingerprint: str) -> None:
        TokenWriter.__init__(self, spec, model, processor, piece_characters(processor.tokenizer.get_vocab()))
        self.fingerprint = fingerprint
        self.encoder, self.decoder = model.model.encoder, model.model.decoder
        self.encoder_layers, self.decoder_layers = list(self.encoder.layers), list(self.decoder.layers)
        self.embed_block = 1 + len(self.encoder_layers)
        self.head_block = self.embed_block + 1 + len(self.decoder_layers)
        self.tied = model.proj_out.weight is self.decoder.embed_tokens.weight
        model.eval()

    def block_modules(self) -> tuple[tuple[nn.Module, ...], ...]:
        """See `Backend`. A stack's closing norm belongs to its last layer."""
        encoder, decoder = self.encoder, self.decoder
        return (
            (encoder.conv1, encoder.groupnorm, encoder.conv2, encoder.conv3),
            *[(layer,) for layer in self.encoder_layers[:-1]],
            (self.encoder_layers[-1], encoder.layer_norm),
            (decoder.embed_tokens,),
            *[(layer,) for layer in self.decoder_layers[:-1]],
            (self.decoder_layers[-1], decoder.norm),
            *([(self.model.proj_out,)] if not self.tied else []),
        )

    def set_window(self, window: Seconds) -> None:
        """See `Backend`; a clip costs its own length."""

    # ---- running it ----

    def encode_prefix(self, clips: Sequence[ClipInput], boundary: int) -> list[Activations]:
        items: list[Activations] = [{"samples": self._samples(c)} for c in clips]
        return self.advance(items, [c.label_ids for c in clips], 0, boundary)

    def _samples(self, clip: ClipInput) -> Tensor:
        """(n_samples,) as the feature extractor gives them; of this clip alone."""
        extract = self.processor.feature_extractor
        found = extract(clip.samples, sampling_rate=extract.sampling_rate, return_tensors="pt")
        samples: Tensor = found["input_values"][0]
        return samples

    @torch.no_grad()
    def advance(
        self, items: Sequence[Activations], label_ids: Sequence[Sequence[int]], start: int, stop: int
    ) -> list[Activations]:
        if start == stop:
            return list(items)
        training = self.model.training
        self.model.eval()
        state = self._run(self.collate(items, label_ids if self.depends_on_label(stop) else None), start, stop)
        self.model.train(training)
        out = []
        for i, (n, ids) in enumerate(zip(state["lengths"].tolist(), label_ids, strict=True)):
            ends = {"hidden": len(ids) if self.depends_on_label(stop) else n, "memory": n}
            out.append({name: state[name][i, :end].clone() for name, end in ends.items() if name in state})
        return out

    def collate(self, items: Sequence[Activations], labels: Sequence[Sequence[int]] | None = None) -> Batch:
        batch = super().collate(items, labels)
        heard = _heard_name(items[0])
        return batch | {"lengths": torch.tensor([len(item[heard]) for item in items])}

    def _run(self, batch: Batch, start: int, stop: int) -> Batch:
        """As Whisper's, with "lengths" (batch,), the frames of each clip, and "samples" (batch, n_samples) at 0."""
        state = {name: value.to(self.device) for name, value in batch.items()}
        heard = Frames(state[_heard_name(state)], state["lengths"])
        shared: dict[str, Any] = {}
        for number in range(start, stop):
            if number == 0:
                heard = self._convolved(heard)
                state.pop("samples")
            elif number < self.embed_block:
                heard = self._heard(number - 1, heard)
            elif number == self.embed_block:
                state["hidden"] = self.decoder.embed_tokens(self._given(state["labels"]))
            elif number < self.head_block:
                shared = shared or self._for_layers(state["hidden"], heard)
                index = number - self.embed_block - 1
                hidden = self.decoder_layers[index](state["hidden"], encoder_hidden_states=heard.hidden, **shared)
                state["hidden"] = self.decoder.norm(hidden) if index == len(self.decoder_layers) - 1 else hidden
            if number < self.embed_block:
                state["memory" if number == self.embed_block - 1 else "hidden"] = heard.hidden
            if number == self.embed_block - 1:
                state.pop("hidden", None)
        return state | {"lengths": heard.lengths}

    def _convolved(self, sound: Frames) -> Frames:
        """(batch, n_frames, width) of the sound, clip by clip."""
        encoder = self.encoder

        def convolve(samples: Tensor) -> Tensor:
            hidden = encoder.groupnorm(torch.tanh(encoder.conv1(samples[:, None])))
            return functional.gelu(encoder.conv3(functional.gelu(encoder.conv2(hidden)))).permute(0, 2, 1)

        lengths = sound.lengths
        for convolution in (encoder.conv1, encoder.conv2, encoder.conv3):
            lengths = (lengths - convolution.kernel_size[0]) // convolution.stride[0] + 1
        return Frames(sound.alone(convolve), lengths)

    def _heard(self, index: int, frames: Frames) -> Frames:
        rotation = frames.once("rotation", lambda: _rotation(self.encoder, frames.hidden))
        mask = frames.attention(self.model.config)
        hidden = self.encoder_layers[index](frames.hidden, attention_mask=mask, position_embeddings=rotation)
        return frames.then(self.encoder.layer_norm(hidden) if index == len(self.encoder_layers) - 1 else hidden)

    def _for_layers(self, hidden: Tensor, heard: Frames) -> dict[str, Any]:
        """What every layer of the decoder is given besides hidden states and memory."""
        return {
            "attention_mask": self._causal_mask(hidden),
            "encoder_attention_mask": create_bidirectional_mask(
                config=self.model.config,
                inputs_embeds=hidden,
                attention_mask=heard.padding,
                encoder_hidden_states=heard.hidden,
            ),
            "position_embeddings": _rotation(self.decoder, hidden),
        }

    def _read(self, tokens: Tensor, heard: Batch, cache: EncoderDecoderCache) -> Tensor:
        memory = heard["memory"]
        hidden: Tensor = self.decoder(
            input_ids=tokens,
            encoder_hidden_states=memory,
            encoder_attention_mask=frame_mask(heard["lengths"], memory.shape[1]),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        return hidden

    @property
    def most_tokens(self) -> int:
        """See `WhisperBackend`; what its generation settings say, else its positions."""
        positions = int(self.model.config.max_position_embeddings)
        return min(positions, getattr(self.generation, "max_length", None) or positions)

    # ---- training mode ----

    def set_time_mask(self, share: float) -> None:
        """See `Backend`; not for Moonshine."""

    def set_dropout(self, share: float) -> None:
        for module in self.model.modules():
            if hasattr(module, "attention_dropout"):
                module.attention_dropout = share  # the only dropout it has


def _heard_name(values: Activations | Batch) -> str:
    """The array whose length is the clip's: what was heard, as far as it went."""
    return next(name for name in ("memory", "hidden", "samples") if name in values)


def _rotation(half: Any, hidden: Tensor) -> Any:
    """Cosines and sines of the positions."""
    return half.rotary_emb(hidden, position_ids=torch.arange(hidden.shape[1], device=hidden.device)[None])
