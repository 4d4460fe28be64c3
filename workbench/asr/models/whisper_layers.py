"""Whisper's encoder and decoder, run block by block from any block to any other.

Stock modules, own order of calls: transformers' forward cannot start in the middle, which the cached prefix needs.
What is peculiar to Whisper:

* Its encoder takes no mask. Every clip is padded with silence to the window (30 s; less for small models) and the
  padding is kept: trimming it would change the result. Longer clips are split or refused before they get here.
* A frozen prefix may end inside the decoder, since its input in training is the label (teacher forcing). Activations
  there belong to one label; transcribing starts from the encoder's output instead.
* The output layer is the token embedding (tied). It learns with the block "embed" and with no other, and counts once.
* A shorter window cuts the positions and the padding with it: it costs less and hears a little worse until the encoder
  has got used to it (healing.py).
* The encoder's positions are fixed sinusoids; they belong to no block and never learn, as in transformers.

Paper: Radford et al. 2022 (arXiv 2212.04356).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.masking_utils import create_causal_mask

from workbench.asr.models.backend import Activations, Batch, ClipInput
from workbench.asr.models.byte_level import learned_characters
from workbench.asr.models.cross_attention import use_cross_attention
from workbench.asr.models.lora import low_rank_size
from workbench.asr.models.seq2seq import TokenWriter
from workbench.asr.models.tied_embedding import look_up
from workbench.core.types import SAMPLE_RATE, Block, ModelSpec, Seconds
from workbench.errors import ModelError
from workbench.language.said import say


class WhisperLayers(TokenWriter):
    """A loaded Whisper model as a list of blocks, run from any to any.

    Args:
        spec: Where it came from.
        model: A `WhisperForConditionalGeneration` in float32.
        processor: Its processor (feature extractor and tokenizer).
        fingerprint: Hash of its files.

    Raises:
        ModelError: Parts that Whisper's kin share are missing.
    """

    def __init__(self, spec: ModelSpec, model: Any, processor: Any, fingerprint: str) -> None:
        super().__init__(spec, model, processor, learned_characters(processor.tokenizer.get_vocab()))
        self.fingerprint = fingerprint
        self.encoder, self.decoder = _halves(spec, model)
        self.encoder_layers, self.decoder_layers = list(self.encoder.layers), list(self.decoder.layers)
        # Blocks: features, the encoder's layers, the embedding, the decoder's layers, and a head where it is not tied.
        self.embed_block = 1 + len(self.encoder_layers)
        self.head_block = self.embed_block + 1 + len(self.decoder_layers)
        self.tied = self.model.proj_out.weight is self.decoder.embed_tokens.weight
        self.padded_to = int(processor.feature_extractor.n_samples)  # what the encoder's positions cover
        self.window: Seconds | None = self.padded_to / SAMPLE_RATE
        self.healed = ""
        self._positions = self.encoder.embed_positions.weight.detach()  # of its own window
        # docs/recipes.md, "Traps", 2: layerdrop would skip blocks at random.
        for part in (self.encoder, self.decoder):
            part.layerdrop = 0.0
        model.config.encoder_layerdrop = model.config.decoder_layerdrop = 0.0
        model.config.apply_spec_augment = False
        use_cross_attention(self.decoder_layers)
        model.eval()

    # ---- what the model consists of ----

    def block_modules(self) -> tuple[tuple[nn.Module, ...], ...]:
        """See `Backend`. A stack's closing norm belongs to its last layer."""
        encoder, decoder = self.encoder, self.decoder
        return (
            (encoder.conv1, encoder.conv2),
            *[(layer,) for layer in self.encoder_layers[:-1]],
            (self.encoder_layers[-1], encoder.layer_norm),
            (decoder.embed_tokens, decoder.embed_positions),
            *[(layer,) for layer in self.decoder_layers[:-1]],
            (self.decoder_layers[-1], decoder.layer_norm),
            *([(self.model.proj_out,)] if not self.tied else []),
        )

    def block_parameters(self) -> tuple[tuple[nn.Parameter, ...], ...]:
        seen: set[int] = set()
        out = []
        for modules in self.block_modules():
            weights = [p for m in modules for p in m.parameters()]
            out.append(tuple(p for p in weights if not (id(p) in seen or seen.add(id(p)))))  # type: ignore[func-returns-value]
        return tuple(out)

    def blocks(self) -> tuple[Block, ...]:
        named = [("features", "features")]
        named += [(f"encoder {i + 1}", "encoder") for i in range(len(self.encoder_layers))] + [("embed", "embed")]
        named += [(f"decoder {i + 1}", "decoder") for i in range(len(self.decoder_layers))]
        named += [("head", "head")] if not self.tied else []
        return tuple(
            Block(
                name,
                kind,
                sum(p.numel() for p in weights),
                vectors=sum(p.numel() for p in weights if p.dim() == 1),
                low_rank=low_rank_size(modules) if kind in ("encoder", "decoder") else 0,
            )
            for (name, kind), weights, modules in zip(named, self.block_parameters(), self.block_modules(), strict=True)
        )

    def cache_identity(self) -> dict[str, str]:
        return {
            "fingerprint": self.fingerprint,
            "processor": repr(sorted(self.processor.feature_extractor.to_dict().items())),
            **({"healed": self.healed} if self.healed else {}),
        }

    def audio_boundary(self, boundary: int) -> int:
        return min(boundary, self.embed_block)

    def depends_on_label(self, boundary: int) -> bool:
        return boundary > self.embed_block

    # ---- running it ----

    @property
    def device(self) -> torch.device:
        first: Tensor = next(self.model.parameters())
        return first.device

    def encode_prefix(self, clips: Sequence[ClipInput], boundary: int) -> list[Activations]:
        items = [{"mel": mel} for mel in self._mel(clips)]
        return self.advance(items, [c.label_ids for c in clips], 0, boundary)

    def _mel(self, clips: Sequence[ClipInput]) -> list[Tensor]:
        """(n_mels, n_frames) of each clip, padded with silence to the window.

        Raises:
            ModelError: A clip is longer than the window; it would be cut.
        """
        for clip in clips:
            if len(clip.samples) > self.padded_to:
                raise ModelError(
                    say(
                        "A sound of {n:.1f} s is longer than the {window:.0f} s that {name} hears at "
                        "once; split it first.",
                        n=len(clip.samples) / SAMPLE_RATE,
                        window=self.window,
                        name=self.spec.name,
                    )
                )
        extractor = self.processor.feature_extractor
        features = extractor([c.samples for c in clips], sampling_rate=SAMPLE_RATE, return_tensors="pt")
        return list(features["input_features"].float())

    @torch.no_grad()
    def advance(
        self, items: Sequence[Activations], label_ids: Sequence[Sequence[int]], start: int, stop: int
    ) -> list[Activations]:
        if start == stop:
            return list(items)
        training = self.model.training
        self.model.eval()
        batch = self._run(self.collate(items, label_ids if self.depends_on_label(stop) else None), start, stop)
        self.model.train(training)
        out = []
        for i, ids in enumerate(label_ids):
            item: Activations = {name: batch[name][i].clone() for name in ("hidden", "memory") if name in batch}
            if self.depends_on_label(stop):
                item["hidden"] = item["hidden"][: len(ids)]
            out.append(item)
        return out

    def collate(self, items: Sequence[Activations], labels: Sequence[Sequence[int]] | None = None) -> Batch:
        batch = {name: nn.utils.rnn.pad_sequence([item[name] for item in items], batch_first=True) for name in items[0]}
        if labels is not None:
            ids = [torch.tensor(list(ls), dtype=torch.long) for ls in labels]
            batch["labels"] = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-100)
        return batch

    def _run(self, batch: Batch, start: int, stop: int) -> Batch:
        """Blocks start … stop−1.

        Args:
            batch: "mel" (batch, n_mels, n_frames), or "hidden" (batch, n_positions, width) within the encoder, or
                "memory" (batch, n_positions, width) behind it, with "hidden" (batch, n_tokens, width) within the
                decoder; and "labels" where the embedding is among the blocks.
        """
        state = {name: value.to(self.device) for name, value in batch.items()}
        causal: tuple[Any] | None = None
        for number in range(start, stop):
            if number == 0:
                state["hidden"] = self._features(state.pop("mel"))
            elif number < self.embed_block:
                state["hidden"] = self._encoder_layer(number - 1, state["hidden"])
            if number == self.embed_block - 1:
                state["memory"] = state.pop("hidden")
            if number == self.embed_block:
                state["hidden"] = self._embed(state["labels"])
            elif self.embed_block < number < self.head_block:
                if causal is None:
                    causal = (self._causal_mask(state["hidden"]),)
                index = number - self.embed_block - 1
                state["hidden"] = self._decoder_layer(index, state["hidden"], state["memory"], causal[0])
        return state

    def _features(self, mel: Tensor) -> Tensor:
        """(batch, n_positions, width) from (batch, n_mels, n_frames), with positions."""
        encoder = self.encoder
        if encoder.conv1.training and self.model.config.apply_spec_augment:
            mel = self.model.model._mask_input_features(mel)
        hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        hidden = hidden + encoder.embed_positions.weight
        return functional.dropout(hidden, p=encoder.dropout, training=encoder.conv1.training)

    def listen(self, mel: Tensor) -> Tensor:
        """(batch, n_positions, width) behind the encoder, from (batch, n_mels, n_frames) of the window's length."""
        return self._run({"mel": mel}, 0, self.embed_block)["memory"]

    def _encoder_layer(self, index: int, hidden: Tensor) -> Tensor:
        hidden = _first(self.encoder_layers[index](hidden, None))
        return self.encoder.layer_norm(hidden) if index == len(self.encoder_layers) - 1 else hidden

    def _embed(self, labels: Tensor) -> Tensor:
        """(batch, n_tokens, width) of what the decoder is given."""
        decoder, given = self.decoder, self._given(labels)
        hidden = self._look_up(given) * getattr(decoder, "embed_scale", 1.0)
        hidden = hidden + decoder.embed_positions.weight[: given.shape[1]]
        return functional.dropout(hidden, p=decoder.dropout, training=decoder.embed_tokens.training)

    def _look_up(self, given: Tensor) -> Tensor:
        """(batch, n_tokens, width) of these ids."""
        table = self.decoder.embed_tokens
        if not self.tied or type(table) is not nn.Embedding or not table.weight.requires_grad:
            rows: Tensor = table(given)
            return rows
        return look_up(given, table.weight, table.padding_idx)

    def _given(self, labels: Tensor) -> Tensor:
        """(batch, n_tokens) ids that the decoder is given: the start token, then the label but its last token."""
        start = labels.new_full((len(labels), 1), self.start_token)
        return torch.cat([start, labels[:, :-1]], dim=1).clamp_min(0)  # behind a label's end anything will do

    def _causal_mask(self, hidden: Tensor) -> Any:
        return create_causal_mask(
            config=self.model.config, inputs_embeds=hidden, attention_mask=None, past_key_values=None, position_ids=None
        )

    def _decoder_layer(self, index: int, hidden: Tensor, memory: Tensor, causal: Any) -> Tensor:
        hidden = _first(self.decoder_layers[index](hidden, causal, memory, use_cache=False))
        return self.decoder.layer_norm(hidden) if index == len(self.decoder_layers) - 1 else hidden

    def logits(self, batch: Batch, boundary: int) -> Tensor:
        """(batch, n_tokens, vocabulary) of the next token, the labels given."""
        logits: Tensor = self.model.proj_out(self._run(batch, boundary, self.head_block)["hidden"])
        return logits

    def loss(self, batch: Batch, boundary: int) -> Tensor:
        """See `Backend`; cross entropy over all tokens of the batch, language and task included, as in transformers."""
        labels = batch["labels"].to(self.device)
        hidden = self._run(batch, boundary, self.head_block)["hidden"]
        kept = labels >= 0  # the vocabulary is large: not even computed where nothing is to be written
        return functional.cross_entropy(self.model.proj_out(hidden[kept]).float(), labels[kept])


def _halves(spec: ModelSpec, model: Any) -> tuple[Any, Any]:
    """The encoder and the decoder.

    Raises:
        ModelError: They lack a part that Whisper has.
    """
    base = getattr(model, "model", None)
    encoder, decoder = getattr(base, "encoder", None), getattr(base, "decoder", None)
    parts = [(encoder, ("conv1", "conv2", "layers", "layer_norm")), (decoder, ("embed_tokens", "layers", "layer_norm"))]
    if any(not hasattr(half, name) for half, names in parts for name in names) or not hasattr(model, "proj_out"):
        raise ModelError(
            say(
                "The model {name} ({name2}) is built differently from Whisper; choose a Whisper "
                "model or one with a CTC head, such as wav2vec2-base-960h.",
                name=spec.name,
                name2=type(model).__name__,
            )
        )
    return encoder, decoder


def _first(out: Any) -> Tensor:
    first: Tensor = out[0] if isinstance(out, tuple) else out
    return first
