"""Generation settings of Whisper folders from before transformers 4.27, completed from the tokenizer.

Those do not say which tokens stand for languages, tasks and "no timestamps". Without them a text begins with marks that
the model was never asked for, and it writes "Commission" for every sound. The ids stand in the tokenizer.
"""

import re
from collections.abc import Mapping
from typing import Any

TASKS = ("transcribe", "translate")
START, SILENT, SPACE = "<|startoftranscript|>", "<|notimestamps|>", "Ġ"
LANGUAGE = re.compile(r"<\|[a-z]{2,3}\|>")
# Sizes of OpenAI's vocabularies: of English alone, of 99 languages, of 100 (large-v3).
ENGLISH_TOKENS, MULTILINGUAL_TOKENS = 51_864, (51_865, 51_866)


def complete(generation: Any, tokenizer: Any, n_tokens: int) -> None:
    """Fill in what generation settings do not say; what they say stays.

    Args:
        generation: A `GenerationConfig`, changed in place.
        tokenizer: The model's own.
        n_tokens: Tokens that the model can write.
    """
    ids = {token: i for token, i in tokenizer.get_vocab().items() if i < n_tokens}
    if START not in ids:
        return
    if _lacks(generation, "no_timestamps_token_id") and SILENT in ids:
        generation.no_timestamps_token_id = ids[SILENT]
    openai = n_tokens == ENGLISH_TOKENS or n_tokens in MULTILINGUAL_TOKENS
    if openai and getattr(generation, "begin_suppress_tokens", None) is None and SPACE in ids:
        generation.begin_suppress_tokens = [ids[SPACE], tokenizer.eos_token_id]
    if n_tokens == ENGLISH_TOKENS or not getattr(generation, "is_multilingual", True):
        return
    tasks = {task: ids[f"<|{task}|>"] for task in TASKS if f"<|{task}|>" in ids}
    languages = language_ids(ids)
    if languages and "transcribe" in tasks and _lacks(generation, "lang_to_id"):
        generation.lang_to_id = languages
    if getattr(generation, "lang_to_id", None) and _lacks(generation, "task_to_id"):
        generation.task_to_id = tasks


def language_ids(ids: Mapping[str, int]) -> dict[str, int]:
    """The marks of languages among a tokenizer's tokens: they stand between the start and the tasks."""
    tasks = [ids[f"<|{task}|>"] for task in TASKS if f"<|{task}|>" in ids]
    last = min(tasks, default=-1)
    return {t: i for t, i in ids.items() if ids[START] < i < last and LANGUAGE.fullmatch(t)}


def own_language(generation: Any) -> str | None:
    """The language that a model's settings name, as the code in its marks; None where it names none that it has.

    They may write "de", "<|de|>" or "German".
    """
    said = getattr(generation, "language", None)
    known = getattr(generation, "lang_to_id", None) or {}
    if not isinstance(said, str):
        return None
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    code = said.strip().lower().strip("<|>")
    code = TO_LANGUAGE_CODE.get(code, code)
    return code if f"<|{code}|>" in known else None


def _lacks(generation: Any, name: str) -> bool:
    return not getattr(generation, name, None)
