"""Takes in models as other engines keep them: which kind a path holds, and a folder of ours made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.asr.catalog.model_folder import CONFIG, SMALL
from workbench.asr.conversion.ctranslate2 import MODEL_FILE, read_index
from workbench.asr.conversion.whisper_folder import WritingFacts, listed, write_folder
from workbench.asr.conversion.whisper_tokenizer import TOKENIZER
from workbench.asr.conversion.whisper_weights import WhisperShape, whisper_weights
from workbench.asr.weights.headers import FETCH_AGAIN
from workbench.files import FileProblem, read_object
from workbench.language.said import say

MOST_HEADS = 10_000
ROUNDED_NOTE = say("Its weights had been rounded to a few bits, which can cost a little accuracy.")


@dataclass(frozen=True)
class Taken:
    """What was made of another engine's model.

    Attributes:
        kind: The format it had, such as "CTranslate2".
        parameters: Number of weights.
        note: What the user ought to know of it, a sentence; empty where nothing.
    """

    kind: str
    parameters: int
    note: str = ""


def from_ctranslate2(source: Path, out: Path) -> Taken:
    """Write a folder of ours from one of CTranslate2's (faster-whisper's).

    Args:
        source: Holds model.bin, config.json and tokenizer.json.
        out: An empty folder; what is in it after an error is of no use.

    Raises:
        FileProblem: A file is missing, damaged, or does not fit the others.
    """
    file = read_index(source / MODEL_FILE)
    config = read_object(source / CONFIG, most=SMALL)
    shape, weights = whisper_weights(file)
    write_folder(out, shape, weights, source / TOKENIZER, _facts(source / CONFIG, config, shape))
    parameters = sum(values.size for values in weights.values())
    return Taken("CTranslate2", parameters, ROUNDED_NOTE if file.quantised else "")


def _facts(file: Path, config: Mapping[str, Any], shape: WhisperShape) -> WritingFacts:
    names = ("suppress_ids", "suppress_ids_begin")
    suppressed, first = (listed(file, config, name, shape.vocab_size) for name in names)
    return WritingFacts(suppressed, first, _heads(file, config.get("alignment_heads") or [], shape))


def _heads(file: Path, pairs: Any, shape: WhisperShape) -> list[list[int]]:
    limits = (shape.decoder_layers, shape.decoder_attention_heads)
    if not isinstance(pairs, list) or len(pairs) > MOST_HEADS or not all(_is_head(pair, limits) for pair in pairs):
        raise FileProblem(file, say("names heads (alignment_heads) that the model does not have"), FETCH_AGAIN)
    return pairs


def _is_head(pair: Any, limits: tuple[int, int]) -> bool:
    if not isinstance(pair, list) or len(pair) != 2:
        return False
    return all(type(n) is int and 0 <= n < most for n, most in zip(pair, limits, strict=True))
