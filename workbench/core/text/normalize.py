"""Text as it is scored (named normalizers) and text as a CTC model writes it.

Whisper's basic normalizer tears combining marks off and cuts words at them: right for none of the languages that need
them, since Cherokee grows from 1,356 words to 1,997. Its English one turns the letter o and zero into the same 0 and
"one one two" into 112: right for sentences, wrong for spelled codes. Hence `marks`, and hence the normalizer's name
travels with every score. English normalizer: Radford et al. 2022, https://arxiv.org/abs/2212.04356, appendix C.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

from workbench.core.text.languages import short_code
from workbench.core.text.numbers import spell_numbers
from workbench.errors import UnknownNameError
from workbench.language.said import listing, say

_APOSTROPHES = "\u2019\u2018\u201b\u02bc\uff07\u00b4\u0060"  # all typed for the plain one
_PLAIN_APOSTROPHE = str.maketrans(dict.fromkeys(_APOSTROPHES, "'"))
_ORTHOGRAPHIC = frozenset("':\u00b7")  # apostrophe, colon (vowel length), middle dot (Catalan): kept between letters
_JOINERS = frozenset("\u200c\u200d")  # zero-width non-joiner and joiner: orthography in Persian and Indic scripts
_TONE_LETTERS = frozenset(map(chr, (*range(0x2C2, 0x300), *range(0xA700, 0xA722), 0xA789)))  # symbols by category only
_QUOTED = re.compile(r"(?<!\w)['\u2018](?=\w)((?:[^'\u2018\u2019]|(?<=\w)['\u2019](?=\w))*)['\u2019](?!\w)")
_TATWEEL = "\u0640"
_SELECTORS = frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)  # how the sign before them is drawn
_DIGIT_WORDS = frozenset(["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
TURKIC = ("tr", "az", "tt", "kk", "gag", "crh")  # with a dotless i, in their Latin letters
_TURKIC_LOWER = str.maketrans({"I": "ı", "İ": "i"})  # the dotless i is a letter of its own
_TURKIC_UPPER = str.maketrans({"ı": "I", "i": "İ"})  # the dotless i is a letter of its own

_INNER_APOSTROPHE = re.compile(rf"(?<=\w)[{_APOSTROPHES}](?=\w)")
# Scripts written without spaces between words: Han, kana, Thai, Lao, Khmer, Burmese.
_UNSPACED_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f\u3005-\u3007\u3040-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")
_REPETITION = re.compile(r"(.{1,60}?)\1{5,}", re.DOTALL)

Case = Literal["lower", "upper", "mixed", "none"]


def normalize_none(text: str) -> str:
    """Collapse whitespace and nothing else."""
    return " ".join(text.split())


def normalize_english(text: str) -> str:
    """Whisper's English normalizer: numbers to digits, British to American spelling, contractions written out.

    A lone symbol that it leaves at the end ("hello..." would keep a word ".") is taken off as elsewhere in the text.
    Typographic apostrophes inside words are the plain one first: it knows "don't" and not "don’t".
    """
    words = _english()(text if text.isascii() else _INNER_APOSTROPHE.sub("'", text)).split()
    while words and not words[-1].strip(".%$¢€£"):
        words.pop()
    return " ".join(words)


def normalize_marks(text: str) -> str:
    """Caseless and NFC; punctuation and symbols dropped, combining marks kept.

    A colon, apostrophe or middle dot between two letters is orthography and stays ("su:li", "don't"); other
    punctuation separates words, so that "3.5" does not become "35". Equal besides are what readers call equal: final
    and other sigma, ß and ss (Unicode's full case folding), the digits of all scripts, presentation forms of Arabic
    and full-width letters, a text with and without joiners or tatweel.
    """
    composed = unicodedata.normalize("NFC", text)
    if not composed.isascii():
        composed = composed.translate(_ALIKE)
    composed = composed.lower() if composed.isascii() else unicodedata.normalize("NFC", _caseless(composed))
    plain = composed.translate(_PLAIN_APOSTROPHE)
    if _ORTHOGRAPHIC.isdisjoint(plain):  # most texts; a set's split normalises every label
        return " ".join(plain.translate(_KEPT).split())
    kept = (
        character if _is_written(character) or (character in _ORTHOGRAPHIC and inside) else " "
        for character, inside in _with_position(plain)
    )
    return " ".join("".join(kept).split())


def normalize_turkic(text: str) -> str:
    """As `normalize_marks`, for languages in which İ and i are one letter, I and ı another."""
    return normalize_marks(unicodedata.normalize("NFC", text).translate(_TURKIC_LOWER))


def normalize_characters(text: str) -> str:
    """As `normalize_marks`, each character of a script without spaces a word of its own, with the marks it carries."""
    return " ".join(_UNSPACED_PIECE.sub(r" \g<0> ", normalize_marks(text)).split())


NORMALIZERS: dict[str, Callable[[str], str]] = {
    "none": normalize_none,
    "english": normalize_english,
    "marks": normalize_marks,
    "turkic": normalize_turkic,
    "characters": normalize_characters,
}


def normalizer(name: str) -> Callable[[str], str]:
    """The normalizer of that name.

    Raises:
        UnknownNameError: Lists the names that exist.
    """
    try:
        return NORMALIZERS[name]
    except KeyError:
        raise UnknownNameError("normalizer", name, list(NORMALIZERS)) from None


def is_turkic(language: str | None) -> bool:
    """Whether a language has the dotless i: İ and i, I and ı are two letters each."""
    plain = (language or "").strip().lower().replace("_", "-").split("-")[0]
    return plain in TURKIC or short_code(plain) in TURKIC or plain in ("turkish", "azerbaijani", "kazakh", "tatar")


def codes_alone(texts: Sequence[str]) -> bool:
    """Whether at least half of the texts are spelled codes: nothing but single letters, digits and digit words."""
    words = [normalize_marks(text).split() for text in texts]
    spoken = [clip for clip in words if clip]
    codes = sum(all(_is_code_word(word) for word in clip) for clip in spoken)
    return bool(spoken) and 2 * codes >= len(spoken)


@dataclass(frozen=True)
class Alphabet:
    """What a CTC head can write.

    Attributes:
        characters: Single characters; the space (or its stand-in, the word delimiter) is not among them.
    """

    characters: frozenset[str]

    @property
    def case(self) -> Case:
        """The case of the letters: "lower", "upper", "mixed", or "none" for scripts without case."""
        lower = any(character.islower() for character in self.characters)
        upper = any(character.isupper() for character in self.characters)
        if lower and upper:
            return "mixed"
        return "lower" if lower else "upper" if upper else "none"

    @property
    def has_digits(self) -> bool:
        """Whether numbers can be written in digits."""
        return self.characters.issuperset("0123456789")


@dataclass(frozen=True)
class ModelText:
    """A label as a CTC model writes it.

    Attributes:
        text: The label after all changes; holds the unknown characters too, so that a head can be extended by them.
        dropped: Distinct characters left out, in order.
        unknown: Distinct characters of `text` that the model cannot write, in order.
        spelled: What was spelled out, as (written, spelled).
    """

    text: str
    dropped: tuple[str, ...]
    unknown: tuple[str, ...]
    spelled: tuple[tuple[str, str], ...]


def to_model_text(text: str, alphabet: Alphabet, language: str | None) -> ModelText:
    """Turn a label into what a CTC model with this alphabet writes.

    Unicode NFC; typographic apostrophes made plain; numbers spelled out where the alphabet has no digits; case to the
    model's; punctuation dropped unless the model writes it (an apostrophe leaves no gap, the rest leaves a space). A
    colon or middle dot between two letters is orthography: unknown rather than dropped. A composed character that is
    missing is written as its parts where the model has all of them.
    """
    plain = _make_plain(text, alphabet)
    spelled: tuple[tuple[str, str], ...] = ()
    if not alphabet.has_digits:
        plain, spelled = spell_numbers(plain, language)
    written, dropped, unknown = _write(_to_case(plain, alphabet, language), alphabet)
    return ModelText(" ".join(written.split()), tuple(dropped), tuple(unknown), spelled)


def ctc_frames_needed(text: Sequence[object]) -> int:
    """Fewest output frames that CTC can align with a text: its characters (or tokens), and a blank between equal ones.

    Graves et al. 2006, "Connectionist temporal classification", section 3.
    """
    return len(text) + sum(left == right for left, right in pairwise(text))


def repetition(text: str) -> str | None:
    """What a text says over and over without an end, as decoders do that lost the sound; None where it does not.

    Six times the same up to 60 characters in a row count, and at least 8 characters in all: speech says a word three
    or four times at most.
    """
    for found in _REPETITION.finditer(text + " "):
        if len(found[0].strip()) >= 8:
            return found[1].strip() or None
    return None


def explain_model_text(model_text: ModelText) -> str:
    """Say in one short sentence what became of a label."""
    if not model_text.text:
        return say("Nothing is left for the model to write.")
    parts = [say("Written as “{text}”", text=model_text.text)]
    if model_text.spelled:
        numbers = ", ".join(f"“{number}”" for number, _ in dict.fromkeys(model_text.spelled))
        parts.append(say("spelled out {numbers}", numbers=numbers))
    if model_text.dropped:
        parts.append(say("dropped {characters}", characters=_quote(model_text.dropped)))
    if model_text.unknown:
        parts.append(say("cannot write {characters}", characters=_quote(model_text.unknown)))
    return say("{parts}.", parts=listing(parts, "; "))


@cache
def _english() -> Callable[[str], str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its docstrings hold stray backslashes, reported when Python compiles them
        from whisper_normalizer.english import EnglishTextNormalizer

    made: Callable[[str], str] = EnglishTextNormalizer()
    return made


@cache
def _is_written(character: str) -> bool:
    """Letters, marks and digits, with the tone letters and joiners that Unicode files under symbols and formats."""
    return unicodedata.category(character)[0] in "LMN" or character in _TONE_LETTERS or character in _JOINERS


def unspaced_script(character: str) -> bool:
    """Whether a character belongs to a script that writes no spaces between words."""
    return _UNSPACED.match(character) is not None


def _pieces_of_unspaced() -> re.Pattern[str]:
    """One character of a script without spaces, with the combining marks that stand on it."""
    ranges = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3000, 0x30FF))
    codes = (code for low, high in ranges for code in range(low, high + 1))
    marks = "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")
    return re.compile(f"[{_UNSPACED_RANGES}][{marks}]*")


class _Alike(dict[int, str | None]):
    """By code point what a character is compared as; filled as characters come."""

    def __missing__(self, code: int) -> str | None:
        self[code] = alike = _alike(chr(code))
        return alike


def _alike(character: str) -> str | None:
    if character in _JOINERS or character == _TATWEEL or character in _SELECTORS:
        return None  # they shape letters or stretch them, and collation ignores them (UTS 10, section 3.6)
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    if "\ufb00" <= character <= "\ufdff" or "\ufe70" <= character <= "\uffef":  # presentation forms, full width
        return unicodedata.normalize("NFKC", character)
    return character


def _caseless(text: str) -> str:
    """Unicode's full case folding, but for İ, whose dot would come off as a mark of its own."""
    return text.replace("İ", "i").casefold()


class _Kept(dict[int, str]):
    """By code point what `normalize_marks` writes for a character; filled as characters come."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = chr(code) if _is_written(chr(code)) else " "
        return kept


_KEPT = _Kept()
_ALIKE = _Alike()
_UNSPACED_PIECE = _pieces_of_unspaced()


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _with_position(text: str) -> Iterator[tuple[str, bool]]:
    """Each character with whether it stands between two letters (a letter may carry marks)."""
    for index, character in enumerate(text):
        inside = (
            character in _ORTHOGRAPHIC
            and 0 < index < len(text) - 1
            and _is_letter(text[index - 1])
            and _is_letter(text[index + 1])
        )
        yield character, inside


def _is_code_word(word: str) -> bool:
    return len(word) == 1 or word.isdecimal() or word in _DIGIT_WORDS


def _make_plain(text: str, alphabet: Alphabet) -> str:
    """NFC; quotation marks told from apostrophes; ligatures and full-width forms resolved where they are missing."""
    composed = unicodedata.normalize("NFC", text)
    unquoted = _QUOTED.sub(r" \1 ", composed)
    return "".join(_plain_character(character, alphabet.characters) for character in unquoted)


def _plain_character(character: str, known: frozenset[str]) -> str:
    if character in known:
        return character
    if character in _APOSTROPHES:
        return "'"
    if unicodedata.decomposition(character).startswith(("<compat>", "<wide>", "<narrow>", "<font>")) and (
        unicodedata.category(character)[0] in "LN"
    ):
        return unicodedata.normalize("NFKC", character)
    return character


def _to_case(text: str, alphabet: Alphabet, language: str | None) -> str:
    turkic = is_turkic(language)
    if alphabet.case == "lower":
        text = (text.translate(_TURKIC_LOWER) if turkic else text).lower()
    elif alphabet.case == "upper":
        text = (text.translate(_TURKIC_UPPER) if turkic else text).upper()
    else:
        text = "".join(_known_case(character, alphabet.characters) for character in text)
    return unicodedata.normalize("NFC", text)


def _known_case(character: str, known: frozenset[str]) -> str:
    swapped = character.swapcase()
    return swapped if character not in known and swapped in known else character


def _write(text: str, alphabet: Alphabet) -> tuple[str, dict[str, None], dict[str, None]]:
    """Decide character by character; the dicts are ordered sets of what was dropped and what is unknown."""
    written: list[str] = []
    dropped: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for character, inside in _with_position(text):
        parts = unicodedata.normalize("NFD", character)
        if character.isspace() or character in alphabet.characters:
            written.append(character)
        elif alphabet.characters.issuperset(parts):
            written.append(parts)
        elif (_is_written(character) and character not in _JOINERS) or (inside and character != "'"):
            unknown[character] = None
            written.append(character)
        else:
            _drop(character, written, dropped)
    return "".join(written), dropped, unknown


def _drop(character: str, written: list[str], dropped: dict[str, None]) -> None:
    """Leave a character out; what cannot be seen is not worth a word, and leaves no gap."""
    invisible = unicodedata.category(character)[0] == "C"
    if not invisible:
        dropped[character] = None
    if not invisible and character != "'":
        written.append(" ")


def _quote(characters: Sequence[str]) -> str:
    """Quote characters for the page; a combining mark sits on a dotted circle."""
    shown = ("\u25cc" + c if unicodedata.category(c)[0] == "M" else c for c in characters)
    return " ".join(f"“{character}”" for character in shown)
