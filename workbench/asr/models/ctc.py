"""Speech recognisers with a CTC head, run block by block: what is the same for all of them.

`FAMILIES` says which architecture is cut how. CTC: Graves et al. 2006, "Connectionist temporal classification".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.asr.models.alignment import ctc_word_frames
from workbench.asr.models.backend import Activations, Batch, ClipInput
from workbench.asr.models.boosting import boost_of
from workbench.asr.models.ctc_beam import BeamReader
from workbench.asr.models.ctc_family import Family, Stage
from workbench.asr.models.ctc_languages import adapters_of
from workbench.asr.models.ctc_mel import Parakeet, Wav2Vec2Bert
from workbench.asr.models.ctc_text import Letters, writing_of
from workbench.asr.models.ctc_wav2vec2 import Wav2Vec2, Wav2Vec2Conformer, WavLM
from workbench.asr.models.frames import Frames
from workbench.asr.models.lora import low_rank_size
from workbench.core.text.word_list import Term
from workbench.core.types import SAMPLE_RATE, Block, Heard, ModelSpec, Seconds
from workbench.errors import ModelError
from workbench.language.said import say

NEW_ROW_BIAS = -2.0  # a new character starts this far (in logits) below the letter it is copied from

FAMILIES: dict[str, type[Family]] = {  # by config.json's model_type; the same names stand in outline.py
    "wav2vec2": Wav2Vec2,
    "hubert": Wav2Vec2,
    "data2vec-audio": Wav2Vec2,
    "unispeech": Wav2Vec2,
    "unispeech-sat": Wav2Vec2,
    "wavlm": WavLM,
    "wav2vec2-conformer": Wav2Vec2Conformer,
    "wav2vec2-bert": Wav2Vec2Bert,
    "parakeet_ctc": Parakeet,
}


class CTCBackend:
    """A loaded CTC model.

    Args:
        spec: Where it came from.
        model: A `*ForCTC` model in float32.
        processor: Its processor (feature extractor and tokenizer).
        fingerprint: Hash of its files.

    Raises:
        ModelError: The architecture is not one of `FAMILIES`.
    """

    window: Seconds | None = None
    padded_to = 0
    healed = ""
    decode_start = 0
    decode_batch_size = 0  # nothing is written token by token
    gives_times = True
    usual_boost = 1.0  # for each letter, where a token of Whisper's is several

    def __init__(self, spec: ModelSpec, model: Any, processor: Any, fingerprint: str) -> None:
        self.spec, self.model, self.processor, self.fingerprint = spec, model, processor, fingerprint
        family = FAMILIES.get(model.config.model_type)
        if family is None:
            raise ModelError(
                say(
                    "The model {name} is a {model_type} model, which is not supported; choose one of "
                    "these kinds: {families}.",
                    name=spec.name,
                    model_type=model.config.model_type,
                    families=", ".join(FAMILIES),
                )
            )
        self.family = family(model, processor.feature_extractor)
        self.writing = writing_of(processor.tokenizer)
        self.adapters = adapters_of(spec, model, processor.tokenizer)
        self._reader: BeamReader | None = None
        # "sum" makes the loss depend on the batch (docs/recipes.md, "Traps", 4). For whoever trains an export on.
        model.config.ctc_loss_reduction = "mean"
        model.config.ctc_zero_infinity = True
        model.eval()

    # ---- what the model consists of ----

    def stages(self) -> list[Stage]:
        return self.family.stages()

    def block_modules(self) -> tuple[tuple[nn.Module, ...], ...]:
        return tuple(stage.modules for stage in self.stages())

    def block_parameters(self) -> tuple[tuple[nn.Parameter, ...], ...]:
        seen: set[int] = set()
        out = []
        for stage in self.stages():
            weights = [*(p for m in stage.modules for p in m.parameters()), *stage.weights]
            out.append(tuple(p for p in weights if not (id(p) in seen or seen.add(id(p)))))  # type: ignore[func-returns-value]
        return tuple(out)

    def blocks(self) -> tuple[Block, ...]:
        return tuple(
            Block(
                stage.name,
                stage.kind,
                sum(p.numel() for p in weights),
                vectors=sum(p.numel() for p in weights if p.dim() == 1),
                low_rank=low_rank_size(stage.modules) if stage.kind == "encoder" else 0,
                adapters=sum(
                    p.numel() for m in stage.modules for n, p in m.named_parameters() if n.startswith("adapter_layer.")
                ),
            )
            for stage, weights in zip(self.stages(), self.block_parameters(), strict=True)
        )

    def cache_identity(self) -> dict[str, str]:
        return {
            "fingerprint": self.fingerprint,
            "processor": repr(sorted(self.processor.feature_extractor.to_dict().items())),
            "language": self.adapters.identity if self.adapters else "",
        }

    # ---- running it ----

    @property
    def device(self) -> torch.device:
        first: Tensor = next(self.model.parameters())
        return first.device

    def encode_prefix(self, clips: Sequence[ClipInput], boundary: int) -> list[Activations]:
        items: list[Activations] = [{self.family.input_name: self.family.prepare(c.samples)} for c in clips]
        return self.advance(items, [()] * len(clips), 0, boundary)

    @torch.no_grad()
    def advance(
        self, items: Sequence[Activations], label_ids: Sequence[Sequence[int]], start: int, stop: int
    ) -> list[Activations]:
        if start == stop:
            return list(items)
        with self._at_rest():
            frames = self.run(self.collate(items), start, stop)
        return [{"hidden": h[:n].clone()} for h, n in zip(frames.hidden, frames.lengths.tolist(), strict=True)]

    def audio_boundary(self, boundary: int) -> int:
        return boundary

    def depends_on_label(self, boundary: int) -> bool:
        return False

    def collate(self, items: Sequence[Activations], labels: Sequence[Sequence[int]] | None = None) -> Batch:
        name = "hidden" if "hidden" in items[0] else self.family.input_name
        values = [item[name] for item in items]
        batch = {
            name: nn.utils.rnn.pad_sequence(values, batch_first=True),
            "lengths": torch.tensor([len(v) for v in values]),
        }
        if labels is not None:
            ids = [torch.tensor(list(ls), dtype=torch.long) for ls in labels]
            batch["labels"] = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-100)
        return batch

    def run(self, batch: Batch, start: int, stop: int | None = None) -> Frames:
        """Blocks `start` … `stop`−1 (the head by default) on a batch of boundary `start`."""
        values = batch["hidden"] if "hidden" in batch else batch[self.family.input_name]
        frames = Frames(values.to(self.device), batch["lengths"].to(self.device))
        for stage in self.stages()[start:stop]:
            frames = stage.run(frames)
        return frames

    def loss(self, batch: Batch, boundary: int) -> Tensor:
        labels = batch["labels"].to(self.device)
        logits, lengths = self.logits(batch, boundary)
        kept = labels >= 0
        with torch.backends.cudnn.flags(enabled=False):
            return functional.ctc_loss(
                functional.log_softmax(logits.float(), dim=-1).transpose(0, 1),
                labels[kept],
                lengths,
                kept.sum(-1),
                blank=self.model.config.pad_token_id,
                reduction="mean",
                zero_infinity=True,
            )

    def logits(self, batch: Batch, boundary: int) -> tuple[Tensor, Tensor]:
        """(batch, n_frames, vocabulary) logits and (batch,) frames of each clip."""
        frames = self.run(batch, boundary)
        return frames.hidden, frames.lengths

    @torch.no_grad()
    def transcribe(self, batch: Batch, boundary: int) -> list[str]:
        with self._at_rest():
            logits, lengths = self.logits(batch, boundary)
        if self._reader:
            return [heard.text for heard in self._read(self._reader, logits, lengths)]
        best = logits.argmax(-1).cpu()
        return [self.writing.decode(ids[:n].tolist()) for ids, n in zip(best, lengths.tolist(), strict=True)]

    @torch.no_grad()
    def transcribe_with_confidence(self, batch: Batch, boundary: int) -> list[Heard]:
        with self._at_rest():
            logits, lengths = self.logits(batch, boundary)
        if self._reader:
            return self._read(self._reader, logits, lengths)
        sure, best = logits.float().softmax(-1).max(-1)
        frames = zip(best.tolist(), sure.tolist(), lengths.tolist(), strict=True)
        return [self.writing.read(ids[:n], of_frames[:n]) for ids, of_frames, n in frames]

    def _read(self, reader: BeamReader, logits: Tensor, lengths: Tensor) -> list[Heard]:
        frames = functional.log_softmax(logits.float(), dim=-1).cpu().numpy()
        readings = [reader.read(of_clip[:n]) for of_clip, n in zip(frames, lengths.tolist(), strict=True)]
        return [self.writing.of_tokens(reading.tokens, reading.sure) for reading in readings]

    def set_boost(self, terms: Sequence[Term], strength: float) -> None:
        """See `Backend`; with words to favour, prefixes are searched instead of reading frame by frame."""
        boost = boost_of(terms, strength, self._written, self.writing.goes_on, self.writing.space)
        self._reader = BeamReader(boost, int(self.model.config.pad_token_id)) if boost else None

    def _written(self, text: str) -> list[int]:
        """Token ids of a text, in the case that the alphabet has; none where it lacks a character."""
        known = self.characters()
        fitting = (t for t in (text, text.upper(), text.lower()) if known is None or set(t) - {" "} <= known)
        found = next(fitting, None)
        return [] if found is None else self.encode_label(found)

    @torch.no_grad()
    def word_times(
        self, item: Activations, boundary: int, texts: Sequence[str], duration: Seconds
    ) -> list[list[tuple[Seconds, Seconds]] | None]:
        """See `Backend`; along the model's own emissions, which are computed once for all texts."""
        with self._at_rest():
            logits, _ = self.logits(self.collate([item]), boundary)
        emissions = functional.log_softmax(logits[0].float(), dim=-1).cpu()
        blank, frame = int(self.model.config.pad_token_id), duration / max(1, len(emissions))
        found: list[list[tuple[Seconds, Seconds]] | None] = []
        for text in texts:
            frames = ctc_word_frames(emissions, self.encode_label(text), self.writing.words_of(text), blank)
            found.append(None if frames is None else [(a * frame, b * frame) for a, b in frames])
        return found

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """Eval mode, and afterwards each module's own mode again: what is frozen stays in eval mode."""
        learning = [m for m in self.model.modules() if m.training]
        self.model.eval()
        try:
            yield
        finally:
            for module in learning:
                module.training = True

    # ---- labels ----

    def characters(self) -> frozenset[str] | None:
        return self.writing.characters()

    def encode_label(self, label_text: str) -> list[int]:
        return self.writing.encode(label_text)

    def unlearnable_reason(self, label_text: str, n_samples: int) -> str | None:
        known = self.characters()
        unknown = sorted(set(label_text) - known - {" "}) if known is not None else []
        if unknown:
            return say("The model cannot write {characters}", characters=" ".join(unknown))
        if not label_text.strip():
            return say("Nothing is left of the text once it is written in the model's alphabet")
        needed, frames = self.writing.frames_needed(label_text), self.n_frames(n_samples)
        if needed > frames:
            return say(
                "The text needs {needed} frames, but {seconds:.2f} s of sound give the model only {frames}",
                needed=needed,
                seconds=n_samples / SAMPLE_RATE,
                frames=frames,
            )
        return None

    def n_frames(self, n_samples: int) -> int:
        """Frames of logits that the model makes of this many samples."""
        return self.family.n_frames(n_samples)

    def extend(self, characters: Sequence[str]) -> None:
        """See `Backend`. A new character starts as its base letter (ǔ as u), else as the mean of all letters, a little
        below it, so that the model says at first what it said before.

        Raises:
            ModelError: The model writes with pieces of words, which cannot be added to.
        """
        known = self.characters()
        new = [c for c in dict.fromkeys(characters) if known is not None and c not in known and c != " "]
        if not new:
            return
        if not isinstance(self.writing, Letters):
            raise ModelError(
                say(
                    "The model {name} writes with pieces of words, to which no characters can be "
                    "added (such as {new}); write the labels without them, or choose a model that "
                    "writes letter by letter.",
                    name=self.spec.name,
                    new=new[0],
                )
            )
        old = self.model.lm_head
        head = nn.Linear(old.in_features, old.out_features + len(new))
        with torch.no_grad():
            head.weight[: old.out_features], head.bias[: old.out_features] = old.weight, old.bias
            for row, character in enumerate(new, start=old.out_features):
                like = self.writing.base_letter(character)
                rows = [like] if like is not None else self.writing.letters()
                head.weight[row], head.bias[row] = old.weight[rows].mean(0), old.bias[rows].mean() + NEW_ROW_BIAS
        self.model.lm_head = head.to(old.weight.device)
        self.model.config.vocab_size = head.out_features
        self.writing = self.writing.extended(new, old.out_features)
        self.processor.tokenizer = self.writing.tokenizer

    # ---- training mode, saving ----

    def languages(self) -> frozenset[str] | None:
        return self.adapters.known(self.processor.tokenizer) if self.adapters else None

    def recognise_language(self, items: Sequence[Activations], boundary: int) -> str | None:
        """See `Backend`; no CTC model can tell."""
        return None

    def set_language(self, language: str | None, task: str = "transcribe") -> None:
        """See `Backend`; a CTC model writes what it hears. MMS exchanges its adapters and its alphabet.

        Raises:
            ModelError: MMS has no adapter for the language.
        """
        if self.adapters:
            self.adapters.choose(language, self.processor.tokenizer)
            self.writing = writing_of(self.processor.tokenizer)
            self._reader = None  # its words are spelled in the alphabet before

    def set_window(self, window: Seconds) -> None:
        """See `Backend`; a clip costs its own length."""

    def set_time_mask(self, share: float) -> None:
        self.family.time_mask = share

    def set_dropout(self, share: float) -> None:
        self.family.set_dropout(share)

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder, safe_serialization=True)
        self.processor.save_pretrained(folder)
        # transformers 5 puts it into processor_config.json; older versions and converters look for this file.
        self.processor.feature_extractor.save_pretrained(folder)
