"""Loads a base model from its folder or the hub: safetensors only, no remote code, every failure one sentence."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor

from workbench.asr.catalog.catalog import check_memory
from workbench.asr.catalog.fetch import Progress, fetch
from workbench.asr.catalog.model_folder import ModelFolder, judge
from workbench.asr.catalog.outline import CTC_NAMINGS, is_failure
from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.models.ctc import CTCBackend
from workbench.asr.models.moonshine import MoonshineBackend
from workbench.asr.models.whisper import WhisperBackend
from workbench.asr.weights.generation_settings import complete
from workbench.asr.weights.soundness import check_finite, check_shapes
from workbench.core.types import SAMPLE_RATE, ModelSpec
from workbench.errors import ModelError, WorkbenchError
from workbench.language.said import count, say

# Besides the weights: everything that changes what a model computes or writes.
FINGERPRINT_PATTERNS = ("*config.json", "vocab.json", "tokenizer.json", "merges.txt", "*.model")

SEQ2SEQ_BACKENDS = {"whisper": WhisperBackend, "moonshine": MoonshineBackend}  # by config.json's model_type

TRIED_SAMPLES = SAMPLE_RATE // 5


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load(spec: ModelSpec, *, trainable_share: float = 0.0, progress: Progress = lambda message: None) -> Backend:
    """Load a model in float32, whatever precision its file holds: AdamW's small steps vanish in half precision.

    Args:
        spec: The model.
        trainable_share: Share of the weights that will learn, for the check of memory; 0 for transcribing.
        progress: Told in words what is going on.

    Raises:
        ModelError: Not found, hub unreachable, gated, not a recogniser, no safetensors, too large for the memory.
    """
    folder = fetch(spec, progress=progress)
    judged, config = check_folder(spec, folder)
    check_memory(spec, sum(map(math.prod, judged.shapes.values())), trainable_share)
    progress(say("Loading {model}", model=spec.name))
    auto: Any = AutoModelForSpeechSeq2Seq if judged.family == "seq2seq" else AutoModelForCTC
    with _quiet(), _one_sentence(spec):
        check_shapes(spec, auto, config, judged.shapes)
        model, report = auto.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        processors: Any = AutoProcessor
        processor = processors.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if report["missing_keys"]:  # transformers fills them with random numbers and goes on
        lacking = sorted(report["missing_keys"])
        raise ModelError(
            count(
                len(lacking),
                "The model {name} is not complete: {n} of its weights are not in its files (such as {lacking}); fetch "
                "it again, or choose another model.",
                "The model {name} is not complete: {n} of its weights are not in its files (such as {lacking}); fetch "
                "it again, or choose another model.",
                name=spec.name,
                lacking=lacking[0],
            )
        )
    if not hasattr(processor, "feature_extractor") or not hasattr(processor, "tokenizer"):
        raise ModelError(
            say(
                "The model {name} comes without its feature extractor or its tokenizer "
                "(preprocessor_config.json, vocab.json or tokenizer.json); save the processor beside "
                "the model.",
                name=spec.name,
            )
        )
    check_finite(say("The model {name}", name=spec.name), model.state_dict())
    if judged.family == "seq2seq":
        complete(model.generation_config, processor.tokenizer, int(model.config.vocab_size))
    backend = SEQ2SEQ_BACKENDS[model.config.model_type] if judged.family == "seq2seq" else CTCBackend
    with _one_sentence(spec):
        loaded: Backend = backend(spec, model.to(device()), processor, fingerprint(folder))
        _try_out(loaded)
    return loaded


def _try_out(backend: Backend) -> None:
    """Let a processor hear a moment and write a letter: it reads its settings then, whatever they are."""
    backend.encode_prefix([ClipInput(np.zeros(TRIED_SAMPLES, np.float32))], 0)
    letters = backend.characters()
    backend.encode_label(min(letters) if letters else "a")


@contextmanager
def _one_sentence(spec: ModelSpec) -> Iterator[None]:
    """transformers raises many kinds, and tokenizers' panics are not even exceptions; each becomes one sentence."""
    try:
        yield
    except WorkbenchError:
        raise
    except BaseException as e:
        if not is_failure(e):
            raise
        raise ModelError(
            say(
                "The model {name} cannot be loaded ({why}); choose another model.",
                name=spec.name,
                why=_first_line(e),
            )
        ) from e


def check_folder(spec: ModelSpec, folder: Path) -> tuple[ModelFolder, Any]:
    """What a model folder says of its model, and its configuration as transformers understands it.

    Raises:
        ModelError: Files that do not hold together, not a speech recogniser that is supported, or no safetensors.
    """
    judged = judge(folder)
    if judged.family == "unsupported":
        names = judged.config.get("architectures")
        kind = ", ".join(map(str, names)) if isinstance(names, list) and names else say("unknown architecture")
        raise ModelError(
            say(
                "The model {name} ({kind}) is neither a Whisper model nor one with a CTC head of a "
                "supported kind ({kinds}); choose one such as whisper-base or "
                "wav2vec2-base-960h.",
                name=spec.name,
                kind=kind if len(kind) <= 200 else kind[:200],
                kinds=", ".join(CTC_NAMINGS),
            )
        )
    try:
        return judged, AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as e:
        raise ModelError(
            say(
                "The model {name} has a config.json that transformers {version} does not take "
                "({why}); fetch the model again, or choose another one.",
                name=spec.name,
                version=transformers.__version__,
                why=_first_line(e),
            )
        ) from e


def fingerprint(folder: Path) -> str:
    """Hash of everything in a model folder that changes what it computes."""
    digest = hashlib.sha256()
    files = {file for pattern in FINGERPRINT_PATTERNS for file in folder.glob(pattern)}
    weights = {file for file in folder.glob("*.safetensors") if not file.name.startswith("adapter.")}
    for file in sorted(files | weights):
        state = file.stat()
        digest.update(f"{file.name}:{_file_hash(str(file), state.st_size, state.st_mtime_ns)};".encode())
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _file_hash(path: str, _size: int, _modified_ns: int) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


class _quiet:
    """Keep transformers' progress bars and warnings off the terminal while a model loads."""

    def __enter__(self) -> None:
        self.level = transformers.logging.get_verbosity()
        transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # it has no annotations
        transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # nor has this

    def __exit__(self, *_: object) -> None:
        transformers.logging.set_verbosity(self.level)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:200]
