"""Which languages a model knows, and whether the clips' is among them: from its card, else its files, else its name."""

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from workbench.asr.catalog.catalog import local_folder
from workbench.asr.catalog.model_folder import GENERATION, SMALL, BadModelError, read_config
from workbench.asr.catalog.spoken import ENGLISH, ENGLISH_ENDING
from workbench.asr.weights.generation_settings import MULTILINGUAL_TOKENS
from workbench.core.text.languages import WHISPER_LANGUAGES, long_codes
from workbench.core.text.numbers import language_code
from workbench.core.types import ModelSpec
from workbench.files import FileProblem, read_object

Knows = Literal["made for it", "among many", "in name only", "not stated", "not it, but many", "not it"]

MANY: Final = 5  # languages, from which on a model was made for no one of them
USUAL: Final = "en"  # of a set that names no language
# WER from which on a model does not know a language, though it is among those it was made for. Whisper base had 94.9 %
# of the words of 20 Maltese clips wrong, 93.0 % after its encoder had learned from 70 others, 86.6 % after all had.
POORLY_HEARD: Final = 0.6
MULTILINGUAL_HUB: Final = ("whisper-tiny", "whisper-base", "whisper-small", "whisper-medium", "whisper-large")


def languages_of(spec: ModelSpec) -> tuple[str, ...]:
    """Codes of the languages that a model knows; none where nothing says."""
    if spec.languages:
        return spec.languages
    if spec.family == "ctc":
        return ()
    folder = local_folder(spec)
    if folder:
        return _told(folder, _changed(folder))
    multilingual = spec.name.startswith(MULTILINGUAL_HUB) and not spec.name.endswith(ENGLISH_ENDING)
    return tuple(sorted(WHISPER_LANGUAGES)) if multilingual else ()


def knows(spec: ModelSpec, language: str | None, wer: float | None = None) -> Knows:
    """Whether a model was made for a language, knows it among many, or not.

    Args:
        wer: Of the model on clips in this language, as a fraction: who gets most words wrong knows it in name only.
    """
    known = languages_of(spec)
    if not known:
        return "not stated"
    found = _is_among(language or USUAL, known)
    if len(known) < MANY:
        return "made for it" if found else "not it"
    if found and language and wer is not None and wer >= POORLY_HEARD:
        return "in name only"
    return "among many" if found else "not it, but many"


def is_foreign(spec: ModelSpec, language: str | None) -> bool:
    """Whether a model is limited to other languages; not where either is unknown."""
    return bool(language and spec.languages) and not _is_among(str(language), spec.languages)


def _is_among(language: str, known: tuple[str, ...]) -> bool:
    wanted = language_code(language)
    meant = {wanted, *long_codes(wanted)}
    return any(meant & {language_code(code), code, *long_codes(code)} for code in known)


def _changed(folder: Path) -> int:
    try:
        return (folder / GENERATION).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _told(folder: Path, _changed_at: int) -> tuple[str, ...]:
    """What a Whisper folder's generation settings say of languages; English alone where it says it is not multilingual.

    Args:
        _changed_at: Of the settings, so that others are read again.
    """
    file = folder / GENERATION
    try:
        settings = read_object(file, most=SMALL) if file.is_file() else {}
        many = settings.get("lang_to_id")
        if isinstance(many, dict) and many:
            return tuple(str(token).strip("<|>") for token in many)
        if settings.get("is_multilingual") is False:
            return ENGLISH
        config = read_config(folder) if (folder / "config.json").is_file() else {}
    except (FileProblem, BadModelError):
        return ()
    # Settings of before languages were listed: the size of OpenAI's vocabulary says which tokens there are.
    multilingual = config.get("model_type") == "whisper" and config.get("vocab_size") in MULTILINGUAL_TOKENS
    return tuple(sorted(WHISPER_LANGUAGES)) if multilingual else ()
