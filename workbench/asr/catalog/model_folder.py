"""A model folder, judged by its small files and by the headers of its weights before anything is built.

transformers and tokenizers read a folder's files by themselves and believe them: a pipe makes them wait, a number in
config.json makes them build a billion layers. So every file that they would open is looked at here first, and every
number that makes something grow is held against what the weights have. Links may lead anywhere (the hub's cache is made
of them) as long as a regular file is at the end.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.asr.catalog.outline import BY_SPECTROGRAM, CTC_NAMINGS, check_depths
from workbench.asr.weights.headers import FETCH_AGAIN, Shapes, all_shapes, weight_files
from workbench.asr.weights.limits import (
    ADAPTER_NUMBERS,
    CONFIG_NUMBERS,
    EXTRACTOR_NUMBERS,
    MOST_CONVOLUTIONS,
    MOST_TOKENS,
    SUBSAMPLING,
    check_convolutions,
    check_generation,
    check_number,
    check_numbers,
    check_shares,
)
from workbench.core.types import SAMPLE_RATE
from workbench.errors import ModelError
from workbench.files import FileProblem, read_object, shown, size_of
from workbench.language.said import say

SMALL = 2**20  # bytes; a config.json has a few thousand, a list of mel filters some hundred thousand
LARGE = 12 * 2**20  # bytes; Whisper's tokenizer.json has 4 million

CONFIG, GENERATION, ADAPTER = "config.json", "generation_config.json", "adapter_config.json"
SMALL_FILES = (
    CONFIG,
    GENERATION,
    "processor_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.json",
    "audio_tokenizer_config.json",
    "image_processor_config.json",
    "video_preprocessor_config.json",
    "workbench.json",
)
VOCABULARIES = ("tokenizer.json", "vocab.json")
LARGE_FILES = (*VOCABULARIES, "normalizer.json")
# Opened by transformers, or hashed for the model's fingerprint; not parsed here.
OPENED = ("*config.json", "*.model", "merges.txt", "vocab.txt", "*.jinja", "additional_chat_templates/*")

SEQ2SEQ = {"WhisperForConditionalGeneration": "whisper", "MoonshineForConditionalGeneration": "moonshine"}


class BadModelError(ModelError):
    """A model folder that cannot be used.

    Args:
        folder: Which one.
        reason: What is wrong, without the folder and without a full stop.
        remedy: What to do, without a full stop.
    """

    def __init__(self, folder: Path, reason: str, remedy: str) -> None:
        super().__init__(
            say(
                "The model folder {folder} cannot be used: {reason}; {remedy}.",
                folder=shown(folder),
                reason=reason,
                remedy=remedy,
            )
        )
        self.reason = say("{reason}; {remedy}", reason=reason, remedy=remedy)


@dataclass(frozen=True)
class ModelFolder:
    """What a folder says of its model.

    Attributes:
        config: config.json.
        family: "ctc", "seq2seq" or "unsupported".
        weights: Its weight files.
        shapes: Of each tensor in them.
    """

    config: Mapping[str, Any]
    family: str
    weights: Sequence[Path]
    shapes: Shapes


@contextmanager
def problems_of(folder: Path) -> Iterator[None]:
    """Say of the folder what is wrong with one of its files."""
    try:
        yield
    except FileProblem as e:
        if e.path == folder:
            said = say("it {reason}", reason=e.reason)
        else:
            said = say("its {file} {reason}", file=shown(os.path.relpath(e.path, folder)), reason=e.reason)
        raise BadModelError(folder, said, e.remedy) from e
    except OSError as e:
        raise BadModelError(
            folder, say("it cannot be read ({why})", why=e.strerror), say("let this user read it")
        ) from e


def judge(folder: Path) -> ModelFolder:
    """What a folder says of its model, once all of it holds together.

    Raises:
        BadModelError: A file is no regular one, unreadable or too large, or two of them do not fit.
    """
    with problems_of(folder):
        return _judge(folder)


def read_config(folder: Path) -> dict[str, Any]:
    """A model folder's config.json; errors as of `read_object`."""
    return read_object(folder / CONFIG, most=SMALL)


def family_of(config: Mapping[str, Any]) -> str:
    """ "ctc", "seq2seq" or "unsupported", from the architecture's name and kind in config.json."""
    kind, names = config.get("model_type"), config.get("architectures")
    names = [str(n) for n in names] if isinstance(names, list) else []
    if isinstance(kind, str) and kind in CTC_NAMINGS and any(n.endswith("ForCTC") for n in names):
        return "ctc"
    return "seq2seq" if any(SEQ2SEQ.get(n) == kind for n in names) else "unsupported"


def _judge(folder: Path) -> ModelFolder:
    if "�" in shown(folder):
        raise FileProblem(folder, "has a name that is no readable text", "rename the folder")
    if not folder.is_dir():
        raise FileProblem(folder, "is no folder", "name a model folder")
    with os.scandir(folder):  # else what may not be listed would seem empty
        pass
    documents = {name: read_object(folder / name, most=SMALL) for name in SMALL_FILES if _there(folder / name)}
    _check_adapter(folder)
    if CONFIG not in documents:
        raise FileProblem(folder, "holds no config.json, so it is no model", "name a model folder")
    config = documents[CONFIG]
    weights = weight_files(folder)
    if not weights:
        raise FileProblem(
            folder,
            "has no .safetensors file called model.safetensors, and other weight files can run code when opened",
            "save the model again with safetensors",
        )
    shapes = all_shapes(folder)
    _check_opened(folder)
    family = family_of(config)
    if family != "unsupported":
        _check_config(folder / CONFIG, config, shapes)
        check_generation(folder / GENERATION, documents.get(GENERATION, {}), _tokens(config))
        _check_named(folder, documents)
        _check_vocabulary(folder, documents)
        _check_extractor(folder, documents)
    return ModelFolder(config, family, weights, shapes)


def _there(path: Path) -> bool:
    """Whether there is something of this name, a link to nothing as well; a folder that is closed is no answer."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def _check_adapter(folder: Path) -> None:
    """An adapter of PEFT is no model; transformers would load whatever base it names in its place."""
    if not _there(folder / ADAPTER):
        return
    adapter = read_object(folder / ADAPTER, most=SMALL)
    base, kind = str(adapter.get("base_model_name_or_path"))[:200], str(adapter.get("peft_type", "PEFT"))[:20]
    raise FileProblem(
        folder,
        f"holds an adapter ({kind}, {ADAPTER}) and no model of its own; it belongs to the base model {base}",
        "merge it into that model (PEFT's merge_and_unload) and save the result with its processor",
    )


def _check_opened(folder: Path) -> None:
    for pattern in OPENED:
        for file in folder.glob(pattern):
            size_of(file, most=LARGE)
    for file in folder.glob("*.safetensors"):
        size_of(file)


def _check_config(file: Path, config: Mapping[str, Any], shapes: Shapes) -> None:
    kind, inner = config["model_type"], config.get("encoder_config", {})
    if not isinstance(inner, dict):
        raise FileProblem(file, "says of its encoder_config what is no object", FETCH_AGAIN)
    decodes, whole = kind in SEQ2SEQ.values(), kind != "parakeet_ctc"
    check_numbers(file, config, CONFIG_NUMBERS)
    check_numbers(file, inner, CONFIG_NUMBERS)
    check_shares(file, config)
    check_shares(file, inner)
    check_convolutions(file, inner, needed=False)
    check_convolutions(file, config, needed=not decodes and kind not in BY_SPECTROGRAM)
    if bool(config.get("is_encoder_decoder")) != decodes:
        raise FileProblem(file, f"says of a {kind} model that is_encoder_decoder is {not decodes}", FETCH_AGAIN)
    if kind == "data2vec-audio":  # the number of layers, where others have the width of one
        check_number(file, "num_conv_pos_embeddings", config.get("num_conv_pos_embeddings"), (1, MOST_CONVOLUTIONS))
    token = "decoder_start_token_id" if decodes else "pad_token_id"  # how texts begin, or CTC's blank
    start = config.get(token)
    check_number(file, token, "null" if start is None and decodes else start, (0, _tokens(config) - 1))
    needed = () if whole else SUBSAMPLING
    needed = (*needed, *ADAPTER_NUMBERS) if config.get("add_adapter") else needed
    for name in needed:
        if (config if whole else inner).get(name) is None:
            raise FileProblem(file, f"does not say {name}", FETCH_AGAIN)
    check_depths(file, config, shapes)


def _tokens(config: Mapping[str, Any]) -> int:
    return int(config.get("vocab_size") or MOST_TOKENS)


def _check_named(folder: Path, documents: Mapping[str, dict[str, Any]]) -> None:
    """Files and programs that a document names, where transformers would follow it out of the folder."""
    names = (("config.json", "configuration_files"), ("tokenizer_config.json", "fast_tokenizer_files"))
    for file, key in (*names, ("config.json", "transformers_weights")):
        if documents.get(file, {}).get(key) is not None:
            raise FileProblem(folder / file, f"names other files ({key}), which is not supported", f"remove {key}")
    for key in ("attn_implementation", "_attn_implementation"):
        if "/" in str(documents[CONFIG].get(key)):
            raise FileProblem(folder / CONFIG, f"asks for a program of the hub ({key})", f"remove {key}")


def _check_extractor(folder: Path, documents: Mapping[str, dict[str, Any]]) -> None:
    found = False
    for name, inner in (("processor_config.json", "feature_extractor"), ("preprocessor_config.json", None)):
        facts = documents.get(name, {}).get(inner) if inner else documents.get(name)
        if facts is None:
            continue
        if not isinstance(facts, dict):
            raise FileProblem(folder / name, say("says of its {part} what is no object", part=inner), FETCH_AGAIN)
        check_numbers(folder / name, facts, EXTRACTOR_NUMBERS)
        found = True
        _check_window(folder / name, facts, documents[CONFIG])
    if not found:
        raise FileProblem(
            folder,
            say("comes without its feature extractor (preprocessor_config.json or processor_config.json)"),
            say("save the processor beside the model"),
        )


def _check_window(file: Path, facts: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    positions = config.get("max_source_positions")
    if config["model_type"] != "whisper" or positions is None:
        return
    seconds, hop = facts.get("chunk_length") or 30, facts.get("hop_length") or 160
    if seconds * SAMPLE_RATE // hop != 2 * positions:
        reason = say(
            "tells of {seconds} s in steps of {hop} samples, and the model has {positions:,} positions for them",
            seconds=seconds,
            hop=hop,
            positions=positions,
        )
        raise FileProblem(file, reason, FETCH_AGAIN)


def _check_vocabulary(folder: Path, documents: Mapping[str, dict[str, Any]]) -> None:
    read = {name: read_object(folder / name, most=LARGE) for name in LARGE_FILES if _there(folder / name)}
    for name in VOCABULARIES:
        if name in read:
            _check_tokens(folder / name, _words(folder / name, read[name]))
    _check_tokens(folder / "added_tokens.json", documents.get("added_tokens.json", {}))
    file = folder / "tokenizer_config.json"
    ids = documents.get(file.name, {}).get("added_tokens_decoder") or {}
    if not isinstance(ids, dict) or any(not i.isdecimal() or len(i) > 6 for i in ids):
        raise FileProblem(file, say("numbers its added tokens by what is no number"), FETCH_AGAIN)
    language, letters = documents.get(file.name, {}).get("target_lang"), read.get("vocab.json", {})
    several = "tokenizer.json" not in read and any(isinstance(v, dict) for v in letters.values())  # MMS
    if several and not (isinstance(language, str) and language in letters):
        said = str(language)[:40]
        reason = say("says that target_lang is {language}, which vocab.json does not have", language=said)
        raise FileProblem(file, reason, FETCH_AGAIN)
    pairs = documents[CONFIG]["model_type"] == "whisper"  # learned from bytes, which need both files
    if "tokenizer.json" not in read and not ("vocab.json" in read and (_there(folder / "merges.txt") or not pairs)):
        raise FileProblem(folder, _mute(pairs=pairs), say("save the processor beside the model"))


def _mute(*, pairs: bool) -> str:
    if pairs:
        return say(
            "comes without its tokenizer (tokenizer.json or vocab.json with merges.txt), so it could write nothing"
        )
    return say("comes without its tokenizer (tokenizer.json or vocab.json), so it could write nothing")


def _words(file: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Token -> id, of a tokenizer.json or a vocab.json; MMS has one such list for each language."""
    if file.name == "vocab.json":
        inner = {k: v for k, v in document.items() if isinstance(v, dict)}
        if inner and len(inner) < len(document):
            raise FileProblem(file, say("mixes tokens and languages"), FETCH_AGAIN)
        return {f"{k} {t}": i for k, v in inner.items() for t, i in v.items()} if inner else document
    model = document.get("model")
    words = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(words, list):
        words = {str(i): i for i in range(len(words))}
    added = document.get("added_tokens") or []
    if not isinstance(words, dict) or not words:
        raise FileProblem(file, say("holds no vocabulary"), FETCH_AGAIN)
    if not isinstance(added, list) or not all(isinstance(token, dict) for token in added):
        raise FileProblem(file, say("tells of added tokens what is no list of them"), FETCH_AGAIN)
    return words | {str(token.get("content")): token.get("id") for token in added}


def _check_tokens(file: Path, words: Mapping[str, Any]) -> None:
    if file.name == "vocab.json" and not words:
        raise FileProblem(file, say("holds no vocabulary"), FETCH_AGAIN)
    for token, number in words.items():
        if type(number) is not int or not 0 <= number <= MOST_TOKENS:
            reason = say(
                "gives the token '{token}' the number {number}, where it takes one from 0 to {most:,}",
                token=token[:40],
                number=str(number)[:40],
                most=MOST_TOKENS,
            )
            raise FileProblem(file, reason, FETCH_AGAIN)
