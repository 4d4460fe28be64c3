"""How a CTC model writes: with letters, or with pieces of words.

Both read frames the same way: equal neighbours merge, blanks vanish (Graves et al. 2006).
"""

import json
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from workbench.asr.models.boosting import inner
from workbench.asr.models.confidence import by_word, merged_runs, placed
from workbench.core.text.normalize import ctc_frames_needed
from workbench.core.types import Heard

WORD_START = "▁"  # SentencePiece's mark before a word


class Writing(Protocol):
    """A tokenizer as CTC uses it."""

    tokenizer: Any

    def characters(self) -> frozenset[str] | None:
        """See `Backend`."""
        ...

    def encode(self, text: str) -> list[int]:
        """Token ids of a text that can be written."""
        ...

    def words_of(self, text: str) -> list[int]:
        """For each token of `encode(text)` the number of its word; -1 for a token between two words."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of one id for each frame."""
        ...

    def read(self, ids: Sequence[int], sure: Sequence[float]) -> Heard:
        """The same with the confidence of each word, from the probability of each frame's id."""
        ...

    def of_tokens(self, ids: Sequence[int], sure: Sequence[float]) -> Heard:
        """The text of tokens that frames were merged into already, with the confidence of each word."""
        ...

    def frames_needed(self, text: str) -> int:
        """Fewest frames that can be aligned with a text."""
        ...

    @property
    def space(self) -> int | None:
        """Id of the token between words; None where pieces of words bring theirs."""
        ...

    def goes_on(self, token: int) -> bool:
        """Whether a token goes on with the word before it."""
        ...


class Letters:
    """A character tokenizer (Wav2Vec2CTCTokenizer), in one language where it knows several.

    Attributes:
        token_text: What each token id adds to a text: a character, a space for the word delimiter, nothing for special
            tokens.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.token_text = _token_texts(tokenizer)

    def characters(self) -> frozenset[str]:
        return frozenset(t for t in self.token_text if len(t) == 1 and t != " ")

    def encode(self, text: str) -> list[int]:
        ids = {text: i for i, text in reversed(list(enumerate(self.token_text))) if text}
        return [ids[c] for c in " ".join(text.split()) if c != " " or " " in ids]

    def words_of(self, text: str) -> list[int]:
        between = [-1] if " " in self.token_text else []
        words = text.split()
        found = [n for number, word in enumerate(words) for n in (*between, *[number] * len(word))]
        return found[len(between) :] if words else []

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join("".join(self.token_text[i] for i in merged(ids)).split())

    def read(self, ids: Sequence[int], sure: Sequence[float]) -> Heard:
        return self._joined(merged_runs(ids, sure))

    def of_tokens(self, ids: Sequence[int], sure: Sequence[float]) -> Heard:
        return self._joined(zip(ids, sure, strict=True))

    @property
    def space(self) -> int | None:
        return self.token_text.index(" ") if " " in self.token_text else None

    def goes_on(self, token: int) -> bool:
        return self.token_text[token].isalnum()

    def _joined(self, runs: Iterable[tuple[int, float]]) -> Heard:
        written, tokens = "", []
        for i, p in runs:
            written += self.token_text[i]
            if self.token_text[i].strip():
                tokens.append((self.token_text[i], len(written.split()) - 1, p))
        return by_word(" ".join(written.split()), tokens)

    def frames_needed(self, text: str) -> int:
        return ctc_frames_needed(text)

    def base_letter(self, character: str) -> int | None:
        """Id of the letter under a character's marks, in either case; None where the alphabet has none."""
        letter = unicodedata.normalize("NFD", character)[0]
        for candidate in (letter, letter.lower(), letter.upper()):
            if candidate in self.token_text:
                return self.token_text.index(candidate)
        return None

    def letters(self) -> list[int]:
        """Ids of all characters but the space."""
        return [i for i, t in enumerate(self.token_text) if len(t) == 1 and t != " "]

    def extended(self, new: Sequence[str], first_id: int) -> "Letters":
        """The same with the new characters at ids from `first_id` on."""
        with tempfile.TemporaryDirectory() as folder:
            self.tokenizer.save_pretrained(folder)
            file = Path(folder) / "vocab.json"
            vocabulary = json.loads(file.read_text(encoding="utf-8"))
            language = getattr(self.tokenizer, "target_lang", None)
            letters = vocabulary[language] if language else vocabulary
            letters.update({c: first_id + i for i, c in enumerate(new)})
            file.write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
            return Letters(type(self.tokenizer).from_pretrained(folder))


class Pieces:
    """A subword tokenizer: its alphabet is that of its one-character pieces, unless it falls back to bytes."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._silent = {tokenizer.pad_token_id, *tokenizer.all_special_ids}
        self._characters = piece_characters(tokenizer.get_vocab())

    def characters(self) -> frozenset[str] | None:
        return self._characters

    def encode(self, text: str) -> list[int]:
        words = " ".join(text.split())
        ids: list[int] = self.tokenizer(words, add_special_tokens=False, split_special_tokens=True).input_ids
        return ids

    def words_of(self, text: str) -> list[int]:
        return numbered_words(self.tokenizer.convert_ids_to_tokens(self.encode(text)), WORD_START)

    def decode(self, ids: Sequence[int]) -> str:
        kept = [i for i in merged(ids) if i not in self._silent]
        return " ".join(self._decode(kept).split())

    def read(self, ids: Sequence[int], sure: Sequence[float]) -> Heard:
        return self._joined(merged_runs(ids, sure))

    def of_tokens(self, ids: Sequence[int], sure: Sequence[float]) -> Heard:
        return self._joined(zip(ids, sure, strict=True))

    @property
    def space(self) -> int | None:
        return None

    def goes_on(self, token: int) -> bool:
        return inner(str(self.tokenizer.convert_ids_to_tokens(token)))

    def _joined(self, runs: Iterable[tuple[int, float]]) -> Heard:
        kept = [(i, p) for i, p in runs if i not in self._silent]
        ids, sure = [i for i, _ in kept], [p for _, p in kept]
        return by_word(" ".join(self._decode(ids).split()), placed(ids, sure, self._decode))

    def _decode(self, kept: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(kept), group_tokens=False))

    def frames_needed(self, text: str) -> int:
        return ctc_frames_needed(self.encode(text))


def writing_of(tokenizer: Any) -> Writing:
    """How a model with this tokenizer writes."""
    return Pieces(tokenizer) if hasattr(tokenizer, "backend_tokenizer") else Letters(tokenizer)


def piece_characters(vocabulary: Sequence[str] | dict[str, int]) -> frozenset[str] | None:
    """The characters that pieces of words can write; None for all, where each byte has a piece."""
    if "<0x00>" in vocabulary:
        return None
    return frozenset(piece for piece in vocabulary if len(piece) == 1 and piece != WORD_START)


def numbered_words(pieces: Sequence[str], word_start: str) -> list[int]:
    """For each piece of a text the number of its word; a word begins with the sign, the first one also without."""
    found: list[int] = []
    for piece in pieces:
        found.append((found[-1] if found else 0) + (1 if found and piece.startswith(word_start) else 0))
    return found


def merged(ids: Sequence[int]) -> list[int]:
    """The ids without repetitions of neighbours."""
    return [i for i, before in zip(ids, [-1, *ids], strict=False) if i != before]


def _token_texts(tokenizer: Any) -> list[str]:
    vocabulary = tokenizer.get_vocab()
    texts = [""] * (max(vocabulary.values()) + 1)
    delimiter = getattr(tokenizer, "word_delimiter_token", "|")
    silent = {tokenizer.pad_token, tokenizer.unk_token, tokenizer.bos_token, tokenizer.eos_token} - {delimiter}
    for token, number in vocabulary.items():
        special = token in silent or (token.startswith("<") and token.endswith(">"))
        texts[number] = " " if token == delimiter else "" if special else token
    return texts
