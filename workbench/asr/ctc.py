"""wav2vec 2.0, HuBERT and data2vec-audio with a CTC head, run block by block.

Stock modules, own order of calls: transformers' forward cannot start in the middle, which the cached prefix needs.
Every clip is computed as if it were alone, whatever batch it is in. Three things make that true:

* Padded frames are zeroed before the positional convolution and masked in attention, as in transformers' own forward.
* A feature encoder with group norm averages over time, so padding would change it: its clips go through one by one.
* data2vec-audio stacks positional convolutions whose layer norm lifts padded frames off zero: one by one as well.

Papers: wav2vec 2.0, Baevski et al. 2020 (arXiv 2006.11477); CTC, Graves et al. 2006.
"""

import json
import math
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.masking_utils import create_bidirectional_mask

from workbench.asr.backend import Activations, Batch, ClipInput
from workbench.core.text import ctc_frames_needed
from workbench.core.types import SAMPLE_RATE, Block, ModelSpec, Seconds
from workbench.errors import ModelError

NEW_ROW_BIAS = -2.0  # a new character starts this far (in logits) below the letter it is copied from
MASK_FRAMES = 10  # frames a SpecAugment mask covers; 0.2 s, as in wav2vec 2.0
FEATURES, PROJECTION, POSITION, FIRST_LAYER = 0, 1, 2, 3  # block numbers; the head is the last


class CTCBackend:
    """A loaded CTC model of the wav2vec 2.0 kind.

    Args:
        spec: Where it came from.
        model: A `*ForCTC` model in float32.
        processor: Its processor (feature extractor and character tokenizer).
        fingerprint: Hash of its files.

    Raises:
        ModelError: The architecture lacks one of the parts that wav2vec 2.0's kin share.
    """

    window: Seconds | None = None
    padded_to = 0

    def __init__(self, spec: ModelSpec, model: Any, processor: Any, fingerprint: str) -> None:
        self.spec, self.model, self.processor, self.fingerprint = spec, model, processor, fingerprint
        base: Any = getattr(model, getattr(model, "base_model_prefix", ""), None)
        _check_parts(spec, base, model)
        self.base = base
        self.layers = list(self.base.encoder.layers)
        self.head_block = FIRST_LAYER + len(self.layers)
        extractor = self.base.feature_extractor
        self.features_one_by_one = any(isinstance(m, nn.GroupNorm) for m in extractor.modules())
        self.position_one_by_one = hasattr(self.base.encoder.pos_conv_embed, "layers")
        self.norm_is_last = bool(getattr(model.config, "do_stable_layer_norm", False))
        self._token_text = _token_texts(processor.tokenizer)
        # The recipes' traps: layerdrop skips blocks at random, "sum" makes the loss depend on the batch.
        model.config.layerdrop = 0.0
        model.config.ctc_loss_reduction = "mean"
        model.config.ctc_zero_infinity = True
        model.eval()

    # ---- what the model consists of ----

    def block_modules(self) -> tuple[tuple[nn.Module, ...], ...]:
        """See `Backend`. The encoder's norm belongs to the block it follows: the position's or the last layer's."""
        encoder = self.base.encoder
        early, late = ((), (encoder.layer_norm,)) if self.norm_is_last else ((encoder.layer_norm,), ())
        layers = [(layer,) for layer in self.layers[:-1]] + [(self.layers[-1], *late)]
        return (
            (self.base.feature_extractor,),
            (self.base.feature_projection,),
            (encoder.pos_conv_embed, *early, encoder.dropout),
            *layers,
            (self.model.dropout, self.model.lm_head),
        )

    def block_parameters(self) -> tuple[tuple[nn.Parameter, ...], ...]:
        """See `Backend`; the vector that masked frames become belongs to the projection."""
        seen: set[int] = set()
        out = []
        for number, modules in enumerate(self.block_modules()):
            weights = [p for m in modules for p in m.parameters()]
            if number == PROJECTION and hasattr(self.base, "masked_spec_embed"):
                weights.append(self.base.masked_spec_embed)
            out.append(tuple(p for p in weights if not (id(p) in seen or seen.add(id(p)))))  # type: ignore[func-returns-value]
        return tuple(out)

    def blocks(self) -> tuple[Block, ...]:
        names = ["features", "projection", "position", *(f"encoder {i + 1}" for i in range(len(self.layers))), "head"]
        kinds = ["features", "projection", "embed", *["encoder"] * len(self.layers), "head"]
        counts = [sum(p.numel() for p in weights) for weights in self.block_parameters()]
        return tuple(Block(n, k, c) for n, k, c in zip(names, kinds, counts, strict=True))

    def cache_identity(self) -> dict[str, str]:
        return {
            "fingerprint": self.fingerprint,
            "processor": repr(sorted(self.processor.feature_extractor.to_dict().items())),
        }

    # ---- running it ----

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def encode_prefix(self, clips: Sequence[ClipInput], boundary: int) -> list[Activations]:
        return self.advance([{"samples": self._normalised(c)} for c in clips], [()] * len(clips), 0, boundary)

    @torch.no_grad()
    def advance(
        self, items: Sequence[Activations], label_ids: Sequence[Sequence[int]], start: int, stop: int
    ) -> list[Activations]:
        if start == stop:
            return list(items)
        training = self.model.training
        self.model.eval()
        batch = self._run(self.collate(items), start, stop)
        self.model.train(training)
        return [{"hidden": h[:n].clone()} for h, n in zip(batch["hidden"], batch["lengths"].tolist(), strict=True)]

    def hearing_boundary(self, boundary: int) -> int:
        return boundary

    def label_matters(self, boundary: int) -> bool:
        return False

    def _normalised(self, clip: ClipInput) -> Tensor:
        """(n_samples,) with zero mean and unit variance where the processor asks for it."""
        samples = torch.from_numpy(clip.samples).float()
        if getattr(self.processor.feature_extractor, "do_normalize", False):
            samples = (samples - samples.mean()) / torch.sqrt(samples.var(unbiased=False) + 1e-7)
        return samples

    def collate(self, items: Sequence[Activations], labels: Sequence[Sequence[int]] | None = None) -> Batch:
        name = "samples" if "samples" in items[0] else "hidden"
        values = [item[name] for item in items]
        batch = {
            name: nn.utils.rnn.pad_sequence(values, batch_first=True),
            "lengths": torch.tensor([len(v) for v in values]),
        }
        if labels is not None:
            ids = [torch.tensor(list(ls), dtype=torch.long) for ls in labels]
            batch["labels"] = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-100)
        return batch

    def _run(self, batch: Batch, start: int, stop: int) -> Batch:
        """Blocks start … stop−1 on a batch: "samples" (batch, n_samples) or "hidden" (batch, n_frames, width)."""
        batch = {k: v.to(self.device) for k, v in batch.items() if k != "labels"}
        lengths = batch["lengths"]
        if start == FEATURES:
            hidden, lengths = self._features(batch["samples"], lengths)
            start = PROJECTION
        else:
            hidden = batch["hidden"]
        mask = torch.arange(hidden.shape[1], device=self.device)[None] < lengths[:, None]
        attention: tuple[Any] | None = None
        for number in range(start, stop):
            if number == PROJECTION:
                hidden = self._project(hidden, mask)
            elif number == POSITION:
                hidden = self._position(hidden, lengths, mask)
            elif number < self.head_block:
                if attention is None:
                    padding = None if bool(mask.all()) else mask
                    attention = (create_bidirectional_mask(self.model.config, hidden, padding),)
                hidden = self._layer(number - FIRST_LAYER, hidden, attention[0])
            else:
                hidden = self.model.lm_head(self.model.dropout(hidden))
        return {"hidden": hidden, "lengths": lengths}

    def _features(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, n_frames, channels) and the frames of each clip; frames beyond a clip's own are zero."""
        extractor = self.base.feature_extractor
        n_frames = self.model._get_feat_extract_output_lengths(lengths)
        equal = bool((lengths == samples.shape[1]).all())
        if equal or not self.features_one_by_one:
            return extractor(samples).transpose(1, 2)[:, : int(n_frames.max())], n_frames
        alone = [extractor(s[None, :n])[0].T for s, n in zip(samples, lengths.tolist(), strict=True)]
        return nn.utils.rnn.pad_sequence(alone, batch_first=True), n_frames

    def _project(self, hidden: Tensor, mask: Tensor) -> Tensor:
        out = self.base.feature_projection(hidden)
        out = out[0] if isinstance(out, tuple) else out
        # Masking more frames at once than a clip has is an error in transformers.
        if self.base.training and out.shape[1] > MASK_FRAMES and hasattr(self.base, "masked_spec_embed"):
            out = self.base._mask_hidden_states(out, attention_mask=mask.long())
        return out

    def _position(self, hidden: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        encoder = self.base.encoder
        hidden = hidden * mask[..., None].to(hidden.dtype)
        if self.position_one_by_one and not bool(mask.all()):
            alone = [encoder.pos_conv_embed(h[None, :n])[0] for h, n in zip(hidden, lengths.tolist(), strict=True)]
            position = nn.utils.rnn.pad_sequence(alone, batch_first=True)
        else:
            position = encoder.pos_conv_embed(hidden)
        hidden = hidden + position
        return encoder.dropout(hidden if self.norm_is_last else encoder.layer_norm(hidden))

    def _layer(self, index: int, hidden: Tensor, attention: Any) -> Tensor:
        out = self.layers[index](hidden, attention_mask=attention)
        hidden = out[0] if isinstance(out, tuple) else out
        return self.base.encoder.layer_norm(hidden) if self.norm_is_last and index == len(self.layers) - 1 else hidden

    def loss(self, batch: Batch, boundary: int) -> Tensor:
        labels = batch["labels"].to(self.device)
        out = self._run(batch, boundary, self.head_block + 1)
        kept = labels >= 0
        log_probabilities = functional.log_softmax(out["hidden"].float(), dim=-1).transpose(0, 1)
        with torch.backends.cudnn.flags(enabled=False):
            return functional.ctc_loss(
                log_probabilities,
                labels[kept],
                out["lengths"],
                kept.sum(-1),
                blank=self.model.config.pad_token_id,
                reduction="mean",
                zero_infinity=True,
            )

    def logits(self, batch: Batch, boundary: int) -> tuple[Tensor, Tensor]:
        """(batch, n_frames, vocabulary) logits and (batch,) frames of each clip."""
        out = self._run(batch, boundary, self.head_block + 1)
        return out["hidden"], out["lengths"]

    @torch.no_grad()
    def transcribe(self, batch: Batch, boundary: int) -> list[str]:
        training = self.model.training
        self.model.eval()
        logits, lengths = self.logits(batch, boundary)
        best = logits.argmax(-1).cpu()
        self.model.train(training)
        return [self._decode(ids[:n].tolist()) for ids, n in zip(best, lengths.tolist(), strict=True)]

    def _decode(self, ids: list[int]) -> str:
        """Greedy CTC: equal neighbours merge, blanks and special tokens vanish."""
        merged = [i for i, before in zip(ids, [-1, *ids], strict=False) if i != before]
        return " ".join("".join(self._token_text[i] for i in merged).split())

    # ---- labels ----

    def characters(self) -> frozenset[str]:
        return frozenset(t for t in self._token_text if len(t) == 1 and t != " ")

    def encode_label(self, label_text: str) -> list[int]:
        ids = {text: i for i, text in reversed(list(enumerate(self._token_text))) if text}
        text = " ".join(label_text.split())
        return [ids[c] for c in text if c != " " or " " in ids]

    def learnable(self, label_text: str, n_samples: int) -> str | None:
        unknown = sorted(set(label_text) - self.characters() - {" "})
        if unknown:
            return f"The model cannot write {' '.join(unknown)}"
        if not label_text.strip():
            return "Nothing is left of the text once it is written in the model's alphabet"
        needed, frames = ctc_frames_needed(label_text), int(self.n_frames(n_samples))
        if needed > frames:
            seconds = n_samples / SAMPLE_RATE
            return f"The text needs {needed} frames, but {seconds:.2f} s of sound give the model only {frames}"
        return None

    def n_frames(self, n_samples: int) -> int:
        """Frames that the feature encoder makes of this many samples."""
        return int(self.model._get_feat_extract_output_lengths(torch.tensor([n_samples]))[0])

    def extend(self, characters: Sequence[str]) -> None:
        """See `Backend`. A new character starts as its base letter (ǔ as u), else as the mean of all letters, a little
        below it, so that the model says at first what it said before."""
        new = [c for c in dict.fromkeys(characters) if c not in self.characters() and c != " "]
        if not new:
            return
        old, tokenizer = self.model.lm_head, self.processor.tokenizer
        head = nn.Linear(old.in_features, old.out_features + len(new))
        letters = [i for i, t in enumerate(self._token_text) if len(t) == 1 and t != " "]
        with torch.no_grad():
            head.weight[: old.out_features], head.bias[: old.out_features] = old.weight, old.bias
            for row, character in enumerate(new, start=old.out_features):
                like = _base_letter(character, self._token_text)
                rows = [like] if like is not None else letters
                head.weight[row], head.bias[row] = old.weight[rows].mean(0), old.bias[rows].mean() + NEW_ROW_BIAS
        self.model.lm_head = head.to(old.weight.device)
        self.model.config.vocab_size = head.out_features
        self.processor.tokenizer = _extended_tokenizer(tokenizer, new, old.out_features)
        self._token_text = [*self._token_text, *new]

    # ---- training mode, saving ----

    def set_language(self, language: str | None, task: str = "transcribe") -> None:
        """See `Backend`; a CTC model writes what it hears, in the letters it has."""

    def set_time_mask(self, share: float) -> None:
        """Make the model mask about this share of frames in training mode.

        transformers' probability p is that of a frame to be covered when masks may overlap: share ≈ 1 − exp(−p).
        """
        config = self.model.config
        config.mask_time_prob = -math.log(1 - share) if share > 0 else 0.0
        config.mask_time_length, config.mask_time_min_masks = MASK_FRAMES, 0
        config.mask_feature_prob = 0.0
        config.apply_spec_augment = share > 0

    def set_dropout(self, share: float) -> None:
        """Drop this share of activations in training mode, wherever the model has a dropout layer."""
        for module in self.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = share

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder, safe_serialization=True)
        self.processor.save_pretrained(folder)
        # transformers 5 puts it into processor_config.json; older versions and converters look for this file.
        self.processor.feature_extractor.save_pretrained(folder)


def _check_parts(spec: ModelSpec, base: Any, model: Any) -> None:
    needed = ("feature_extractor", "feature_projection", "encoder")
    missing = [part for part in needed if not hasattr(base, part)]
    if not missing and not hasattr(base.encoder, "pos_conv_embed"):
        missing = ["positional convolution"]
    if missing or not hasattr(model, "lm_head"):
        raise ModelError(
            f"The model {spec.name} ({type(model).__name__}) is built differently from wav2vec 2.0 (no "
            f"{', '.join(missing) or 'lm_head'}); choose a wav2vec 2.0, HuBERT or data2vec-audio model."
        )
    if getattr(base, "adapter", None) is not None:
        raise ModelError(
            f"The model {spec.name} shortens its output by an adapter after the encoder, which is not supported; "
            "choose a model without add_adapter."
        )
    layer = base.encoder.layers[0]
    if any("rel_attn_embed" in name for name, _ in layer.named_parameters()):
        raise ModelError(
            f"The model {spec.name} is of the WavLM kind, whose position bias is not supported yet; "
            "choose a wav2vec 2.0, HuBERT or data2vec-audio model."
        )


def _token_texts(tokenizer: Any) -> list[str]:
    """What each token id adds to a text: a character, a space for the word delimiter, nothing for special tokens."""
    vocabulary = tokenizer.get_vocab()
    texts = [""] * (max(vocabulary.values()) + 1)
    delimiter = getattr(tokenizer, "word_delimiter_token", "|")
    silent = {tokenizer.pad_token, tokenizer.unk_token, tokenizer.bos_token, tokenizer.eos_token} - {delimiter}
    for token, number in vocabulary.items():
        special = token in silent or (token.startswith("<") and token.endswith(">"))
        texts[number] = " " if token == delimiter else "" if special else token
    return texts


def _base_letter(character: str, token_text: list[str]) -> int | None:
    """Id of the letter under a character's marks, in either case; None where the alphabet has none."""
    letter = unicodedata.normalize("NFD", character)[0]
    for candidate in (letter, letter.lower(), letter.upper()):
        if candidate in token_text:
            return token_text.index(candidate)
    return None


def _extended_tokenizer(tokenizer: Any, new: Sequence[str], first_id: int) -> Any:
    """A tokenizer of the same kind whose vocabulary has the new characters at the new rows' numbers."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        file = Path(folder) / "vocab.json"
        vocabulary = json.loads(file.read_text(encoding="utf-8"))
        vocabulary |= {c: first_id + i for i, c in enumerate(new)}
        file.write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        return type(tokenizer).from_pretrained(folder)
