"""PEFT's adapters (LoRA and its kin): merged with their base model into a folder of ours.

Only numbers are read: adapter_model.safetensors, or adapter_model.bin as weights alone. Of adapter_config.json the
fields that describe the adapter's shape are taken and no others: some of the rest name programs to import, files to
open, or a first state for which the base has to be changed. Nothing is fetched.

Paper of the most usual kind: Hu et al. 2021, "LoRA" (arXiv 2106.09685).
"""

import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench.asr.catalog.catalog import HUB_ID, Catalog, folder_spec, local_folder
from workbench.asr.catalog.loading import load
from workbench.asr.catalog.model_folder import ADAPTER, CONFIG, LARGE, SMALL
from workbench.asr.catalog.offers import OFFERS
from workbench.asr.catalog.outline import is_failure
from workbench.asr.conversion.engines import Taken
from workbench.asr.conversion.pickled import read_pickled, tensors_of
from workbench.asr.conversion.proof import texts_of
from workbench.asr.conversion.transformers_folder import COPIED, EMBEDDING, OUTPUT
from workbench.asr.models.backend import Backend
from workbench.asr.weights.headers import FETCH_AGAIN, WEIGHTS, tensor_shapes
from workbench.asr.weights.soundness import check_finite
from workbench.core.evaluation.scoring import evaluate
from workbench.core.types import ModelSpec
from workbench.errors import ModelError
from workbench.files import FileProblem, read_object, shown, size_of
from workbench.language.said import count, say

SAFE, PICKLED = "adapter_model.safetensors", "adapter_model.bin"
BASE, KIND, FIRST = "base_model_name_or_path", "peft_type", "init_lora_weights"
# Kinds that add prompts or other models and cannot be merged into weights.
UNMERGED = frozenset(
    ["PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "ADAPTION_PROMPT", "CPT", "XLORA", "POLY"]
)
# What an adapter began with; the others (pissa, olora, loftq …) have changed the base's weights.
HARMLESS = (True, False, None, "gaussian", "orthogonal", "eva")
LEFT_OUT = (BASE, KIND, FIRST, "auto_mapping", "revision", "task_type", "inference_mode", "runtime_config")
PROGRAMS = ("megatron_config", "loftq_config", "corda_config", "lora_ga_config")
MOST_SLIPS = 0.05  # of the words of the proof: rounding may turn a choice between two equally likely tokens


def adapter_base(folder: Path) -> ModelSpec:
    """The base model of an adapter, which has to be on this machine.

    Raises:
        FileProblem: Its configuration is unreadable, or names a base that is not here; says how to get it.
    """
    name = read_object(folder / ADAPTER, most=SMALL).get(BASE)
    if not isinstance(name, str) or not name or len(name) > 4096:
        raise FileProblem(
            folder / ADAPTER,
            say("does not say which model it belongs to ({entry})", entry=BASE),
            say("write it there as {entry}", entry=BASE),
        )
    if Path(name).is_absolute() and (Path(name) / CONFIG).is_file():
        return folder_spec(Path(name))
    offer = next((o for o in OFFERS if name in (o.name, o.original, o.hub)), None)
    last = offer.name if offer else name.rstrip("/").rpartition("/")[2]
    for spec in Catalog().specs:
        named = name in (spec.name, spec.location) or (spec.name == last and (offer or spec.source != "bundled"))
        if named and local_folder(spec):
            return spec
    if HUB_ID.fullmatch(name):
        spec = Catalog().find(name)
        if local_folder(spec):
            return spec
    raise FileProblem(
        folder,
        say("holds an adapter and needs its base model {base}, which is not on this machine", base=shown(name)[:200]),
        say("run `workbench fetch {name}` and then this again", name=offer.name)
        if offer
        else say(
            "add that model first (`workbench add-model FOLDER --name {name}`) and then this again",
            name=shown(last)[:80],
        ),
    )


def from_adapter(source: Path, out: Path) -> Taken:
    """Write a folder of ours from an adapter and its base, once the two together are what it writes.

    Args:
        source: Holds adapter_config.json and the adapter's weights.
        out: An empty folder; what is in it after an error is of no use.

    Raises:
        FileProblem: A file is missing or damaged, the base is not here, or the adapter is for another one.
        ModelError: The base cannot be loaded, or the two merged write something else than side by side.
    """
    config = read_object(source / ADAPTER, most=SMALL)
    kind = _check_kind(source / ADAPTER, config)
    spec = adapter_base(source)
    file, weights = _weights(source)
    backend = load(spec)
    beside = _beside(source, config, backend, file, weights)
    _, expected = texts_of(backend)
    try:
        with _without_warnings():
            merged = beside.merge_and_unload(safe_merge=True)
    except ValueError as e:  # of NaN
        raise FileProblem(
            file, say("cannot be merged with {base} ({why})", base=spec.name, why=_short(e)), FETCH_AGAIN
        ) from e
    check_finite(
        say("The adapter {name} with {base}", name=shown(source.name), base=spec.name),
        merged.state_dict(),
        FETCH_AGAIN,
    )
    parameters = _write(merged, Path(str(local_folder(spec))), out)
    _prove(out, expected, spec)
    return Taken(
        f"PEFT adapter ({kind})", parameters, say("It is {base} with an adapter merged into it.", base=spec.name)
    )


def _check_kind(file: Path, config: Mapping[str, Any]) -> str:
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING

    kind = str(config.get(KIND))[:40]
    mergeable = {k.value for k in PEFT_TYPE_TO_CONFIG_MAPPING.keys() & PEFT_TYPE_TO_TUNER_MAPPING} - UNMERGED
    if kind not in mergeable:
        reason = say("tells of an adapter of the kind {kind}, which cannot be merged into weights", kind=kind)
        raise FileProblem(file, reason, say("choose a LoRA adapter, or a model that was saved whole"))
    asked = [name for name in PROGRAMS if config.get(name)]
    asked += [FIRST] if config.get(FIRST) not in HARMLESS else []
    if asked:
        reason = say(
            "asks for what is not done here ({setting}: {value})", setting=asked[0], value=str(config[asked[0]])[:40]
        )
        raise FileProblem(
            file, reason, say("ask its maker for the adapter converted to plain LoRA, or for the merged model")
        )
    return kind


def _weights(source: Path) -> tuple[Path, dict[str, Tensor]]:
    """The adapter's file and the weights in it."""
    if os.path.lexists(source / SAFE):
        tensor_shapes(source / SAFE)  # judged before they are read
        return source / SAFE, load_file(source / SAFE)
    if os.path.lexists(source / PICKLED):
        return source / PICKLED, tensors_of(source / PICKLED, read_pickled(source / PICKLED))
    raise FileProblem(
        source, say("holds an adapter's configuration and no weights of it ({file})", file=SAFE), FETCH_AGAIN
    )


def _beside(
    source: Path, config: Mapping[str, Any], backend: Backend, file: Path, weights: Mapping[str, Tensor]
) -> Any:
    """PEFT's model: the base with the adapter beside its matrices, loaded."""
    import peft
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    kind = PEFT_TYPE_TO_CONFIG_MAPPING[peft.PeftType(config[KIND])]
    known = {f.name for f in fields(kind)}
    try:
        shape = kind(**{k: v for k, v in config.items() if k in known and k not in (*LEFT_OUT, *PROGRAMS)})
        shape.inference_mode = True
        with _without_warnings():
            model: Any = peft.get_peft_model(backend.model, shape)
            wanted = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
    except Exception as e:  # of a configuration that fits no such model peft raises many kinds
        if not is_failure(e):
            raise
        remedy = say("check that {base} is its base", base=backend.spec.name)
        raise FileProblem(
            source / ADAPTER,
            say("describes no adapter for {base} ({why})", base=backend.spec.name, why=_short(e)),
            remedy,
        ) from e
    odd = sorted(n for n in wanted.keys() | weights.keys() if n not in weights or not _fits(model, n, wanted, weights))
    if odd:
        reason = _misfit(backend.spec.name, odd, lacking=odd[0] not in weights, misshapen=odd[0] in wanted)
        raise FileProblem(file, reason, say("fetch it again, or name its own base model in adapter_config.json"))
    peft.set_peft_model_state_dict(model, dict(weights))
    model.eval()
    return model


def _misfit(base: str, odd: Sequence[str], *, lacking: bool, misshapen: bool) -> str:
    first = shown(odd[0])[-120:]
    if lacking:
        return count(
            len(odd),
            "is no adapter for {base}: it lacks {weights} ({n} in all)",
            "is no adapter for {base}: it lacks {weights} ({n} in all)",
            base=base,
            weights=first,
        )
    if misshapen:
        return count(
            len(odd),
            "is no adapter for {base}: it does not fit in {weights} ({n} in all)",
            "is no adapter for {base}: it does not fit in {weights} ({n} in all)",
            base=base,
            weights=first,
        )
    return count(
        len(odd),
        "is no adapter for {base}: it has besides {weights} ({n} in all)",
        "is no adapter for {base}: it has besides {weights} ({n} in all)",
        base=base,
        weights=first,
    )


def _fits(model: Any, name: str, wanted: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> bool:
    """Whether a weight of the adapter's file is one that the model takes, of the right shape."""
    if name in wanted:
        return wanted[name].shape == weights[name].shape
    whole = model.state_dict().get(name)  # peft keeps whole embeddings beside some adapters
    return whole is not None and whole.shape == weights[name].shape


def _write(merged: Any, base: Path, out: Path) -> int:
    """Write the merged model beside copies of its base's small files; the number of its weights."""
    weights = {name: _short_enough(t.detach().cpu()) for name, t in merged.state_dict().items()}
    tied = OUTPUT in weights and EMBEDDING in weights and torch.equal(weights[OUTPUT], weights[EMBEDDING])
    if tied:
        weights.pop(OUTPUT)
    save_file(weights, out / WEIGHTS, metadata={"format": "pt"})
    for name in COPIED:
        if os.path.lexists(base / name):
            size_of(base / name, most=LARGE)
            shutil.copyfile(base / name, out / name)
    config = read_object(out / CONFIG, most=SMALL)
    if OUTPUT in weights and config.get("tie_word_embeddings", True):  # the adapter had an output layer of its own
        (out / CONFIG).write_text(json.dumps(config | {"tie_word_embeddings": False}, indent=2), encoding="utf-8")
    return sum(t.numel() for t in weights.values())


def _short_enough(weight: Tensor) -> Tensor:
    """In half precision where nothing is lost by it, as in the base; else as it is. None shares another's memory."""
    half = weight.half() if weight.dtype == torch.float32 else weight
    return (half if torch.equal(half.to(weight.dtype), weight) else weight).clone().contiguous()


def _prove(out: Path, expected: list[str], spec: ModelSpec) -> None:
    heard = texts_of(load(folder_spec(out)))[1]
    if heard != expected and evaluate(expected, heard, "none").wer > MOST_SLIPS:
        raise ModelError(
            say(
                "The adapter merged into {name} writes '{heard}' where the two side by side write "
                "'{expected}'; it was not kept. Please report this.",
                name=spec.name,
                heard=heard[0][:60],
                expected=expected[0][:60],
            )
        )


@contextmanager
def _without_warnings() -> Iterator[None]:
    """peft and transformers talk of each other's names, and of the base's configuration, which is not kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:160]
