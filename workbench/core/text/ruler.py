"""The ruler that a set's texts are measured with: which normalizer, whether words or characters judge, and why.

Whisper's English rules suit English alone: they tear the vowel signs off Hindi and Thai and the dots off German
letters, so that wrong words count as right. Where no language is named, the script of the references decides, never
English by default. Languages that write no spaces between words are judged by characters, since where a word ends is a
matter of opinion there (Chinese, Japanese, Thai, Lao, Khmer, Burmese; so do Whisper's authors, Radford et al. 2022,
appendix C, and FLEURS, Conneau et al. 2022, arXiv 2205.12446).
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from workbench.core.text.languages import short_code
from workbench.core.text.normalize import codes_alone, is_turkic, unspaced_script
from workbench.core.text.numbers import language_code
from workbench.language.said import say

Measure = Literal["wer", "cer"]

UNSPACED: Final = {"zh", "yue", "ja", "th", "lo", "km", "my"}
TURKIC_SHARE: Final = 0.1  # of the texts that hold one of the letters that Turkish and its kin alone have
_NAMES: Final = {
    **{"chinese": "zh", "mandarin": "zh", "cantonese": "yue", "japanese": "ja", "thai": "th"},
    **{"lao": "lo", "khmer": "km", "burmese": "my"},
}
_LATIN_ENGLISH: Final = frozenset("abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Ruler:
    """How texts are compared.

    Attributes:
        normalizer: One of `text.NORMALIZERS`.
        reason: Why this one, a sentence.
    """

    normalizer: str
    reason: str

    @property
    def measure(self) -> Measure:
        return measure_of(self.normalizer)


def measure_of(normalizer: str) -> Measure:
    """Which of the two rates judges: that of words, or that of characters where words have no spaces between them."""
    return "cer" if normalizer == "characters" else "wer"


def choose_ruler(texts: Sequence[str], language: str | None) -> Ruler:
    """The ruler that suits references.

    Args:
        texts: References; empty ones are ignored.
        language: Tag such as "en" or "chr"; None where nobody named it.
    """
    if language and language.strip():
        return _of_language(texts, language)
    letters = Counter(c for text in texts for c in unicodedata.normalize("NFC", text.lower()) if c.isalpha())
    others = [c for c, _ in letters.most_common() if c not in _LATIN_ENGLISH]
    if sum(unspaced_script(c) * n for c, n in letters.items()) * 2 > letters.total() > 0:
        return Ruler(
            "characters", say("No language was named; the texts are in a script without spaces between words.")
        )
    spoken = [text for text in texts if text.strip()]
    if sum("ı" in text or "İ" in text for text in spoken) >= TURKIC_SHARE * len(spoken) > 0:  # not for a single name
        return Ruler("turkic", say("No language was named; the texts hold the letters İ or ı of Turkish and its kin."))
    if others:
        return Ruler(
            "marks",
            say(
                "No language was named; the texts hold letters beyond English's ({letters}).",
                letters=" ".join(others[:3]),
            ),
        )
    if codes_alone(texts):
        return Ruler("marks", say("The texts are letters and digits one by one, which rules for sentences would join."))
    if not letters:
        return Ruler("marks", say("No language was named, and the texts hold no letters."))
    return Ruler("english", say("No language was named; the texts hold only letters that English has."))


def other_ruler(suited: Ruler) -> str:
    """Why a normalizer is used where another would suit the texts, a sentence."""
    return say("Chosen by hand; these texts are usually compared with {suited}.", suited=suited.normalizer)


def _of_language(texts: Sequence[str], language: str) -> Ruler:
    code = language_code(language)
    plain = language.strip().lower().replace("_", "-").split("-")[0]
    if {plain, short_code(plain), _NAMES.get(plain)} & UNSPACED:
        return Ruler(
            "characters",
            say("Language {language}: no spaces between words, so that characters are compared.", language=language),
        )
    if is_turkic(language):
        return Ruler("turkic", say("Language {language}: İ and i, I and ı are two letters each.", language=language))
    if code != "en":
        return Ruler(
            "marks",
            say(
                "Language {language}: lower case without punctuation, every accent and vowel sign kept.",
                language=language,
            ),
        )
    if codes_alone(texts):
        return Ruler("marks", say("The texts are letters and digits one by one, which rules for sentences would join."))
    return Ruler(
        "english", say("Language {language}: numbers, spellings and contractions made alike.", language=language)
    )
