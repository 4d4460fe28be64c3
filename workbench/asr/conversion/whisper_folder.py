"""Writes a Whisper folder as transformers reads it: weights, configuration, generation settings, tokenizer, extractor.

What the other engine does not keep is rebuilt from what it does: the ids of language, task and time marks stand in the
tokenizer, sizes in the weights. Nothing depends on a library's version, so that the same weights give the same
fingerprint wherever they came from.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from workbench.asr.catalog.model_folder import CONFIG, GENERATION, LARGE
from workbench.asr.conversion.whisper_tokenizer import TOKENIZER, no_speech_tokens
from workbench.asr.conversion.whisper_weights import WhisperShape
from workbench.asr.weights.generation_settings import ENGLISH_TOKENS, SILENT, START, TASKS, language_ids
from workbench.asr.weights.headers import FETCH_AGAIN, WEIGHTS
from workbench.core.types import SAMPLE_RATE
from workbench.files import FileProblem, read_object, shown
from workbench.language.said import say

HOP, TRANSFORM = 160, 400  # samples
MOST_TIMESTAMP = 50  # the first time mark of a text is at most 1 s
EXTRACTOR, TOKENIZER_CONFIG = "preprocessor_config.json", "tokenizer_config.json"
END = "<|endoftext|>"
ENDS = {ENGLISH_TOKENS: 50_256, 51_865: 50_257, 51_866: 50_257}  # which tokenizer belongs to a vocabulary's size


@dataclass(frozen=True)
class WritingFacts:
    """What the other engine knows of writing.

    Attributes:
        suppressed: Ids that are never written.
        suppressed_first: Ids that no text begins with.
        heads: (layer, head) of the decoder that follow the sound.
    """

    suppressed: Sequence[int]
    suppressed_first: Sequence[int]
    heads: Sequence[Sequence[int]]


def write_folder(
    folder: Path, shape: WhisperShape, weights: Mapping[str, np.ndarray], tokenizer: Path, facts: WritingFacts
) -> None:
    """Write a model folder.

    Args:
        folder: An empty one.
        weights: By transformers' names, float16 or float32; they keep their precision.
        tokenizer: The tokenizer.json that belongs to the model; taken as it is.

    Raises:
        FileProblem: The tokenizer is of another model.
    """
    tokens = _special_tokens(tokenizer, shape.vocab_size)
    half = all(values.dtype == np.float16 for values in weights.values())
    save_file(dict(weights), folder / WEIGHTS, metadata={"format": "pt"})
    _write(folder / CONFIG, _config(shape, tokens, "float16" if half else "float32"))
    positions = shape.max_target_positions
    _write(folder / GENERATION, _generation(shape.vocab_size, positions, tokens, facts))
    _write(folder / EXTRACTOR, _extractor(folder, shape.num_mel_bins, shape.max_source_positions))
    _write(folder / TOKENIZER_CONFIG, _tokenizer_config(positions))
    shutil.copyfile(tokenizer, folder / TOKENIZER)


def write_missing(folder: Path, config: Mapping[str, Any]) -> None:
    """Write what a folder of transformers' lacks of feature extractor, generation settings and tokenizer settings.

    Args:
        config: Its config.json, whose sizes have been checked.

    Raises:
        FileProblem: They cannot be told from what is there.
    """
    positions = config["max_target_positions"]
    if not ((folder / EXTRACTOR).is_file() or (folder / "processor_config.json").is_file()):
        _write(folder / EXTRACTOR, _extractor(folder, config["num_mel_bins"], config["max_source_positions"]))
    if not (folder / TOKENIZER_CONFIG).is_file():
        _write(folder / TOKENIZER_CONFIG, _tokenizer_config(positions))
    if not (folder / GENERATION).is_file() and (folder / TOKENIZER).is_file():
        tokens = _special_tokens(folder / TOKENIZER, config["vocab_size"])
        facts = WritingFacts(*no_speech_tokens(folder / TOKENIZER), heads=())
        _write(folder / GENERATION, _generation(config["vocab_size"], positions, tokens, facts))


def _special_tokens(file: Path, n_tokens: int) -> dict[str, int]:
    """Content -> id of a tokenizer's marks.

    Raises:
        FileProblem: It is no tokenizer of Whisper's, or of another size than the model.
    """
    added = read_object(file, most=LARGE).get("added_tokens")
    added = added if isinstance(added, list) else []
    tokens = {str(t.get("content")): t.get("id") for t in added if isinstance(t, dict)}
    for name in (END, START, SILENT):
        if name not in tokens:
            raise FileProblem(file, say("has no {name}, so it is no tokenizer of Whisper's", name=name), FETCH_AGAIN)
    ids = {name: i for name, i in tokens.items() if type(i) is int and 0 <= i < n_tokens}
    if len(ids) < len(tokens) or ENDS.get(n_tokens, ids[END]) != ids[END]:
        other = say("is not the tokenizer of this model of {tokens:,} tokens", tokens=n_tokens)
        raise FileProblem(file, other, say("fetch the tokenizer that was published with these weights"))
    return ids


def _config(shape: WhisperShape, tokens: Mapping[str, int], dtype: str) -> dict[str, Any]:
    ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokens[END])
    return {
        **asdict(shape),
        **ends,
        "activation_function": "gelu",
        "architectures": ["WhisperForConditionalGeneration"],
        "begin_suppress_tokens": None,
        "decoder_start_token_id": tokens[START],
        "dtype": dtype,
        "is_encoder_decoder": True,
        "model_type": "whisper",
        "suppress_tokens": None,
        "tie_word_embeddings": True,
    }


def _generation(n_tokens: int, positions: int, tokens: Mapping[str, int], facts: WritingFacts) -> dict[str, Any]:
    languages = {} if n_tokens == ENGLISH_TOKENS else language_ids(tokens)
    settings: dict[str, Any] = {
        "begin_suppress_tokens": list(facts.suppressed_first) or None,
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokens[END]),
        "decoder_start_token_id": tokens[START],
        "is_multilingual": bool(languages),
        "max_initial_timestamp_index": MOST_TIMESTAMP,
        "max_length": positions,
        "no_timestamps_token_id": tokens[SILENT],
        "return_timestamps": False,
        "suppress_tokens": list(facts.suppressed) or None,
    }
    if facts.heads:
        settings["alignment_heads"] = [list(pair) for pair in facts.heads]
    if "<|startofprev|>" in tokens:
        settings["prev_sot_token_id"] = tokens["<|startofprev|>"]
    if languages:
        tasks = {t: tokens[f"<|{t}|>"] for t in TASKS if f"<|{t}|>" in tokens}
        settings |= {"lang_to_id": languages, "task_to_id": tasks}
    return settings


def _extractor(folder: Path, n_mels: int, positions: int) -> dict[str, Any]:
    seconds, rest = divmod(2 * positions * HOP, SAMPLE_RATE)
    if rest or not seconds:
        said = say("tells of {positions:,} positions of the sound, which are no whole seconds", positions=positions)
        raise FileProblem(folder / CONFIG, said, say("add its preprocessor_config.json"))
    return {
        "chunk_length": seconds,
        "dither": 0.0,
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": n_mels,
        "hop_length": HOP,
        "n_fft": TRANSFORM,
        "n_samples": seconds * SAMPLE_RATE,
        "nb_max_frames": 2 * positions,
        "padding_side": "right",
        "padding_value": 0.0,
        "processor_class": "WhisperProcessor",
        "return_attention_mask": False,
        "sampling_rate": SAMPLE_RATE,
    }


def _tokenizer_config(positions: int) -> dict[str, Any]:
    return {
        "add_prefix_space": False,
        **dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), END),
        "errors": "replace",
        "model_max_length": positions,
        "processor_class": "WhisperProcessor",
        "tokenizer_class": "WhisperTokenizer",
    }


def _write(file: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")


def listed(file: Path, document: Mapping[str, Any], name: str, most: int) -> list[int]:
    """A list of whole numbers from 0 below `most` in a JSON object; empty where it is not there.

    Raises:
        FileProblem: It is no such list.
    """
    values = document.get(name) or []
    if not isinstance(values, list) or any(type(v) is not int or not -1 <= v < most for v in values):
        raise FileProblem(
            file,
            say("says of {name} what is no list of tokens below {most:,}", name=shown(name), most=most),
            FETCH_AGAIN,
        )
    return [v for v in values if v >= 0]  # -1 stands for CTranslate2's usual ones
