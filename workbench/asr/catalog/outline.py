"""A model's blocks from its files' names alone, so that the page can draw a freezing plan without loading torch.

A test holds the outline against the loaded model's blocks for every family.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.asr.models.byte_level import learned_characters
from workbench.asr.models.ctc_text import WORD_START, piece_characters
from workbench.asr.weights.headers import FETCH_AGAIN, Shapes, all_shapes
from workbench.core.text.languages import find_code
from workbench.core.text.normalize import ctc_frames_needed
from workbench.core.types import Block, Seconds
from workbench.files import FileProblem, read_object
from workbench.language.said import say

MOST_BYTES = 12 * 2**20  # of a JSON file; Whisper's tokenizer.json has 4 million
WRITTEN_WITH = ("tokenizer.json", "vocab.json", "tokenizer_config.json")  # what a model's characters depend on
LAYER_KINDS = ("encoder", "decoder")
MEL_WINDOW, MEL_HOP = 400, 160  # samples; of every log-mel spectrogram here
MELS_A_FRAME = 2  # mel frames that w2v-BERT takes at once
_WAVLM_ATTENTION = re.compile(r"\.attention\.(q|k|v|out)_proj\.weight$")


@dataclass(frozen=True)
class Naming:
    """Which tensors of a family belong to which block.

    Attributes:
        patterns: Block name, with {} for a layer's number counted from 1 -> pattern of tensor names, the number in the
            first group. "last encoder" and "last decoder" stand for the last layer. The first match counts.
        blocks: Block name -> kind, in the order of flow; "encoder" and "decoder" stand for all layers of the stack.
    """

    patterns: Sequence[tuple[str, re.Pattern[str]]]
    blocks: Sequence[tuple[str, str]]


def _naming(blocks: str, **patterns: str) -> Naming:
    named = [tuple(b.split(":")) for b in blocks.split()]
    return Naming(
        [(name.replace("_", " "), re.compile(pattern)) for name, pattern in patterns.items()],
        [(n[0], n[-1]) for n in named],
    )


# Parametrised weights are stored under one pair of names and loaded under another; both count once.
_WAV2VEC2 = _naming(
    "features projection position:embed encoder adapter:encoder head",
    features=r"\.feature_extractor\.",
    projection=r"\.feature_projection\.|\.masked_spec_embed$",
    position=r"\.encoder\.pos_conv_embed\.",
    encoder=r"\.encoder\.layers\.(\d+)\.",
    norm=r"\.encoder\.layer_norm\.",
    adapter=r"^\w+\.(adapter|intermediate_ffn)\.",
    head=r"^lm_head\.",
)
_PARAKEET = _naming(
    "features encoder head",
    features=r"^encoder\.subsampling\.",
    encoder=r"^encoder\.layers\.(\d+)\.",
    head=r"^ctc_head\.",
)
_MOONSHINE = _naming(
    "features encoder embed decoder head",
    features=r"\.encoder\.(conv[123]|groupnorm)\.",
    encoder=r"\.encoder\.layers\.(\d+)\.",
    last_encoder=r"\.encoder\.layer_norm\.",
    embed=r"\.decoder\.embed_tokens\.",
    decoder=r"\.decoder\.layers\.(\d+)\.",
    last_decoder=r"\.decoder\.norm\.",
    head=r"^proj_out\.",
)
# By config.json's model_type; the same names stand in ctc.py.
CTC_NAMINGS = {
    "wav2vec2": _WAV2VEC2,
    "hubert": _WAV2VEC2,
    "data2vec-audio": _WAV2VEC2,
    "unispeech": _WAV2VEC2,
    "unispeech-sat": _WAV2VEC2,
    "wavlm": _WAV2VEC2,
    "wav2vec2-conformer": _WAV2VEC2,
    "wav2vec2-bert": _WAV2VEC2,
    "parakeet_ctc": _PARAKEET,
}
_WHISPER = _naming(
    "features encoder embed decoder head",
    features=r"\.encoder\.conv[12]\.",
    encoder=r"\.encoder\.layers\.(\d+)\.",
    last_encoder=r"\.encoder\.layer_norm\.",
    embed=r"\.decoder\.embed_(tokens|positions)\.",
    decoder=r"\.decoder\.layers\.(\d+)\.",
    last_decoder=r"\.decoder\.layer_norm\.",
    head=r"^proj_out\.",
)
BY_SPECTROGRAM = ("wav2vec2-bert", "parakeet_ctc")  # CTC models without convolutions over the sound itself
NAMINGS = {**CTC_NAMINGS, "whisper": _WHISPER, "moonshine": _MOONSHINE}
OTHER_MODEL = say("choose another model")


def outline(folder: Path) -> tuple[Block, ...]:
    """The blocks of the model in a folder, with their numbers of weights.

    Raises:
        FileProblem: A file cannot be read, or is not what its name says.
    """
    config, shapes = read_object(folder / "config.json", most=MOST_BYTES), all_shapes(folder)
    depths = check_depths(folder / "config.json", config, shapes)
    if config.get("is_encoder_decoder"):
        naming = _naming_of(folder / "config.json", config["model_type"])
        return _blocks(naming, shapes, depths, {}, without=("head",) if _tied(config) else ())
    return _ctc_outline(config, shapes, depths)


def check_depths(file: Path, config: Mapping[str, Any], shapes: Shapes) -> dict[str, int]:
    """Number of layers of each stack, "encoder" or "decoder", none of which may have more than the weights.

    Raises:
        FileProblem: config.json tells of no layers, or of more.
    """
    kind = config.get("model_type")
    naming, inner = _naming_of(file, kind), config.get("encoder_config") or config
    keys = {"encoder": "num_hidden_layers"}
    if config.get("is_encoder_decoder"):
        key = "{}_num_hidden_layers" if kind == "moonshine" else "{}_layers"
        keys, inner = {half: key.format(half) for half in ("encoder", "decoder")}, config
    depths: dict[str, int] = {}
    for stack, key in keys.items():
        pattern = dict(naming.patterns)[stack]
        held = len({found[1] for found in map(pattern.search, shapes) if found})
        said = inner.get(key)
        if type(said) is not int or not 0 < said <= held:
            told = say("nothing") if said is None else str(said)[:40]
            raise FileProblem(
                file,
                say(
                    "says {setting} {told}, and the weights hold {held} {stack} layers",
                    setting=key,
                    told=told,
                    held=held,
                    stack=stack,
                ),
                FETCH_AGAIN,
            )
        depths[stack] = said
    return depths


def _naming_of(file: Path, kind: Any) -> Naming:
    naming = NAMINGS.get(kind) if isinstance(kind, str) else None
    if naming is None:
        raise FileProblem(
            file, say("tells of a model of the kind {kind}, which is not supported", kind=str(kind)[:40]), OTHER_MODEL
        )
    return naming


def _ctc_outline(config: Mapping[str, Any], shapes: Shapes, depths: Mapping[str, int]) -> tuple[Block, ...]:
    kind, depth = config["model_type"], depths["encoder"]
    norm_is_last = config.get("do_stable_layer_norm") or kind == "wav2vec2-conformer"
    without = ["features", "position"] if kind == "wav2vec2-bert" else []
    if not (config.get("add_adapter") or config.get("use_intermediate_ffn_before_adapter")):
        without.append("adapter")
    if kind == "wavlm":  # low-rank adapters do nothing beside these, see ctc_wav2vec2.py
        shapes = {t: (*s, 1) if _WAVLM_ATTENTION.search(t) else s for t, s in shapes.items()}
    places = {"norm": f"encoder {depth}" if norm_is_last else "position"}
    return _blocks(CTC_NAMINGS[kind], shapes, depths, places, without)


def _tied(config: Mapping[str, Any]) -> bool:
    return bool(config.get("tie_word_embeddings", True))


def _blocks(
    naming: Naming,
    shapes: Mapping[str, tuple[int, ...]],
    depths: Mapping[str, int],
    places: Mapping[str, str],
    without: Sequence[str] = (),
) -> tuple[Block, ...]:
    """Sum up the tensors of each block; `places` says where parts belong that are no block of their own."""
    sums: dict[str, list[int]] = {}
    for tensor, shape in shapes.items():
        name = _block_of(naming, tensor, depths)
        if name is None or re.search(r"\.(running_(mean|var)|num_batches_tracked)$", tensor):
            continue
        counts = sums.setdefault(places.get(name, name), [0, 0, 0, 0])
        counts[0] += math.prod(shape)
        counts[1] += math.prod(shape) if len(shape) == 1 else 0
        counts[2] += sum(shape) if len(shape) == 2 and tensor.endswith(".weight") and "embed" not in tensor else 0
        counts[3] += math.prod(shape) if ".adapter_layer." in tensor else 0
    blocks = []
    for name, kind in naming.blocks:
        names = [f"{name} {i + 1}" for i in range(depths[name])] if name in depths else [name]
        for each in names:
            size, vectors, low_rank, adapters = sums.get(each, [0, 0, 0, 0])
            if each not in without:
                blocks.append(Block(each, kind, size, vectors, low_rank if kind in LAYER_KINDS else 0, adapters))
    return tuple(blocks)


def _block_of(naming: Naming, tensor: str, depths: Mapping[str, int]) -> str | None:
    for name, pattern in naming.patterns:
        found = pattern.search(tensor)
        if not found:
            continue
        if name in depths:
            return f"{name} {int(found[1]) + 1}"
        stack = name.removeprefix("last ")
        return f"{stack} {depths[stack]}" if name.startswith("last ") else name
    return None


def n_frames(config: dict[str, Any], n_samples: int) -> int | None:
    """Frames that a CTC model with this config.json makes of so many samples; None for one that needs no frames."""
    if config.get("is_encoder_decoder"):
        return None
    if config["model_type"] == "parakeet_ctc":
        encoder = config["encoder_config"]
        frames = n_samples // MEL_HOP
        for _ in range(int(math.log2(encoder["subsampling_factor"]))):
            kernel, stride = encoder["subsampling_conv_kernel_size"], encoder["subsampling_conv_stride"]
            frames = (frames + (kernel - 1) // 2 * 2 - kernel) // stride + 1
        return max(0, frames)
    if config["model_type"] == "wav2vec2-bert":
        frames = ((n_samples - MEL_WINDOW) // MEL_HOP + 1) // MELS_A_FRAME
    else:
        frames = n_samples
        for kernel, stride in zip(config["conv_kernel"], config["conv_stride"], strict=True):
            frames = (frames - kernel) // stride + 1
    if config.get("add_adapter"):
        for _ in range(config["num_adapter_layers"]):
            frames = (frames + 2 - config["adapter_kernel_size"]) // config["adapter_stride"] + 1
    return max(0, frames)


def characters(folder: Path, language: str | None = None) -> frozenset[str] | None:
    """The characters that a folder's tokenizer can write, space and special tokens excluded; None for any text.

    Args:
        language: Of the labels; matters for MMS, which has an alphabet for each.
    """
    return _characters(folder, language, tuple(_stamp(folder / name) for name in WRITTEN_WITH))


def _stamp(file: Path) -> tuple[int, int]:
    """Changes with a file."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=32)
def _characters(folder: Path, language: str | None, _stamps: tuple[tuple[int, int], ...]) -> frozenset[str] | None:
    """See `characters`; kept, since Whisper's 51,865 tokens take a second to read and the page asks at every turn."""
    whole = folder / "tokenizer.json"
    if whole.is_file():
        model = read_object(whole, most=MOST_BYTES)["model"]
        if WORD_START in model.get("vocab", ()):
            return piece_characters(model["vocab"])
        return learned_characters(model["vocab"]) if isinstance(model.get("vocab"), dict) else None
    vocabulary = read_object(folder / "vocab.json", most=MOST_BYTES)
    if any(isinstance(part, dict) for part in vocabulary.values()):  # MMS: one alphabet a language
        facts = read_object(folder / "tokenizer_config.json", most=MOST_BYTES)
        vocabulary = vocabulary[(find_code(language, vocabulary) if language else None) or facts["target_lang"]]
    return frozenset(t for t in vocabulary if len(t) == 1 and t not in "| ")


def can_grow(folder: Path) -> bool:
    """Whether characters can be added to what a folder's model writes: it writes letters, not pieces of words."""
    return not (folder / "tokenizer.json").is_file()


def frames_needed(folder: Path, text: str) -> int:
    """Fewest frames of a folder's CTC model that can be aligned with a text of its letters, or of its pieces."""
    if can_grow(folder):
        return ctc_frames_needed(text)
    file = folder / "tokenizer.json"
    try:
        return ctc_frames_needed(_pieces(file, _stamp(file)).encode(text, add_special_tokens=False).ids)
    except BaseException as e:
        if not is_failure(e) or isinstance(e, FileProblem):
            raise
        raise FileProblem(file, say("is no tokenizer ({why})", why=str(e)[:100]), FETCH_AGAIN) from e


def is_failure(error: BaseException) -> bool:
    """Whether something went wrong, as against being told to end; a panic within tokenizers is no Exception."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


@lru_cache(maxsize=4)
def _pieces(file: Path, _changed: tuple[int, int]) -> Any:
    from tokenizers import Tokenizer

    read_object(file, most=MOST_BYTES)
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()  # the file may ask for a billion more
    tokenizer.no_truncation()
    return tokenizer


def window(folder: Path) -> Seconds | None:
    """The longest sound that a folder's model hears at once; None where there is no limit."""
    for name, inner in (("processor_config.json", "feature_extractor"), ("preprocessor_config.json", None)):
        file = folder / name
        if file.is_file():
            document = read_object(file, most=MOST_BYTES)
            facts = document.get(inner, {}) if inner else document
            if facts.get("feature_extractor_type") == "WhisperFeatureExtractor":
                return float(facts.get("chunk_length", 30))
    return None
