"""The languages that a model folder is limited to, told from its name and files before anything is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.asr.catalog.model_folder import GENERATION, SMALL, problems_of
from workbench.asr.weights.generation_settings import ENGLISH_TOKENS, MULTILINGUAL_TOKENS
from workbench.files import read_object

ENGLISH = ("en",)
MOST_LANGUAGES, MOST_CODE = 2_000, 20  # of a card, and characters of each
ENGLISH_ENDING = ".en"  # of the names of Whisper models of English alone


def fixed_languages(folder: Path, config: Mapping[str, Any], card: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages that a model folder is limited to; none where it may know others.

    Args:
        config: Its config.json.
        card: What was written beside it of the model (workbench.json); it knows better than sizes do, since a
            model of English alone can be adapted to another language.

    Raises:
        BadModelError: Its generation settings are unreadable.
    """
    said = card.get("languages")
    if isinstance(said, list) and said:
        return tuple(str(code)[:MOST_CODE] for code in said[:MOST_LANGUAGES])
    if config.get("model_type") != "whisper":
        return ()
    if config.get("vocab_size") == ENGLISH_TOKENS or folder.name.endswith(ENGLISH_ENDING):
        return ENGLISH
    file = folder / GENERATION
    with problems_of(folder):
        settings = read_object(file, most=SMALL) if file.is_file() else {}
    # With a vocabulary of its own it knows one language, and nothing says which.
    openai = config.get("vocab_size") in MULTILINGUAL_TOKENS
    return ENGLISH if openai and settings.get("is_multilingual") is False else ()
