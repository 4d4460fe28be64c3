"""Whisper and its kin, an encoder that listens and a decoder that writes: what they write, and in which language.

Language and task are tokens at the start of each text, chosen once; without a language each clip's is recognised.
How the model is run block by block stands in `whisper_layers`.

Paper: Radford et al. 2022 (arXiv 2212.04356).
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache

from workbench.asr.models.alignment import USUAL_FILTER, attended_steps, between, spelled, word_spans
from workbench.asr.models.backend import Activations, Batch
from workbench.asr.models.confidence import by_word, placed
from workbench.asr.models.cross_attention import watched_attention
from workbench.asr.models.ctc_text import numbered_words
from workbench.asr.models.greedy import GreedyState
from workbench.asr.models.silence import silence_of
from workbench.asr.models.whisper_layers import WhisperLayers
from workbench.core.types import SAMPLE_RATE, Heard, Seconds
from workbench.core.word_times import Span

READING_MEMORY = 2**30  # bytes of keys and values while clips are read together
LONGEST: Seconds = 30.0  # that any of these models hears at once
MOST_POSITIONS = 1500  # of so much sound
MOST_TOGETHER = 32  # clips; with more, most have ended long before the longest text has
SPACE_SIGN = "Ġ"  # how a byte-level vocabulary writes the space before a word
MASK_FRAMES = 10  # mel frames that a SpecAugment mask covers


class WhisperBackend(WhisperLayers):
    """A loaded Whisper model; see `WhisperLayers`."""

    gives_times = True

    # ---- reading out ----

    def transcribe(self, batch: Batch, boundary: int) -> list[str]:
        return [heard.text for heard in self._written(batch, boundary, measured=False)]

    def transcribe_with_confidence(self, batch: Batch, boundary: int) -> list[Heard]:
        return self._written(batch, boundary, measured=True)

    @torch.no_grad()
    def _written(self, batch: Batch, boundary: int, *, measured: bool) -> list[Heard]:
        training = self.model.training
        self.model.eval()
        heard = self._run({k: v for k, v in batch.items() if k != "labels"}, boundary, self.embed_block)
        written = self._greedy(heard, self._prompts(heard["memory"]), measured=measured)
        self.model.train(training)
        texts = [" ".join(self._decode(ids).split()) for ids in written.texts]
        if not measured:
            return [Heard(text) for text in texts]
        tokens = [placed(ids, sure, self._decode) for ids, sure in zip(written.texts, written.sure, strict=True)]
        heard_words = [by_word(text, of_text) for text, of_text in zip(texts, tokens, strict=True)]
        return [
            replace(said, silence=silent, log_probability=written.log_probability(i))
            for i, (said, silent) in enumerate(zip(heard_words, written.silent, strict=True))
        ]

    def _decode(self, ids: Sequence[int]) -> str:
        decode = self.processor.tokenizer.decode
        return str(decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _greedy(self, heard: Batch, prompts: Tensor, *, measured: bool = False) -> GreedyState:
        """Most likely tokens one by one, temperature 0, until each text ends, repeats itself or the positions do.

        Args:
            heard: "memory" (batch, n_positions, width), and what else `_read` needs.
            prompts: (batch, n_prompt) token ids.
            measured: Whether the tokens' probabilities are wanted too.
        """
        suppressed = _suppressed(self.generation, prompts.device)
        state = GreedyState(len(prompts), self.end_token, *suppressed, measured=measured, boost=self.boost)
        while rows := state.begin():
            some = len(rows) < len(prompts)
            self._write(state, {k: v[rows] for k, v in heard.items()} if some else heard, prompts[rows])
        return state

    def _write(self, state: GreedyState, heard: Batch, prompts: Tensor) -> None:
        """Write the clips that the state is at, from their beginning."""
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        given = state.given.to(prompts.device)  # read at once, as they are known
        hidden = self._read(torch.cat([prompts, given], 1), heard, cache)
        if state.measured:
            silent = silence_of(self.model.proj_out(hidden[:, 0]), self.silence_token)
            for clip, of_clip in zip(state.rows, silent, strict=True):
                state.silent[clip] = of_clip
        for place in range(prompts.shape[1] - 1, hidden.shape[1]):
            tokens = state.take(self.model.proj_out(hidden[:, place]))
        for _ in range(self.most_tokens - hidden.shape[1] - 1):
            if state.finished:
                break
            tokens = state.take(self.model.proj_out(self._read(tokens, heard, cache)[:, -1]))

    def _read(self, tokens: Tensor, heard: Batch, cache: EncoderDecoderCache) -> Tensor:
        """(batch, n_tokens, width) behind the decoder, for the tokens that follow those in the cache."""
        hidden: Tensor = self.decoder(
            input_ids=tokens, encoder_hidden_states=heard["memory"], past_key_values=cache, use_cache=True
        ).last_hidden_state
        return hidden

    @torch.no_grad()
    def word_times(
        self, item: Activations, boundary: int, texts: Sequence[str], duration: Seconds
    ) -> list[list[tuple[Seconds, Seconds]] | None]:
        """See `Backend`; from where the decoder looks while it is given the text."""
        training = self.model.training
        self.model.eval()
        heard = self._run(self.collate([item]), boundary, self.embed_block)
        found = [self._words_along(text, heard["memory"], duration) for text in texts]
        self.model.train(training)
        return found

    def _words_along(self, text: str, memory: Tensor, duration: Seconds) -> list[Span] | None:
        """Beginnings and ends of a text's words in (1, n_positions, width) of memory."""
        label = self.encode_label(text)
        first = next((i for i, token in enumerate(label) if token not in self._marks()), len(label) - 1)
        tokenizer = self.processor.tokenizer
        pieces = tokenizer.convert_ids_to_tokens(label[first:-1])
        letters = spelled(pieces, tokenizer.get_vocab(), SPACE_SIGN)
        readings = [self._read_along(label[:first], of_text, memory, duration) for of_text in (pieces, letters)]
        found = [spans for spans in readings if spans is not None]
        return between(found) if found else None

    def _read_along(
        self, marks: Sequence[int], pieces: Sequence[str], memory: Tensor, duration: Seconds
    ) -> list[Span] | None:
        """Where the decoder looks for each word while it reads these pieces; None where they are too many."""
        label = [*marks, *self.processor.tokenizer.convert_tokens_to_ids(pieces), self.end_token]
        if len(label) > self.most_tokens:
            return None
        step = (self.window or duration) / memory.shape[1]
        batch = {"memory": memory, "labels": torch.tensor([label])}
        with watched_attention(self.decoder_layers, self._heads(), math.ceil(duration / step)) as looked:
            self._run(batch, self.embed_block, self.head_block)
        width = int(getattr(self.model.config, "median_filter_width", None) or USUAL_FILTER)
        steps = attended_steps(looked().cpu(), len(marks), width)
        return None if steps is None else word_spans(steps, numbered_words(pieces, SPACE_SIGN), step)

    def _heads(self) -> list[tuple[int, int]]:
        """Layer and head of all that look into the sound."""
        n_heads = int(self.model.config.decoder_attention_heads)
        return [(layer, head) for layer in range(len(self.decoder_layers)) for head in range(n_heads)]

    @property
    def decode_start(self) -> int:
        return self.embed_block

    @property
    def decode_batch_size(self) -> int:
        width = int(self.decoder.embed_tokens.weight.shape[1])
        positions = round(MOST_POSITIONS * (self.window or LONGEST) / LONGEST)
        per_clip = 2 * len(self.decoder_layers) * positions * width * 4  # bytes; keys and values in float32
        return max(2, min(MOST_TOGETHER, READING_MEMORY // per_clip))

    # ---- language and task ----

    def _prompts(self, memory: Tensor) -> Tensor:
        """(batch, n_prompt) token ids that each text begins with."""
        rows = []
        for language in self._languages(memory):
            rows.append([self.start_token, *self._prefix(language)])
        return torch.tensor(rows, device=memory.device)

    def _languages(self, memory: Tensor) -> list[int | None]:
        """Id of each clip's language token: the chosen one, else the most likely after the start token."""
        if not self.multilingual:
            return [None] * len(memory)
        known: dict[str, int] = self.generation.lang_to_id
        if self.language is not None:
            return [known[f"<|{self.language}|>"]] * len(memory)
        start = torch.full((len(memory), 1), self.start_token, device=memory.device)
        hidden = self.decoder(input_ids=start, encoder_hidden_states=memory).last_hidden_state[:, -1]
        ids = torch.tensor(sorted(known.values()), device=memory.device)
        return [int(i) for i in ids[self.model.proj_out(hidden)[:, ids].argmax(-1)]]

    @torch.no_grad()
    def recognise_language(self, items: Sequence[Activations], boundary: int) -> str | None:
        """ISO code of the language that most of these clips seem to be in; None for a model of one language."""
        if not self.multilingual:
            return None
        chosen, self.language = self.language, None
        memory = self._run(self.collate(items), boundary, self.embed_block)["memory"]
        found = self._languages(memory)
        self.language = chosen
        names: dict[int | None, str] = {
            number: token.strip("<|>") for token, number in self.generation.lang_to_id.items()
        }
        return names[max(set(found), key=lambda i: (found.count(i), -(i or 0)))]

    # ---- window, training mode, saving ----

    def set_window(self, window: Seconds) -> None:
        """See `Backend`; at most the window that the model came with."""
        extractor, encoder = self.processor.feature_extractor, self.encoder
        extractor.chunk_length = round(window)
        extractor.n_samples = extractor.chunk_length * SAMPLE_RATE
        extractor.nb_max_frames = extractor.n_samples // extractor.hop_length
        n_positions = extractor.nb_max_frames // (encoder.conv1.stride[0] * encoder.conv2.stride[0])
        kept = self._positions[:n_positions].clone()
        encoder.embed_positions = nn.Embedding.from_pretrained(kept, freeze=True)  # type: ignore[no-untyped-call]  # torch's own
        self.model.config.max_source_positions = encoder.max_source_positions = n_positions
        self.padded_to, self.window = extractor.n_samples, float(extractor.chunk_length)

    def set_time_mask(self, share: float) -> None:
        """See `Backend`; acts where the sound features learn, the only place before which nothing is cached."""
        config = self.model.config
        config.mask_time_prob = -math.log(1 - share) if share > 0 else 0.0
        config.mask_time_length, config.mask_time_min_masks = MASK_FRAMES, 0
        config.mask_feature_prob = 0.0
        config.apply_spec_augment = share > 0

    def set_dropout(self, share: float) -> None:
        for module in self.model.modules():
            if isinstance(getattr(module, "dropout", None), float):
                module.dropout = share

    def save(self, folder: Path) -> None:
        if hasattr(self.model.config, "apply_spec_augment"):
            self.model.config.apply_spec_augment = False
        # As it was measured; transformers' pipeline would search with five beams otherwise.
        self.model.generation_config.num_beams, self.model.generation_config.do_sample = 1, False
        self.model.save_pretrained(folder, safe_serialization=True)
        self.processor.save_pretrained(folder)
        # transformers 5 puts it into processor_config.json; older versions and converters look for this file.
        self.processor.feature_extractor.save_pretrained(folder)


def _suppressed(generation: Any, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids never written, and ids that no text may begin with."""
    names = ("suppress_tokens", "begin_suppress_tokens")
    always, first = ([i for i in getattr(generation, n, None) or [] if i >= 0] for n in names)
    return (
        torch.tensor(always, dtype=torch.long, device=device),
        torch.tensor(first, dtype=torch.long, device=device),
    )
