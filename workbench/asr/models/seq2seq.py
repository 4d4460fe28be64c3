"""The tokens that a decoder's texts are made of: language and task before them, the label's own, the end."""

import copy
from collections.abc import Sequence
from typing import Any

from cachetools import LRUCache

from workbench.asr.models.boosting import KEPT_BOOSTS, Boost, boost_of, inner
from workbench.asr.models.silence import silence_token
from workbench.asr.weights.generation_settings import own_language
from workbench.core.text.word_list import Term
from workbench.core.types import SAMPLE_RATE, ModelSpec, Seconds
from workbench.errors import ModelError
from workbench.language.said import say

OPENAI_SPACE = 220  # the bare space's id; models whose texts begin with a space may not begin with this one alone


class TokenWriter:
    """How Whisper and its kin write a text.

    Args:
        spec: Where the model came from.
        known: The characters that it has learned to write; None where its tokens cover any text.

    Attributes:
        generation: What the checkpoint says of writing, a `GenerationConfig`.
        own_language: The one that the checkpoint's settings name, where nobody names another; None for none.
        language: Chosen once, ISO code; None recognises each clip's.
        window: The longest sound that is heard at once; None where there is no limit.
    """

    window: Seconds | None
    boost: Boost | None = None
    usual_boost = 3.0  # docs/figures.md; at 5 what is not on the list suffers

    def __init__(self, spec: ModelSpec, model: Any, processor: Any, known: frozenset[str] | None) -> None:
        self.spec, self.model, self.processor = spec, model, processor
        self.generation = copy.deepcopy(model.generation_config)
        self.own_language = own_language(self.generation)
        self.language = self.own_language
        self.task = "transcribe"
        self.silence_token = silence_token(processor.tokenizer, int(model.config.vocab_size))
        self._known = known
        self._more_characters: frozenset[str] = frozenset()
        self._inner: frozenset[int] | None = None
        self._boosts: LRUCache[tuple[tuple[Term, ...], float], Boost | None] = LRUCache(KEPT_BOOSTS)

    @property
    def most_tokens(self) -> int:
        """Tokens that a text has at most, its beginning and end included."""
        return int(self.model.config.max_target_positions)

    # ---- language and task ----

    @property
    def start_token(self) -> int:
        return int(self.model.config.decoder_start_token_id)

    @property
    def end_token(self) -> int:
        end = self.generation.eos_token_id
        return int(end[0] if isinstance(end, list) else end)

    @property
    def multilingual(self) -> bool:
        return bool(getattr(self.generation, "is_multilingual", True) and getattr(self.generation, "lang_to_id", None))

    def languages(self) -> frozenset[str] | None:
        return frozenset(t.strip("<|>") for t in self.generation.lang_to_id) if self.multilingual else None

    def set_language(self, language: str | None, task: str = "transcribe") -> None:
        tasks = getattr(self.generation, "task_to_id", None) or {}
        if not self.multilingual:
            if task != "transcribe":
                raise ModelError(
                    say(
                        "The model {name} cannot {task}; choose a multilingual Whisper model.",
                        name=self.spec.name,
                        task=task,
                    )
                )
            return
        if language is not None and f"<|{language}|>" not in self.generation.lang_to_id:
            known = ", ".join(sorted(self.languages() or ()))
            raise ModelError(
                say(
                    "The model {name} does not know the language {language}; it knows {known}.",
                    name=self.spec.name,
                    language=language,
                    known=known,
                )
            )
        if task not in tasks:
            raise ModelError(
                say(
                    "The model {name} cannot {task}; it can {value}.",
                    name=self.spec.name,
                    task=task,
                    value=", ".join(tasks) or "do nothing",
                )
            )
        language = language or self.own_language
        self.language, self.task = language, task
        if language is not None:
            self.model.generation_config.language, self.model.generation_config.task = language, task
            self.processor.tokenizer.set_prefix_tokens(language=language, task=task, predict_timestamps=False)

    def _prefix(self, language: int | None) -> list[int]:
        """Language, task and "no timestamps", as far as the model has them."""
        ids = [] if language is None else [language, self.generation.task_to_id[self.task]]
        silent = getattr(self.generation, "no_timestamps_token_id", None)
        return ids if silent is None else [*ids, int(silent)]

    def _marks(self) -> set[int]:
        """Ids of the marks that may stand before a text."""
        languages = getattr(self.generation, "lang_to_id", None) or {}
        tasks = getattr(self.generation, "task_to_id", None) or {}
        silent = getattr(self.generation, "no_timestamps_token_id", None)
        return {*languages.values(), *tasks.values(), *([] if silent is None else [int(silent)])}

    # ---- words that are to be heard ----

    def set_boost(self, terms: Sequence[Term], strength: float) -> None:
        """See `Backend`."""
        wish = tuple(terms), strength
        if wish not in self._boosts:  # thousands of words take seconds to spell, and are asked for again and again
            self._boosts[wish] = boost_of(terms, strength, self._within_a_sentence, self._goes_on)
        self.boost = self._boosts[wish]

    def _within_a_sentence(self, text: str) -> list[int]:
        """Token ids of a word as it stands behind another one."""
        tokenizer = self.processor.tokenizer
        ids: list[int] = tokenizer(" " + text, add_special_tokens=False, split_special_tokens=True).input_ids
        return ids

    def _goes_on(self, token: int) -> bool:
        """Whether a token goes on with the word before it: no space and no mark between them."""
        if self._inner is None:
            pieces = self.processor.tokenizer.convert_ids_to_tokens(range(int(self.model.config.vocab_size)))
            special = set(self.processor.tokenizer.all_special_tokens)
            self._inner = frozenset(i for i, piece in enumerate(pieces) if piece not in special and inner(piece))
        return token in self._inner

    # ---- labels ----

    def characters(self) -> frozenset[str] | None:
        """See `Backend`. A byte-level vocabulary can spell any text; but one learned from lower-case text alone has met
        no others, and a label in capitals and digits would be spelled byte by byte: then these are its characters."""
        return None if self._known is None else self._known | self._more_characters

    def extend(self, characters: Sequence[str]) -> None:
        """See `Backend`; the vocabulary's bytes spell them already."""
        self._more_characters |= frozenset(characters)

    def encode_label(self, label_text: str) -> list[int]:
        """Token ids that the decoder has to write: language, task, text, end.

        A text begins with a space where the model was trained so (OpenAI's models may not begin with the space alone).
        """
        text = " ".join(label_text.split())
        first_ones = getattr(self.generation, "begin_suppress_tokens", None) or []
        if OPENAI_SPACE in first_ones:
            text = " " + text
        language = self.generation.lang_to_id[f"<|{self.language or 'en'}|>"] if self.multilingual else None
        # What looks like a control token in a label is text: the real one would end the sentence.
        ids = self.processor.tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
        return [*self._prefix(language), *ids, self.end_token]

    def unlearnable_reason(self, label_text: str, n_samples: int) -> str | None:
        known = self.characters()
        unknown = sorted(set(label_text) - known - {" "}) if known is not None else []
        if unknown:
            return say("The model cannot write {characters}", characters=" ".join(unknown))
        if not label_text.strip():
            return say("Nothing is left of the text once it is written in the model's alphabet")
        if self.window is not None and n_samples > self.window * SAMPLE_RATE:
            return say(
                "{seconds:.1f} s of sound are more than the {window:.0f} s it hears at once",
                seconds=n_samples / SAMPLE_RATE,
                window=self.window,
            )
        needed, most = len(self.encode_label(label_text)), self.most_tokens
        if needed > most:
            return say("The text needs {needed} tokens, but the model writes at most {most}", needed=needed, most=most)
        return None
